"""The target of each row is taken out of a table; rows without one are left out."""

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data.libsvm import LibsvmData
from linnet.data.tables import ArrowColumn, Table, name_list, select_column
from linnet.errors import TableError
from linnet.features.columns import Task
from linnet.types import Array

__all__ = [
    "Target",
    "check_finite",
    "find_target",
    "libsvm_target",
    "require_some_target",
    "require_some_weight",
    "table_target",
    "table_weight",
]

# Beyond this float64 no longer holds every whole number.
_LARGEST_WHOLE: Final = 2.0**53


@final
@dataclass(frozen=True)
class Target:
    """The targets that are known.

    Attributes
    ----------
    name : str
        What the target is called.
    rows : array of shape (m,)
        Rows, counted from 0, whose target is known.
    values : array of shape (m,)
        Their targets: labels, or float64 numbers.
    missing : int
        Number of rows whose target is missing.
    """

    name: str
    rows: Int[Array, " m"]
    values: Array
    missing: int


def table_target(table: Table, name: str, task: Task, *, first_row: int = 1) -> Target:
    """Take the target out of a column: it may be missing in every row.

    Parameters
    ----------
    table : Table
        Rows of a file, or all of them.
    name : str
        The column.
    task : str
        What is predicted.
    first_row : int
        Number, in the file, of the first row.

    Raises
    ------
    TableError
        If numbers are needed and the column does not hold them.
    """
    column = table.column(name)
    known = np.flatnonzero(np.asarray(column.is_valid()))
    place = f"{table.origin}, column {name!r}"
    take = _labels if task == "classification" else _numbers
    values = take(column.drop_null(), known + first_row, place) if len(known) else np.empty(0)
    return Target(name, known, values, len(column) - len(known))


def require_some_target(known: int, name: str, origin: str) -> None:
    """Raise TableError if no target of any row is known."""
    if not known:
        raise TableError(
            f"{origin}, column {name!r}: the target is missing in every row. Name another column "
            "with --target."
        )


def require_some_weight(total: float, name: str, origin: str) -> None:
    """Raise TableError if no row has weight."""
    if not total > 0:
        raise TableError(
            f"{origin}, column {name!r}: the weight is zero in every row: nothing is left to fit."
        )


def libsvm_target(data: LibsvmData, task: Task, *, first_row: int = 1) -> Target:
    """Take the target out of a libsvm file, where it is never missing; see `table_target`."""
    if not np.isfinite(data.y).all():
        row = int(np.argmax(~np.isfinite(data.y)))
        raise TableError(f"{data.origin}: sample {row + first_row} has the label {data.y[row]}.")
    values = _whole(data.y) if task == "classification" else data.y
    return Target("label", np.arange(len(data.y)), values, 0)


def table_weight(
    table: Table, name: str, rows: Int[Array, " m"], *, first_row: int = 1
) -> Float[Array, " m"]:
    """Take the weights of some rows out of a column; all may be zero.

    Raises
    ------
    TableError
        If a weight is missing, negative or infinite.
    """
    from pyarrow import types

    place = f"{table.origin}, column {name!r}"
    column = table.column(name)
    if types.is_null(column.type):
        raise TableError(f"{place}: every weight is missing. Give each row a weight from 0.")
    # A missing weight becomes NaN, which is told like other numbers that are none.
    weights = _floats(column, np.arange(len(column)) + first_row, place)[rows]
    wrong = np.flatnonzero(~((weights >= 0) & (weights < np.inf)))
    if len(wrong):
        value, row = weights[wrong[0]], rows[wrong[0]] + first_row
        seen = "missing" if np.isnan(value) else f"{value:g}"
        raise TableError(
            f"{place}, row {row}: the weight is {seen}. A weight says how often a row counts: give "
            "a finite number from 0."
        )
    return weights


def check_finite(table: Table) -> None:
    """Raise TableError if a number is infinite, with its row in the file."""
    from pyarrow import types

    for name in table.names:
        column = table.column(name)
        if types.is_floating(column.type):
            _floats(column, np.arange(len(column)) + 1, f"{table.origin}, column {name!r}")


def find_target(table: Table, wanted: str | None) -> str:
    """Find the column to predict.

    Raises
    ------
    TableError
        If none is named, or there is no such column: the message tells those there are.
    """
    if wanted is None:
        raise TableError(
            f"{table.origin}: say which column is to be predicted, with --target. The columns are "
            f"{name_list(table.names)}."
        )
    return select_column(table, wanted)


def _labels(column: ArrowColumn, rows: Int[Array, " m"], place: str) -> Array:
    from pyarrow import types

    if types.is_floating(column.type):
        values = _whole(_floats(column, rows, place, missing=False))
        if values.dtype.kind == "f":
            row = int(np.argmax(values != np.rint(values)))
            raise TableError(
                f"{place}, row {rows[row]}: {values[row]!s} is no class. Classes are text or "
                "whole numbers; for a number that is measured give --task regression."
            )
        return values
    if types.is_integer(column.type) or types.is_boolean(column.type):
        return np.asarray(column)
    return np.array([str(value) for value in column.to_pylist()], dtype=object)


def _whole(values: Float[Array, " m"]) -> Array:
    """Whole numbers as integers, for so they are written; others as they are."""
    if np.array_equal(values, np.rint(values)) and np.abs(values).max() < _LARGEST_WHOLE:
        return values.astype(np.int64)
    return values


def _numbers(column: ArrowColumn, rows: Int[Array, " m"], place: str) -> Float[Array, " m"]:
    return _floats(column, rows, place, missing=False)


def _floats(
    column: ArrowColumn, rows: Int[Array, " m"], place: str, *, missing: bool = True
) -> Float[Array, " m"]:
    """Column as float64; NaN where a value is missing."""
    import pyarrow as pa
    from pyarrow import types

    kind: Any = column.type
    if column.null_count == len(column):
        return np.full(len(column), np.nan)
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        # Rows before the one that made text of the column may hold numbers alone.
        spelt = [_number(value) for value in column.to_pylist()]
        if None in spelt:
            first = spelt.index(None)
            raise TableError(
                f"{place}, row {rows[first]}: {column[first].as_py()!s} is not a number, and "
                "numbers are needed here. For classes give --task classification."
            )
        column = pa.chunked_array([pa.array(spelt, pa.float64())])
    values = column.cast(pa.float64(), safe=False).to_numpy()
    infinite = np.flatnonzero(np.isinf(values) if missing else ~np.isfinite(values))
    if len(infinite):
        raise TableError(
            f"{place}, row {rows[infinite[0]]}: the value is infinite (inf). Replace infinity "
            "by a number, or by nothing if the value is unknown."
        )
    return values


def _number(value: Any) -> float | None:
    """Return the number that a value of a column of text spells, NaN for no value."""
    try:
        return np.nan if value is None else float(value)
    except (TypeError, ValueError):
        return None
