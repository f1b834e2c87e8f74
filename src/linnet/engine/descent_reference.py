"""A walk of stochastic gradient descent, in NumPy: it defines what is right."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from linnet.data import Batch
from linnet.engine.descent import Iterate, StepRule, Walk
from linnet.engine.reference import gradient_pass
from linnet.losses import Loss
from linnet.types import Array

__all__ = ["descend"]


def descend(loss: Loss, batch: Batch, walk: Walk, rule: StepRule, iterate: Iterate) -> Iterate:
    """Take all steps of ``walk``; the formulas are those of :mod:`linnet.engine.descent`."""
    now = iterate.copy()
    penalty = np.full(now.theta.shape[1], walk.l2)
    penalty[batch.X.shape[1] :] = 0
    # Sums of the rates of the steps that each column has missed.
    missed = np.zeros(now.theta.shape[1])
    losses = []
    for rows, rate in walk.steps():
        some = _rows_of(batch, rows)
        if rule.optimizer == "sgd":
            lost, g = _loss_and_mean_gradient(loss, some, now.theta, walk)
            now = _linear_step(g + penalty * now.theta, rate, rule, now)
        else:
            met = _columns_met(some, now.theta, rule)
            _let_penalty_flow(rule, now, penalty * missed * met)
            lost, g = _loss_and_mean_gradient(loss, some, now.theta, walk)
            now = _scaled_step(g, rate, rule, now, met)
            _let_penalty_flow(rule, now, penalty * rate * met)
            missed = np.where(met, 0, missed + rate)
        losses.append(lost)
    if rule.optimizer != "sgd":
        _let_penalty_flow(rule, now, penalty * missed)
    return replace(now, losses=np.array(losses))


def _rows_of(batch: Batch, rows: Array) -> Batch:
    weight = None if batch.weight is None else batch.weight[rows]
    return Batch(batch.X[rows], batch.y[rows], weight)


def _loss_and_mean_gradient(
    loss: Loss, some: Batch, theta: Float[Array, "m p"], walk: Walk
) -> tuple[float, Float[Array, "m p"]]:
    value, gradient = gradient_pass(loss, some, theta)
    return float(value), gradient * (walk.share / some.n_samples)


def _linear_step(slope: Float[Array, "m p"], rate: float, rule: StepRule, now: Iterate) -> Iterate:
    velocity = rule.momentum * now.slots[0] + slope if rule.momentum else slope
    theta = now.theta - rate * velocity
    remembered = [velocity] if rule.momentum else []
    if rule.average:
        remembered.append(now.slots[-1] + theta)
    return Iterate(theta, tuple(remembered), now.steps + 1)


def _columns_met(some: Batch, theta: Float[Array, "m p"], rule: StepRule) -> Array:
    """Columns that a step touches: those with an entry, where rows are sparse and Adam is lazy."""
    k = some.X.shape[1]
    if isinstance(some.X, np.ndarray) or rule.optimizer == "adagrad":
        return np.ones(theta.shape[1], dtype=bool)
    met = np.arange(theta.shape[1]) >= k
    met[some.X.tocsr().indices] = True
    return met


def _scaled_step(
    g: Float[Array, "m p"], rate: float, rule: StepRule, now: Iterate, met: Array
) -> Iterate:
    if rule.optimizer == "adagrad":
        after = replace(now, slots=(now.slots[0] + g**2,), steps=now.steps + 1)
        return replace(after, theta=now.theta - rate * g / _metric(rule, after))
    mean, square = now.slots
    first, second = rule.betas
    mean = np.where(met, mean + (1 - first) * (g - mean), mean)
    square = np.where(met, square + (1 - second) * (g**2 - square), square)
    after = replace(now, slots=(mean, square), steps=now.steps + 1)
    direction = mean / (1 - first**after.steps) / _metric(rule, after)
    return replace(after, theta=np.where(met, now.theta - rate * direction, now.theta))


def _metric(rule: StepRule, now: Iterate) -> Float[Array, "m p"]:
    """Return what a step is divided by."""
    if rule.optimizer == "adagrad":
        return np.sqrt(now.slots[0]) + rule.epsilon
    bias = 1 - rule.betas[1] ** now.steps if now.steps else 1.0
    return np.sqrt(now.slots[1] / bias) + rule.epsilon


def _let_penalty_flow(rule: StepRule, now: Iterate, amount: Float[Array, " p"]) -> None:
    """Shrink Θ in place, by the penalty over a time of ``amount``/λ."""
    if amount.any():
        np.multiply(now.theta, np.exp(-amount / _metric(rule, now)), out=now.theta)
