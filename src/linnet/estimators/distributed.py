"""Dask collections, as users give them to ``fit``, become a checked source with coded targets."""

from functools import partial
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator

from linnet.data import Batch
from linnet.data.dask_collections import from_collections
from linnet.data.dask_source import DaskSource
from linnet.engine import limited_threads
from linnet.errors import DataError, SettingError
from linnet.estimators.softmax_parameters import label_totals
from linnet.estimators.targets import class_factors
from linnet.estimators.validation import (
    check_features,
    check_finite,
    check_numeric_targets,
    check_weights,
)
from linnet.features.labels import check_classes, class_codes, one_type
from linnet.information.distributions import distributions
from linnet.types import Array

__all__ = ["labelled_rows", "measured_rows"]

# A worker runs as many passes at a time as it has threads, so that each pass has one.
ONE_THREAD: Final = partial(limited_threads, 1)


def labelled_rows(
    estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any, class_weight: Any
) -> tuple[DaskSource, Array]:
    """Rows of a classifier with the numbers of their classes; and the classes.

    Parameters
    ----------
    estimator : estimator
        Is told the number of features, and their names.
    X, y, sample_weight : Dask collections
        As :func:`~linnet.data.dask_collections.from_collections` takes them; ``y`` holds labels,
        or of shape (n, q) a distribution over classes a row.
    class_weight : dict, "balanced" or None
        Weight of each class.

    Returns
    -------
    source : DaskSource
        The rows, checked.
    classes : array of shape (q,)
        The classes, sorted.

    Raises
    ------
    DataError
        If the data cannot be used: the message names partition, row and column.
    """
    rows = _features_of(estimator, X, y, sample_weight)
    found = rows.each(_labels)
    if all(isinstance(labels, int) for labels in found):
        if class_weight is not None:
            raise SettingError(
                "class_weight needs one label a row, but y holds distributions. Put the weights "
                "into sample_weight."
            )
        classes = np.arange(found[0])
    else:
        classes = _joined(found)
        check_classes(classes, rows.n_samples)
    source = rows.mapped(partial(_with_codes, classes=classes))
    _check_total(source)
    if class_weight is not None:
        totals = label_totals(source, len(classes))
        factors = class_factors(class_weight, classes, totals)
        source = source.mapped(partial(_with_factors, factors=factors))
    return source, classes


def measured_rows(
    estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any
) -> tuple[DaskSource, bool]:
    """Rows of a regression with their targets, of shape (n, m); and whether they were one column.

    Parameters
    ----------
    estimator, X, sample_weight
        As for :func:`labelled_rows`.
    y : Dask collection of shape (n,) or (n, m)
        Numbers.

    Returns
    -------
    source : DaskSource
        The rows, checked.
    single : bool
        Whether ``y`` has shape (n,).

    Raises
    ------
    DataError
        If the data cannot be used: the message names partition, row and column.
    """
    rows = _features_of(estimator, X, y, sample_weight)
    widths = rows.each(_target_width)
    for place, width in enumerate(widths):
        if width != widths[0]:
            raise DataError(
                f"y has {width or 1} columns in partition {place} but {widths[0] or 1} in "
                "partition 0. All must have the same."
            )
    source = rows.mapped(_with_numbers)
    _check_total(source)
    return source, widths[0] is None


def _features_of(estimator: BaseEstimator, X: Any, y: Any, sample_weight: Any) -> DaskSource:
    """Rows as they were given; the estimator learns what their columns are."""
    if y is None:
        raise DataError(
            "requires y to be passed, but the target y is None. Give one target for each row of X."
        )
    rows = from_collections(X, y, sample_weight, within=ONE_THREAD)
    # One row stands for all: the values are checked on the workers.
    row = np.zeros((1, rows.n_features))
    names = getattr(X, "columns", None)
    if names is not None:
        import pandas as pd

        row = pd.DataFrame(row, columns=names)
    check_features(estimator, row, reset=True)
    return rows


def _check_total(source: DaskSource) -> None:
    if source.total_weight == 0:
        raise DataError("sample_weight is zero in every row: nothing is left to fit.")


def _labels(batch: Batch) -> Array | int:
    """Labels that occur in a partition; or how many columns its distributions have."""
    if batch.y.ndim == 2 and batch.y.shape[1] > 1:
        return int(batch.y.shape[1])
    return np.unique(one_type(batch.y.reshape(-1)))


def _joined(found: list[Array | int]) -> Array:
    """Labels that occur in any partition."""
    kinds = ["distributions" if isinstance(labels, int) else _kind(labels) for labels in found]
    for place, kind in enumerate(kinds):
        if kind != kinds[0]:
            raise DataError(
                f"y mixes types: its labels are {kinds[0]} in partition 0 and {kind} in partition "
                f"{place}. Convert all to one type, for instance with y.astype(str)."
            )
    return np.unique(np.concatenate(found))


def _kind(labels: Array) -> str:
    if labels.dtype.kind in "OUS":
        return "text"
    return "booleans" if labels.dtype.kind == "b" else "numbers"


def _target_width(batch: Batch) -> int | None:
    """Columns of the targets; ``None`` where they are one column without an axis for it."""
    return None if batch.y.ndim == 1 else int(batch.y.shape[1])


def _checked(batch: Batch, y: Array) -> Batch:
    """Put targets in place of those that were given, and check all else."""
    check_finite(batch.X, "X")
    return Batch(batch.X, y, check_weights(batch.weight, batch.n_samples, all_zero=True))


def _with_codes(batch: Batch, classes: Array) -> Batch:
    if batch.y.ndim == 2 and batch.y.shape[1] > 1:
        return _checked(batch, np.ascontiguousarray(distributions(batch.y, "y")))
    return _checked(batch, class_codes(one_type(batch.y.reshape(-1)), classes))


def _with_numbers(batch: Batch) -> Batch:
    y = check_numeric_targets(batch.y, batch.n_samples)
    return _checked(batch, y if y.ndim == 2 else y[:, None])


def _with_factors(batch: Batch, factors: Array) -> Batch:
    ones = np.ones(batch.n_samples) if batch.weight is None else batch.weight
    return Batch(batch.X, batch.y, ones * factors[batch.y])
