"""Targets and weights of the rows of a chunk, checked, with file and row where they are wrong."""

from typing import Any, Final, Literal, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from linnet.data.streams import Chunk
from linnet.data.tables import ArrowColumn, Table
from linnet.errors import DataError, TableError
from linnet.features.columns import Task
from linnet.features.labels import check_classes, class_codes, read_labels
from linnet.features.summaries import MOST_LEVELS, ColumnSummary, Nature, nature_of
from linnet.features.tallies import ArrowArray
from linnet.types import Array

__all__ = [
    "WantedTask",
    "check_target",
    "class_numbers",
    "classes_of",
    "distinct_labels",
    "known_rows",
    "target_numbers",
    "weights_of",
]

WantedTask: TypeAlias = Literal["auto"] | Task
"""A task, or that it is to be inferred."""

# Beyond this float64 no longer holds every whole number.
_LARGEST_WHOLE: Final = 2.0**53


def known_rows(chunk: Chunk, target: str) -> tuple[Table, Int[Array, " m"]]:
    """Return the rows whose target is known, and their numbers in the file."""
    column = chunk.table.column(target)
    numbers = chunk.first_row + np.arange(chunk.table.n_rows)
    if not column.null_count:
        return chunk.table, numbers
    is_known = column.is_valid()
    kept = Table(chunk.table.columns.filter(is_known), chunk.table.origin, chunk.table.notes)
    return kept, numbers[np.asarray(is_known)]


def check_target(table: Table, target: str, rows: Int[Array, " m"], task: WantedTask) -> None:
    """Check that targets, none of them missing, fit the task.

    Raises
    ------
    TableError
        If numbers are needed and these are none, or classes and these have fractions.
    """
    column = table.column(target)
    if not len(column):
        return
    nature = nature_of(column)
    place = f"{table.origin}, column {target!r}, row"
    is_text = nature in (Nature.TEXT, Nature.CATEGORY)
    if (nature is Nature.DATE and task != "classification") or (is_text and task == "regression"):
        raise TableError(
            f"{place} {rows[0]}: {column[0].as_py()!s} is not a number, and numbers are needed "
            "here. For classes set task='classification'."
        )
    if task == "classification" and nature is Nature.NUMBER:
        x = column.to_numpy()
        fractions = np.flatnonzero(x != np.rint(x))
        if len(fractions):
            raise TableError(
                f"{place} {rows[fractions[0]]}: {x[fractions[0]]!s} is no class. Classes are text "
                "or whole numbers; for a number that is measured set task='regression'."
            )


def classes_of(target: ColumnSummary, origin: str, known: Any = None) -> Array:
    """Return the classes of a target in sorted order.

    Parameters
    ----------
    target : ColumnSummary
        What is known of the target.
    origin : str
        What error messages call the table.
    known : array of shape (q,), optional
        The classes, if they are known beforehand.

    Raises
    ------
    TableError
        If there are fewer than two classes or nothing but classes of one row, or a label is not
        among those known.
    """
    place = f"{origin}, column {target.name!r}"
    if target.tally is None:
        raise TableError(
            f"{place}: it holds more than {MOST_LEVELS:,} different labels. Is it an identifier, "
            "or a number for task='regression'?"
        )
    labels = _labels(target.tally.values)
    if known is not None:
        classes = read_labels(np.asarray(known), given=True).classes
        strange = np.flatnonzero(class_codes(labels, classes) < 0)
        if len(strange):
            raise TableError(
                f"{place}: the label {labels[strange[0]]!s}, in {target.tally.counts[strange[0]]} "
                f"rows, is not among the {len(classes)} classes given."
            )
        return classes
    try:
        check_classes(labels, target.n_known)
    except DataError as error:
        raise TableError(f"{place}: {error}") from None
    return np.sort(labels)


def class_numbers(column: ArrowColumn, classes: Array) -> Int[Array, " m"]:
    """Return the number of each label's class among sorted ``classes``, −1 for one unknown."""
    import pyarrow as pa

    encoded = column if nature_of(column) is Nature.CATEGORY else column.dictionary_encode()
    array = encoded.unify_dictionaries().combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    # Few labels are looked up, though there are many rows.
    codes = class_codes(_labels(array.dictionary), classes).astype(np.int64)
    return codes[array.indices.to_numpy(zero_copy_only=False)]


def target_numbers(column: ArrowColumn) -> Float[Array, "m 1"]:
    """Return numbers as targets of a regression."""
    import pyarrow as pa

    return column.cast(pa.float64(), safe=False).to_numpy().reshape(-1, 1)


def weights_of(table: Table, name: str, rows: Int[Array, " m"]) -> Float[Array, " m"]:
    """Return the weights of rows.

    Raises
    ------
    TableError
        If a weight is missing, negative, infinite or no number.
    """
    import pyarrow as pa

    column = table.column(name)
    place = f"{table.origin}, column {name!r}"
    if nature_of(column) not in (Nature.NUMBER, Nature.BOOLEAN, Nature.NOTHING):
        raise TableError(f"{place}: it holds {nature_of(column)}, but weights are numbers from 0.")
    # A missing weight becomes NaN, which is told like other numbers that are none.
    weights = column.cast(pa.float64(), safe=False).to_numpy()
    wrong = np.flatnonzero(~((weights >= 0) & (weights < np.inf)))
    if len(wrong):
        value = weights[wrong[0]]
        seen = "missing" if np.isnan(value) else f"{value:g}"
        raise TableError(
            f"{place}, row {rows[wrong[0]]}: the weight is {seen}. A weight says how often a row "
            "counts: give a finite number from 0."
        )
    return weights


def _labels(values: ArrowArray) -> Array:
    """Labels as they are written: whole floats as integers, texts and dates as text."""
    import pyarrow as pa

    if nature_of(values) not in (Nature.NUMBER, Nature.BOOLEAN):
        return np.array([str(value) for value in values.to_pylist()], dtype=object)
    labels = np.asarray(values.to_numpy(zero_copy_only=False))
    is_whole = pa.types.is_floating(values.type) and np.array_equal(labels, np.rint(labels))
    if is_whole and np.abs(labels).max(initial=0) < _LARGEST_WHOLE:
        return labels.astype(np.int64)
    return labels


def distinct_labels(column: ArrowColumn) -> Array:
    """Return the different labels of a column, sorted; none of a column without any."""
    known = column.drop_null()
    if not len(known):
        return np.empty(0, dtype=object)
    import pyarrow.compute as pc

    values = pc.unique(known.cast(known.type.value_type) if _is_coded(known) else known)
    return np.sort(_labels(values))


def _is_coded(column: ArrowColumn) -> bool:
    from pyarrow import types

    return bool(types.is_dictionary(column.type))
