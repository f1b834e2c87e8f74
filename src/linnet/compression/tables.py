"""Tables in memory as bytes, and back to the same values and types."""

import tempfile
from pathlib import Path
from typing import Any

from linnet.compression.account import TableAccount
from linnet.compression.arrow import column_of, schema_of, table_of, written_schema
from linnet.compression.container import (
    Contents,
    Kind,
    Progress,
    pack_table,
    unpack_table,
    values_check,
)
from linnet.compression.lines import lines_of
from linnet.data.frames import as_table
from linnet.data.reading import read_table
from linnet.data.tables import ArrowTable, Table
from linnet.errors import DataError

__all__ = ["arrow_of", "compress_arrow", "compress_table", "decompress_table"]


def compress_table(table: Any) -> bytes:
    """Compress a table: each column is coded given those before it.

    The order is learnt. Each column is coded by a softmax regression on earlier columns whose
    weights pay for their bits, less a linear prediction or the row before where that is shorter,
    or as text. The models are in the bytes: nothing else is needed to decompress them.

    Parameters
    ----------
    table : pyarrow.Table, DataFrame, mapping of columns, or array of shape (n, k)
        Numbers, booleans, text, bytes, dates, times, decimals, and categories of these.

    Returns
    -------
    bytes
        The format is in docs/codes.md; `decompress_table` reads it.

    Raises
    ------
    DataTypeError
        If a column is of another type: the message names it.
    TableError
        If ``table`` is no table.

    References
    ----------
    Chow and Liu, "Approximating discrete probability distributions with dependence trees", 1968.
    Rissanen, "Modeling by shortest data description", 1978.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(5000) % 97
    >>> data = compress_table({"x": x, "square": x**2, "half": x / 2})
    >>> len(data) < 5000
    True
    >>> decompress_table(data).column("half").to_pylist()[:4]
    [0.0, 0.5, 1.0, 1.5]
    """
    return compress_arrow(_arrow(table))[0]


def decompress_table(data: Any) -> ArrowTable:
    """Give back the table that :func:`compress_table` was given.

    Parameters
    ----------
    data : bytes
        What :func:`compress_table` returned, or the content of a file that ``linnet compress``
        wrote. A text file is read as the other commands read it.

    Returns
    -------
    pyarrow.Table
        The same values, types and names.

    Raises
    ------
    DataError
        If bytes were altered or lost. A wrong table is never returned.
    """
    contents = unpack_table(data)
    if contents.kind is Kind.ARROW:
        return arrow_of(contents)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "table.csv")
        file.write_bytes(lines_of(contents))
        return read_table(file).columns


def compress_arrow(
    table: ArrowTable, progress: Progress | None = None
) -> tuple[bytes, TableAccount]:
    """Compress an Arrow table, and give an account of the bytes."""
    columns = [column_of(name, table.column(j)) for j, name in enumerate(table.column_names)]
    contents = Contents(
        kind=Kind.ARROW,
        n_rows=table.num_rows,
        columns=columns,
        about=b"",
        texts=(written_schema(table),),
        check=values_check(columns),
        names=tuple(table.column_names),
    )
    return pack_table(contents, progress)


def arrow_of(contents: Contents) -> ArrowTable:
    """Make the Arrow table that was compressed."""
    if values_check(contents.columns) != contents.check:
        raise DataError(
            "The table that was decoded is not the one that was compressed, though its bytes are "
            "intact. Please report it, with the file and what linnet.show_versions() says."
        )
    return table_of(schema_of(contents.texts[0]), contents.columns)


def _arrow(table: Any) -> ArrowTable:
    import pyarrow as pa

    if isinstance(table, pa.Table):
        return table
    return table.columns if isinstance(table, Table) else as_table(table).columns
