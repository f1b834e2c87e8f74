"""A linear regression learns from rows as they come, by steps along the gradient of a few."""

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from jaxtyping import Float

from linnet.data import MemorySource
from linnet.data.batch import Batch
from linnet.engine import Iterate, StepRule, scores
from linnet.errors import DataError
from linnet.estimators.softmax_settings import generator_of
from linnet.estimators.streaming import Stream
from linnet.estimators.target_spread import TargetSpread, check_steps_taken, in_unit
from linnet.estimators.threading import threads
from linnet.losses import SquaredLoss
from linnet.objective import Objective
from linnet.solvers import Certificate
from linnet.solvers.choice import choose_rule
from linnet.types import Array

__all__ = ["NumberStream", "begun_at", "descend_squares", "keep_steps", "squared_objective"]


@final
@dataclass(frozen=True)
class NumberStream:
    """What ``partial_fit`` by steps remembers from call to call.

    Parameters
    ----------
    start : array of shape (1, p)
        Where the steps began: the parameters before, or the mean of the first targets.
    spread : TargetSpread
        How far the targets so far lie from what was predicted there.
    stream : Stream or None
        The descent; None as long as nothing differed from the start.
    squares : float
        Sum of the squared errors of all rows, each before it was learnt from.
    """

    start: Float[Array, "1 p"]
    spread: TargetSpread
    stream: Stream | None = None
    squares: float = 0.0


def descend_squares(model: Any, state: NumberStream | None, batch: Batch) -> NumberStream:
    """One pass of descent over further rows, from where the model stands; set what it learnt.

    Raises
    ------
    DataError
        If a row has several targets, or the steps go astray.
    """
    if batch.y.shape[1] > 1:
        raise DataError(
            f"y has {batch.y.shape[1]} targets a row, and steps learn one. Fit each column of y by "
            'itself, or set solver="auto".'
        )
    weight = np.ones(batch.n_samples) if batch.weight is None else batch.weight
    theta = _theta_of(model) if hasattr(model, "coef_") else _mean_start(model, batch, weight)
    state = state or NumberStream(theta, TargetSpread(0.0))
    apart = (batch.y - scores(batch.X, state.start))[:, 0]
    now = replace(state, spread=state.spread.including(apart, weight))
    if now.spread.about(0.0) > 0:
        now, theta = _walked(model, now, batch, theta)
    passes = 1 + (int(model.n_iter_[0]) if hasattr(model, "n_iter_") else 0)
    keep_steps(model, theta, now.squares / now.spread.weight, passes)
    return now


def squared_objective(model: Any, batch: Batch, seen: float) -> Objective:
    """F of linear regression over rows, with the penalty of all that were seen, of that weight.

    Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² + α ‖W‖², divided by 2S.
    """
    return Objective(
        source=MemorySource(batch.X, batch.y, batch.weight),
        loss=SquaredLoss(),
        n_scores=1,
        l2=float(model.alpha) / seen,
        fit_intercept=bool(model.fit_intercept),
    )


def begun_at(start: float, n_parameters: int, rule: StepRule) -> Iterate:
    """Begin without weights; the last parameter predicts ``start``, if that is not 0."""
    theta = np.zeros((1, n_parameters))
    theta[0, -1] = start
    return Iterate.begin(theta, rule)


def keep_steps(
    model: Any, theta: Float[Array, "1 p"], mean_squared_error: float, passes: int
) -> None:
    """Set what was learnt by steps, in so many passes: nothing is proven of it."""
    k = model.n_features_in_
    model.coef_ = theta[0, :k].copy()
    model.intercept_ = float(theta[0, k]) if model.fit_intercept else 0.0
    model.residual_variance_ = mean_squared_error
    model.n_iter_ = np.array([passes])
    model.rank_ = model.condition_number_ = None
    model.certificate_ = Certificate(np.inf, "none", "target²")


def _mean_start(model: Any, batch: Batch, weight: Float[Array, " n"]) -> Float[Array, "1 p"]:
    """No weights, and the mean of the first targets."""
    width = batch.X.shape[1] + bool(model.fit_intercept)
    mean = TargetSpread.of(batch.y[:, 0], weight).centre if model.fit_intercept else 0.0
    return begun_at(mean, width, StepRule()).theta


def _walked(
    model: Any, state: NumberStream, batch: Batch, theta: Float[Array, "1 p"]
) -> tuple[NumberStream, Float[Array, "1 p"]]:
    """Take the steps, in the unit of the spread so far."""
    objective = squared_objective(model, batch, state.spread.weight)
    # A step is a small product, whatever the number of rows.
    with threads(model.n_jobs, 0):
        stream = state.stream or Stream.begin(
            objective,
            theta,
            rule=choose_rule(model.solver, momentum=model.momentum, average=bool(model.average)),
            learning_rate=model.learning_rate,
            schedule=model.schedule,
            calls=model.max_iter,
            batch_size=model.batch_size,
            random=generator_of(model),
        )
        rule, unit = in_unit(stream.rule, state.spread.about(0.0))
        scaled = replace(stream, rule=rule, learning_rate=stream.learning_rate * unit)
        after, theta = scaled.descend(objective, theta)
    losses = after.iterate.losses
    check_steps_taken(losses, theta, stream.learning_rate, state.spread)
    stream = replace(after, rule=stream.rule, learning_rate=stream.learning_rate)
    return replace(state, stream=stream, squares=state.squares + 2 * float(losses.sum())), theta


def _theta_of(model: Any) -> Float[Array, "1 p"]:
    weights = np.ravel(model.coef_)[None, :]
    if not model.fit_intercept:
        return weights
    return np.append(weights, [[float(np.ravel(model.intercept_)[0])]], axis=1)
