"""Labels as people write them, turned into class numbers; and what each class weighs."""

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Int

from linnet.errors import DataError
from linnet.types import Array

__all__ = [
    "Labels",
    "check_classes",
    "class_codes",
    "is_missing",
    "label_kind",
    "one_type",
    "read_labels",
]

# Fewer rows than this may well hold one example of each class.
ROWS_THAT_SHOULD_REPEAT: Final = 20


@final
@dataclass(frozen=True)
class Labels:
    """The classes in sorted order, and for each row the number of its class."""

    classes: Array
    codes: Int[Array, " n"]


def read_labels(y: Array, *, given: bool = False) -> Labels:
    """Find the classes of a column of labels.

    Parameters
    ----------
    y : array of shape (n,)
        Labels: text, whole numbers or booleans, of one type.
    given : bool
        Whether these are the classes themselves, each once, and not a column of labels.

    Raises
    ------
    DataError
        If a label is missing, types are mixed, numbers are not whole, there are fewer than two
        classes, or every row has a class of its own.
    """
    y = one_type(np.asarray(y))
    classes, codes = np.unique(y, return_inverse=True)
    check_classes(classes, len(y), given=given)
    return Labels(classes, codes.reshape(-1))


def check_classes(classes: Array, rows: int, *, given: bool = False) -> None:
    """Raise a DataError unless there are 2 classes, and fewer than rows that they were found in."""
    if len(classes) < 2:
        raise DataError(
            f"y holds one class only, {classes[0]!s}, in {rows} rows: this solver needs at "
            "least 2 classes. Check that the target is the right column and not filtered."
        )
    if not given and len(classes) == rows >= ROWS_THAT_SHOULD_REPEAT:
        raise DataError(
            f"y holds {len(classes)} different labels in {rows} rows: no label occurs twice, so "
            "nothing can be learnt about any. Is the target an identifier, or a number for "
            "LinearRegression?"
        )


def class_codes(y: Array, classes: Array) -> Int[Array, " n"]:
    """Give the number of each label among sorted ``classes``; −1 for a label not among them."""
    y = np.asarray(y)
    if (y.dtype.kind in "OUS") != (classes.dtype.kind in "OUS"):
        return np.full(len(y), -1)
    places = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    return np.where(classes[places] == y, places, -1)


def is_missing(label: Any) -> bool:
    """Tell whether there is no label: None, NaN, or what pandas writes for them."""
    return label_kind(label) == "missing"


def one_type(y: Array) -> Array:
    """Labels of a type that sorts: text, integers, booleans or whole floats.

    Raises
    ------
    DataError
        If a label is missing or none at all, or types are mixed.
    """
    if y.dtype.kind == "O":
        return _one_type_of_objects(y)
    if y.dtype.kind == "f":
        bad = ~np.isfinite(y)
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"y contains {_name_of(y[row])} in row {row}, and in {int(bad.sum())} rows in all. "
                "Every row needs a label: drop the rows without."
            )
        fractions = y != np.rint(y)
        if fractions.any():
            row = int(np.argmax(fractions))
            raise DataError(
                f"Unknown label type: y is continuous, {y[row]!s} in row {row}. Classes are text "
                "or whole numbers; for a number that is measured use LinearRegression."
            )
    if y.dtype.kind not in "fiubUS":
        raise DataError(
            f"Unknown label type: y has dtype {y.dtype}. Labels are text, whole numbers or "
            "booleans."
        )
    return y


def _one_type_of_objects(y: Array) -> Array:
    kinds: dict[str, int] = {}
    for row, label in enumerate(y):
        kind = label_kind(label)
        if kind == "missing":
            missing = sum(label_kind(other) == "missing" for other in y)
            raise DataError(
                f"y contains no label (NaN or None) in row {row}, and in {missing} rows in all. "
                "Every row needs a label: drop the rows without."
            )
        if kind == "other":
            raise DataError(
                f"Unknown label type: row {row} of y holds {label!r}, a {type(label).__name__}. "
                "Labels are text, whole numbers or booleans."
            )
        kinds.setdefault(kind, row)
    if len(kinds) > 1:
        (first, row), (second, other) = list(kinds.items())[:2]
        raise DataError(
            f"y mixes types: row {row} is {first} ({y[row]!r}), row {other} is {second} "
            f"({y[other]!r}). Convert all labels to one type, for instance with astype(str)."
        )
    return y if "text" in kinds else one_type(np.array(y.tolist()))


def label_kind(label: Any) -> str:
    """Name what a label is: "missing", "text", "boolean", "a number" or "other"."""
    if label is None or type(label).__name__ in {"NAType", "NaTType"}:
        return "missing"
    if isinstance(label, float | np.floating) and np.isnan(label):
        return "missing"
    if isinstance(label, str):
        return "text"
    if isinstance(label, bool | np.bool_):
        return "boolean"
    return "a number" if isinstance(label, int | float | np.number) else "other"


def _name_of(value: float) -> str:
    return "NaN" if np.isnan(value) else "infinity"
