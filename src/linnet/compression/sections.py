"""Parts of a compressed table: bytes with their sizes before them, and texts kept in one place.

Texts of all columns, such as alphabets, are compressed together: there are many short ones.
"""

import lzma
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, final

from linnet.codes.fields import Fields, number
from linnet.errors import DataError

__all__ = ["TextReader", "TextWriter", "packed_text", "read_signed", "signed", "unpacked_text"]

_PLAIN, _DEFLATE, _LZMA = 0, 1, 2
_FILTERS: Final = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
# Three times as fast, a few per cent longer. Its dictionary is smaller: one filter reads both.
_QUICK: Final = [{"id": lzma.FILTER_LZMA2, "preset": 6}]
_MOST_FOR_EXTREME: Final = 1 << 22
_MOST_FOR_DEFLATE: Final = 1 << 16


def packed_text(data: bytes) -> bytes:
    """Compress bytes as well as the standard library can, with what a reader must know."""
    filters = _FILTERS if len(data) <= _MOST_FOR_EXTREME else _QUICK
    ways = {_PLAIN: data, _LZMA: lzma.compress(data, lzma.FORMAT_RAW, filters=filters)}
    if len(data) <= _MOST_FOR_DEFLATE:
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        ways[_DEFLATE] = deflate.compress(data) + deflate.flush()
    way = min(ways, key=lambda each: len(ways[each]))
    return bytes([way]) + number(len(ways[way])) + ways[way]


def unpacked_text(fields: Fields) -> bytes:
    """Read what :func:`packed_text` wrote."""
    way = fields.take(1)[0]
    data = bytes(fields.take(fields.number()))
    try:
        if way == _LZMA:
            return lzma.decompress(data, lzma.FORMAT_RAW, filters=_FILTERS)
        return zlib.decompress(data, -15) if way == _DEFLATE else data
    except (lzma.LZMAError, zlib.error) as error:
        raise DataError(
            f"A compressed text cannot be read: {error}. The table was made by other means: "
            "compress it again."
        ) from error


@final
@dataclass(frozen=True)
class TextWriter:
    """Texts in the order in which they will be asked for."""

    parts: list[bytes] = field(default_factory=list)

    def write(self, texts: Iterable[bytes]) -> None:
        """Add texts."""
        self.parts.extend(texts)

    def to_bytes(self) -> bytes:
        """Write all texts: divided by a byte that none has, or by their sizes."""
        divider = next((each for each in b"\n\0\1" if not self._occurs(each)), None)
        if divider is None:
            sizes = b"".join(number(len(each)) for each in self.parts)
            return b"\1" + packed_text(sizes) + packed_text(b"".join(self.parts))
        return b"\0" + bytes([divider]) + packed_text(bytes([divider]).join(self.parts))

    def _occurs(self, byte: int) -> bool:
        return any(byte in each for each in self.parts)


@final
@dataclass(frozen=True)
class TextReader:
    """Texts as they were written."""

    parts: list[bytes]

    @classmethod
    def of(cls, fields: Fields, count: int) -> "TextReader":
        """Read so many texts."""
        if fields.take(1)[0] == 0:
            divider = bytes(fields.take(1))
            parts = unpacked_text(fields).split(divider) if count else [unpacked_text(fields)][1:]
        else:
            sizes = Fields(memoryview(unpacked_text(fields)))
            texts = Fields(memoryview(unpacked_text(fields)))
            parts = [bytes(texts.take(sizes.number())) for _ in range(count)]
        if len(parts) != count:
            raise DataError(
                f"The table has {len(parts)} texts and needs {count}. It was made by other means: "
                "compress it again."
            )
        return cls(parts[::-1])

    def read(self, count: int) -> list[bytes]:
        """Take the next texts."""
        if count > len(self.parts):
            raise DataError(
                f"A column needs {count} texts, and {len(self.parts)} are left. The table was "
                "made by other means: compress it again."
            )
        return [self.parts.pop() for _ in range(count)]


def signed(value: int) -> bytes:
    """Write a number of at most 62 bits and a sign."""
    return number(2 * value if value >= 0 else -2 * value - 1)


def read_signed(fields: Fields) -> int:
    """Read what :func:`signed` wrote."""
    value = fields.number()
    return value // 2 if value % 2 == 0 else -(value + 1) // 2
