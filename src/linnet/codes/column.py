"""A coded column: a header, then blocks of rows, each of which can be read on its own.

    4 bytes  "lnc" and the format's version, 1
    4 bytes  CRC-32 of those and of the rest of the header
    number   size of the rest of the header
        1 byte   what is coded: 1 labels, 2 numbers
        8 bytes  fingerprint of the model
        numbers  rows, rows of a block, features, symbols
        bytes    what else a decoder must be told; of numbers their precision
    blocks, the last with what rows are left:
        number   size of the block
        4 bytes  CRC-32 of size and block, begun with that of the header plus the block's index
        bytes    the block

Numbers have 7 bits a byte, lowest first. So every byte is checked before it is believed, and no
block can pass for another, or for one of another file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from io import BytesIO
from typing import Any, Final, final

from linnet.codes.blocks import block_sizes
from linnet.codes.fields import LONGEST_NUMBER, Fields, checksum, number
from linnet.errors import DataError

__all__ = [
    "ROWS_PER_BLOCK",
    "ColumnKind",
    "ColumnSizes",
    "Header",
    "Stream",
    "column_sizes",
    "read_blocks",
    "read_header",
]

Stream = Any
"""A binary file open for reading."""

ROWS_PER_BLOCK: Final = 1 << 17
"""A block costs about 12 bytes beside its symbols: 0.1 % of these rows at 0.7 bits each."""
_MAGIC: Final = b"lnc"
_VERSION: Final = 1
_PIECE: Final = 1 << 20


class ColumnKind(IntEnum):
    """What a column holds."""

    LABELS = 1
    NUMBERS = 2


@final
@dataclass(frozen=True, kw_only=True)
class Header:
    """What stands before the blocks.

    Attributes
    ----------
    kind : ColumnKind
        What the column holds.
    fingerprint : bytes
        8 bytes that no other model has.
    n_rows, rows_per_block, n_features, n_symbols : int
        Numbers of rows, of rows in a block, of features and of symbols, the escape left out.
    extra : bytes
        What else a decoder must be told.
    """

    kind: ColumnKind
    fingerprint: bytes
    n_rows: int
    rows_per_block: int
    n_features: int
    n_symbols: int
    extra: bytes = b""

    def to_bytes(self) -> bytes:
        """Write the header."""
        sizes = (self.n_rows, self.rows_per_block, self.n_features, self.n_symbols)
        body = bytes([self.kind]) + self.fingerprint + b"".join(map(number, sizes)) + self.extra
        start, rest = _MAGIC + bytes([_VERSION]), number(len(body)) + body
        return start + checksum(start + rest) + rest

    def rows(self) -> Iterator[range]:
        """Rows of each block."""
        for start in range(0, self.n_rows, self.rows_per_block):
            yield range(start, min(start + self.rows_per_block, self.n_rows))

    def sealed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Give each block with its size and checksum before it."""
        for index, block in enumerate(blocks):
            size = number(len(block))
            yield size + self.seal(index, size + block) + block

    def seal(self, index: int, data: bytes) -> bytes:
        """Checksum of a block of this very column, its size before it."""
        seed = int.from_bytes(self.to_bytes()[4:8], "little") + index
        return checksum(data, seed & 0xFFFFFFFF)


def read_header(stream: Stream) -> Header:
    """Read a header.

    Raises
    ------
    DataError
        If this is no coded column, one of a newer format, or its header was damaged.
    """
    start = _read(stream, 4)
    if start[:3] != _MAGIC:
        raise DataError(
            "These are not coded labels or numbers: they do not begin as those do. Give what "
            "encode_labels, encode_numbers or linnet encode wrote."
        )
    if start[3] != _VERSION:
        raise DataError(
            f"The coded column has format {start[3]}, but this linnet reads format {_VERSION}. "
            "Install a newer linnet, or take an intact copy."
        )
    crc = _read(stream, 4)
    size, digits = _read_number(stream)
    body = _read(stream, size)
    if checksum(start + digits + body) != crc:
        raise DataError(
            "The header of the coded column was damaged: its checksum is wrong. Take an intact "
            "copy, or encode again."
        )
    fields = Fields(memoryview(body))
    kind, fingerprint = fields.take(1)[0], bytes(fields.take(8))
    n_rows, rows_per_block, n_features, n_symbols = (fields.number() for _ in range(4))
    if kind not in set(ColumnKind) or not rows_per_block:
        raise DataError(
            f"The coded column is of kind {kind}, in blocks of {rows_per_block} rows, which this "
            "linnet does not know. Install a newer linnet."
        )
    return Header(
        kind=ColumnKind(kind),
        fingerprint=fingerprint,
        n_rows=n_rows,
        rows_per_block=rows_per_block,
        n_features=n_features,
        n_symbols=n_symbols,
        extra=bytes(fields.left),
    )


def read_blocks(header: Header, stream: Stream) -> Iterator[bytes]:
    """Read all blocks, one at a time.

    Raises
    ------
    DataError
        If a block was damaged, or bytes are lost or were added: the message says which rows.
    """
    for index, rows in enumerate(header.rows()):
        place = f"the block of rows {rows.start} to {rows.stop - 1}"
        size, digits = _read_number(stream, place)
        crc = _read(stream, 4, place)
        block = _read(stream, size, place)
        if header.seal(index, digits + block) != crc:
            raise DataError(
                f"The coded column was damaged in {place}: its checksum is wrong. Take an intact "
                "copy, or encode again."
            )
        yield block
    if stream.read(1):
        raise DataError(
            f"The coded column goes on after its {header.n_rows} rows. Bytes were added: take an "
            "intact copy."
        )


@final
@dataclass(frozen=True, kw_only=True)
class ColumnSizes:
    """What the bytes of a coded column are for.

    Checks are sizes, checksums, and 31 bits of each state. Beside the symbols stand escaped
    labels; or the plain bits of numbers, and the escaped ones.
    """

    header: int
    checks: int
    symbols: int
    beside: int


def column_sizes(data: bytes) -> ColumnSizes:
    """Tell what the bytes of a coded column are for."""
    stream = BytesIO(data)
    header = read_header(stream)
    start = stream.tell()
    sizes = [(0, 0), *(block_sizes(block) for block in read_blocks(header, stream))]
    symbols, beside = (sum(each) for each in zip(*sizes, strict=True))
    return ColumnSizes(
        header=start,
        checks=len(data) - start - symbols - beside,
        symbols=symbols,
        beside=beside,
    )


def _read(stream: Stream, size: int, place: str = "its header") -> bytes:
    # A damaged size can be enormous: never ask for more than there may be.
    pieces = []
    while size > 0:
        piece = stream.read(min(size, _PIECE))
        if not piece:
            raise DataError(
                f"The coded column ends within {place}: it was truncated, or a size in it was "
                "altered. Take an intact copy, or encode again."
            )
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _read_number(stream: Stream, place: str = "its header") -> tuple[int, bytes]:
    digits = b""
    while not digits or (digits[-1] > 127 and len(digits) < LONGEST_NUMBER):
        digits += _read(stream, 1, place)
    if digits[-1] > 127:
        raise DataError(
            f"The coded column was damaged in {place}: a size in it is impossible. Take an intact "
            "copy, or encode again."
        )
    return Fields(memoryview(digits)).number(), digits
