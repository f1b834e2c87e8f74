"""Softmax regression learns the classes of a block of rows, whichever are known by then."""

from dataclasses import replace
from typing import cast

import numpy as np
from jaxtyping import Float, Int
from sklearn.base import clone

from linnet.data import MemorySource
from linnet.data.batch import Batch
from linnet.engine import Iterate
from linnet.errors import DataError, TableError
from linnet.estimators.hashed_stream import HashedBlock
from linnet.estimators.learnt import Learnt
from linnet.estimators.progressive import ProgressiveLoss
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.softmax_parameters import keep_theta, softmax_objective
from linnet.estimators.stepping import NO_ROWS, Stepping, rule_of
from linnet.estimators.targets import weigh_classes
from linnet.estimators.threading import threads
from linnet.estimators.widening import begin_walk, widened_walk
from linnet.features.labels import check_classes
from linnet.solvers import Certificate
from linnet.types import Array

__all__ = ["learn_classes", "learnt_classifier"]


def learn_classes(
    stepping: Stepping, before: Learnt | None, block: HashedBlock, epoch: int
) -> Learnt:
    """Predict the rows of a block, and learn from them, a few at a time.

    Raises
    ------
    SettingError
        If the parameters do not fit in the memory.
    """
    estimator = stepping.estimator
    batch = _weighed(estimator, block)
    weight = np.ones(batch.n_samples) if batch.weight is None else batch.weight
    total = float(weight.sum())
    order = stepping.order(batch)
    losses = np.zeros(len(stepping.starts(order)))
    iterate, pace = (None, None) if before is None else (before.iterate, before.pace)
    if len(block.classes) > 1 and total > 0:
        iterate = _known_classes(stepping, before, block)
        seen = total if before is None else before.progressive.weight + total * (epoch == 1)
        objective = softmax_objective(
            MemorySource(batch.X, batch.y, batch.weight),
            len(block.classes),
            estimator.C,
            fit_intercept=estimator.fit_intercept,
            total_weight=seen,
        )
        # All products are small, whatever the number of rows.
        with threads(estimator.n_jobs, 0):
            pace = pace or stepping.pace(objective)
            iterate = stepping.walk(objective, batch, iterate, order, pace)
        losses = iterate.losses
    return Learnt(
        block=replace(block, batch=NO_ROWS),
        iterate=iterate,
        pace=pace,
        epoch=epoch,
        losses=_told(before, epoch, weight[order], stepping.starts(order), losses),
    )


def learnt_classifier(
    learnt: Learnt, estimator: SoftmaxRegression, origin: str
) -> SoftmaxRegression:
    """Return the regression that was learnt.

    Raises
    ------
    TableError
        If there was only one class, or each row has a class of its own.
    """
    classes, rows = learnt.block.classes, learnt.progressive.rows
    try:
        check_classes(classes, rows)
    except DataError as error:
        raise TableError(f"{origin}: {error}") from None
    if learnt.iterate is None:
        raise TableError(f"{origin}: the weight is zero in every row: nothing was learnt.")
    model: SoftmaxRegression = clone(estimator)
    model.classes_ = classes
    model.n_features_in_ = learnt.block.known.width
    keep_theta(model, learnt.iterate.estimate(rule_of(estimator)))
    model.certificate_ = Certificate(np.inf, "none")
    model.history_ = []
    model.n_iter_ = np.array([learnt.epoch])
    return model


def _weighed(estimator: SoftmaxRegression, block: HashedBlock) -> Batch:
    batch, given = block.batch, estimator.class_weight
    if isinstance(given, dict):
        # Some of the classes that have a weight may not have come yet.
        known = set(block.classes.tolist())
        given = {label: weight for label, weight in given.items() if label in known}
    y, weight = weigh_classes(given, block.classes, batch.y, batch.weight)
    return replace(batch, y=y, weight=weight)


def _known_classes(stepping: Stepping, before: Learnt | None, block: HashedBlock) -> Iterate:
    """Give the parameters for all classes that are known by now."""
    width = block.known.width + bool(stepping.estimator.fit_intercept)
    q = len(block.classes)
    advice = "; and see that the target is no identifier"
    stepping.check_room(q, width, f"{q:,} classes with {width:,} coefficients each", advice)
    if before is None or before.iterate is None:
        return begin_walk(q, width, stepping.rule)
    known = before.block.classes
    if len(known) == q:
        return before.iterate
    return widened_walk(before.iterate, stepping.rule, known, block.classes)


def _told(
    before: Learnt | None,
    epoch: int,
    weight: Float[Array, " n"],
    starts: Int[Array, " t"],
    losses: Float[Array, " t"],
) -> tuple[ProgressiveLoss, ...]:
    """Add the losses of these rows to those of their epoch."""
    passes = cast("tuple[ProgressiveLoss, ...]", () if before is None else before.losses)
    loss = passes[-1] if len(passes) == epoch else ProgressiveLoss()
    rows = loss.rows + np.append(starts[1:], len(weight))
    told = loss.after(rows, np.add.reduceat(weight, starts), losses)
    return (*passes[: epoch - 1], told)
