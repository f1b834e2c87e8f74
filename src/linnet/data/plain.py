"""Arrow's many types become the few that the rest of linnet knows."""

from typing import Final

from linnet.data.tables import ArrowColumn, ArrowTable, Table, check_names
from linnet.errors import TableError

__all__ = ["plain_table"]

_HOUR_IN_NANOSECONDS: Final = 3_600_000_000_000


def plain_table(columns: ArrowTable, origin: str, notes: tuple[str, ...] = ()) -> Table:
    """Make a Table whose columns are numbers, booleans, text, categories, dates or null.

    Decimals become floats; a time of day or a duration becomes its number of hours; timestamps
    keep microseconds and turn to UTC; NaN becomes null; a dictionary of any values becomes a
    category of texts.

    Raises
    ------
    TableError
        If two columns share a name, or a column holds lists, records or raw bytes.
    """
    import pyarrow as pa

    names = [str(name) for name in columns.column_names]
    check_names(names, origin)
    plain = [
        _plain_column(name, column, origin)
        for name, column in zip(names, columns.columns, strict=True)
    ]
    # A table of no columns would forget how many rows it has: keep the one given.
    return Table(pa.table(plain, names=names) if names else columns, origin, notes)


def _plain_column(name: str, column: ArrowColumn, origin: str) -> ArrowColumn:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_column(name, column.cast(kind.storage_type), origin)
    if types.is_dictionary(kind):
        return pc.dictionary_encode(pa.chunked_array(map(_texts, column.chunks), pa.large_string()))
    if types.is_time(kind) or types.is_duration(kind):
        whole = column.cast(pa.time64("ns") if types.is_time(kind) else pa.duration("ns"))
        return pc.divide(whole.cast(pa.int64()).cast(pa.float64()), _HOUR_IN_NANOSECONDS)
    if types.is_timestamp(kind):
        instant = pa.timestamp("us", tz=None if kind.tz is None else "UTC")
        return column.cast(instant, safe=False).cast(pa.timestamp("us"))
    target = _target_type(kind)
    if target is None:
        raise TableError(
            f"{origin}, column {name!r}: it holds {kind}, but a column must hold numbers, "
            "booleans, text, categories or dates. Split it into such columns, or leave it out."
        )
    plain = column if kind == target else column.cast(target)
    return _without_nan(plain) if types.is_floating(target) else plain


def _without_nan(column: ArrowColumn) -> ArrowColumn:
    import pyarrow as pa
    import pyarrow.compute as pc

    is_nan = pc.is_nan(column)
    if not pc.any(is_nan).as_py():
        return column
    return pc.if_else(is_nan, pa.scalar(None, type=column.type), column)


def _texts(chunk: ArrowColumn) -> ArrowColumn:
    import pyarrow as pa

    # PyArrow cannot decode dictionaries of every type, but it can those of text.
    dictionary = chunk.dictionary.cast(pa.large_string())
    return pa.DictionaryArray.from_arrays(chunk.indices, dictionary).dictionary_decode()


def _target_type(kind: ArrowColumn) -> ArrowColumn:
    """Return the plain type for a type without parameters of its own, or None if there is none."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_float16(kind) or types.is_decimal(kind):
        return pa.float64()
    if types.is_string_view(kind):
        return pa.large_string()
    if types.is_date64(kind):
        return pa.date32()
    known = (
        types.is_null,
        types.is_boolean,
        types.is_integer,
        types.is_floating,
        types.is_string,
        types.is_large_string,
        types.is_date32,
    )
    return kind if any(is_known(kind) for is_known in known) else None
