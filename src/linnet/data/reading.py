"""A table is read from a file of any common format, which its content and suffix reveal."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

from linnet.data.columnar import read_arrow_file, read_arrow_stream, read_parquet
from linnet.data.contents import read_contents, read_head, utf8
from linnet.data.delimited import read_delimited
from linnet.data.jsonl import read_json_lines
from linnet.data.libsvm import is_libsvm
from linnet.data.tables import Table
from linnet.errors import TableError

__all__ = ["HEAD_BYTES", "TableFormat", "format_of", "read_table", "table_format"]

TableFormat: TypeAlias = Literal[
    "delimited", "libsvm", "json lines", "parquet", "arrow file", "arrow stream"
]

HEAD_BYTES: Final = 1 << 16
"""How much of a file is looked at to find its format."""

_MAGIC: Final[tuple[tuple[bytes, TableFormat], ...]] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow file"),
    (b"\xff\xff\xff\xff", "arrow stream"),
)
_BINARY_SUFFIXES: Final = {
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".arrow": "Arrow",
    ".feather": "Arrow",
    ".ipc": "Arrow",
}
_ADVICE: Final = (
    "Tables are read from delimited text (CSV), JSON lines, Parquet, Arrow and libsvm files, "
    "and the text formats also compressed by gzip, bzip2, xz or zstd."
)


def table_format(path: str | os.PathLike[str]) -> TableFormat:
    """Find out the format of a file: its first bytes decide, and its suffix where they cannot.

    Raises
    ------
    TableError
        If the file cannot be read or is of no known format.
    """
    return format_of(read_head(path, HEAD_BYTES), os.fspath(path))


def format_of(head: bytes, path: str) -> TableFormat:
    """Find out the format of a file from its first `HEAD_BYTES` bytes and its name.

    Raises
    ------
    TableError
        If it is of no known format.
    """
    suffix = Path(path).suffix.lower()
    for magic, format_ in _MAGIC:
        if head.startswith(magic):
            return format_
    if suffix in _BINARY_SUFFIXES:
        raise TableError(
            f"{path}: it is named like {_BINARY_SUFFIXES[suffix]} but does not start like it. "
            "It may be cut off, damaged or misnamed."
        )
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError(f"{path}: this is not a table of a known format. {_ADVICE}")
    return _text_format(path, head)


def read_table(
    path: str | os.PathLike[str],
    *,
    separator: str | None = None,
    header: bool | None = None,
    encoding: str = "utf-8",
    columns: Sequence[str] | None = None,
) -> Table:
    r"""Read a table from a file.

    Parameters
    ----------
    path : str or path
        A file of delimited text, JSON lines, Parquet or Arrow; text may be compressed.
    separator : str or None
        What stands between the fields of delimited text; None finds out.
    header : bool or None
        Whether the first row of delimited text names the columns; None finds out.
    encoding : str
        Encoding of text.
    columns : sequence of str or None
        Names of the columns to read; None reads all.

    Returns
    -------
    Table
        The columns, typed, with nulls where values are missing.

    Raises
    ------
    TableError
        If the file cannot be read: the message names the file, and the line or column.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "birds.csv")
    ...     _ = file.write_text("bird; grams\nlinnet; 19.5\nwren; NA\n")
    ...     table = read_table(file)
    >>> table.columns.to_pydict()
    {'bird': ['linnet', 'wren'], 'grams': [19.5, None]}
    """
    origin = os.fspath(path)
    found = table_format(path)
    if found == "parquet":
        return read_parquet(origin, columns)
    if found == "libsvm":
        raise TableError(f"{origin}: this is a libsvm file: read it with read_libsvm.")
    data = read_contents(path)
    if found == "delimited":
        text = utf8(data, origin, encoding)
        return read_delimited(text, origin, separator=separator, header=header, columns=columns)
    if found == "json lines":
        table = read_json_lines(utf8(data, origin, encoding), origin)
    else:
        table = (read_arrow_file if found == "arrow file" else read_arrow_stream)(data, origin)
    return table if columns is None else table.only(columns)


def _text_format(path: str, head: bytes) -> TableFormat:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "json lines"
    if text.startswith(b"[") and text[1:].lstrip().startswith((b"{", b"[")):
        raise TableError(
            f"{path}: a JSON array cannot be read; write one object a line (JSON lines), as "
            "pandas does with to_json(orient='records', lines=True)."
        )
    lines = text.splitlines()
    # The last line may be cut off.
    return "libsvm" if is_libsvm(lines[:-1] if len(head) == HEAD_BYTES else lines) else "delimited"
