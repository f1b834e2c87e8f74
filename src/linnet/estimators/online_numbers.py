"""Linear regression learns the numbers of a block of rows, by steps along the squared loss.

Steps begin at the mean of the first rows, the opening, and are taken in the unit of the spread
about it: so the units of the target do not matter. The parameters are in the target's own units.
"""

from dataclasses import replace
from typing import Any, Final, cast

import numpy as np
from jaxtyping import Float, Int
from sklearn.base import clone

from linnet.data.batch import Batch
from linnet.errors import TableError
from linnet.estimators.hashed_stream import HashedBlock
from linnet.estimators.learnt import Learnt
from linnet.estimators.linear import LinearRegression
from linnet.estimators.linear_steps import begun_at, keep_steps, squared_objective
from linnet.estimators.progressive_errors import ProgressiveErrors
from linnet.estimators.stepping import NO_ROWS, Stepping, rule_of
from linnet.estimators.target_spread import TargetSpread, check_steps_taken, in_unit
from linnet.estimators.threading import threads
from linnet.features.written import written_precision
from linnet.types import Array

__all__ = ["learn_numbers", "learnt_regression"]

# So many numbers tell their deviation to some per cent, where it is told by a few at all.
_OPENING_ROWS: Final = 256
# Of no rows: told as long as all numbers are the same.
_NO_ERRORS: Final = ProgressiveErrors(opening=TargetSpread(0.0), start=0.0, precision=1.0)


def learn_numbers(
    stepping: Stepping, before: Learnt | None, block: HashedBlock, epoch: int
) -> Learnt:
    """Predict the rows of a block, and learn from them, a few at a time.

    Of the first block some rows, at most half, are not predicted: they tell where to begin. As
    long as all numbers are the same, nothing is learnt.

    Raises
    ------
    SettingError
        If the parameters do not fit in the memory.
    DataError
        If numbers are too large to be squared, or the steps so long that they go astray.
    """
    order = stepping.order(block.batch)
    y = block.batch.y[order, 0]
    weight = np.ones(len(y)) if block.batch.weight is None else block.batch.weight[order]
    opening = 0
    if before is None or before.iterate is None:
        before, opening = _begun(stepping, block, y, weight)
    learnt = replace(before, block=replace(block, batch=NO_ROWS), epoch=epoch)
    if learnt.spread is None:
        return learnt
    new_y, new_weight = y[opening:], weight[opening:]
    spread = learnt.spread.including(new_y, new_weight) if epoch == 1 else learnt.spread
    starts = stepping.starts(order[opening:])
    losses = np.zeros(len(starts))
    if weight.any():
        # A block's length of step is told by the rows before it.
        parts = order[:opening], order[opening:]
        learnt, losses = _walked(stepping, learnt, block.batch, parts, spread)
    passes = cast("tuple[ProgressiveErrors, ...]", learnt.losses)
    errors = passes[-1] if len(passes) == epoch else passes[0].anew()
    told = errors.after(starts, new_y, new_weight, 2 * losses)
    return replace(learnt, losses=(*passes[: epoch - 1], told), spread=spread)


def learnt_regression(learnt: Learnt, estimator: LinearRegression, origin: str) -> LinearRegression:
    """Return the regression that was learnt; its residual variance is that of the last pass.

    Raises
    ------
    TableError
        If all numbers were the same.
    """
    if learnt.iterate is None:
        raise TableError(
            f"{origin}: the target is the same in every row with weight: nothing was learnt."
        )
    model: LinearRegression = clone(estimator)
    model.n_features_in_ = learnt.block.known.width
    errors = cast("ProgressiveErrors", learnt.losses[-1])
    theta = learnt.iterate.estimate(rule_of(estimator))
    keep_steps(model, theta, errors.mean_squared_error, learnt.epoch)
    return model


def _begun(
    stepping: Stepping, block: HashedBlock, y: Float[Array, " n"], weight: Float[Array, " n"]
) -> tuple[Learnt, int]:
    """Begin where the first rows lie; tell how many of them told that."""
    fit_intercept = bool(stepping.estimator.fit_intercept)
    width = block.known.width + fit_intercept
    stepping.check_room(1, width, f"{width:,} coefficients")
    n, spread, start = _opening(y, weight, fit_intercept=fit_intercept)
    unit = spread.about(start)
    learnt = Learnt(block=block, iterate=None, pace=None, epoch=1, losses=(_NO_ERRORS,))
    if not unit:
        return learnt, n
    precision = written_precision(y[:n], unit**2)
    errors = ProgressiveErrors(opening=spread, start=start, precision=precision, opening_rows=n)
    iterate = begun_at(start, width, stepping.rule)
    return replace(learnt, iterate=iterate, losses=(errors,), spread=spread), n


def _opening(
    y: Float[Array, " n"], weight: Float[Array, " n"], *, fit_intercept: bool
) -> tuple[int, TargetSpread, float]:
    """How many rows tell where to begin, and what: at most half, or as many as are not alike."""
    n = min(_OPENING_ROWS, -(-len(y) // 2))
    while True:
        spread = TargetSpread.of(y[:n], weight[:n])
        start = spread.centre if fit_intercept else 0.0
        if spread.about(start) > 0 or n == len(y):
            return n, spread, start
        n = min(2 * n, len(y))


def _walked(
    stepping: Stepping,
    learnt: Learnt,
    batch: Batch,
    parts: tuple[Int[Array, " o"], Int[Array, " r"]],
    seen: TargetSpread,
) -> tuple[Learnt, Float[Array, " t"]]:
    """Take the steps over a block, those of its opening first; give the losses of the others."""
    estimator, errors = stepping.estimator, cast("ProgressiveErrors", learnt.progressive)
    objective = squared_objective(estimator, batch, seen.weight)
    iterate: Any = learnt.iterate
    # All products are small, whatever the number of rows.
    with threads(estimator.n_jobs, 0):
        pace = learnt.pace or stepping.pace(objective)
        rule, unit = in_unit(stepping.rule, cast("TargetSpread", learnt.spread).about(errors.start))
        paced = replace(pace, learning_rate=pace.learning_rate * unit)
        for part in parts:
            steps = replace(stepping, rule=rule)
            iterate = steps.walk(objective, batch, iterate, part, paced)
            check_steps_taken(iterate.losses, iterate.theta, pace.learning_rate, seen)
    return replace(learnt, iterate=iterate, pace=pace), iterate.losses
