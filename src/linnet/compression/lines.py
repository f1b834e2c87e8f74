"""Any text file as a compressed table, and back to the last byte."""

import zlib
from typing import Any, Final

import numpy as np

from linnet.codes.fields import Fields, number
from linnet.codes.integers import pack_integers, unpack_integers
from linnet.compression.account import TableAccount
from linnet.compression.container import (
    Contents,
    Kind,
    Progress,
    checked,
    pack_table,
    unpack_table,
)
from linnet.compression.layout import Layout, join_lines, split_lines
from linnet.errors import DataError

__all__ = ["compress_lines", "decompress_lines", "lines_of"]

_SAMPLE: Final = 1 << 18


def compress_lines(data: bytes, progress: Progress | None = None) -> tuple[bytes, TableAccount]:
    r"""Compress a file of lines, and give an account of the bytes.

    Examples
    --------
    >>> text = b"x,y\n" + b"".join(b"%d,%d.5\n" % (i % 7, i) for i in range(500))
    >>> data, account = compress_lines(text)
    >>> decompress_lines(data) == text
    True
    """
    layout, columns = split_lines(data)
    names = [text.decode("utf-8", "replace").strip(' "') for text in layout.header]
    contents = Contents(
        kind=Kind.LINES,
        n_rows=layout.n_rows,
        columns=columns,
        about=_layout_bytes(layout),
        texts=(layout.separator, layout.newline, *layout.header, *layout.odd_lines),
        check=zlib.crc32(data),
        names=tuple(names) or tuple(f"c{i}" for i in range(1, len(columns) + 1)),
    )
    as_table = pack_table(contents, progress)
    if not _bytes_may_be_shorter(data, as_table[1]):
        return as_table
    whole = Contents(Kind.BYTES, 0, [], b"", (data,), zlib.crc32(data))
    return min(as_table, pack_table(whole), key=lambda each: len(each[0]))


def decompress_lines(data: Any) -> bytes:
    """Give back the bytes that :func:`compress_lines` was given.

    Raises
    ------
    DataError
        If bytes were altered or lost, or it was no file of lines.
    """
    contents = unpack_table(data)
    if contents.kind is Kind.ARROW:
        raise DataError(
            "The compressed table was no text file. Give decompress_table its bytes, or linnet "
            "decompress a name that ends in .csv, .parquet or .arrow."
        )
    return lines_of(contents)


def lines_of(contents: Contents) -> bytes:
    """Put a compressed file together."""
    if contents.kind is Kind.BYTES:
        return checked(contents.texts[0], contents.check)
    fields = Fields(memoryview(contents.about))
    ends, named, odd = fields.number(), fields.number(), fields.number()
    gaps = unpack_integers(fields, odd)
    d = len(contents.columns)
    separator, newline, *texts = contents.texts
    layout = Layout(
        separator=separator,
        newline=newline,
        ends=bool(ends),
        header=tuple(texts[:d]) if named else (),
        odd_lines=tuple(texts[d:] if named else texts),
        odd_places=tuple(((gaps + 1).cumsum() - 1).tolist()),
        n_rows=contents.n_rows,
    )
    return checked(join_lines(layout, contents.columns), contents.check)


def _bytes_may_be_shorter(data: bytes, account: TableAccount) -> bool:
    """Whether this is hardly a table, or its rows recur, by what deflate makes of some of it."""
    if 2 * account.values < account.total:
        return True
    middle = max(0, len(data) - _SAMPLE) // 2
    sample = data[middle : middle + _SAMPLE]
    # LZMA is seldom a third shorter than deflate.
    return len(zlib.compress(sample)) * len(data) < 1.5 * account.total * len(sample)


def _layout_bytes(layout: Layout) -> bytes:
    places = np.array(layout.odd_places, dtype=np.int64)
    head = number(layout.ends) + number(bool(layout.header)) + number(len(places))
    return head + pack_integers(np.diff(places, prepend=-1) - 1)
