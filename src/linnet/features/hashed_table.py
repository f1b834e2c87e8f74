"""What a hashing encoder knows of a table: which column is what, and how large its numbers are.

The design matrix has, for each number, its value and whether it is missing; then 2ᵇ columns, into
which categories and words are hashed, each column of the table with a seed of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_matrix

from linnet.data.tables import ArrowColumn, Table, name_list
from linnet.errors import TableError
from linnet.features.dates import days_and_places
from linnet.features.moments import NO_NUMBERS, Moments
from linnet.features.quantities import NumberEncoder, number_values
from linnet.features.summaries import Nature, nature_of
from linnet.features.words import hashed_values, hashed_words, seed_of
from linnet.types import Array

__all__ = ["HashedKind", "HashedTable", "HashingSettings"]

_MISSING: Final = " missing"


class HashedKind(StrEnum):
    """How a column enters."""

    NUMBER = "number"
    DATE = "date"
    CATEGORY = "category"
    TEXT = "text"


@final
@dataclass(frozen=True, kw_only=True)
class HashingSettings:
    """The settings of a HashingEncoder, once found good: see there for their meaning."""

    bits: int = 18
    scale: bool = True
    categorical: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    n_grams: int = 1


@final
@dataclass(frozen=True)
class HashedTable:
    """How the rows of a table become rows of a design matrix, as far as is known.

    Parameters
    ----------
    settings : HashingSettings
        How to hash.
    kinds : dict of str to HashedKind
        The columns that are used.
    moments : dict of str to Moments
        Mean and deviation of each number, and of dates in days, over the rows seen so far.
    left_out : tuple of str
        Columns without any value in the first rows.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> fruit = as_table({"size": [1.0, 3.0, None], "sort": ["fig", "plum", "fig"]})
    >>> known = HashedTable.of(fruit, HashingSettings(bits=3))
    >>> {name: str(kind) for name, kind in known.kinds.items()}
    {'size': 'number', 'sort': 'category'}
    >>> known.seen(fruit).encode(fruit).toarray()[:, :2]
    array([[-1.,  0.],
           [ 1.,  0.],
           [ 0.,  1.]])
    """

    settings: HashingSettings
    kinds: Mapping[str, HashedKind]
    moments: Mapping[str, Moments]
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: Table, settings: HashingSettings) -> "HashedTable":
        """Look what the columns are; nothing is learnt of their values.

        Raises
        ------
        TableError
            If no column can be used.
        """
        kinds = {name: _kind(name, table.column(name), settings) for name in table.names}
        used = {name: kind for name, kind in kinds.items() if kind is not None}
        if not used:
            raise TableError(
                f"{table.origin}: its columns {name_list(table.names)} hold no value in their "
                "first rows, and what they are is told by those. Put rows with values first."
            )
        numbers = {n for n, kind in used.items() if kind in (HashedKind.NUMBER, HashedKind.DATE)}
        moments = {name: NO_NUMBERS for name in used if name in numbers}
        return cls(settings, used, moments, tuple(name for name in kinds if name not in used))

    @property
    def width(self) -> int:
        """Number of columns of the design matrix."""
        return self._start + (1 << self.settings.bits)

    @property
    def names(self) -> list[str]:
        """Names of those columns."""
        numbers = [each for name in self.moments for each in (name, name + _MISSING)]
        return [*numbers, *(f"#{place}" for place in range(1 << self.settings.bits))]

    def seen(self, table: Table) -> "HashedTable":
        """Take the numbers of further rows into their means and deviations."""
        moments = {
            name: known.merged(Moments.of(self._numbers(table, name)))
            for name, known in self.moments.items()
        }
        return replace(self, moments=moments)

    def encode(self, table: Table) -> csr_matrix:
        """Encode rows; numbers are scaled by what was seen.

        Returns
        -------
        csr_matrix of shape (n, p)
            The columns of :attr:`names`.

        Raises
        ------
        TableError
            If a column is missing, or holds another kind of value.
        """
        lacking = [name for name in self.kinds if name not in set(table.names)]
        if lacking:
            raise TableError(
                f"{table.origin}: it lacks the columns {name_list(lacking)}, which the encoder "
                f"learnt from. Its columns are {name_list(table.names)}."
            )
        slots = [*self._numbers_in_slots(table), *self._values_in_slots(table)]
        matrix = self._matrix(slots, table.n_rows) if slots else None
        for name in self._named(HashedKind.TEXT):
            words = self._words(table, name)
            matrix = words if matrix is None else matrix + words
        return csr_matrix((table.n_rows, self.width)) if matrix is None else csr_matrix(matrix)

    @property
    def _start(self) -> int:
        """The first of the columns that are hashed into."""
        return 2 * len(self.moments)

    def _named(self, *kinds: HashedKind) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind in kinds]

    def _numbers(self, table: Table, name: str) -> Float[Array, " n"]:
        column = table.column(name)
        if self.kinds[name] is HashedKind.DATE:
            return days_and_places(column, name, table.origin)[0]
        return number_values(column, name, table.origin)

    def _numbers_in_slots(self, table: Table) -> Iterator[tuple[Array, Array]]:
        for place, (name, moments) in enumerate(self.moments.items()):
            encoder = NumberEncoder.fit(name, moments, scaled=self.settings.scale, flagged=True)
            part = replace(encoder, varies=True).encode_values(self._numbers(table, name))
            for slot, entry in enumerate(part.slots):
                yield np.full(table.n_rows, 2 * place + slot), np.asarray(entry.values)

    def _values_in_slots(self, table: Table) -> Iterator[tuple[Array, Array]]:
        for name in self._named(HashedKind.CATEGORY):
            yield self._hashed(name, *_distinct(table.column(name)))
        for name in self._named(HashedKind.DATE):
            _, cycles = days_and_places(table.column(name), name, table.origin)
            for unit, places in cycles.items():
                known = [str(place) for place in range(places.max(initial=-1) + 1)]
                yield self._hashed(f"{name} {unit}", known, places)

    def _hashed(
        self, name: str, values: list[str], codes: Int[Array, " n"]
    ) -> tuple[Int[Array, " n"], Float[Array, " n"]]:
        """Look up columns and signs of values that were each hashed once; −1 is a missing one."""
        bits = self.settings.bits
        columns, signs = hashed_values(values, seed=seed_of(name), bits=bits)
        missing, sign = hashed_values([""], seed=seed_of(name + _MISSING), bits=bits)
        # The last of them is where −1 leads.
        columns, signs = np.append(columns, missing), np.append(signs, sign)
        return columns[codes] + self._start, signs[codes]

    def _words(self, table: Table, name: str) -> csr_matrix:
        column = table.column(name)
        if nature_of(column) not in (Nature.TEXT, Nature.CATEGORY, Nature.NOTHING):
            raise TableError(
                f"{table.origin}, column {name!r}: it holds {nature_of(column)}, but its words "
                "are to be used. Take it out of text (--text)."
            )
        words = hashed_words(
            column, seed=seed_of(name), bits=self.settings.bits, n_grams=self.settings.n_grams
        )
        entries = words.data, words.indices + self._start, words.indptr
        return csr_matrix(entries, shape=(table.n_rows, self.width))

    def _matrix(self, slots: list[tuple[Array, Array]], n_rows: int) -> csr_matrix:
        """Lay one entry of each row beside another; two in one column are added up."""
        columns = np.stack([column for column, _ in slots], axis=1).astype(np.int32)
        values = np.stack([value for _, value in slots], axis=1)
        kept = values != 0
        ends = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
        matrix = csr_matrix((values[kept], columns[kept], ends), shape=(n_rows, self.width))
        matrix.sum_duplicates()
        return matrix


def _kind(name: str, column: ArrowColumn, settings: HashingSettings) -> HashedKind | None:
    nature = nature_of(column)
    if name in settings.text:
        return HashedKind.TEXT
    if nature is Nature.NOTHING:
        return None
    if name in settings.categorical:
        return HashedKind.CATEGORY
    if nature in (Nature.NUMBER, Nature.BOOLEAN):
        return HashedKind.NUMBER
    return HashedKind.DATE if nature is Nature.DATE else HashedKind.CATEGORY


def _distinct(column: ArrowColumn) -> tuple[list[str], Int[Array, " n"]]:
    """Give the different values as text, and which of them each row holds; −1 for a missing one."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    encoded = column if types.is_dictionary(column.type) else column.dictionary_encode()
    array = encoded.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], column.type)
    codes = pc.fill_null(array.indices.cast(pa.int64()), -1)
    values = [_spelled(value) for value in array.dictionary.to_pylist()]
    return values, codes.to_numpy(zero_copy_only=False)


def _spelled(value: object) -> str:
    """Spell a value as text: a code is the same whether it was read as 3 or as 3.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
