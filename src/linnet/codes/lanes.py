"""Words in lanes: the symbols go in turn to many bit streams, which are then read in lock-step.

A prefix code has to be read word by word, for each says where the next begins. With N lanes,
symbol i belongs to lane i mod N; one step reads a word of every lane at once, and its N symbols
lie side by side where they belong. The lanes themselves follow one another without a gap.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Int, Shaped, UInt, UInt64

from linnet.codes.bits import bits_at, write_bits
from linnet.codes.canonical import WINDOW, CanonicalOrder
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["DecodingTable", "decoding_table", "lane_sizes", "read_lanes", "write_lanes"]

# Beyond 16 bits a table leaves the fastest caches, and few symbols need it.
_TABLE_BITS: Final = 16
# Symbols handled together, so that their words stay in a cache.
_BLOCK: Final = 1 << 16


@final
@dataclass(frozen=True, eq=False)
class DecodingTable:
    """The symbol and width of the word that begins with given bits, looked up in one step."""

    bits: int
    """How many bits are looked up; words with more are found by bisection in ``order``."""
    symbols: UInt[Array, " t"]
    widths: UInt64[Array, " t"]
    """Bits of the word, or 0 where the bits looked up begin no word that short."""
    order: CanonicalOrder


def decoding_table(order: CanonicalOrder, alphabet: int) -> DecodingTable:
    """Tabulate a code whose words are not empty, over symbols below ``alphabet``."""
    bits = min(int(order.widths[-1]), _TABLE_BITS)
    short = order.widths <= bits
    # Words ascend, so the beginnings of one word are neighbours and the words are in order.
    repeats = np.int64(1) << (bits - order.widths[short].astype(np.int64))
    known = int(repeats.sum())
    symbols = np.zeros(1 << bits, dtype=np.min_scalar_type(alphabet - 1))
    widths = np.zeros(1 << bits, dtype=np.uint64)
    symbols[:known] = np.repeat(order.symbols[short], repeats)
    widths[:known] = np.repeat(order.widths[short], repeats)
    return DecodingTable(bits, symbols, widths, order)


def lane_sizes(
    symbols: UInt[Array, " n"], widths: UInt64[Array, " q"], lanes: int
) -> UInt64[Array, " lanes"]:
    """Bits of each lane."""
    rows = symbols.size // lanes
    grid, rest = symbols[: rows * lanes].reshape(rows, lanes), symbols[rows * lanes :]
    sizes = np.zeros(lanes, dtype=np.uint64)
    step = max(1, _BLOCK // lanes)
    for row in range(0, rows, step):
        sizes += widths.take(grid[row : row + step]).sum(axis=0, dtype=np.uint64)
    sizes[: rest.size] += widths.take(rest)
    return sizes


def write_lanes(
    symbols: UInt[Array, " n"],
    values: UInt64[Array, " q"],
    widths: UInt64[Array, " q"],
    sizes: UInt64[Array, " lanes"],
) -> UInt64[Array, " s"]:
    """Write the words of the symbols, lane after lane, into a stream."""
    lanes, rows = sizes.size, symbols.size // sizes.size
    grid, rest = symbols[: rows * lanes].reshape(rows, lanes), symbols[rows * lanes :]
    stream = np.zeros(-(-int(sizes.sum()) // WINDOW), dtype=np.uint64)
    step = max(1, _BLOCK // (rows + 1))
    start = 0
    for lane in range(0, lanes, step):
        block = np.ascontiguousarray(grid[:, lane : lane + step].T)
        tail = rest[lane : lane + step]
        write_bits(stream, start, _with_tail(values, block, tail), _with_tail(widths, block, tail))
        start += int(sizes[lane : lane + step].sum())
    return stream


def read_lanes(
    stream: UInt64[Array, " s"], sizes: UInt64[Array, " lanes"], n: int, table: DecodingTable
) -> UInt[Array, " n"]:
    """Read ``n`` symbols from lanes of these sizes.

    Raises
    ------
    DataError
        If the bits of a lane are not the words of its symbols.
    """
    lanes, rows = sizes.size, n // sizes.size
    ends = np.cumsum(sizes, dtype=np.uint64)
    positions = ends - sizes
    symbols = np.empty(n, dtype=table.symbols.dtype)
    grid, rest = symbols[: rows * lanes].reshape(rows, lanes), symbols[rows * lanes :]
    words_in_view = WINDOW // int(table.order.widths[-1])
    window = bits_at(stream, positions)
    for row in range(rows):
        if row % words_in_view == 0:
            window = bits_at(stream, positions)
        _read_words(window, positions, table, grid[row])
    heads = positions[: rest.size]
    _read_words(bits_at(stream, heads), heads, table, rest)
    if not np.array_equal(positions, ends):
        lane = int(np.argmax(positions != ends))
        raise DataError(
            f"Lane {lane} of the code words ends at bit {positions[lane]} instead of {ends[lane]}. "
            "The data were damaged or made by other means: encode the symbols again."
        )
    return symbols


def _with_tail(
    words: UInt64[Array, " q"], block: UInt[Array, "lanes rows"], tail: UInt[Array, " rest"]
) -> UInt64[Array, " m"]:
    """Look up each symbol in ``words``, lane by lane, where some lanes have one symbol more."""
    lanes, rows = block.shape
    table = np.zeros((lanes, rows + 1), dtype=np.uint64)
    table[:, :rows] = words.take(block)
    table[: tail.size, rows] = words.take(tail)
    return table.reshape(-1)


def _read_words(
    window: UInt64[Array, " lanes"],
    positions: UInt64[Array, " lanes"],
    table: DecodingTable,
    out: Shaped[Array, " lanes"],
) -> None:
    """Read the word at the head of each window, and move window and position behind it."""
    index = (window >> np.uint64(WINDOW - table.bits)).view(np.int64)
    # "clip" spares a check and a copy: no index is too large.
    table.symbols.take(index, out=out, mode="clip")
    widths = table.widths.take(index, mode="clip")
    if not table.widths[-1] and not widths.all():
        longer = np.flatnonzero(widths == 0)
        ranks = _ranks(window[longer], table.order)
        out[longer] = table.order.symbols[ranks]
        widths[longer] = table.order.widths[ranks]
    window <<= widths
    positions += widths


def _ranks(window: UInt64[Array, " m"], order: CanonicalOrder) -> Int[Array, " m"]:
    """Find the word that begins each window."""
    ranks = np.searchsorted(order.starts, window, side="right") - 1
    behind = (window - order.starts[ranks]) >> (np.uint64(WINDOW) - order.widths[ranks])
    if behind.any():
        raise DataError(
            "The data hold bits that begin no code word. They were damaged or made by other "
            "means: encode the symbols again."
        )
    return ranks
