"""Words of up to 64 bits, written one after the other into an array of 64-bit words and read back.

The first bit of a stream is the highest of its first word, so that as bytes the stream reads in
order on every machine.
"""

import numpy as np
from jaxtyping import UInt64

from linnet.types import Array

__all__ = ["bits_at", "from_bytes", "to_bytes", "write_bits"]


def write_bits(
    stream: UInt64[Array, " s"],
    start: int,
    values: UInt64[Array, " n"],
    widths: UInt64[Array, " n"],
) -> None:
    """Write the ``widths`` low bits of each value, one after the other from bit ``start``.

    The bits of the stream from there on are 0 before, and no value has bits above its width.
    """
    if not values.size:
        return
    values, widths = _joined(values, widths)
    offsets = np.cumsum(widths) - widths + np.uint64(start)
    inside = offsets & np.uint64(63)
    # A shift by 64 gives 0 in NumPy: that is right for a value of no bits.
    aligned = values << (np.uint64(64) - widths)
    # No value is longer than a word, so none is skipped: each has a value that starts in it.
    word = offsets >> np.uint64(6)
    firsts = np.flatnonzero(np.diff(word, prepend=word[:1] - np.uint64(1)))
    lasts = np.append(firsts[1:], values.size) - 1
    # Only the last value that starts in a word can reach into the next.
    rest = aligned[lasts] << (np.uint64(64) - inside[lasts])
    _add(stream, int(word[0]), np.bitwise_or.reduceat(aligned >> inside, firsts))
    _add(stream, int(word[0]) + 1, rest)


def bits_at(stream: UInt64[Array, " s"], positions: UInt64[Array, " n"]) -> UInt64[Array, " n"]:
    """Read the 64 bits from each position on; beyond the stream's end they mean nothing."""
    word = (positions >> np.uint64(6)).view(np.int64)
    inside = positions & np.uint64(63)
    high = stream.take(word, mode="clip") << inside
    low = stream.take(word + 1, mode="clip") >> (np.uint64(64) - inside)
    return high | low


def to_bytes(stream: UInt64[Array, " s"], bits: int) -> bytes:
    """Give the first ``bits`` bits of a stream as bytes, the last filled with zeros."""
    return stream.astype(">u8").tobytes()[: -(-bits // 8)]


def from_bytes(data: bytes | memoryview) -> UInt64[Array, " s"]:
    """Take bytes as a stream, with zeros after them."""
    stream = np.zeros(len(data) // 8 + 1, dtype=">u8")
    stream.view(np.uint8)[: len(data)] = np.frombuffer(data, dtype=np.uint8)
    return stream.astype(np.uint64)


def _joined(
    values: UInt64[Array, " n"], widths: UInt64[Array, " n"]
) -> tuple[UInt64[Array, " m"], UInt64[Array, " m"]]:
    """Join neighbours to values of more bits, as long as 64 are enough: fewer are then written."""
    longest = int(widths.max())
    while longest <= 32 and values.size > 1:
        if values.size % 2:
            values, widths = np.append(values, np.uint64(0)), np.append(widths, np.uint64(0))
        values = (values[::2] << widths[1::2]) | values[1::2]
        widths = widths[::2] + widths[1::2]
        longest *= 2
    return values, widths


def _add(stream: UInt64[Array, " s"], start: int, words: UInt64[Array, " n"]) -> None:
    """Add words of bits; behind the stream's end there are none, as no value has bits there."""
    room = stream[start : start + words.size]
    room |= words[: room.size]
