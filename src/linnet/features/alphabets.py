"""A column of one table and that of another are counted over one alphabet, to be compared.

Texts and booleans are symbols as they are. Numbers and dates are sorted into bins that hold equal
shares of both tables' rows together: such bins follow the data, mean the same in any unit, give no
weight to outliers, and depend on pooled rows alone, as a permutation test needs. A missing value
is a symbol of its own.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
from jaxtyping import Int, Num

from linnet.data.tables import ArrowColumn
from linnet.types import Array

__all__ = ["AlphabetKind", "CountedPair", "count_pair"]

AlphabetKind: TypeAlias = Literal["number", "date", "category"]

# Draws of a permutation test cost time for each symbol; rarer ones tell next to nothing.
_MOST_SYMBOLS: Final = 1000
_MISSING: Final = "missing"
_OTHER: Final = "all others"


@final
@dataclass(frozen=True, eq=False)
class CountedPair:
    """How often each symbol stands in a column of the first table and of the second.

    Attributes
    ----------
    kind : {"number", "date", "category"}
        What the symbols were made of.
    symbols : list of str
        Values or ranges of values; then, where there are any, all rarer values as one symbol,
        and missing values.
    first, second : array of shape (q,)
        Rows with each symbol.
    joined : int
        Values that share the symbol for the rarer ones.
    unlike : tuple of str
        What the two columns hold, if that differs: they are compared as texts then.
    """

    kind: AlphabetKind
    symbols: list[str]
    first: Int[Array, " q"]
    second: Int[Array, " q"]
    joined: int = 0
    unlike: tuple[str, ...] = ()


def count_pair(first: ArrowColumn, second: ArrowColumn, *, bins: int) -> CountedPair:
    """Count two columns over one alphabet.

    Where one holds numbers or dates and the other none, both are compared as texts.

    Parameters
    ----------
    first, second : pyarrow.ChunkedArray
        Columns of a `Table` each.
    bins : int
        Ranges of numbers or dates, at most; as many values or fewer are symbols themselves.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> a, b = as_table({"x": [1.5, 2.5, 4.0, None]}), as_table({"x": [3.0, 9.0]})
    >>> pair = count_pair(a.column("x"), b.column("x"), bins=2)
    >>> pair.symbols
    ['up to 3', 'above 3', 'missing']
    >>> pair.first, pair.second
    (array([2, 1, 1]), array([1, 1, 0]))
    """
    # A column in which nothing is known is of any kind.
    kinds = [_kind(column) for column in (first, second) if column.null_count < len(column)]
    kind = kinds[0] if len(set(kinds)) == 1 else "category"
    if kind == "category":
        pair = _categories(first, second)
    else:
        pair = _ranges(_numbers(first, kind), _numbers(second, kind), bins, kind)
    if len(set(kinds)) == 2:
        pair = replace(pair, unlike=tuple(kinds))
    missing = first.null_count, second.null_count
    if not any(missing):
        return pair
    return replace(
        pair,
        symbols=[*pair.symbols, _MISSING],
        first=np.append(pair.first, missing[0]),
        second=np.append(pair.second, missing[1]),
    )


def _kind(column: ArrowColumn) -> AlphabetKind:
    from pyarrow import types

    if types.is_integer(column.type) or types.is_floating(column.type):
        return "number"
    return "date" if types.is_temporal(column.type) else "category"


def _numbers(column: ArrowColumn, kind: AlphabetKind) -> Num[Array, " n"]:
    """Known values as numbers; of dates the microseconds since 1970."""
    import pyarrow as pa

    known = column.drop_null()
    if not len(known):
        return np.zeros(0, dtype=np.int64)
    if kind == "date":
        known = known.cast(pa.timestamp("us")).cast(pa.int64())
    return known.to_numpy()


def _ranges(
    first: Num[Array, " n"], second: Num[Array, " m"], bins: int, kind: AlphabetKind
) -> CountedPair:
    pooled = np.sort(np.concatenate([first, second]))
    distinct = pooled[np.flatnonzero(np.append(True, pooled[1:] != pooled[:-1]))]
    if distinct.size <= bins:
        ends = distinct
        symbols = [_written(value, kind) for value in ends]
    else:
        # The last value of each share of the rows, so that no arithmetic makes new numbers.
        lasts = -(-pooled.size * np.arange(1, bins) // bins) - 1
        ends = np.unique(pooled[lasts])
        # Where the largest value fills the last bins there is nothing above it.
        ends = ends[ends < pooled[-1]]
        symbols = _range_names(_shortened(ends) or [_written(value, kind) for value in ends])
    size = len(symbols)
    before, after = (np.bincount(np.searchsorted(ends, x), minlength=size) for x in (first, second))
    return CountedPair(kind, symbols, before, after)


def _shortened(ends: Num[Array, " q"]) -> list[str]:
    """Write fractions with few digits, if those tell them apart; else nothing."""
    if ends.dtype.kind != "f":
        return []
    written = [f"{value:.6g}" for value in ends.tolist()]
    return written if len(set(written)) == len(written) else []


def _range_names(ends: list[str]) -> list[str]:
    between = (f"above {low} to {high}" for low, high in pairwise(ends))
    return [f"up to {ends[0]}", *between, f"above {ends[-1]}"]


def _written(value: Any, kind: AlphabetKind) -> str:
    if kind == "number":
        # The fewest digits that tell the value from its neighbours in its own type.
        return str(value).removesuffix(".0")
    moment = np.datetime64(int(value), "us")
    return str(moment.astype("datetime64[s]")).replace("T00:00:00", "")


def _categories(first: ArrowColumn, second: ArrowColumn) -> CountedPair:
    import pyarrow as pa

    texts = pa.chunked_array([*_texts(first).chunks, *_texts(second).chunks], pa.large_string())
    encoded = texts.dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    values = encoded.dictionary
    codes = encoded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
    before, after = (
        np.bincount(part, minlength=len(values) + 1)[: len(values)]
        for part in (codes[: len(first)], codes[len(first) :])
    )
    kept = _commonest(values, before + after)
    symbols = values.take(pa.array(kept)).to_pylist()
    rest = np.setdiff1d(np.arange(len(values)), kept)
    if not rest.size:
        return CountedPair("category", symbols, before[kept], after[kept])
    return CountedPair(
        "category",
        [*symbols, _OTHER],
        np.append(before[kept], before[rest].sum()),
        np.append(after[kept], after[rest].sum()),
        joined=int(rest.size),
    )


def _commonest(values: Any, counts: Int[Array, " m"]) -> Int[Array, " k"]:
    """Places of the values that are symbols themselves, the commonest first.

    Of equally common ones the first in order of text are taken, not the first that were met: in
    which table a value stands must not decide, or chance would not be told from drift.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    order = np.argsort(-counts, kind="stable")
    if counts.size <= _MOST_SYMBOLS:
        return order
    least = counts[order[_MOST_SYMBOLS - 1]]
    sure = order[counts[order] > least]
    ties = np.flatnonzero(counts == least)
    by_text = pc.sort_indices(values.take(pa.array(ties))).to_numpy()
    return np.append(sure, ties[by_text[: _MOST_SYMBOLS - sure.size]])


def _texts(column: ArrowColumn) -> ArrowColumn:
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.large_string())
