"""Columns are written to a file, whole or not at all, in the format that its suffix names."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from linnet.data.atomic import atomic_write
from linnet.data.frames import as_table
from linnet.data.tables import ArrowTable
from linnet.errors import SettingError, TableError

__all__ = ["write_table"]

_Stream: TypeAlias = Any
"""A binary file open for writing, compressing or not."""


def write_table(columns: Any, path: str | os.PathLike[str]) -> None:
    """Write columns to a file, such as predictions.

    Parameters
    ----------
    columns : mapping of names to arrays of shape (n,), data frame or Arrow table
        The values; missing ones are written as empty cells or nulls.
    path : str or path
        Where to. The suffix names the format: ``.csv``, ``.tsv``, ``.jsonl`` (also ``.ndjson``),
        ``.parquet``, ``.arrow`` (also ``.feather``); a further ``.gz`` compresses text. The
        file appears only when it is complete.

    Raises
    ------
    SettingError
        If the suffix names no known format.
    TableError
        If the columns differ in length, or the file cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "predictions.csv")
    ...     write_table({"row": [1, 2], "price": [2.5, 3.0]}, file)
    ...     file.read_text().splitlines()
    ['"row","price"', '1,2.5', '2,3']
    """
    file = Path(path)
    suffixes = [suffix.lower() for suffix in file.suffixes]
    compressed = suffixes[-1:] == [".gz"]
    suffix = "".join(suffixes[-2:-1] if compressed else suffixes[-1:])
    writer = _TEXT_WRITERS.get(suffix) or (None if compressed else _BINARY_WRITERS.get(suffix))
    if writer is None:
        raise SettingError(
            f"{file}: its suffix must say the format: {', '.join([*_TEXT_WRITERS])} "
            f"(each also with .gz), {', '.join([*_BINARY_WRITERS])}."
        )
    table = as_table(columns, str(file)).columns
    try:
        with (
            atomic_write(file) as temporary,
            gzip.open(temporary, "wb") if compressed else temporary.open("wb") as stream,
        ):
            writer(table, stream)
    except OSError as error:
        raise TableError(f"{file}: cannot be written: {error.strerror or error}.") from None


def _write_csv(table: ArrowTable, stream: _Stream) -> None:
    from pyarrow import csv

    csv.write_csv(table, stream)


def _write_tsv(table: ArrowTable, stream: _Stream) -> None:
    from pyarrow import csv

    csv.write_csv(table, stream, csv.WriteOptions(delimiter="\t"))


def _write_json_lines(table: ArrowTable, stream: _Stream) -> None:
    for record in table.to_pylist():
        # default: dates and timestamps are written as ISO 8601 text.
        line = json.dumps(record, ensure_ascii=False, default=lambda value: value.isoformat())
        stream.write(line.encode() + b"\n")


def _write_parquet(table: ArrowTable, stream: _Stream) -> None:
    from pyarrow import parquet

    parquet.write_table(table, stream)


def _write_arrow(table: ArrowTable, stream: _Stream) -> None:
    from pyarrow import ipc

    with ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)


_Writer: TypeAlias = Callable[[ArrowTable, _Stream], None]
_TEXT_WRITERS: Final[dict[str, _Writer]] = {
    ".csv": _write_csv,
    ".tsv": _write_tsv,
    ".jsonl": _write_json_lines,
    ".ndjson": _write_json_lines,
}
_BINARY_WRITERS: Final[dict[str, _Writer]] = {
    ".parquet": _write_parquet,
    ".arrow": _write_arrow,
    ".feather": _write_arrow,
}
