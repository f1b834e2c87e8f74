"""Delimited text (CSV and its kin) is read whatever its separator, header, quotes and gaps."""

import csv
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from linnet.data.layout import Layout, find_layout, line_at
from linnet.data.missing import MISSING, typed_column
from linnet.data.plain import plain_table
from linnet.data.sniff import parse_rows, quoting_breaks_at
from linnet.data.tables import ArrowColumn, ArrowTable, Table
from linnet.errors import TableError

__all__ = ["parse_text", "ragged_advice", "read_delimited"]

# Large enough that a row seldom straddles two blocks, small enough that two threads share a file.
_BLOCK_BYTES: Final = 4 << 20


def read_delimited(
    data: bytes,
    origin: str,
    *,
    separator: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] | None = None,
) -> Table:
    r"""Read a table from UTF-8 text with one row a line and a separator between fields.

    Parameters
    ----------
    data : bytes
        The text, UTF-8 without byte order mark.
    origin : str
        The file's name, for errors.
    separator : str or None
        One character; None finds out which of tab, semicolon, bar, comma and space it is. With a
        space, a run of blanks counts as one.
    header : bool or None
        Whether the first row names the columns; None finds out. Without one they are c1, c2, ….
    columns : sequence of str or None
        The columns to read; None reads all.

    Returns
    -------
    Table
        Values are trimmed; those in `linnet.data.missing.MISSING` are missing. A quote that does
        not enclose a whole field makes all quotes of the file plain characters.

    Raises
    ------
    TableError
        If rows differ in their number of fields, names recur, or there is no row of values.
    SettingError
        If ``separator`` is not one character.

    Examples
    --------
    >>> table = read_delimited(b"name;size\nant;3\nbee;?\n", "insects.csv")
    >>> table.columns.to_pydict()
    {'name': ['ant', 'bee'], 'size': [3, None]}
    """
    import pyarrow as pa

    data, layout = find_layout(data, origin, separator, header=header)
    raw = _read_columns(data, layout, origin)
    table = Table(raw, origin)
    if columns is not None:
        table = table.only(columns)
    values = [
        typed_column(column, decimal_comma=layout.separator == ";")
        for column in table.columns.columns
    ]
    return plain_table(pa.table(values, names=table.names), origin, layout.notes)


def _read_columns(data: bytes, layout: Layout, origin: str) -> ArrowTable:
    """Parse all values; when that fails, find out on which line and why."""
    import pyarrow as pa

    if len(layout.names) == 1:
        # There a blank line is a missing value; but not at the end of the file.
        data = data.rstrip(b"\r\n") + b"\n"
    for block in (_BLOCK_BYTES, len(data) + 1):
        try:
            return parse_text(data, layout, start=layout.start, block=block)
        except pa.ArrowInvalid as error:
            _raise_for_ragged_row(data, layout, origin)
            # A row longer than a block is no fault of the file: read it as one block.
            reason = str(error)
    raise TableError(f"{origin}: cannot be read as delimited text: {reason}.")


def parse_text(
    data: bytes,
    layout: Layout,
    *,
    start: int = 0,
    block: int | None = None,
    types: Sequence[ArrowColumn] | None = None,
    wanted: Sequence[int] | None = None,
    ragged: dict[int, int] | None = None,
) -> ArrowTable:
    """Parse rows of values into columns.

    Parameters
    ----------
    data : bytes
        The text.
    layout : Layout
        Its layout.
    start : int
        Where the first row of values starts, in bytes.
    block : int or None
        Bytes that one thread parses at a time; None parses all at once, on this thread alone.
    types : sequence of pyarrow.DataType or None
        A type for each column of the layout; None finds them out.
    wanted : sequence of int or None
        Positions of the columns to give, counted from 0; None gives all.
    ragged : dict or None
        Where to put the number of fields of each row, counted from 0, that has too few or too
        many, which is then left out; None takes such a row as an error.

    Returns
    -------
    pyarrow.Table
        The columns; texts are neither trimmed nor, with blanks around them, known as missing.

    Raises
    ------
    pyarrow.ArrowInvalid
        If a row has too few or too many fields, or a value is not of its column's type.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # Renamed afterwards: PyArrow's options mix up names that occur twice or are empty.
    numbers = [str(i) for i in range(len(layout.names))]
    positions = range(len(numbers)) if wanted is None else wanted
    size = min(len(data) + 1 if block is None else block, 2**31 - 1)
    table = arrow_csv.read_csv(
        pa.BufferReader(pa.py_buffer(data).slice(start)),
        read_options=arrow_csv.ReadOptions(
            column_names=numbers, block_size=size, use_threads=block is not None
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.separator,
            quote_char='"' if layout.quoted else False,
            invalid_row_handler=None if ragged is None else partial(_leave_out, ragged),
            newlines_in_values=layout.quoted and b'"' in data,
            # In a file of one column a blank line is a missing value.
            ignore_empty_lines=len(layout.names) > 1,
        ),
        convert_options=arrow_csv.ConvertOptions(
            null_values=MISSING,
            strings_can_be_null=True,
            column_types=None if types is None else dict(zip(numbers, types, strict=True)),
            include_columns=[numbers[position] for position in positions],
        ),
    )
    return table.rename_columns([layout.names[position] for position in positions])


def _leave_out(ragged: dict[int, int], row: Any) -> str:
    ragged[row.number - 1] = row.actual_columns
    return "skip"


def _raise_for_ragged_row(data: bytes, layout: Layout, origin: str) -> None:
    expected = len(layout.names)
    header = line_at(data, layout.start) - 1
    rows = parse_rows(data[layout.start :].decode(), layout.separator, quoted=layout.quoted)
    try:
        for line, row in rows:
            if len(row) != expected:
                raise TableError(
                    f"{origin}, line {header + line}: fields found: {len(row)}, expected: "
                    f"{expected}. {ragged_advice(data, layout)}"
                )
    except csv.Error:
        # A field longer than 128 KiB: PyArrow reads it, and knows its own trouble best.
        return


def ragged_advice(data: bytes, layout: Layout) -> str:
    """Say what may be the matter with a row of too few or too many fields."""
    if layout.quoted:
        return "Mend the row, or name the separator if it was guessed wrongly."
    broken = quoting_breaks_at(data, layout.separator) or 0
    return f"The cause may be the quote on line {line_at(data, broken)}, which ends no field."
