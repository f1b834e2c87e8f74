"""Coded symbols in bytes that are checked before they are believed.

    1 byte   format version, 1
    4 bytes  CRC-32 of all that follows
    4 bytes  CRC-32 of the code's lengths, so that no other code reads the data
    numbers  n symbols, N lanes, fewest bits of a lane, width w: 7 bits a byte, lowest first
    bits     N numbers of w bits, the bits of each lane above the fewest; up to a whole byte
    bits     the lanes; up to a whole byte

With no symbols, or symbols of the empty word, the frame ends after n. Numbers of 4 bytes have
the lowest byte first.
"""

from typing import Final

import numpy as np
from jaxtyping import Int, UInt, UInt64

from linnet.codes.bits import bits_at, from_bytes, to_bytes, write_bits
from linnet.codes.canonical import WINDOW, canonical_order
from linnet.codes.fields import Fields, checksum, number
from linnet.codes.lanes import decoding_table, lane_sizes, read_lanes, write_lanes
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["pack", "unpack"]

_FORMAT: Final = 1
# A lane costs about 10 bits of header, 0.05 % of 4096 symbols; fewer lanes are read more slowly.
_SYMBOLS_PER_LANE: Final = 4096
# What one step works on then fits into a cache of 1 MiB.
_MOST_LANES: Final = 8192


def pack(symbols: UInt[Array, " n"], lengths: Int[Array, " q"]) -> bytes:
    """Write symbols in the canonical code of these lengths; each of them has a word."""
    order = canonical_order(lengths)
    body = _fingerprint(lengths) + number(symbols.size)
    if symbols.size and order.widths[-1]:
        values, widths = np.zeros((2, lengths.size), dtype=np.uint64)
        values[order.symbols] = order.starts >> (np.uint64(WINDOW) - order.widths)
        widths[order.symbols] = order.widths
        lanes = min(-(-symbols.size // _SYMBOLS_PER_LANE), _MOST_LANES)
        sizes = lane_sizes(symbols, widths, lanes)
        stream = write_lanes(symbols, values, widths, sizes)
        body += _sizes_to_bytes(sizes) + to_bytes(stream, int(sizes.sum()))
    return bytes([_FORMAT]) + checksum(body) + body


def unpack(data: bytes, lengths: Int[Array, " q"]) -> UInt[Array, " n"]:
    """Read what `pack` wrote.

    Raises
    ------
    DataError
        If the data are not exactly that, or were written with other lengths.
    """
    fields = Fields(_checked_body(data, lengths))
    order = canonical_order(lengths)
    n = fields.number()
    if n and order.widths[-1]:
        sizes = _lane_sizes(fields, n)
        # As Python's integers, for made-up sizes could sum to more than 64 bits.
        stream = _bits(fields, sum(sizes.tolist()))
        fields.close()
        return read_lanes(stream, sizes, n, decoding_table(order, lengths.size))
    fields.close()
    return np.full(n, order.symbols[0], dtype=np.min_scalar_type(lengths.size - 1))


def _bits(fields: Fields, count: int) -> UInt64[Array, " s"]:
    return from_bytes(fields.take(-(-count // 8)))


def _lane_sizes(fields: Fields, n: int) -> UInt64[Array, " lanes"]:
    lanes, fewest, width = (fields.number() for _ in range(3))
    # Every word has a bit, so that no count of symbols or lanes can exceed the data.
    if not (1 <= lanes <= n <= 8 * len(fields.left) and width < WINDOW):
        raise DataError(
            f"The coded data tell of {n} symbols in {lanes} lanes, with sizes of {width} bits, "
            f"in {len(fields.left)} bytes. They were made by other means: encode the symbols "
            "again."
        )
    stream = _bits(fields, lanes * width)
    above = bits_at(stream, np.arange(lanes, dtype=np.uint64) * np.uint64(width))
    return (above >> np.uint64(WINDOW - width)) + np.uint64(fewest)


def _checked_body(data: bytes, lengths: Int[Array, " q"]) -> memoryview:
    """Return what follows the two checksums, if both are right."""
    if data and data[0] != _FORMAT:
        raise DataError(
            f"The coded data have format {data[0]}; this version of linnet reads format {_FORMAT}. "
            "Decode them with the version that wrote them, if they are coded symbols at all."
        )
    body = memoryview(data)[5:]
    if data[1:5] != checksum(body):
        raise DataError(
            f"The checksum of the {len(data)} coded bytes is wrong: bytes were changed, added or "
            "lost. Take an intact copy, or encode the symbols again."
        )
    if body[:4] != _fingerprint(lengths):
        raise DataError(
            "The coded data were written with another code, whose words have other lengths. "
            "Decode them with the code that wrote them."
        )
    return body[4:]


def _sizes_to_bytes(sizes: UInt64[Array, " lanes"]) -> bytes:
    above = sizes - sizes.min()
    width = int(above.max()).bit_length()
    stream = np.zeros(-(-sizes.size * width // WINDOW), dtype=np.uint64)
    write_bits(stream, 0, above, np.full(sizes.size, width, dtype=np.uint64))
    head = number(sizes.size) + number(int(sizes.min())) + number(width)
    return head + to_bytes(stream, sizes.size * width)


def _fingerprint(lengths: Int[Array, " q"]) -> bytes:
    return checksum(lengths.astype("<i8").tobytes())
