"""Whole numbers in about their entropy, with what a decoder must know of it: for parts of models.

A number below 16 is a symbol; a larger one is the symbol 11 + b, with b its length in bits, and
its b − 1 lower bits. Symbols have static costs, in eighths of a bit, one byte each:

    number   q, how many symbols there are; with q = 1 all numbers are 0, and nothing follows
    bytes    q costs; 255 for a symbol that does not occur
    number   size of the block of symbols
    bytes    the block, then the lower bits, filled up to a byte
"""

from typing import Final

import numpy as np
from jaxtyping import Float, Int, Int32, Int64, UInt8

from linnet.codes.bits import bits_at, from_bytes, to_bytes, write_bits
from linnet.codes.blocks import Block, Scores, pack_block, unpack_block
from linnet.codes.fields import Fields, number
from linnet.codes.powers import FRACTION_BITS
from linnet.types import Array

__all__ = [
    "ABSENT",
    "COST_UNIT",
    "costs_of",
    "pack_integers",
    "pack_plain",
    "scores_of",
    "static_scores",
    "unpack_integers",
    "unpack_plain",
]

ABSENT: Final = 255
"""The cost of what does not occur."""
COST_UNIT: Final = 8
"""Costs are in eighths of a bit: that lengthens a code by 0.0005 bits a symbol."""
_PER_COST: Final = (1 << FRACTION_BITS) // COST_UNIT
_LARGEST_COST: Final = 24 * COST_UNIT
_SINGLE: Final = 16
_TILE_VALUES: Final = 1 << 17


def pack_integers(values: Int64[Array, " n"]) -> bytes:
    """Write numbers of at least 0 and less than 2⁶².

    Examples
    --------
    >>> data = pack_integers(np.array([0, 0, 3, 0, 1000]))
    >>> unpack_integers(Fields(memoryview(data)), 5).tolist()
    [0, 0, 3, 0, 1000]
    """
    if not values.size:
        return b""
    symbols, widths = _classes(values)
    counts = np.bincount(symbols)
    if len(counts) == 1:
        return number(1)
    costs = costs_of(counts.astype(np.float64))
    block = pack_block(static_scores(scores_of(costs), len(values)), Block(symbols))
    low = values & ((np.int64(1) << widths) - 1)
    plain = pack_plain(low, widths)
    return number(len(costs)) + costs.tobytes() + number(len(block)) + block + plain


def unpack_integers(fields: Fields, count: int) -> Int64[Array, " n"]:
    """Read so many numbers."""
    if not count:
        return np.zeros(0, dtype=np.int64)
    q = fields.number()
    if q == 1:
        return np.zeros(count, dtype=np.int64)
    costs = np.frombuffer(fields.take(q), dtype=np.uint8)
    block = fields.take(fields.number())
    symbols = unpack_block(block, static_scores(scores_of(costs), count), range(count)).symbols
    widths = np.where(symbols < _SINGLE, 0, symbols - (_SINGLE - 4)).astype(np.int64)
    plain = unpack_plain(fields, widths)
    large = (np.int64(1) << widths) + plain
    return np.where(symbols < _SINGLE, symbols.astype(np.int64), large)


def costs_of(weights: Float[Array, " q"]) -> UInt8[Array, " q"]:
    """Give −log₂ of each one's share in units of an eighth of a bit, for a decoder to be told."""
    with np.errstate(divide="ignore"):
        bits = np.log2(weights.sum()) - np.log2(weights)
    costs = np.rint(np.minimum(bits, 24.0) * COST_UNIT).clip(0, _LARGEST_COST)
    return np.where(weights > 0, costs, ABSENT).astype(np.uint8)


def scores_of(costs: UInt8[Array, " q"]) -> Int32[Array, " q"]:
    """Scores in units of 2⁻¹⁰ bits."""
    return costs.astype(np.int32) * -_PER_COST


def static_scores(scores: Int32[Array, " q"], rows: int) -> Scores:
    """Give the same scores to each row, some rows at a time."""
    size = max(1, min(rows, _TILE_VALUES // len(scores)))
    tile = np.ascontiguousarray(np.broadcast_to(scores, (size, len(scores))))
    for start in range(0, rows, size):
        yield tile[: min(size, rows - start)]


def pack_plain(values: Int64[Array, " n"], widths: Int[Array, " n"]) -> bytes:
    """Write the low bits of each value, as many as its width, filled up to a byte."""
    total = int(widths.sum())
    stream = np.zeros(-(-total // 64), dtype=np.uint64)
    some = widths > 0
    write_bits(stream, 0, values[some].astype(np.uint64), widths[some].astype(np.uint64))
    return to_bytes(stream, total)


def unpack_plain(fields: Fields, widths: Int[Array, " n"]) -> Int64[Array, " n"]:
    """Read what :func:`pack_plain` wrote."""
    ends = widths.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    stream = from_bytes(fields.take(-(-total // 8)))
    wide = widths.astype(np.uint64)
    bits = bits_at(stream, (ends - widths).astype(np.uint64)) >> (np.uint64(64) - wide)
    return bits.astype(np.int64)


def _classes(values: Int64[Array, " n"]) -> tuple[Int32[Array, " n"], Int64[Array, " n"]]:
    """Symbols of numbers, and how many lower bits follow."""
    # frexp rounds numbers beyond 2⁵³, which may move one just below a power of two up to it.
    lengths = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    lengths -= (values >> np.maximum(lengths - 1, 0)) == 0
    large = values >= _SINGLE
    widths = np.where(large, lengths - 1, 0)
    symbols = np.where(large, _SINGLE - 4 + widths, values)
    return symbols.astype(np.int32), widths
