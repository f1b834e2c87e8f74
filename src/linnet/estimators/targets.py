"""Targets of a classifier, as users give them: labels, or a distribution over classes a row."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import sparray, spmatrix
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import column_or_1d

from linnet.errors import DataError, SettingError
from linnet.features.labels import class_codes, one_type, read_labels
from linnet.information.distributions import distributions
from linnet.types import Array

__all__ = [
    "class_factors",
    "codes_among",
    "label_column",
    "read_counts",
    "read_targets",
    "refuse_classes",
    "surprises",
    "weigh_classes",
]


def read_targets(y: Any, n: int, classes: Any = None) -> tuple[Array, Array]:
    """Classes, and the targets as a loss takes them: class numbers, or rows of probabilities.

    ``classes`` names the columns of probabilities, which are put in the order of sorted names.
    """
    targets = None if y is None else _as_array(y)
    if targets is not None and targets.ndim == 2 and targets.shape[1] > 1:
        probabilities = distributions(targets, "y")
        _check_length(probabilities, n)
        names, order = _sorted_names(classes, probabilities.shape[1])
        return names, np.ascontiguousarray(probabilities[:, order])
    refuse_classes(classes, "y has one label a row")
    labels = read_labels(label_column(targets, n))
    return labels.classes, labels.codes


def refuse_classes(classes: Any, what: str) -> None:
    """Raise a SettingError if classes are given where targets name their own."""
    if classes is not None:
        raise SettingError(
            f"classes names the columns of distributions in memory, and {what}. Leave it out: "
            "labels name their classes themselves."
        )


def read_counts(counts: Any, n: int) -> tuple[Float[Array, "n q"], Float[Array, " n"]]:
    """Shares of the classes in each row, and the totals of the rows.

    Raises
    ------
    DataError
        If ``counts`` is not a table of finite numbers of at least 0, for each row of X one.
    """
    try:
        is_sparse = isinstance(counts, sparray | spmatrix)
        C = np.asarray(counts.toarray() if is_sparse else counts, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"counts must be a table of numbers: {error}.") from error
    if C.ndim != 2 or C.shape[1] < 2:
        raise DataError(
            f"counts has shape {C.shape}; it needs shape (n, q), a column for each of 2 or more "
            "classes. For one label a row use fit."
        )
    _check_length(C, n, "counts")
    wrong = ~(np.isfinite(C) & (C >= 0))
    if wrong.any():
        row, column = (int(place) for place in np.argwhere(wrong)[0])
        raise DataError(
            f"counts is {C[row, column]} in row {row}, column {column}. It says how often the "
            "class was seen there: a finite number of at least 0."
        )
    totals = C.sum(axis=1)
    if not totals.any():
        raise DataError("counts is zero everywhere: nothing is left to fit.")
    # A row that nothing was seen in has no weight, and any distribution does.
    shares = np.full_like(C, 1 / C.shape[1])
    np.divide(C, totals[:, None], out=shares, where=totals[:, None] > 0)
    return shares, totals


def surprises(log_q: Float[Array, "n q"], y: Any, classes: Array) -> Float[Array, " n"]:
    """−log q(y) of each label; of a distribution its mean, −Σⱼ yⱼ log qⱼ.

    Raises
    ------
    DataError
        If there are not as many targets as rows, or not as many columns as classes.
    """
    n, q = log_q.shape
    targets = None if y is None else _as_array(y)
    if targets is None or targets.ndim != 2 or targets.shape[1] == 1:
        codes = class_codes(label_column(targets, n), classes)
        return np.where(codes >= 0, -log_q[np.arange(n), codes], np.inf)
    if targets.shape[1] != q:
        raise DataError(
            f"y has {targets.shape[1]} columns and the model {q} classes: a distribution has one "
            "probability for each class, in the order of classes_."
        )
    P = distributions(targets, "y")
    _check_length(P, n)
    # A class that the target does not name costs nothing, however improbable.
    return -np.multiply(P, log_q, out=np.zeros_like(P), where=P > 0).sum(axis=1)


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


def weigh_classes(
    class_weight: Any,
    classes: Array,
    targets: Array,
    weight: Float[Array, " n"] | None,
) -> tuple[Array, Float[Array, " n"] | None]:
    """Targets and weights, where each row's weight is multiplied by that of its class.

    ``"balanced"`` gives class c the weight S/(q·S_c), where S_c is the total weight of its rows.
    A row with the distribution y counts as q rows of weights s·yⱼ, one for each class: weighed,
    these are again one row, of weight s Σⱼ fⱼyⱼ.
    """
    if class_weight is None:
        return targets, weight
    ones = np.ones(len(targets)) if weight is None else weight
    if targets.ndim == 1:
        totals = np.bincount(targets, weights=ones, minlength=len(classes))
        return targets, ones * class_factors(class_weight, classes, totals)[targets]
    factors = class_factors(class_weight, classes, ones @ targets)
    masses = targets @ factors
    weighed = targets.copy()
    np.divide(targets * factors, masses[:, None], out=weighed, where=masses[:, None] > 0)
    return weighed, ones * masses


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


def _sorted_names(classes: Any, q: int) -> tuple[Array, Any]:
    """Names of the q columns in sorted order, and the order that puts the columns so."""
    if classes is None:
        return np.arange(q), slice(None)
    names = _as_array(classes)
    if names.shape != (q,):
        raise DataError(
            f"classes has shape {names.shape} and y has {q} columns: give one name for each."
        )
    try:
        names = one_type(names)
    except DataError as error:
        raise DataError(f"classes cannot name the columns of y: {error}") from error
    sorted_names, order, times = np.unique(names, return_index=True, return_counts=True)
    if len(sorted_names) < q:
        raise DataError(
            f"classes names {int(times.max())} columns {sorted_names[times.argmax()]!s}. Give each "
            "column a name of its own, or add up columns of one class."
        )
    return sorted_names, order


def _check_length(y: Array, n: int, name: str = "y") -> None:
    if len(y) != n:
        raise DataError(
            f"X has {n} rows but {name} has {len(y)}: inconsistent numbers of samples. Give one "
            "target for each row of X."
        )
