"""Delimited text (CSV and its kin) is read whatever its separator, header, quotes and gaps."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, final

from linnet.data.missing import MISSING, typed_column
from linnet.data.plain import plain_table
from linnet.data.sniff import (
    commonest_width,
    first_rows,
    has_header,
    parse_rows,
    quoting_breaks_at,
    sniff_separator,
    squeeze_spaces,
)
from linnet.data.tables import ArrowTable, Table, check_names
from linnet.errors import SettingError, TableError

__all__ = ["read_delimited"]

_SAMPLE_BYTES: Final = 1 << 18
_SAMPLE_ROWS: Final = 1000
# Large enough that a row seldom straddles two blocks, small enough that two threads share a file.
_BLOCK_BYTES: Final = 4 << 20
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_SEPARATOR_NAMES: Final = {"\t": "tab", " ": "space"}


@final
@dataclass(frozen=True)
class _Layout:
    """What was found out about a text before its values are read."""

    separator: str
    quoted: bool
    names: tuple[str, ...]
    start: int
    """Where the first row of values starts, in bytes."""
    notes: tuple[str, ...]


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

    if separator is not None and (len(separator.encode()) != 1 or separator in '"\r\n'):
        raise SettingError(
            f"separator must be one character, such as ',' or ';', not {separator!r}."
        )
    if not data.strip():
        raise TableError(f"{origin}: the file holds only blank lines. It needs rows of values.")
    sample = _sample(data)
    chosen = separator if separator is not None else sniff_separator(sample)
    if chosen == " ":
        data = squeeze_spaces(data)
        sample = _sample(data)
    layout = _find_layout(data, sample, origin, chosen, header=header)
    raw = _read_columns(data, layout, origin)
    table = Table(raw, origin)
    if columns is not None:
        table = table.only(columns)
    values = [
        typed_column(column, decimal_comma=layout.separator == ";")
        for column in table.columns.columns
    ]
    return plain_table(pa.table(values, names=table.names), origin, layout.notes)


def _sample(data: bytes) -> str:
    start = data[:_SAMPLE_BYTES]
    if len(data) > _SAMPLE_BYTES:
        # The last line is cut off; a file of one endless line is left as it is.
        start = start[: start.rfind(b"\n") + 1] or start
    return "".join(islice(start.decode(errors="ignore").splitlines(keepends=True), _SAMPLE_ROWS))


def _find_layout(
    data: bytes, sample: str, origin: str, separator: str | None, *, header: bool | None
) -> _Layout:
    # A file of one column needs a separator that never occurs: a control character made for it.
    actual = separator or next(s for s in "\x1f\x1e\x1d\x1c" if s.encode() not in data)
    broken = quoting_breaks_at(data, actual)
    numbered = first_rows(sample, actual, quoted=broken is None)
    if not numbered:
        raise TableError(f"{origin}, line 1: a field is longer than 128 KiB.")
    rows = [row for _, row in numbered]
    named = has_header(rows) if header is None else header
    names = _names(rows[0] if named else [""] * commonest_width(numbered))
    check_names(names, origin)
    start = _end_of_line(sample, numbered[0][0]) if named else 0
    if not data[start:].strip():
        raise TableError(
            f"{origin}: its only row was read as the names of the columns, and no values follow. "
            "Add rows, or say header=False (--no-header) if that row holds values."
        )
    notes = (*_layout_notes(separator, named=named), *_quote_notes(data, broken))
    return _Layout(actual, broken is None, names, start, notes)


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip() or f"c{i}" for i, cell in enumerate(cells, start=1))


def _end_of_line(sample: str, number: int) -> int:
    """Return the position, in bytes, after the line of this number."""
    return len("".join(islice(io.StringIO(sample, newline=""), number)).encode())


def _layout_notes(separator: str | None, *, named: bool) -> tuple[str, ...]:
    first = "the first row names the columns" if named else "no header: columns are c1, c2, …"
    if separator is None:
        return (f"one column, no separator found; {first}",)
    return (f"fields are separated by {_SEPARATOR_NAMES.get(separator, separator)}; {first}",)


def _quote_notes(data: bytes, broken: int | None) -> tuple[str, ...]:
    if broken is None:
        return ()
    return (f"quotes are plain characters: the one on line {_line_at(data, broken)} ends no field",)


def _line_at(data: bytes, position: int) -> int:
    return len(_LINE_END.findall(data, 0, position)) + 1


def _read_columns(data: bytes, layout: _Layout, origin: str) -> ArrowTable:
    """Parse all values; when that fails, find out on which line and why."""
    import pyarrow as pa

    for block in (_BLOCK_BYTES, len(data) + 1):
        try:
            return _parse(data, layout, block)
        except pa.ArrowInvalid as error:
            _raise_for_ragged_row(data, layout, origin)
            # A row longer than a block is no fault of the file: read it as one block.
            reason = str(error)
    raise TableError(f"{origin}: cannot be read as delimited text: {reason}.")


def _parse(data: bytes, layout: _Layout, block: int) -> ArrowTable:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # In a file of one column a blank line is a missing value, but not the end of the file.
    only_one = len(layout.names) == 1
    body = pa.py_buffer(data.rstrip(b"\r\n") + b"\n" if only_one else data)
    # Renamed afterwards: PyArrow's options mix up names that occur twice or are empty.
    numbers = [str(i) for i in range(len(layout.names))]
    table = arrow_csv.read_csv(
        pa.BufferReader(body.slice(layout.start)),
        read_options=arrow_csv.ReadOptions(column_names=numbers, block_size=min(block, 2**31 - 1)),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.separator,
            quote_char='"' if layout.quoted else False,
            newlines_in_values=layout.quoted and b'"' in data,
            ignore_empty_lines=not only_one,
        ),
        convert_options=arrow_csv.ConvertOptions(null_values=MISSING, strings_can_be_null=True),
    )
    return table.rename_columns(layout.names)


def _raise_for_ragged_row(data: bytes, layout: _Layout, origin: str) -> None:
    expected = len(layout.names)
    header = _line_at(data, layout.start) - 1
    rows = parse_rows(data[layout.start :].decode(), layout.separator, quoted=layout.quoted)
    try:
        for line, row in rows:
            if len(row) != expected:
                raise TableError(
                    f"{origin}, line {header + line}: fields found: {len(row)}, expected: "
                    f"{expected}. {_ragged_advice(data, layout)}"
                )
    except csv.Error:
        # A field longer than 128 KiB: PyArrow reads it, and knows its own trouble best.
        return


def _ragged_advice(data: bytes, layout: _Layout) -> str:
    if layout.quoted:
        return "Mend the row, or name the separator if it was guessed wrongly."
    broken = quoting_breaks_at(data, layout.separator) or 0
    return f"The cause may be the quote on line {_line_at(data, broken)}, which ends no field."
