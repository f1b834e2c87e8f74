"""What symbols leave of numbers: plain bits, or static codes in leaves where those are shorter.

Rows are taken leaf by leaf, so that a static code is one run of rows. Its costs are whole bits:
0 for a number that does not occur, else 1 + the cost.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from jaxtyping import Bool, Int32, Int64

from linnet.codes.blocks import Block, Scores, pack_block, unpack_block
from linnet.codes.fields import Fields, number
from linnet.codes.integers import (
    pack_integers,
    pack_plain,
    static_scores,
    unpack_integers,
    unpack_plain,
)
from linnet.codes.powers import FRACTION_BITS
from linnet.compression.leaves import Leaves
from linnet.types import Array

__all__ = ["pack_rest", "unpack_rest"]

# A table of 2¹² costs is the longest that is worth trying.
_MOST_SLOT_BITS: Final = 12
_NEVER: Final = -(1 << 29)
# Estimated bits of a cost, and of its absence, in a table.
_BITS_OF_COST: Final = 3.0
_BITS_OF_ABSENCE: Final = 0.7


def pack_rest(
    leaves: Leaves, symbols: Int32[Array, " n"], rest: Int64[Array, " n"]
) -> tuple[bytes, bytes]:
    """Write what is left of numbers: tables of the static codes, and the numbers' bits."""
    tables = {
        leaf: costs
        for leaf in _candidates(leaves)
        if (costs := _table(rest[symbols == leaf], int(leaves.widths[leaf]))) is not None
    }
    flags = np.array([leaf in tables for leaf in _candidates(leaves)], dtype=np.int64)
    every = np.concatenate([np.zeros(0, dtype=np.int64), *tables.values()])
    coded = _has_table(leaves, tables)[symbols]
    widths = np.where(coded, 0, leaves.widths[symbols])
    order = np.argsort(symbols[coded], kind="stable")
    block = b""
    if tables:
        counts = np.bincount(symbols, minlength=len(leaves.starts))
        values = rest[coded][order].astype(np.int32)
        packed = pack_block(_scores(tables, counts), Block(values))
        block = number(len(packed)) + packed
    return pack_integers(flags) + pack_integers(every), block + pack_plain(rest, widths)


def unpack_rest(
    leaves: Leaves, symbols: Int32[Array, " n"], model: Fields, data: Fields
) -> Int64[Array, " n"]:
    """Read what is left of numbers."""
    candidates = _candidates(leaves)
    flags = unpack_integers(model, len(candidates))
    chosen = [leaf for leaf, flag in zip(candidates, flags, strict=True) if flag]
    sizes = [1 << int(leaves.widths[leaf]) for leaf in chosen]
    every = unpack_integers(model, sum(sizes))
    bounds = np.cumsum([0, *sizes])
    tables = {leaf: every[bounds[i] : bounds[i + 1]] for i, leaf in enumerate(chosen)}
    coded = _has_table(leaves, tables)[symbols]
    rest = np.zeros(len(symbols), dtype=np.int64)
    if tables:
        counts = np.bincount(symbols, minlength=len(leaves.starts))
        rows = np.flatnonzero(coded)[np.argsort(symbols[coded], kind="stable")]
        packed = data.take(data.number())
        block = unpack_block(packed, _scores(tables, counts), range(len(rows)))
        rest[rows] = block.symbols
    return rest + unpack_plain(data, np.where(coded, 0, leaves.widths[symbols]))


def _candidates(leaves: Leaves) -> list[int]:
    return np.flatnonzero((leaves.widths > 0) & (leaves.widths <= _MOST_SLOT_BITS)).tolist()


def _table(rest: Int64[Array, " m"], width: int) -> Int64[Array, " s"] | None:
    """Costs of a static code, if it is shorter than plain bits; for each number 1 + its bits."""
    counts = np.bincount(rest, minlength=1 << width)
    held = counts > 0
    with np.errstate(divide="ignore"):
        bits = np.rint(np.log2(len(rest)) - np.log2(counts, where=held, out=np.zeros(len(held))))
    ideal = float((counts * (np.log2(len(rest)) - np.log2(np.maximum(counts, 1)))).sum())
    told = _BITS_OF_COST * held.sum() + _BITS_OF_ABSENCE * (~held).sum()
    if ideal + told > len(rest) * width:
        return None
    return np.where(held, 1 + bits.clip(0, 23), 0).astype(np.int64)


def _has_table(leaves: Leaves, tables: dict[int, Int64[Array, " s"]]) -> Bool[Array, " q"]:
    has = np.zeros(len(leaves.starts), dtype=bool)
    has[list(tables)] = True
    return has


def _scores(tables: dict[int, Int64[Array, " s"]], counts: Int64[Array, " q"]) -> Scores:
    """Scores of the rows of each leaf with a table, leaf by leaf."""

    def every() -> Iterator[Int32[Array, "t s"]]:
        for leaf, costs in sorted(tables.items()):
            scores = np.where(costs > 0, (1 - costs) << FRACTION_BITS, _NEVER).astype(np.int32)
            yield from static_scores(scores, int(counts[leaf]))

    return every()
