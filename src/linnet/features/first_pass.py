"""What the first pass over a stream of tables finds out: a summary of each column."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from linnet.data.streams import Chunk, TableStream
from linnet.data.tables import Table, select_column
from linnet.errors import TableError
from linnet.features.plan import summarise_feature
from linnet.features.settings import EncoderSettings
from linnet.features.summaries import ColumnSummary
from linnet.parallel import in_order

__all__ = [
    "THREADS",
    "check_finite",
    "merge_summaries",
    "no_rows",
    "stream_columns",
    "summarise_stream",
    "summarise_table",
]

# Arrow's and NumPy's functions run side by side; Python between them does not.
THREADS: Final = 2


def no_rows(columns: Sequence[str], origin: str) -> Table:
    """Return a table of no rows that has these columns: to find columns and check settings by."""
    import pyarrow as pa

    return Table(pa.table({name: pa.nulls(0) for name in columns}), origin)


def stream_columns(stream: TableStream, columns: Sequence[str | int] | None) -> list[str]:
    """Return the names of columns of a stream: of all, if none are given.

    Raises
    ------
    TableError
        If there is no such column.
    """
    if columns is None:
        return list(stream.names)
    table = no_rows(stream.names, stream.origin)
    return list(dict.fromkeys(select_column(table, column) for column in columns))


def summarise_stream(
    stream: TableStream, columns: Sequence[str], settings: EncoderSettings
) -> dict[str, ColumnSummary]:
    """Summarise columns of a stream in one pass.

    Raises
    ------
    TableError
        If there is no row, or a number is infinite: the message names file and row.
    """

    def look(chunk: Chunk) -> dict[str, ColumnSummary]:
        check_finite(chunk, columns)
        return summarise_table(chunk.table, columns, settings) if chunk.table.n_rows else {}

    total: dict[str, ColumnSummary] = {}
    for found in in_order(look, stream.chunks(columns), THREADS):
        total = merge_summaries(total, found, stream.origin)
    if not total:
        raise TableError(f"{stream.origin}: it has no row, and one at least is required.")
    return total


def summarise_table(
    table: Table, columns: Sequence[str], settings: EncoderSettings
) -> dict[str, ColumnSummary]:
    """Summarise columns of a table: see `summarise_feature`."""
    return {
        name: summarise_feature(name, table.column(name), settings, table.origin)
        for name in columns
    }


def merge_summaries(
    first: Mapping[str, ColumnSummary], second: Mapping[str, ColumnSummary], origin: str
) -> dict[str, ColumnSummary]:
    """Return the summaries of rows and of those that follow them; of no rows there are none."""
    if not first or not second:
        return dict(first or second)
    return {name: summary.merged(second[name], origin) for name, summary in first.items()}


def check_finite(chunk: Chunk, columns: Sequence[str]) -> None:
    """Raise TableError if a number in these columns is infinite, with file and row."""
    import pyarrow.compute as pc
    from pyarrow import types

    for name in columns:
        column = chunk.table.column(name)
        if not types.is_floating(column.type):
            continue
        # Least and greatest are found faster than each value is looked at.
        bounds = pc.min_max(column).as_py().values()
        if not any(bound is not None and np.isinf(bound) for bound in bounds):
            continue
        row = chunk.first_row + int(np.argmax(np.isinf(column.to_numpy())))
        raise TableError(
            f"{chunk.table.origin}, column {name!r}, row {row}: the value is infinite (inf). "
            "Replace infinity by a number, or by nothing if the value is unknown."
        )
