"""How often each value of a column occurs, added up chunk by chunk."""

from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from jaxtyping import Int

from linnet.data.tables import ArrowColumn
from linnet.types import Array

__all__ = ["ArrowArray", "Spelling", "Tally"]

ArrowArray: TypeAlias = Any
"""A ``pyarrow.Array``."""


@final
@dataclass(frozen=True)
class Tally:
    """The distinct values of a column, without what is missing, and how often each occurs.

    Parameters
    ----------
    values : pyarrow.Array of length m
        The values, each once, in no particular order.
    counts : array of shape (m,)
        In how many rows each occurs.

    Examples
    --------
    >>> import pyarrow as pa
    >>> first, second = (Tally.of(pa.chunked_array([x])) for x in (["a", None, "b"], ["b"]))
    >>> sorted(first.merged(second).items())
    [('a', 1), ('b', 2)]
    """

    values: ArrowArray
    counts: Int[Array, " m"]

    @classmethod
    def of(cls, column: ArrowColumn) -> "Tally":
        """Count the values of a column; texts and categories alike become ``large_string``."""
        import pyarrow as pa
        import pyarrow.compute as pc
        from pyarrow import types

        if types.is_dictionary(column.type):
            return _tally_of_categories(column)
        pairs = pc.value_counts(column.drop_null())
        values = pairs.field("values")
        values = values.cast(pa.large_string()) if types.is_string(column.type) else values
        return cls(values, pairs.field("counts").to_numpy(zero_copy_only=False))

    @property
    def n_bytes(self) -> int:
        """Bytes held."""
        return int(self.values.nbytes) + self.counts.nbytes

    def __len__(self) -> int:
        return len(self.values)

    def items(self) -> list[tuple[Any, int]]:
        """Return each value with its count, as Python has them."""
        return list(zip(self.values.to_pylist(), self.counts.tolist(), strict=True))

    def as_text(self) -> "Tally":
        """Return the tally of the values as they are written."""
        import pyarrow as pa

        return Tally(self.values.cast(pa.large_string()), self.counts)

    def merged(self, other: "Tally") -> "Tally":
        """Return the tally of both columns together."""
        import pyarrow as pa

        both = pa.table(
            {
                "value": pa.chunked_array([self.values, other.values]),
                "count": pa.chunked_array([pa.array(self.counts), pa.array(other.counts)]),
            }
        )
        sums = both.group_by("value", use_threads=False).aggregate([("count", "sum")])
        return Tally(sums.column("value").combine_chunks(), sums.column("count_sum").to_numpy())


@final
@dataclass(frozen=True)
class Spelling:
    """How texts look: how many there are, how many have a space between words, how long all are."""

    texts: int
    spaced: int
    characters: int

    @classmethod
    def of(cls, tally: Tally) -> "Spelling":
        """Look at the texts of a tally, each as often as it occurs."""
        import pyarrow.compute as pc

        spaced = np.asarray(pc.match_substring_regex(tally.values, r"\S\s+\S"))
        lengths = np.asarray(pc.utf8_length(tally.values))
        counts = tally.counts
        return cls(int(counts.sum()), int(counts[spaced].sum()), int(counts @ lengths))

    def merged(self, other: "Spelling") -> "Spelling":
        """Return how the texts of both look."""
        return Spelling(
            self.texts + other.texts,
            self.spaced + other.spaced,
            self.characters + other.characters,
        )


def _tally_of_categories(column: ArrowColumn) -> Tally:
    import pyarrow as pa

    array = column.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    codes = array.indices.drop_null().to_numpy(zero_copy_only=False)
    counts = np.bincount(codes, minlength=len(array.dictionary))
    # Some rows of a table may lack values that its dictionary holds.
    used = np.flatnonzero(counts)
    return Tally(array.dictionary.take(pa.array(used)).cast(pa.large_string()), counts[used])
