"""A table is made of what people hold in memory: data frames, Arrow tables, dicts and arrays."""

import math
import sys
from collections.abc import Mapping
from typing import Any, Final, Protocol, TypeAlias, TypeGuard, runtime_checkable

import numpy as np

from linnet.data.plain import plain_table
from linnet.data.tables import ArrowColumn, ArrowTable, Table, check_names
from linnet.errors import DataTypeError, TableError
from linnet.types import Array

__all__ = ["as_table", "has_names"]

_DataFrame: TypeAlias = Any
"""A ``pandas.DataFrame``."""

_Values: TypeAlias = Any
"""A NumPy array or a pandas Series."""

_ADVICE: Final = (
    "Give a pandas or polars DataFrame, a pyarrow Table, a dict of columns, or a 2-D array."
)


@runtime_checkable
class _ArrowStream(Protocol):
    """What pyarrow, polars, DuckDB and others offer for handing a table over without a copy."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


def as_table(data: object, origin: str = "table") -> Table:
    """Make a Table of a data frame, an Arrow table, a dict of columns or a 2-D array.

    Parameters
    ----------
    data : Table, DataFrame, pyarrow.Table, mapping of columns, or array of shape (n, k)
        The values. NaN, None and NaT are missing. The columns of an array are called c1, c2, ….
    origin : str
        What error messages call it.

    Returns
    -------
    Table
        The same columns; a Table is returned as it is.

    Raises
    ------
    TableError
        If columns differ in length or share a name, or a column mixes kinds of values.
    DataTypeError
        If ``data`` is of none of these types.

    Examples
    --------
    >>> import numpy as np
    >>> as_table(np.array([[1.0, 2.0], [3.0, np.nan]])).columns.to_pydict()
    {'c1': [1.0, 3.0], 'c2': [2.0, None]}
    """
    if isinstance(data, Table):
        return data
    if _is_pandas(data):
        check_names([str(name) for name in data.columns], origin)
        columns = {str(name): data.iloc[:, i] for i, name in enumerate(data.columns)}
        return plain_table(_from_columns(columns, len(data), origin), origin)
    if isinstance(data, Mapping):
        columns = {str(name): np.asarray(values) for name, values in data.items()}
        return plain_table(_from_columns(columns, _common_length(columns, origin), origin), origin)
    if isinstance(data, _ArrowStream):
        import pyarrow as pa

        return plain_table(pa.table(data), origin)
    array = _matrix(data)
    columns = {f"c{i}": column for i, column in enumerate(array.T, start=1)}
    return plain_table(_from_columns(columns, len(array), origin), origin)


def has_names(data: object) -> bool:
    """Tell whether the columns of what `as_table` accepts have names of their own."""
    return isinstance(data, Table | Mapping | _ArrowStream) or _is_pandas(data)


def _is_pandas(data: object) -> TypeGuard[_DataFrame]:
    # A DataFrame can only come from a pandas that is already imported.
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _from_columns(columns: Mapping[str, Any], n_rows: int, origin: str) -> ArrowTable:
    import pyarrow as pa

    if not columns:
        raise TableError(
            f"{origin}: found 0 feature(s) (shape=({n_rows}, 0)) while a minimum of 1 is required."
        )
    return pa.table({name: _arrow(name, values, origin) for name, values in columns.items()})


def _arrow(name: str, values: _Values, origin: str) -> ArrowColumn:
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise TableError(
            f"{origin}, column {name!r}: it has the shape {values.shape}, but a column is a "
            "one-dimensional sequence. Give each part a column of its own."
        )
    if isinstance(values, np.ndarray) and values.dtype.kind == "U":
        values = values.astype(object)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise TableError(
            f"{origin}, column {name!r}: {_mixture(values)} A column must hold values of one kind: "
            f"numbers, booleans, text or dates. ({error})"
        ) from None


def _mixture(values: _Values) -> str:
    kinds: dict[str, int] = {}
    for row, value in enumerate(values, start=1):
        if value is not None and not (isinstance(value, float) and math.isnan(value)):
            kinds.setdefault(type(value).__name__, row)
    found = ", ".join(f"{kind} (row {row})" for kind, row in kinds.items())
    return f"it holds values of type {found}."


def _common_length(columns: Mapping[str, Array], origin: str) -> int:
    lengths = {name: values.shape[0] if values.ndim else -1 for name, values in columns.items()}
    single = next((name for name, length in lengths.items() if length < 0), None)
    if single is not None:
        raise TableError(f"{origin}, column {single!r}: a sequence is needed, not one value.")
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise TableError(f"{origin}: all columns must have the same number of rows, but {told}.")
    return next(iter(lengths.values()), 0)


def _matrix(data: object) -> Array:
    array = np.asarray(data)
    if array.dtype.kind == "U" and not isinstance(data, np.ndarray):
        # NumPy has turned the numbers of a list into text: take the values as they are.
        array = np.asarray(data, dtype=object)
    if array.ndim == 2 and array.dtype.kind == "c":
        raise TableError("Complex data not supported: give real and imaginary parts as columns.")
    if array.ndim == 2 and array.dtype.kind in "biufOUMm":
        return array
    if array.ndim == 1 and array.dtype.kind in "biufU":
        raise TableError(
            f"Expected 2D array, got 1D array instead: its shape is {array.shape}. Reshape your "
            "data with array.reshape(-1, 1) if it is one column, array.reshape(1, -1) if one row."
        )
    raise DataTypeError(f"A table cannot be made of {type(data).__name__}. {_ADVICE}")
