"""Targets of a classifier, as users give them: labels, or a distribution over classes a row."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import column_or_1d

from linnet.errors import DataError, SettingError
from linnet.features.labels import class_codes, read_labels
from linnet.information.distributions import distributions
from linnet.types import Array

__all__ = ["class_factors", "class_weights", "codes_among", "label_column", "read_targets"]


def read_targets(y: Any, n: int) -> tuple[Array, Array]:
    """Classes, and the targets as a loss takes them: class numbers, or rows of probabilities."""
    targets = None if y is None else _as_array(y)
    if targets is not None and targets.ndim == 2 and targets.shape[1] > 1:
        probabilities = distributions(targets, "y")
        _check_length(probabilities, n)
        return np.arange(probabilities.shape[1]), np.ascontiguousarray(probabilities)
    labels = read_labels(label_column(targets, n))
    return labels.classes, labels.codes


def label_column(y: Any, n: int) -> Array:
    """Labels as one column of ``n`` rows.

    Raises
    ------
    DataError
        If there are none, or not one for each row of X.
    """
    if y is None:
        raise DataError(
            "requires y to be passed, but the target y is None. Give one label for each row of X."
        )
    try:
        labels = column_or_1d(y, warn=True)
    except ValueError as error:
        raise DataError(f"{error}. Give one label for each row of X.") from error
    _check_length(labels, n)
    return labels


def codes_among(classes: Array, labels: Array) -> Int[Array, " n"]:
    """Class number of each label, every one of which must be known."""
    codes = class_codes(labels, classes)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        shown = ", ".join(str(name) for name in classes[:10])
        raise DataError(
            f"y has the label {labels[row]!s} in row {row}, which is not among the "
            f"{len(classes)} classes {shown}{', …' if len(classes) > 10 else ''}. Name every class "
            "in the first call of partial_fit."
        )
    return codes


def class_weights(
    class_weight: Any,
    classes: Array,
    targets: Array,
    weight: Float[Array, " n"] | None,
) -> Float[Array, " n"] | None:
    """Multiply each row's weight by that of its class.

    ``"balanced"`` gives class c the weight S/(q·S_c), where S_c is the total weight of its rows.
    """
    if class_weight is None:
        return weight
    if targets.ndim == 2:
        raise SettingError(
            "class_weight needs one label a row, but y holds distributions. Put the weights into "
            "sample_weight."
        )
    ones = np.ones(len(targets)) if weight is None else weight
    totals = np.bincount(targets, weights=ones, minlength=len(classes))
    return ones * class_factors(class_weight, classes, totals)[targets]


def class_factors(
    class_weight: Any, classes: Array, totals: Float[Array, " q"]
) -> Float[Array, " q"]:
    """Give what the weight of each class's rows is multiplied by; ``totals`` are its weights."""
    if isinstance(class_weight, str) and class_weight == "balanced":
        # A class without weight in these rows has nothing to balance.
        factors = np.divide(
            totals.sum(), len(classes) * totals, out=np.zeros(len(classes)), where=totals > 0
        )
    else:
        try:
            factors = compute_class_weight(class_weight, classes=classes, y=classes)
        except (ValueError, TypeError) as error:
            raise SettingError(f"class_weight={class_weight!r}: {error}") from error
    if not (np.isfinite(factors).all() and (factors >= 0).all() and factors.any()):
        raise SettingError(
            f"class_weight={class_weight!r}: weights are finite, none negative, not all zero."
        )
    return factors


def _as_array(y: Any) -> Array:
    """Make an array of a list without making text of numbers that stand beside text."""
    array = np.asarray(y)
    if array.dtype.kind in "US" and isinstance(y, list) and not all(type(v) is str for v in y):
        return np.asarray(y, dtype=object)
    return array


def _check_length(y: Array, n: int) -> None:
    if len(y) != n:
        raise DataError(
            f"X has {n} rows but y has {len(y)}: inconsistent numbers of samples. Give one target "
            "for each row of X."
        )
