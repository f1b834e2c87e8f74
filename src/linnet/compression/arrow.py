"""Columns of Arrow's types as cells of text, and back to the same values and types.

A value is written so that it tells itself: whole numbers and dates in digits, floats in the fewest
digits that tell them apart, text after a mark, and nothing at all for a null.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np

from linnet.compression.cells import Cells
from linnet.data.tables import ArrowColumn, ArrowTable
from linnet.errors import DataTypeError

__all__ = ["column_of", "schema_of", "table_of", "written_schema"]

_MARK: Final = b"="


def written_schema(table: ArrowTable) -> bytes:
    """Names and types of columns, as Arrow writes them; what else is attached is left out."""
    return table.schema.remove_metadata().serialize().to_pybytes()


def schema_of(data: bytes) -> Any:
    """Read names and types."""
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(data))


def column_of(name: str, column: ArrowColumn) -> Cells:
    """Write a column's values as cells.

    Raises
    ------
    DataTypeError
        If they are of a type that cannot be written.
    """
    import pyarrow as pa

    write = _writer(name, column.type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    stored = _stored(column)
    if pa.types.is_floating(stored.type):
        return _float_cells(stored, write)
    encoded = _joined(stored).dictionary_encode(null_encoding="encode")
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    texts = tuple(b"" if each is None else write(each) for each in encoded.dictionary.to_pylist())
    return Cells(texts, codes)


def table_of(schema: Any, columns: list[Cells]) -> ArrowTable:
    """Read cells as the columns of a schema."""
    import pyarrow as pa

    fields = [_column(field.type, cells) for field, cells in zip(schema, columns, strict=True)]
    return pa.Table.from_arrays(fields, schema=schema)


def _column(kind: Any, cells: Cells) -> ArrowColumn:
    import pyarrow as pa

    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    read, stored = _reader(value)
    distinct = [None if not text else read(text) for text in cells.texts]
    values = pa.array(distinct, type=stored).take(pa.array(cells.codes))
    values = values.view(value) if stored != value else values
    if pa.types.is_dictionary(kind):
        return values.dictionary_encode().cast(kind)
    return values


def _float_cells(column: ArrowColumn, write: Callable[[Any], bytes]) -> Cells:
    """Tell floats apart by their bits, for Arrow takes −0 for 0."""
    chunk = _joined(column)
    missing = chunk.is_null().to_numpy(zero_copy_only=False)
    kind = np.dtype(chunk.type.to_pandas_dtype())
    whole = np.dtype(f"u{kind.itemsize}")
    values = chunk.drop_null().to_numpy(zero_copy_only=False).astype(kind, copy=False)
    distinct, places = np.unique(values.view(whole), return_inverse=True)
    texts = [write(each) for each in distinct.view(kind)]
    codes = np.full(len(chunk), len(texts), dtype=np.int32)
    codes[~missing] = places.reshape(-1)
    return Cells((*texts, b"") if missing.any() else tuple(texts), codes)


def _joined(column: ArrowColumn) -> ArrowColumn:
    """Make one array of all chunks."""
    import pyarrow as pa

    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _stored(column: ArrowColumn) -> ArrowColumn:
    """Dates and times as the whole numbers that they are."""
    import pyarrow as pa

    if not pa.types.is_temporal(column.type):
        return column
    width = pa.int32() if column.type.bit_width == 32 else pa.int64()
    chunks = [chunk.view(width) for chunk in column.chunks]
    return pa.chunked_array(chunks, type=width)


def _writer(name: str, kind: Any) -> Callable[[Any], bytes]:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _writer(name, kind.value_type)
    ways: list[tuple[tuple[Callable[[Any], bool], ...], Callable[[Any], bytes]]] = [
        (
            (types.is_integer, types.is_temporal, types.is_decimal),
            lambda value: str(value).encode(),
        ),
        ((types.is_floating,), _write_float),
        ((types.is_boolean, types.is_null), lambda value: b"1" if value else b"0"),
        ((types.is_string, types.is_large_string), lambda value: _MARK + value.encode()),
        ((types.is_binary, types.is_large_binary), lambda value: _MARK + value),
    ]
    way = next((way for tests, way in ways if any(test(kind) for test in tests)), None)
    if way is None or types.is_interval(kind):
        raise DataTypeError(
            f"Column {name!r} is of type {kind}, which cannot be compressed. Cast it to numbers, "
            "text, dates or times, or leave it out."
        )
    return way


def _reader(kind: Any) -> tuple[Callable[[bytes], Any], Any]:
    """How a cell is read, and the type that holds what is read."""
    import pyarrow as pa

    types = pa.types
    stored = kind
    if types.is_temporal(kind):
        stored = pa.int32() if kind.bit_width == 32 else pa.int64()
    ways: list[tuple[tuple[Callable[[Any], bool], ...], Callable[[bytes], Any]]] = [
        ((types.is_integer, types.is_temporal), int),
        ((types.is_floating,), lambda text: _read_float(text, kind)),
        ((types.is_boolean, types.is_null), lambda text: text == b"1"),
        ((types.is_string, types.is_large_string), lambda text: text[len(_MARK) :].decode()),
        ((types.is_decimal,), lambda text: Decimal(text.decode())),
        ((types.is_binary, types.is_large_binary), lambda text: text[len(_MARK) :]),
    ]
    return next(way for tests, way in ways if any(test(kind) for test in tests)), stored


def _write_float(value: Any) -> bytes:
    # A NaN tells itself by its bits; str() gives the fewest digits for the width of the float.
    if np.isnan(value):
        return b"nan" + value.tobytes().hex().encode()
    return str(value).encode()


def _read_float(text: bytes, kind: Any) -> Any:
    dtype = np.dtype(kind.to_pandas_dtype())
    if text.startswith(b"nan"):
        return np.frombuffer(bytes.fromhex(text[3:].decode()), dtype=dtype)[0]
    return dtype.type(text.decode())
