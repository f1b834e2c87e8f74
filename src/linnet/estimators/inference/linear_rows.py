"""From a fitted linear regression and its rows to what can be inferred of its parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from linnet.data import MemorySource
from linnet.errors import DataError, SettingError
from linnet.estimators.inference.columns import DesignColumns, columns_of_array
from linnet.estimators.inference.given import memory_rows
from linnet.estimators.inference.least_squares_rows import LeastSquaresRows
from linnet.estimators.inference.linear import LinearInference
from linnet.estimators.inference.notes import dependence_notes, penalty_note
from linnet.estimators.inference.standardised import standardised_design
from linnet.estimators.threading import threads
from linnet.estimators.validation import (
    check_choice,
    check_numeric_targets,
    check_weights,
)
from linnet.solvers.coefficient_statistics import CoefficientStatistics
from linnet.solvers.least_squares import least_squares
from linnet.types import Array

__all__ = ["linear_inference"]

COVARIANCES: Final = ("hessian", "sandwich", "hc3")
WEIGHTS: Final = ("counts", "precisions")

# How far predictions may lie from those of the fit to these rows: in standard deviations of a
# residual, over all rows, and where no residual is left in the size of the targets.
LARGEST_DISTANCE: Final = 0.1
ROUNDED: Final = 1e-10


def _as_given(X: Any) -> Any:
    return X


def linear_inference(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None,
    *,
    covariance: str,
    weights: str,
    terms: Mapping[str, Sequence[Any]] | None = None,
    columns: DesignColumns | None = None,
    encode: Callable[[Any], Any] = _as_given,
) -> LinearInference:
    """Infer; see ``LinearRegression.inference``.

    ``columns`` describe those of a table, and ``encode`` makes them of one.
    """
    check_is_fitted(model)
    check_choice(covariance, "covariance", COVARIANCES)
    check_choice(weights, "weights", WEIGHTS)
    source = _source(model, X, y, sample_weight)
    if columns is None:
        names = getattr(model, "feature_names_in_", None)
        columns = columns_of_array(names, source.n_features, terms)
    with threads(model.n_jobs, float(source.n_samples) * source.n_features**2):
        rows = _fitted(model, source, columns, precisions=weights == "precisions")
        _check_same_rows(model, rows)
        statistics = _statistics(rows, columns)
        if statistics.residual_freedom <= 0:
            raise DataError(
                f"{rows.n_observations:g} observations for "
                f"{rows.n_observations - statistics.residual_freedom:g} parameters: no row is left "
                "to tell the errors from. Give more rows, or fit fewer columns."
            )
        notes = list(dependence_notes(rows.kept, columns))
        if model.alpha > 0:
            notes.append(penalty_note(f"alpha={model.alpha:g}"))
        return LinearInference(columns, rows, statistics, covariance, tuple(notes), model, encode)


def _source(model: Any, X: Any, y: Any, sample_weight: ArrayLike | None) -> MemorySource:
    X = memory_rows(model, X)
    targets = check_numeric_targets(y, X.shape[0])
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1 or np.ndim(model.intercept_) != 0:
        raise SettingError(
            "inference is of one target, of shape (n,). Fit a model for each target."
        )
    weight = check_weights(sample_weight, X.shape[0])
    return MemorySource(X, targets[:, None], weight)


def _fitted(
    model: Any, source: MemorySource, columns: DesignColumns, *, precisions: bool
) -> LeastSquaresRows:
    """Fit again, to have the factor; without columns that can be had from others."""
    alpha, fit_intercept = float(model.alpha), model.fit_intercept
    kept = np.ones(source.n_features, bool)
    fit = least_squares(source, alpha=alpha, fit_intercept=fit_intercept)
    if alpha > 0 or fit.rank is None or fit.rank == source.n_features:
        return LeastSquaresRows(source, fit, kept, None, precisions)
    design = standardised_design(source, fit_intercept=fit_intercept, order=columns.order)
    kept = design.kept[: source.n_features]
    fewer = MemorySource(source.X[:, np.flatnonzero(kept)], source.y, source.weight)
    fit = least_squares(fewer, alpha=alpha, fit_intercept=fit_intercept)
    if fit.rank != kept.sum():
        raise DataError(
            f"The rank of the columns is {fit.rank} or {kept.sum()}, by how it is judged: they all "
            "but depend on each other. Drop columns that repeat others, or set alpha above 0."
        )
    return LeastSquaresRows(source, fit, kept, design, precisions)


def _statistics(rows: LeastSquaresRows, columns: DesignColumns) -> CoefficientStatistics:
    """Statistics, with the intercept where the columns' own values are 0."""
    fit, design = rows.fit, rows.design
    if design.x_mean is not None:
        shift = columns.shift[rows.kept]
        fit = replace(
            fit,
            design=replace(design, x_mean=design.x_mean + shift),
            intercept=fit.intercept - shift @ fit.coef,
        )
    return fit.statistics(rows.n_observations)


def _check_same_rows(model: Any, rows: LeastSquaresRows) -> None:
    """Raise a DataError unless the model predicts what the fit to these rows predicts."""
    X, y = rows.source.X, rows.source.y[:, 0]
    weight = np.ones(len(y)) if rows.source.weight is None else rows.source.weight
    squares = float(weight @ np.square(model.predict(X) - y + rows.residuals))
    variance = float(rows.fit.mean_squares[0])
    allowed = LARGEST_DISTANCE**2 * variance + ROUNDED**2 * _mean_square(y, weight)
    if squares > allowed:
        raise DataError(
            "The model is not the fit to these rows: its predictions are off by "
            f"{np.sqrt(squares / rows.source.total_weight):.3g} from those of that fit. Give the "
            "rows and weights that it was fitted to."
        )


def _mean_square(y: Float[Array, " n"], weight: Float[Array, " n"]) -> float:
    return float(weight @ np.square(y))
