"""Parquet and Arrow files are read as tables; their types are their own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from linnet.data.plain import plain_table
from linnet.data.tables import ArrowTable, Table, select_column
from linnet.errors import TableError

__all__ = ["columnar_damage_told", "read_arrow_file", "read_arrow_stream", "read_parquet"]

_Opener: TypeAlias = Any
"""``pyarrow.ipc.open_file`` or its like for streams."""

_ADVICE: Final = "It may be cut off or damaged: fetch or write it again"


def read_parquet(path: str, columns: Sequence[str] | None = None) -> Table:
    """Read a Parquet file, only the named columns if any are named.

    Raises
    ------
    TableError
        If the file is damaged, or lacks a column.
    """
    from pyarrow import parquet

    with columnar_damage_told(path, "Parquet"):
        file = parquet.ParquetFile(path)
        empty = Table(file.schema_arrow.empty_table(), path)
        # Names are looked up first, so that an unknown one is told with its neighbours.
        wanted = None if columns is None else [select_column(empty, name) for name in columns]
        found = file.read(columns=wanted)
    return plain_table(found if wanted is None else found.select(wanted), path)


def read_arrow_file(data: bytes, origin: str) -> Table:
    """Read an Arrow IPC file, also known as Feather; raises TableError if it is damaged."""
    from pyarrow import ipc

    return _read_arrow(ipc.open_file, data, origin)


def read_arrow_stream(data: bytes, origin: str) -> Table:
    """Read an Arrow IPC stream; raises TableError if it is damaged."""
    from pyarrow import ipc

    return _read_arrow(ipc.open_stream, data, origin)


def _read_arrow(open_data: _Opener, data: bytes, origin: str) -> Table:
    import pyarrow as pa

    with columnar_damage_told(origin, "Arrow"):
        columns: ArrowTable = open_data(pa.BufferReader(data)).read_all()
        columns.validate(full=True)
    return plain_table(columns, origin)


@contextmanager
def columnar_damage_told(origin: str, format_name: str) -> Iterator[None]:
    """Turn what PyArrow raises for a damaged file into a TableError that names it."""
    import pyarrow as pa

    try:
        yield
    # A damaged file shows as any of these, depending on which byte is wrong.
    except (pa.ArrowException, OSError, EOFError) as error:
        raise TableError(
            f"{origin}: cannot be read as {format_name}. {_ADVICE} ({error})."
        ) from None
