"""A softmax model and the parameters Θ = [W b] that solvers see: there, and back."""

from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float
from sklearn.utils.extmath import safe_sparse_dot

from linnet.data import Batch, Matrix, MemorySource, Source
from linnet.engine import scores
from linnet.losses import SoftmaxCrossEntropy
from linnet.objective import Objective
from linnet.solvers import Certificate
from linnet.solvers.certificate import minimise_intercepts
from linnet.solvers.solution import Solution, Step
from linnet.types import Array

__all__ = [
    "keep_solution",
    "keep_theta",
    "label_totals",
    "marginal_start",
    "scores_of",
    "softmax_objective",
    "start_of",
    "theta_of",
    "weights_of",
]


class SoftmaxModel(Protocol):
    """What of a softmax model has to do with its parameters."""

    fit_intercept: bool
    n_features_in_: int
    coef_: Any
    intercept_: Array
    certificate_: Certificate
    history_: list[Step]
    loss_: float
    n_iter_: Array


def softmax_objective(
    source: Source,
    n_classes: int,
    C: float,
    *,
    fit_intercept: bool,
    total_weight: float | None = None,
) -> Objective:
    """F of softmax regression, over the rows of a source; of two classes one has a score."""
    S = source.total_weight if total_weight is None else total_weight
    return Objective(
        source=source,
        loss=SoftmaxCrossEntropy(anchored=n_classes == 2),
        n_scores=1 if n_classes == 2 else n_classes,
        l2=float(1 / (C * S)),
        fit_intercept=fit_intercept,
    )


def start_of(
    model: Any, objective: Objective, source: Source, classes: Array
) -> Float[Array, "m p"]:
    """Begin from the last fit if asked to, else from the marginal distribution of the labels."""
    if model.warm_start and hasattr(model, "coef_") and np.array_equal(model.classes_, classes):
        theta = theta_of(model)
        if theta.shape == objective.shape:
            return theta
    return marginal_start(objective, source)


def marginal_start(objective: Objective, source: Source) -> Float[Array, "m p"]:
    """No weights, and the intercepts that are best so: the marginal distribution of the labels."""
    theta = np.zeros(objective.shape)
    if objective.fit_intercept:
        # While weights are zero features do not matter, and one row stands for all of a class.
        totals = label_totals(source, max(2, objective.n_scores))
        nothing = np.empty((len(totals), 0))
        labels = MemorySource(nothing, np.arange(len(totals)), totals)
        marginal = replace(objective, source=labels)
        theta[:, -1:] = minimise_intercepts(marginal, theta[:, -1:])
    return theta


def label_totals(source: Source, n_classes: int) -> Float[Array, " q"]:
    """Total weight of the rows of each class; of probabilities, where targets are those."""
    (totals,) = source.fold(partial(_totals_pass, n_classes=n_classes), tiled=False)
    return totals


def theta_of(model: SoftmaxModel) -> Float[Array, "m p"]:
    """Give the coefficients as the solvers hold them: the model's own, where these lie together."""
    W = weights_of(model)
    if not model.fit_intercept:
        return W
    b = model.intercept_[:, None]
    whole = _whole(W, b)
    return np.concatenate([W, b], axis=1) if whole is None else whole


def _whole(W: Float[Array, "m k"], b: Float[Array, "m 1"]) -> Float[Array, "m p"] | None:
    """Give [W b] where both are parts of it, as :func:`keep_theta` makes them; no copy is made."""
    (m, k), base = W.shape, W.base
    if not isinstance(base, np.ndarray) or b.base is not base or W.dtype != np.float64:
        return None
    row, column = W.strides
    behind = W.ctypes.data + k * column == b.ctypes.data and (m == 1 or b.strides[0] == row)
    if not behind or not base.data.contiguous:
        return None
    first = W.ctypes.data - base.ctypes.data
    return np.ndarray((m, k + 1), np.float64, base, first, W.strides)


def weights_of(model: Any) -> Array:
    """Give the weights of a regression as an array, whether it keeps them dense or sparse."""
    return model.coef_ if isinstance(model.coef_, np.ndarray) else model.coef_.toarray()


def scores_of(model: SoftmaxModel, X: Matrix) -> Float[Array, "n m"]:
    """Scores W x + b, whether W is dense or sparse."""
    if isinstance(model.coef_, np.ndarray):
        return scores(X, theta_of(model))
    Z = safe_sparse_dot(X.astype(np.float64, copy=False), model.coef_.T, dense_output=True)
    return np.asarray(Z + model.intercept_)


def keep_solution(model: SoftmaxModel, solution: Solution) -> None:
    """Set what a fit learnt."""
    keep_theta(model, solution.theta)
    model.certificate_ = solution.certificate
    model.history_ = list(solution.steps)
    model.loss_ = solution.value
    # scikit-learn has one number for each of several fits; here there is one.
    model.n_iter_ = np.array([len(solution.steps) - 1])


def keep_theta(model: SoftmaxModel, theta: Float[Array, "m p"], *, own: bool = False) -> None:
    """Set the coefficients; with ``own`` they may be a part of ``theta``, which is changed."""
    k, m = model.n_features_in_, len(theta)
    # One number added to the scores of all classes changes nothing: of all equal solutions take the
    # shortest.
    if m > 1:
        shared = _by_columns(theta).mean(axis=0)
        theta = np.subtract(theta, shared, out=theta if own else None)
    elif not own:
        theta = theta.copy()
    model.coef_ = theta[:, :k]
    model.intercept_ = theta[:, k] if model.fit_intercept else np.zeros(m)


def _by_columns(theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
    """Give the same in the one order of memory in which sums over scores have the same last bit."""
    return theta if theta.strides[0] == theta.itemsize else np.asfortranarray(theta)


def _totals_pass(batch: Batch, n_classes: int) -> tuple[Array, ...]:
    if batch.y.ndim == 1:
        return (np.bincount(batch.y, weights=batch.weight, minlength=n_classes),)
    ones = np.ones(batch.n_samples)
    return ((ones if batch.weight is None else batch.weight) @ batch.y,)
