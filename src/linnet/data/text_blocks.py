"""A text too large to be held is given as blocks of whole rows, each with its line number."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, final

from linnet.data.contents import (
    damage_told,
    decompressed,
    is_compressed,
    is_utf8,
    not_of_encoding,
)
from linnet.data.stored import StoredFile
from linnet.errors import TableError

__all__ = ["RowEnd", "TextBlock", "count_lines", "further_pieces", "open_head", "text_blocks"]

RowEnd = Callable[[bytes], int]
"""Where the last whole row of a text ends, 0 if it holds none."""

_MAGIC_BYTES: Final = 6
_BOMS_UTF16: Final = (BOM_UTF16_LE, BOM_UTF16_BE)
_PIECE_BYTES: Final = 1 << 18
# A longer row is hardly one: a quote that is never closed makes a row of the rest of the file.
_MOST_ROW_BYTES: Final = 1 << 26


@final
@dataclass(frozen=True)
class TextBlock:
    """Whole rows of a text.

    Parameters
    ----------
    data : bytes
        The rows, UTF-8 without byte order mark.
    first_line : int
        Number of their first line in the file, from 1.
    bytes_read : int
        How many bytes of the file, as stored, have been read so far.
    """

    data: bytes
    first_line: int
    bytes_read: int


def open_head(file: StoredFile, size: int) -> tuple[bytes, bool]:
    """Return the first ``size`` bytes, decompressed, and whether the rest can be read in pieces.

    It can unless the file is compressed, or UTF-16.
    """
    with damage_told(file.name), file.open() as raw:
        start = raw.read(_MAGIC_BYTES)
        raw.seek(0)
        head = _read(decompressed(raw, start), size)
    return head, not is_compressed(start) and not start.startswith(_BOMS_UTF16)


def text_blocks(
    file: StoredFile, *, encoding: str, block_bytes: int, row_end: RowEnd
) -> Iterator[TextBlock]:
    """Go through a text file, decompressed, in blocks of some ``block_bytes`` cut at row ends.

    Raises
    ------
    TableError
        If the compressed data are damaged, a byte does not belong to the encoding, or a row is
        longer than 64 MiB: the message names file and line.
    SettingError
        If there is no such encoding.
    """
    line, offset, rest, enough = 1, 0, b"", 0
    held: list[bytes] = []
    for piece, position, is_last in _utf8_pieces(file, encoding, block_bytes):
        held.append(piece)
        # A row longer than all that was read: look again at twice as much, so that the work
        # stays linear.
        if not is_last and sum(map(len, held)) < enough:
            continue
        data = b"".join(held)
        end = len(data) if is_last else row_end(data)
        rest = data[end:]
        held, enough = [rest], 0 if end else 2 * len(rest)
        if len(rest) > max(_MOST_ROW_BYTES, block_bytes):
            raise TableError(
                f"{file.name}, line {line}: the row that starts here does not end within "
                f"{len(rest) >> 20} MiB. A quote in it may never be closed: mend it."
            )
        if end:
            block = data[:end] if rest else data
            _require_utf8(block, file.name, line, offset)
            yield TextBlock(block, line, position)
            line += count_lines(block)
            offset += end


def further_pieces(file: StoredFile, count: int, start: int) -> Iterator[bytes]:
    """Yield lines from places spread evenly over what follows the first ``start`` bytes.

    The file must be plain UTF-8.
    """
    rest = file.size - start - _PIECE_BYTES
    if rest <= 0 or not count:
        return
    with damage_told(file.name), file.open() as raw:
        for place in range(1, count + 1):
            raw.seek(start + rest * place // count)
            piece = raw.read(_PIECE_BYTES)
            # The first and the last line are cut off.
            lines = piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1]
            if lines.strip():
                yield lines


def _utf8_pieces(file: StoredFile, encoding: str, size: int) -> Iterator[tuple[bytes, int, bool]]:
    """Yield bytes of UTF-8, how much of the file is read, and whether they are the last."""
    with damage_told(file.name), file.open() as raw:
        start = raw.read(_MAGIC_BYTES)
        raw.seek(0)
        stream = decompressed(raw, start)
        piece = _read(stream, size)
        decode = _decoder(piece, encoding, file.name)
        piece = decode(piece.removeprefix(BOM_UTF8), final=False)
        while True:
            following = _read(stream, size)
            if not following:
                yield piece + decode(b"", final=True), file.size, True
                return
            yield piece, min(raw.tell(), file.size), False
            piece = decode(following, final=False)


def _read(stream: Any, size: int) -> bytes:
    """Read ``size`` bytes, fewer only at the end: a decompressing stream may give less at once."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _decoder(start: bytes, encoding: str, name: str) -> Callable[..., bytes]:
    """Return what turns bytes into UTF-8; that of UTF-8 leaves them as they are."""
    if start.startswith(_BOMS_UTF16):
        encoding = "utf-16"
    if is_utf8(encoding):
        return _as_it_is
    decoder = getincrementaldecoder(encoding)()
    read, line, newline = 0, 0, b"\n"

    def decode(data: bytes, *, final: bool) -> bytes:
        nonlocal read, line
        try:
            text = decoder.decode(data, final=final).encode()
        except UnicodeDecodeError as error:
            place = f"{name}, line {line + data.count(newline, 0, error.start) + 1}"
            at = error.object[error.start]
            raise not_of_encoding(at, place, read + error.start + 1, encoding) from None
        read, line = read + len(data), line + text.count(newline)
        return text

    return decode


def _as_it_is(data: bytes, *, final: bool) -> bytes:  # noqa: ARG001
    return data


def _require_utf8(block: bytes, name: str, line: int, offset: int) -> None:
    if block.isascii():
        return
    try:
        block.decode()
    except UnicodeDecodeError as error:
        place = f"{name}, line {line + count_lines(block[: error.start])}"
        position = offset + error.start + 1
        raise not_of_encoding(block[error.start], place, position, "utf-8") from None


def count_lines(block: bytes) -> int:
    r"""Count the line ends: ``\n``, or ``\r`` where there is no ``\n``."""
    return block.count(b"\n") or block.count(b"\r")
