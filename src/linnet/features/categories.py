"""A column of categories enters one-hot: a column of zeros and ones for each level."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Int

from linnet.data.tables import ArrowColumn
from linnet.features.design import MISSING_LEVEL, Part, Slot
from linnet.features.tallies import Tally
from linnet.types import Array

__all__ = ["CategoryEncoder"]


@final
@dataclass(frozen=True)
class CategoryEncoder:
    """Encode each level as a column, rare ones together as "other", missing ones as "missing".

    A value not seen when fitting counts as "other", or as none of the levels where there is no
    column for others: all its columns are then zero, and it is told as unseen in either case.

    Parameters
    ----------
    name : str
        The column's name.
    levels : tuple of str
        The values with a column of their own, in order of their code points.
    rare : tuple of str
        The values that share the column for others; empty if there is no such column.
    flagged : bool
        Whether values were missing when fitting, so that a column says where they are.
    """

    name: str
    levels: tuple[str, ...]
    rare: tuple[str, ...]
    flagged: bool

    @classmethod
    def fit(
        cls,
        name: str,
        tally: Tally,
        *,
        flagged: bool,
        most_levels: int | None,
        least_rows: float,
    ) -> "CategoryEncoder":
        """Take the levels that occur in at least ``least_rows`` rows, the commonest first."""
        commonest = sorted((-count, value) for value, count in tally.items())
        kept = [value for count, value in commonest[:most_levels] if -count >= least_rows]
        rare = sorted({value for _, value in commonest} - set(kept))
        return cls(name, tuple(sorted(kept)), tuple(rare), flagged=flagged)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns made."""
        levels = (f"{self.name}={level}" for level in self.levels)
        other = (f"{self.name} other",) * bool(self.rare)
        return (*levels, *other, *(f"{self.name} missing",) * self.flagged)

    @property
    def centres(self) -> tuple[float, ...]:
        """Zeros: nothing is subtracted."""
        return (0.0,) * len(self.names)

    @property
    def scales(self) -> tuple[float, ...]:
        """Ones: nothing is divided."""
        return (1.0,) * len(self.names)

    def encode(self, column: ArrowColumn, origin: str) -> Part:
        """Encode a column; no value can be wrong, so ``origin`` is not told."""
        del origin
        codes, values = _codes(column)
        places = self._places(values)
        # The code of a missing value is −1 and so takes the last place.
        missing = len(self.names) - 1 if self.flagged else self._other
        slot = Slot(np.append(places, missing)[codes])
        return Part(len(self.names), (slot,), unseen=self._unseen(codes, values))

    @property
    def _other(self) -> int:
        return len(self.levels) if self.rare else -1

    def _places(self, values: list[str]) -> Int[Array, " m"]:
        place: Mapping[str, int] = {level: i for i, level in enumerate(self.levels)}
        other = self._other
        return np.array([place.get(value, other) for value in values], dtype=np.int32)

    def _unseen(self, codes: Int[Array, " n"], values: list[str]) -> dict[str, int]:
        seen = {*self.levels, *self.rare}
        counts = np.bincount(codes + 1, minlength=len(values) + 1)
        unseen = {
            value: int(count)
            for value, count in zip(values, counts[1:], strict=True)
            if value not in seen
        }
        if counts[0] and not self.flagged:
            unseen[MISSING_LEVEL] = int(counts[0])
        return unseen


def _codes(column: ArrowColumn) -> tuple[Int[Array, " n"], list[str]]:
    """Return the position of each row's value, −1 if missing, among the distinct values."""
    import pyarrow as pa
    from pyarrow import types

    if not types.is_dictionary(column.type):
        column = column.cast(pa.large_string()).dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int32, copy=False), array.dictionary.to_pylist()
