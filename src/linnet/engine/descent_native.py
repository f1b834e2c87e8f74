"""Steps of stochastic gradient descent by the native engine: a walk over the rows of a batch."""

from dataclasses import replace

import numpy as np

from linnet.data import Batch
from linnet.engine.descent import Iterate, StepRule, Walk
from linnet.engine.native import _exportable, _kind, _native, _raise, _rows, instruction_set
from linnet.losses import Loss, SoftmaxCrossEntropy, SquaredLoss
from linnet.types import Array

__all__ = ["descend"]


def descend(loss: Loss, batch: Batch, walk: Walk, rule: StepRule, iterate: Iterate) -> Iterate:
    """Take all steps of ``walk``, on one thread and in float64, whatever the data are.

    X is not copied: each step gathers its few rows. A step over sparse rows costs in proportion
    to their entries, whatever the rule.
    """
    after = iterate.copy()
    losses = np.zeros(len(walk.rates))
    weight = batch.weight
    fault = _native.descend(
        _rows(batch.X),
        _exportable(batch.y),
        _kind(batch.y),
        None if weight is None else np.ascontiguousarray(weight, dtype=np.float64),
        after.theta,
        *_places(rule, after.slots),
        np.ascontiguousarray(walk.order, dtype=np.int64),
        np.ascontiguousarray(walk.rates, dtype=np.float64),
        losses,
        loss="squared" if isinstance(loss, SquaredLoss) else "softmax",
        anchored=isinstance(loss, SoftmaxCrossEntropy) and bool(loss.anchored),
        rule=_rule(rule),
        batch=walk.batch_size,
        l2=walk.l2,
        share=walk.share,
        momentum=rule.momentum,
        beta1=rule.betas[0],
        beta2=rule.betas[1],
        epsilon=rule.epsilon,
        before=iterate.steps,
        simd=instruction_set(),
    )
    if fault is not None:
        _raise(fault, classes=len(after.theta) + int(getattr(loss, "anchored", False)))
    return replace(after, steps=iterate.steps + len(walk.rates), losses=losses)


def _rule(rule: StepRule) -> str:
    if rule.optimizer == "sgd":
        return "linear" if rule.momentum else "plain"
    return rule.optimizer


def _places(rule: StepRule, slots: tuple[Array, ...]) -> tuple[Array | None, Array | None]:
    """Give each array the place where the engine looks for it: a sum of iterates is second."""
    if len(slots) == 1:
        return (None, slots[0]) if rule.average else (slots[0], None)
    return (slots[0], slots[1]) if slots else (None, None)
