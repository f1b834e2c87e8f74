"""Drift: how far the columns of one table are from those of another, in bits.

The divergence is Jensen and Shannon's: the bits that a value tells of which table it is from, if
each is as likely; 0 for equal shares and 1 for tables with no value in common. A permutation test
tells it from chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, final
from zlib import crc32

import numpy as np

from linnet.data.tables import Table, name_list
from linnet.errors import SettingError, TableError
from linnet.features.alphabets import CountedPair, count_pair
from linnet.information import Information, kl_divergence
from linnet.information.measures import divergence_terms
from linnet.information.permutation import DifferenceTest, difference_test, holm_adjusted

__all__ = ["ColumnDrift", "Drift", "measure_drift"]

_FEWEST_BINS: Final = 2


@final
@dataclass(frozen=True, eq=False)
class ColumnDrift:
    """How far one column of the second table is from that of the first.

    Attributes
    ----------
    name : str
        The column's name in both.
    pair : CountedPair
        What was counted.
    test : DifferenceTest
        The divergence, that by chance, and the p-value.
    adjusted : float
        The p-value after Holm's correction for the number of columns.
    """

    name: str
    pair: CountedPair
    test: DifferenceTest
    adjusted: float

    @property
    def extra(self) -> Information:
        """D(second‖first): bits a value more than needed with the code of the first table."""
        first, second = self._shares
        return Information(float(kl_divergence(second, first, unit="bits")), "bits")

    @property
    def new(self) -> list[str]:
        """Symbols of the second table that the first lacks, the commonest first."""
        lacking = np.flatnonzero((self.pair.first == 0) & (self.pair.second > 0))
        order = np.argsort(-self.pair.second[lacking], kind="stable")
        return [self.pair.symbols[place] for place in lacking[order].tolist()]

    @property
    def change(self) -> tuple[str, float, float]:
        """The symbol that adds most to the divergence, and its shares in both tables."""
        first, second = self._shares
        mean = (first + second) / 2
        with np.errstate(divide="ignore"):
            log_mean = np.log(mean)
        terms = divergence_terms(first, mean, log_mean) + divergence_terms(second, mean, log_mean)
        place = int(np.argmax(terms))
        return self.pair.symbols[place], float(first[place]), float(second[place])

    @property
    def _shares(self) -> tuple[Any, Any]:
        first, second = self.pair.first, self.pair.second
        return first / first.sum(), second / second.sum()

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON shows."""
        symbol, before, after = self.change
        return {
            "column": self.name,
            "kind": self.pair.kind,
            "symbols": len(self.pair.symbols),
            "values_joined": self.pair.joined,
            "unlike_kinds": self.pair.unlike,
            "bits": float(self.test.divergence),
            "bits_by_chance": float(self.test.by_chance),
            "p_value": self.test.p_value,
            "p_value_adjusted": self.adjusted,
            "kl_bits_second_from_first": float(self.extra),
            "new_symbols": self.new,
            "largest_change": {"symbol": symbol, "first": before, "second": after},
        }


@final
@dataclass(frozen=True, eq=False)
class Drift:
    """How far two tables are from each other, column by column.

    Attributes
    ----------
    first, second : str
        Where the tables came from.
    rows : tuple of int
        Rows of each.
    columns : tuple of ColumnDrift
        The columns of both, those with the most bits first.
    only_first, only_second : tuple of str
        Columns that one table alone has.
    bins, permutations, seed : int
        The settings.
    """

    first: str
    second: str
    rows: tuple[int, int]
    columns: tuple[ColumnDrift, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    bins: int
    permutations: int
    seed: int

    @property
    def finest_p(self) -> float:
        """The smallest adjusted p-value that so many permutations and columns can give."""
        return min(1.0, len(self.columns) / (1 + self.permutations))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON shows."""
        return {
            "first": {"table": self.first, "rows": self.rows[0], "only_here": self.only_first},
            "second": {"table": self.second, "rows": self.rows[1], "only_here": self.only_second},
            "bins": self.bins,
            "permutations": self.permutations,
            "seed": self.seed,
            "columns": [column.to_dict() for column in self.columns],
        }


def measure_drift(
    first: Table, second: Table, *, bins: int = 20, permutations: int = 9999, seed: int = 0
) -> Drift:
    """Compare the columns that two tables share.

    Parameters
    ----------
    first, second : Table
        The tables, for example of training and of today.
    bins : int
        Ranges into which numbers and dates are sorted, each with an equal share of both tables'
        rows together.
    permutations : int
        How often rows are dealt out anew to tell drift from chance.
    seed : int
        Seed of that; a column's result does not depend on the others.

    Raises
    ------
    TableError
        If the tables share no column, or one has no row.
    SettingError
        If there are fewer than two bins, or there is no permutation.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> before = as_table({"colour": ["red"] * 30 + ["blue"] * 10, "size": [1.5, 2.5] * 20})
    >>> after = as_table({"colour": ["red"] * 15 + ["blue"] * 25, "size": [1.5, 2.5] * 20})
    >>> for column in measure_drift(before, after).columns:
    ...     print(f"{column.name}: {column.test.divergence:.4f}, p = {column.adjusted:.3f}")
    colour: 0.1058 bits, p = 0.004
    size: 0.0000 bits, p = 1.000
    """
    if bins < _FEWEST_BINS:
        raise SettingError(f"bins is {bins}. Give at least {_FEWEST_BINS}; 20 are usual.")
    for table in (first, second):
        if not table.n_rows:
            raise TableError(f"{table.origin}: the table has no row to compare.")
    shared = [name for name in first.names if name in set(second.names)]
    if not shared:
        raise TableError(
            f"{first.origin} and {second.origin} share no column. The first has "
            f"{name_list(first.names)}; the second {name_list(second.names)}."
        )
    pairs = [count_pair(first.column(n), second.column(n), bins=bins) for n in shared]
    tests = [
        difference_test(
            pair.first, pair.second, permutations=permutations, seed=[seed, crc32(name.encode())]
        )
        for name, pair in zip(shared, pairs, strict=True)
    ]
    return Drift(
        first=first.origin,
        second=second.origin,
        rows=(first.n_rows, second.n_rows),
        columns=_sorted_columns(shared, pairs, tests),
        only_first=tuple(name for name in first.names if name not in shared),
        only_second=tuple(name for name in second.names if name not in shared),
        bins=bins,
        permutations=permutations,
        seed=seed,
    )


def _sorted_columns(
    names: Sequence[str], pairs: Sequence[CountedPair], tests: Sequence[DifferenceTest]
) -> tuple[ColumnDrift, ...]:
    adjusted = holm_adjusted(np.array([test.p_value for test in tests])).tolist()
    columns = map(ColumnDrift, names, pairs, tests, adjusted)
    return tuple(sorted(columns, key=lambda column: -column.test.divergence))
