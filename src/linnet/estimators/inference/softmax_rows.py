"""From a fitted softmax model and its rows to what can be inferred of its parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from linnet.data import MemorySource, Source
from linnet.errors import DataError, SettingError
from linnet.estimators.inference.columns import DesignColumns, columns_of_array
from linnet.estimators.inference.curvature import SoftmaxLoss, check_size
from linnet.estimators.inference.given import memory_rows
from linnet.estimators.inference.notes import dependence_notes, penalty_note
from linnet.estimators.inference.optimum import Optimum, optimum_near
from linnet.estimators.inference.softmax import SoftmaxInference, check_reference
from linnet.estimators.inference.standardised import standardised_design
from linnet.estimators.separation import Separation, separation_along
from linnet.estimators.softmax_parameters import label_totals, softmax_objective, theta_of
from linnet.estimators.targets import label_column, read_targets
from linnet.estimators.threading import threads
from linnet.estimators.validation import check_choice, check_weights
from linnet.features.labels import class_codes
from linnet.losses import SoftmaxCrossEntropy
from linnet.numeric import xlogx
from linnet.objective import Objective
from linnet.solvers.separation import direction_of_separation
from linnet.types import Array

__all__ = ["softmax_inference"]

COVARIANCES: Final = ("hessian", "sandwich")

# How far from the optimum a fit may stop without a note, in standard errors.
NOTED_DISTANCE: Final = 0.01
# What a refit may fall short of its greatest log-likelihood, in nats in all.
REFIT_TOL: Final = 1e-9

SINGULAR: Final = (
    "The Hessian is singular to rounding: some probabilities are all but 0 or 1, or columns all "
    "but depend on each other. There are no standard errors. Set C to a smaller value, or drop "
    "columns that repeat others."
)


def softmax_inference(
    model: Any,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None,
    *,
    covariance: str,
    reference: Any,
    terms: Mapping[str, Sequence[Any]] | None = None,
    columns: DesignColumns | None = None,
) -> SoftmaxInference:
    """Infer; see ``SoftmaxRegression.inference``. ``columns`` describe those of a table."""
    check_is_fitted(model)
    check_choice(covariance, "covariance", COVARIANCES)
    check_reference(reference, model.classes_)
    if model.class_weight is not None:
        raise SettingError(
            f"class_weight={model.class_weight!r}: the likelihood of weighed classes is not that "
            "of the labels, and its standard errors would be wrong. Fit with class_weight=None."
        )
    rows = _Rows.of(model, X, y, sample_weight)
    if columns is None:
        names = getattr(model, "feature_names_in_", None)
        columns = columns_of_array(names, rows.source.n_features, terms)
    d = (len(model.classes_) - 1) * (rows.source.n_features + model.fit_intercept)
    check_size(d)
    with threads(model.n_jobs, float(d) ** 3):
        return _infer(model, rows, columns, covariance, reference)


@final
@dataclass(frozen=True)
class _Rows:
    """The rows, with class numbers, and the labels as they were given."""

    source: MemorySource
    labels: Any

    @classmethod
    def of(cls, model: Any, X: Any, y: Any, sample_weight: ArrayLike | None) -> "_Rows":
        X = memory_rows(model, X)
        weight = check_weights(sample_weight, X.shape[0])
        given = np.asarray(y)
        if given.ndim == 2 and given.shape[1] > 1:
            classes, targets = read_targets(y, X.shape[0])
            if len(classes) != len(model.classes_):
                raise DataError(
                    f"y has {len(classes)} probabilities a row, but the model has "
                    f"{len(model.classes_)} classes. Give the rows that it was fitted to."
                )
            return cls(MemorySource(X, targets, weight), y)
        labels = label_column(y, X.shape[0])
        codes = class_codes(labels, model.classes_)
        if (codes < 0).any():
            row = int(np.argmax(codes < 0))
            raise DataError(
                f"y has the label {labels[row]!s} in row {row}, which the model does not know. "
                "Give the rows that it was fitted to."
            )
        return cls(MemorySource(X, codes, weight), labels)


def _infer(
    model: Any, rows: _Rows, columns: DesignColumns, covariance: str, reference: Any
) -> SoftmaxInference:
    source, q = rows.source, len(model.classes_)
    S = source.total_weight
    design = standardised_design(source, fit_intercept=model.fit_intercept, order=columns.order)
    if np.isfinite(model.C):
        # A penalty determines all weights.
        design = replace(design, kept=np.ones(len(design.gram), bool))
    elif design.kept.sum() >= S:
        raise DataError(
            f"The rows count for {S:g} observations, and each score has {design.kept.sum()} "
            "parameters: nothing is left to tell errors from. Weights say how often a row counts. "
            "Give more rows, or fit fewer columns."
        )
    theta = theta_of(model)
    gamma = theta if q == 2 else theta[1:] - theta[0]
    objective = Objective(
        source=source,
        loss=SoftmaxCrossEntropy(anchored=True),
        n_scores=q - 1,
        l2=0.0,
        fit_intercept=model.fit_intercept,
    )
    optimum, notes = _optimum(
        model, SoftmaxLoss(objective, design.basis, model.C), gamma, covariance
    )
    totals = label_totals(source, q)
    return SoftmaxInference(
        classes=model.classes_,
        reference=reference,
        columns=columns,
        design=design,
        gamma=design.parameters(optimum.gamma),
        curvature=optimum.curvature,
        covariance_kind=covariance,
        log_likelihood=-S * objective.value(optimum.gamma),
        null_log_likelihood=float((xlogx(totals / S) * S).sum()),
        n_observations=S,
        l2=1 / model.C,
        notes=(*dependence_notes(design.kept[: len(columns.names)], columns), *notes),
        refit=partial(_log_likelihood_of, model, rows, totals),
    )


def _optimum(
    model: Any, loss: SoftmaxLoss, gamma: Float[Array, "m p"], covariance: str
) -> tuple[Optimum, tuple[str, ...]]:
    """Find optimum and curvature, and say where there is none."""
    separated = _separated(model, loss.objective.source) if np.isinf(model.C) else None
    if separated is not None:
        return Optimum(gamma, None, np.nan), (separated,)
    found = optimum_near(loss, gamma)
    if found.separation is not None:
        # A step sees the rows near a boundary alone: where one far from it lies on its wrong side,
        # what the steps led to tells the classes apart.
        for direction in (found.separation, found.gamma):
            # Of all classes; that of two is of the second alone.
            of_all = np.pad(direction, ((len(gamma) > 1, 0), (0, 0)))
            along = separation_along(loss.objective.source, model.classes_, of_all)
            if along.pairs:
                break
        return found, (_separation_note(along),)
    if found.curvature is None:
        return found, (SINGULAR,)
    if covariance == "sandwich":
        found = replace(
            found, curvature=replace(found.curvature, middle=loss.sandwich(found.gamma))
        )
    notes = [] if found.distance <= NOTED_DISTANCE else [_distance_note(found.distance)]
    if np.isfinite(model.C):
        notes.append(penalty_note(f"C={model.C:g}"))
    return found, tuple(notes)


def _separated(model: Any, source: Source) -> str | None:
    """Say so where classes are separable, as the fit found, or as is found now."""
    if "separation_" in vars(model):
        return None if model.separation_ is None else _separation_note(model.separation_)
    objective = softmax_objective(
        source, len(model.classes_), model.C, fit_intercept=model.fit_intercept
    )
    direction = direction_of_separation(objective, theta_of(model), None)
    if direction is None:
        return None
    return _separation_note(separation_along(source, model.classes_, direction))


def _separation_note(separation: Separation) -> str:
    told = f" Told apart for certain: {separation}." if separation.pairs else ""
    return (
        "The classes are separable and there is no penalty: the likelihood has no maximum, and "
        f"there are neither estimates nor standard errors.{told} Set C to a finite value."
    )


def _distance_note(distance: float) -> str:
    return (
        f"the fit stopped {distance:.2g} standard errors from the optimum, at which these "
        "estimates are: a smaller tol brings coef_ nearer"
    )


def _log_likelihood_of(model: Any, rows: _Rows, totals: Float[Array, " q"], kept: Array) -> float:
    """Greatest log-likelihood of the model of these columns alone."""
    source = rows.source
    S = source.total_weight
    if len(kept) == 0:
        shares = totals / S if model.fit_intercept else np.full(len(totals), 1 / len(totals))
        present = totals > 0
        return float(totals[present] @ np.log(shares[present]))
    reduced = clone(model).set_params(
        solver="auto", tol=min(model.tol, REFIT_TOL / S), max_iter=None, warm_start=False
    )
    reduced.fit(source.X[:, kept], rows.labels, source.weight)
    return -S * reduced.loss_
