"""Steps of stochastic gradient descent by the native engine: a walk over the rows of a batch."""

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.sparse import issparse

from linnet.data import Batch
from linnet.engine.descent import Iterate, StepRule, Walk
from linnet.engine.native import (
    _exportable,
    _kind,
    _native,
    _raise,
    _rows,
    instruction_set,
    weight_width,
)
from linnet.losses import Loss, SoftmaxCrossEntropy, SquaredLoss
from linnet.types import Array

__all__ = ["descend"]

LINE_BYTES: Final = 64


def descend(loss: Loss, batch: Batch, walk: Walk, rule: StepRule, iterate: Iterate) -> Iterate:
    """Take all steps of ``walk``, on one thread and in float64, whatever the data are.

    X is not copied: each step gathers its few rows. A step over sparse rows costs in proportion
    to their entries, whatever the rule; what belongs to a column then lies side by side, in what
    is returned too.
    """
    own = [_own(a, by_columns=issparse(batch.X)) for a in (iterate.theta, *iterate.slots)]
    m = len(iterate.theta)
    losses = np.zeros(len(walk.rates))
    weight = batch.weight
    fault = _native.descend(
        _rows(batch.X),
        _exportable(batch.y),
        _kind(batch.y),
        None if weight is None else np.ascontiguousarray(weight, dtype=np.float64),
        own[0],
        *_places(rule, own[1:]),
        np.ascontiguousarray(walk.order, dtype=np.int64),
        np.ascontiguousarray(walk.rates, dtype=np.float64),
        losses,
        scores=m,
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
        _raise(fault, classes=m + int(getattr(loss, "anchored", False)))
    theta, *slots = [a[:, :m].T for a in own] if issparse(batch.X) else own
    return Iterate(theta, tuple(slots), iterate.steps + len(walk.rates), losses)


def _own(array: Float[Array, "m p"], *, by_columns: bool) -> Array:
    """Copy what a walk will change, in the order in which the engine wants it."""
    if not by_columns:
        return np.array(array, dtype=np.float64, order="C")
    m, p = array.shape
    own = _empty_on_lines(p, weight_width(m))
    own[:, :m] = array.T
    own[:, m:] = 0
    return own


def _empty_on_lines(rows: int, columns: int) -> Float[Array, "rows columns"]:
    """Begin an array on a cache line: else each column of Θ lies on one line more."""
    size = rows * columns * np.dtype(np.float64).itemsize
    some = np.empty(size + LINE_BYTES, np.uint8)
    first = -some.ctypes.data % LINE_BYTES
    return some[first : first + size].view(np.float64).reshape(rows, columns)


def _rule(rule: StepRule) -> str:
    if rule.optimizer == "sgd":
        return "linear" if rule.momentum else "plain"
    return rule.optimizer


def _places(rule: StepRule, slots: list[Array]) -> tuple[Array | None, Array | None]:
    """Give each array the place where the engine looks for it: a sum of iterates is second."""
    if len(slots) == 1:
        return (None, slots[0]) if rule.average else (slots[0], None)
    return (slots[0], slots[1]) if slots else (None, None)
