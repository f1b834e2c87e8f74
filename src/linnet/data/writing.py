"""Columns are written to a file, whole or not at all, in the format that its suffix names.

They may come some rows at a time, all of one schema: no more than a part is held.
"""

import gzip
import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

from linnet.data.atomic import atomic_write
from linnet.data.frames import as_table
from linnet.data.tables import ArrowTable
from linnet.errors import SettingError, TableError

__all__ = ["write_table", "write_tables"]

ArrowSchema: TypeAlias = Any
"""A ``pyarrow.Schema``."""
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
    write_tables([columns], path)


def write_tables(parts: Iterable[Any], path: str | os.PathLike[str]) -> None:
    """Write columns that come some rows at a time, each part as `write_table` takes it.

    Parameters
    ----------
    parts : iterable of columns
        At least one part; all have the columns, and the types, of the first.
    path : str or path
        Where to, as for `write_table`.

    Raises
    ------
    SettingError
        If the suffix names no known format.
    TableError
        If columns of a part differ in length, or the file cannot be written.
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
    tables = (as_table(columns, str(file)).columns for columns in parts)
    # What is wrong with the first is told before a file is begun.
    first = next(tables, None)
    if first is None:
        raise TableError(f"{file}: there is nothing to write: no row was given.")
    try:
        with (
            atomic_write(file) as temporary,
            gzip.open(temporary, "wb") if compressed else temporary.open("wb") as stream,
        ):
            writer(first.schema, chain([first], tables), stream)
    except OSError as error:
        raise TableError(f"{file}: cannot be written: {error.strerror or error}.") from None


def _write_csv(
    schema: ArrowSchema, tables: Iterator[ArrowTable], stream: _Stream, delimiter: str = ","
) -> None:
    from pyarrow import csv

    with csv.CSVWriter(stream, schema, write_options=csv.WriteOptions(delimiter=delimiter)) as out:
        for table in tables:
            out.write_table(table)


def _write_json_lines(schema: ArrowSchema, tables: Iterator[ArrowTable], stream: _Stream) -> None:
    del schema
    for record in chain.from_iterable(table.to_pylist() for table in tables):
        # default: dates and timestamps are written as ISO 8601 text.
        line = json.dumps(record, ensure_ascii=False, default=lambda value: value.isoformat())
        stream.write(line.encode() + b"\n")


def _write_parquet(schema: ArrowSchema, tables: Iterator[ArrowTable], stream: _Stream) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(stream, schema) as out:
        for table in tables:
            out.write_table(table)


def _write_arrow(schema: ArrowSchema, tables: Iterator[ArrowTable], stream: _Stream) -> None:
    from pyarrow import ipc

    with ipc.new_file(stream, schema) as out:
        for table in tables:
            out.write_table(table)


_Writer: TypeAlias = Callable[[ArrowSchema, Iterator[ArrowTable], _Stream], None]
_TEXT_WRITERS: Final[dict[str, _Writer]] = {
    ".csv": _write_csv,
    ".tsv": partial(_write_csv, delimiter="\t"),
    ".jsonl": _write_json_lines,
    ".ndjson": _write_json_lines,
}
_BINARY_WRITERS: Final[dict[str, _Writer]] = {
    ".parquet": _write_parquet,
    ".arrow": _write_arrow,
    ".feather": _write_arrow,
}
