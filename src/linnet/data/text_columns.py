"""Blocks of delimited text become columns of types known beforehand, faulty rows told apart."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np

from linnet.data.delimited import parse_text, ragged_advice
from linnet.data.layout import Layout
from linnet.data.missing import known_text, points_for_commas, typed_column
from linnet.data.parts import Fault, TypedColumn
from linnet.data.sniff import parse_rows
from linnet.data.tables import ArrowColumn, ArrowTable
from linnet.data.widening import ArrowType

__all__ = ["found_types", "typed_rows"]

_ADVICE: Final = (
    "Mend the row; or put one like it among the first of the file, where its type is seen; or "
    "leave out such rows with on_error='skip'."
)


def found_types(
    data: bytes, layout: Layout, *, ragged: dict[int, int] | None = None
) -> tuple[TypedColumn, ...]:
    """Find the type of each column in rows of values; for ``ragged`` see `parse_text`."""
    import pyarrow as pa

    raw = parse_text(data, layout, ragged=ragged)
    decimal_comma = layout.separator == ";"
    found = []
    for name, column in zip(layout.names, raw.columns, strict=True):
        kind = typed_column(column, decimal_comma=decimal_comma).type
        through_text = kind != column.type and not pa.types.is_null(kind)
        found.append(TypedColumn(name, kind, through_text))
    return tuple(found)


def typed_rows(
    data: bytes, layout: Layout, columns: Sequence[TypedColumn], first_line: int
) -> tuple[ArrowTable, tuple[Fault, ...]]:
    """Parse rows of values into columns of these types.

    Parameters
    ----------
    data : bytes
        The rows.
    layout : Layout
        Their layout.
    columns : sequence of TypedColumn
        The columns to give.
    first_line : int
        Number of the first line, for faults.

    Returns
    -------
    pyarrow.Table
        The rows that can be read.
    tuple of Fault
        Those that cannot.
    """
    import pyarrow as pa

    places = {name: place for place, name in enumerate(layout.names)}
    wanted = [places[column.name] for column in columns]
    types = [pa.string()] * len(layout.names)
    for place, column in zip(wanted, columns, strict=True):
        types[place] = pa.string() if column.through_text else column.kind
    decimal_comma = layout.separator == ";"
    try:
        raw = parse_text(data, layout, types=types, wanted=wanted)
        values = [
            _cast(known_text(values), column.kind, decimal_comma=decimal_comma)
            if pa.types.is_string(values.type)
            else values
            for values, column in zip(raw.columns, columns, strict=True)
        ]
    except pa.ArrowInvalid:
        return _carefully(data, layout, columns, first_line)
    return pa.table(values, names=[column.name for column in columns]), ()


def _carefully(
    data: bytes, layout: Layout, columns: Sequence[TypedColumn], first_line: int
) -> tuple[ArrowTable, tuple[Fault, ...]]:
    """Read all as text, and find the rows that are too long or short or hold a wrong value."""
    raw, ragged = _text_rows(data, layout)
    messages = {
        row: f"fields found: {found}, expected: {len(layout.names)}. {ragged_advice(data, layout)}"
        for row, found in ragged.items()
    }
    rows = np.delete(np.arange(raw.num_rows + len(ragged)), list(ragged))
    decimal_comma = layout.separator == ";"
    texts = {column.name: known_text(raw.column(column.name)) for column in columns}
    for column in columns:
        for at in _uncastable(texts[column.name], column.kind, decimal_comma=decimal_comma):
            value = texts[column.name][at].as_py()
            messages.setdefault(int(rows[at]), _contradiction(column, value))
    import pyarrow as pa

    kept = pa.array(~np.isin(rows, list(messages)))
    values = [
        _cast(texts[column.name].filter(kept), column.kind, decimal_comma=decimal_comma)
        for column in columns
    ]
    lines = _lines(data, layout, sorted(messages), first_line)
    faults = tuple(Fault(lines[row], messages[row]) for row in sorted(messages))
    return pa.table(values, names=[column.name for column in columns]), faults


def _contradiction(column: TypedColumn, value: str) -> str:
    from pyarrow import types

    shown = value if len(value) <= 40 else f"{value[:40]}…"
    known = not types.is_null(column.kind)
    seen = f"holds values of type {column.kind}" if known else "has no value"
    return (
        f"column {column.name!r} holds {shown!r}, but {seen} in the rows that were looked at "
        f"beforehand to find its type. {_ADVICE}"
    )


def _text_rows(data: bytes, layout: Layout) -> tuple[ArrowTable, dict[int, int]]:
    """Parse all as text; of rows of a wrong length, give the position and number of fields."""
    import pyarrow as pa

    ragged: dict[int, int] = {}
    types = [pa.string()] * len(layout.names)
    raw = parse_text(data, layout, types=types, ragged=ragged)
    return raw, ragged


def _uncastable(known: ArrowColumn, kind: ArrowType, *, decimal_comma: bool) -> Iterator[int]:
    """Yield the positions of the values that are not of a type: halves are halved again."""
    import pyarrow as pa

    waiting = [(0, len(known))]
    while waiting:
        start, stop = waiting.pop()
        try:
            _cast(known.slice(start, stop - start), kind, decimal_comma=decimal_comma)
        except pa.ArrowInvalid:
            if stop - start == 1:
                yield start
                continue
            middle = (start + stop) // 2
            waiting += [(middle, stop), (start, middle)]


def _cast(known: ArrowColumn, kind: ArrowType, *, decimal_comma: bool) -> ArrowColumn:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    if known.type == kind:
        return known
    if types.is_null(kind):
        if known.null_count < len(known):
            raise pa.ArrowInvalid("a value in a column that has none")
        return pa.chunked_array([pa.nulls(len(known))])
    if types.is_time(kind):
        # PyArrow casts no text to a time of day, but does to a timestamp.
        dated = pc.binary_join_element_wise("1970-01-01", known, " ")
        return dated.cast(pa.timestamp("s")).cast(kind)
    if decimal_comma and types.is_floating(kind):
        known = points_for_commas(known)
    return known.cast(kind)


def _lines(data: bytes, layout: Layout, rows: Sequence[int], first_line: int) -> dict[int, int]:
    """Return the line on which each of these rows, in rising order, ends."""
    lines = dict.fromkeys(rows, first_line)
    wanted = set(rows)
    one_column = len(layout.names) == 1
    numbered = parse_rows(
        data.decode(), layout.separator, quoted=layout.quoted, blank_rows=one_column
    )
    try:
        for row, (line, _) in enumerate(islice(numbered, rows[-1] + 1 if rows else 0)):
            if row in wanted:
                lines[row] = first_line + line - 1
    except csv.Error:
        # A field longer than 128 KiB: the line where the block starts is all that is known.
        return lines
    return lines
