"""The bytes of a file, decompressed, and its text as UTF-8, with errors a user can act on."""

import bz2
import gzip
import lzma
import os
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, lookup
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from linnet.errors import SettingError, TableError

__all__ = [
    "damage_told",
    "decompressed",
    "is_compressed",
    "is_utf8",
    "not_of_encoding",
    "read_as_stored",
    "read_contents",
    "read_head",
    "utf8",
]


def _open_zstd(source: Any, _mode: str) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(source, "zstd")


_COMPRESSIONS: Final[tuple[tuple[bytes, Callable[..., Any]], ...]] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"\x28\xb5\x2f\xfd", _open_zstd),
)
_BROKEN: Final = (EOFError, OSError, zlib.error, lzma.LZMAError)


def read_contents(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file, decompressing gzip, bzip2, xz and zstd, which their first bytes reveal.

    Raises
    ------
    TableError
        If the file is missing, a folder, unreadable, empty, or its compressed data are broken.
    """
    return _read(path, None)


def read_as_stored(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file byte for byte, compressed or not; raises as `read_contents` does."""
    return _read(path, None, decompress=False)


def read_head(path: str | os.PathLike[str], size: int) -> bytes:
    """Read the first ``size`` bytes, decompressed, of a file; raises as `read_contents` does."""
    return _read(path, size)


def utf8(data: bytes, origin: str, encoding: str = "utf-8") -> bytes:
    """Return text in ``encoding`` as UTF-8 bytes without a byte order mark.

    Parameters
    ----------
    data : bytes
        The text as stored. A UTF-16 byte order mark counts for more than ``encoding``.
    origin : str
        The file's name, for errors.
    encoding : str
        The name of its encoding.

    Raises
    ------
    TableError
        If the bytes are not valid in that encoding: the message names line and byte.
    SettingError
        If there is no such encoding.
    """
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encoding = "utf-16"
    as_it_is = is_utf8(encoding)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise not_of_encoding(
            data[error.start], f"{origin}, line {line}", error.start + 1, encoding
        ) from None
    return (data if as_it_is else text.encode()).removeprefix(BOM_UTF8)


def is_utf8(encoding: str) -> bool:
    """Tell whether an encoding is UTF-8; raises SettingError if there is none of that name."""
    try:
        return lookup(encoding).name in {"utf-8", "utf-8-sig"}
    except LookupError:
        raise SettingError(
            f"There is no encoding called {encoding!r}. Common ones are utf-8, latin-1, cp1252, "
            "utf-16 and gb18030."
        ) from None


def not_of_encoding(byte: int, place: str, position: int, encoding: str) -> TableError:
    """Say that a byte, at this position of the file from 1, does not belong to the encoding."""
    return TableError(
        f"{place}: byte 0x{byte:02x} (byte {position:,} of the file) is not valid {encoding}. Name "
        "the file's own encoding, for example encoding='latin-1' (--encoding latin-1)."
    )


def is_compressed(start: bytes) -> bool:
    """Tell from its first 6 bytes whether a file is compressed."""
    return _opener(start) is not None


def decompressed(raw: Any, start: bytes) -> Any:
    """Return a stream of the contents of an open file, which starts with these 6 bytes."""
    opener = _opener(start)
    return raw if opener is None else opener(raw, "rb")


@contextmanager
def damage_told(name: object) -> Iterator[None]:
    """Turn what broken compressed data raise into a TableError that names the file."""
    try:
        yield
    except _BROKEN as error:
        raise TableError(
            f"{name}: its compressed data break off or are damaged ({error}). "
            "Fetch or write the file again."
        ) from None


def _opener(start: bytes) -> Callable[..., Any] | None:
    return next((opener for magic, opener in _COMPRESSIONS if start.startswith(magic)), None)


def _read(path: str | os.PathLike[str], size: int | None, *, decompress: bool = True) -> bytes:
    file = Path(path)
    if file.is_dir():
        raise TableError(f"{file}: this is a folder; name a file in it.")
    try:
        with file.open("rb") as raw:
            start = raw.read(6)
    except FileNotFoundError:
        raise TableError(f"{file}: there is no such file. Check the path.") from None
    except OSError as error:
        raise TableError(f"{file}: cannot be read: {error.strerror}.") from None
    opener = _opener(start) if decompress else None
    with damage_told(file), file.open("rb") if opener is None else opener(file, "rb") as stream:
        data: bytes = stream.read() if size is None else stream.read(size)
    if not data:
        raise TableError(f"{file}: the file is empty: there is nothing in it to read.")
    return data
