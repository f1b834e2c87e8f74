"""Softmax regression learns from a stream as it goes, and tells what each label cost it before."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Final, final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.utils import check_random_state

from linnet.data import MemorySource
from linnet.data.batch import Batch
from linnet.data.budget import bytes_in_words, memory_for_data
from linnet.engine import Iterate, StepRule, Walk, descend
from linnet.engine.descent import OPTIMIZERS
from linnet.errors import DataError, SettingError, TableError
from linnet.estimators.hashed_stream import HashedBlock, HashedStream
from linnet.estimators.progressive import ProgressiveLoss
from linnet.estimators.scanning import Scan
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.softmax_parameters import keep_theta, softmax_objective
from linnet.estimators.streaming import check_stream
from linnet.estimators.targets import weigh_classes
from linnet.estimators.threading import threads
from linnet.estimators.validation import check_choice, check_count, check_positive, check_steps
from linnet.estimators.widening import begin_walk, widened_walk
from linnet.features.hashing import HashingEncoder
from linnet.features.labels import check_classes
from linnet.objective import Objective
from linnet.solvers import Certificate
from linnet.solvers.choice import choose_rule
from linnet.solvers.schedules import SCHEDULES, Schedule
from linnet.solvers.sgd import default_learning_rate
from linnet.types import Array

__all__ = ["Learnt", "Pace", "learn_online", "rule_of"]

# Entries of a block take 12 bytes, are copied once, and some blocks' worth is hashed ahead.
_BYTES_PER_ENTRY: Final = 64
_MOST_ENTRIES: Final = 1 << 22
# The share of the memory that parameters, what a rule remembers, and copies of both may take.
_SHARE_OF_PARAMETERS: Final = 0.6
# Curvatures differ little between samples of so many rows.
_ROWS_THAT_SET_THE_PACE: Final = 2048
_NOTHING: Final = Batch(np.empty((0, 0)), np.empty(0, dtype=np.int64))


@final
@dataclass(frozen=True)
class Pace:
    """How long the steps are, found out from the first block, and how that changes."""

    learning_rate: float
    schedule: Schedule


@final
@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What was learnt from the rows so far.

    Parameters
    ----------
    block : HashedBlock
        What is known of the table and the classes; its rows are no longer there.
    iterate : Iterate or None
        The parameters; None while there is one class only, and nothing to be learnt.
    pace : Pace or None
        The steps, once one was taken.
    epoch : int
        Number of the pass, from 1.
    losses : tuple of ProgressiveLoss
        Of each pass, what its rows lost before they were learnt from. Those of later passes were
        seen before.
    """

    block: HashedBlock
    iterate: Iterate | None
    pace: Pace | None
    epoch: int
    losses: tuple[ProgressiveLoss, ...]

    @property
    def progressive(self) -> ProgressiveLoss:
        """What the labels cost when they were new."""
        return self.losses[0]

    def model(self, estimator: SoftmaxRegression, origin: str) -> SoftmaxRegression:
        """Return the regression that was learnt.

        Raises
        ------
        TableError
            If there was only one class, or each row has a class of its own.
        """
        classes, rows = self.block.classes, self.progressive.rows
        try:
            check_classes(classes, rows)
        except DataError as error:
            raise TableError(f"{origin}: {error}") from None
        if self.iterate is None:
            raise TableError(f"{origin}: the weight is zero in every row: nothing was learnt.")
        model: SoftmaxRegression = clone(estimator)
        model.classes_ = classes
        model.n_features_in_ = self.block.known.width
        keep_theta(model, self.iterate.estimate(rule_of(estimator)))
        model.certificate_ = Certificate(np.inf, "none")
        model.history_ = []
        model.n_iter_ = np.array([self.epoch])
        return model


def learn_online(
    data: Scan, estimator: SoftmaxRegression, encoder: HashingEncoder
) -> Iterator[Learnt]:
    """Go over the rows of a scan as often as the estimator's ``max_iter`` says, once by default.

    Nothing is asked of the rows beforehand: the first pass is the first epoch. Rows are shuffled
    within blocks that the memory bounds.

    Yields
    ------
    Learnt
        What was learnt after each block; the last is what was learnt of all.

    Raises
    ------
    TableError
        If a row cannot be used, with file and row; or there is none.
    SettingError
        If a setting is out of range, the solver takes no steps over streams, or the parameters do
        not fit in the memory.
    """
    _check(estimator)
    memory = memory_for_data(data.folder.memory)
    values = min(_MOST_ENTRIES, memory // _BYTES_PER_ENTRY)
    stream = HashedStream(data=data, encoder=encoder, values=values)
    learner = _Learner.of(estimator, memory)
    learnt: Learnt | None = None
    for epoch in range(1, 1 + (estimator.max_iter or 1)):
        for block in stream.blocks(None if learnt is None else learnt.block):
            learnt = learner.learn(learnt, block, epoch)
            yield learnt
        if learnt is None:
            raise TableError(
                f"{data.stream.origin}: it has no row with a target, and one at least is required."
            )


@final
@dataclass(frozen=True)
class _Learner:
    """Takes steps over blocks of rows, with the estimator's settings."""

    estimator: SoftmaxRegression
    rule: StepRule
    memory: int
    random: np.random.Generator

    @classmethod
    def of(cls, estimator: SoftmaxRegression, memory: int) -> "_Learner":
        """Follow the estimator's settings, within so much memory."""
        seed = check_random_state(estimator.random_state).randint(2**31 - 1)
        return cls(estimator, rule_of(estimator), memory, np.random.default_rng(seed))

    def learn(self, before: Learnt | None, block: HashedBlock, epoch: int) -> Learnt:
        """Predict the rows of a block, and learn from them, a few at a time."""
        batch = self._weighed(block)
        total = batch.n_samples if batch.weight is None else float(batch.weight.sum())
        order = self.random.permutation(batch.n_samples)
        losses = np.zeros(ceil(len(order) / self.estimator.batch_size))
        iterate, pace = (None, None) if before is None else (before.iterate, before.pace)
        if len(block.classes) > 1 and total > 0:
            iterate = self._known_classes(before, block)
            seen = total if before is None else before.progressive.weight + total * (epoch == 1)
            objective = softmax_objective(
                MemorySource(batch.X, batch.y, batch.weight),
                len(block.classes),
                self.estimator.C,
                fit_intercept=self.estimator.fit_intercept,
                total_weight=seen,
            )
            # All products are small, whatever the number of rows.
            with threads(self.estimator.n_jobs, 0):
                pace = pace or self._pace(objective, batch)
                iterate = self._descend(objective, batch, iterate, order, pace)
            losses = iterate.losses
        return Learnt(
            block=replace(block, batch=_NOTHING),
            iterate=iterate,
            pace=pace,
            epoch=epoch,
            losses=self._told(before, epoch, batch, order, losses),
        )

    def _weighed(self, block: HashedBlock) -> Batch:
        batch, given = block.batch, self.estimator.class_weight
        if isinstance(given, dict):
            # Some of the classes that have a weight may not have come yet.
            known = set(block.classes.tolist())
            given = {label: weight for label, weight in given.items() if label in known}
        y, weight = weigh_classes(given, block.classes, batch.y, batch.weight)
        return replace(batch, y=y, weight=weight)

    def _known_classes(self, before: Learnt | None, block: HashedBlock) -> Iterate:
        """Give the parameters for all classes that are known by now."""
        q, width = len(block.classes), block.known.width + bool(self.estimator.fit_intercept)
        needed = 8 * width * q * (4 + 3 * self.rule.n_slots)
        if needed > _SHARE_OF_PARAMETERS * self.memory:
            raise SettingError(
                f"{q:,} classes with {width:,} coefficients each, and what is remembered of them, "
                f"take {bytes_in_words(float(needed))}, and the budget leaves "
                f"{bytes_in_words(_SHARE_OF_PARAMETERS * self.memory)} for them. Take fewer bits, "
                "or raise memory (--memory); and see that the target is no identifier."
            )
        if before is None or before.iterate is None:
            return begin_walk(q, width, self.rule)
        known = before.block.classes
        if len(known) == q:
            return before.iterate
        return widened_walk(before.iterate, self.rule, known, block.classes)

    def _pace(self, objective: Objective, batch: Batch) -> Pace:
        size = self.estimator.batch_size
        few = replace(objective, source=_without_empty_columns(batch, self.random))
        rate = self.estimator.learning_rate or default_learning_rate(
            few, self.rule, size, self.random
        )
        return Pace(
            rate,
            Schedule(
                name=self.estimator.schedule,
                steps_per_epoch=ceil(objective.n_samples / size),
            ),
        )

    def _descend(
        self, objective: Objective, batch: Batch, iterate: Iterate, order: Array, pace: Pace
    ) -> Iterate:
        steps = iterate.steps + np.arange(ceil(len(order) / self.estimator.batch_size))
        walk = Walk(
            order=order,
            batch_size=self.estimator.batch_size,
            rates=pace.learning_rate * pace.schedule.factors(steps),
            l2=objective.l2,
            share=batch.n_samples / objective.source.total_weight,
        )
        return descend(objective.loss, batch, walk, self.rule, iterate)

    def _told(
        self, before: Learnt | None, epoch: int, batch: Batch, order: Array, losses: Array
    ) -> tuple[ProgressiveLoss, ...]:
        """Add the losses of these rows to those of their epoch."""
        passes = () if before is None else before.losses
        loss = passes[-1] if len(passes) == epoch else ProgressiveLoss()
        size = self.estimator.batch_size
        starts = np.arange(0, len(order), size)
        weight = np.ones(len(order)) if batch.weight is None else batch.weight[order]
        rows = loss.rows + np.minimum(starts + size, len(order))
        told = loss.after(rows, np.add.reduceat(weight, starts), losses)
        return (*passes[: epoch - 1], told)


def _without_empty_columns(batch: Batch, random: np.random.Generator) -> MemorySource:
    """Take some rows, and of the many columns those that they have entries in.

    Curvatures are the same, and vectors that they take are a small part as long.
    """
    some = MemorySource(batch.X, batch.y, batch.weight).sample(random, _ROWS_THAT_SET_THE_PACE)
    used, places = np.unique(some.X.indices, return_inverse=True)
    X = csr_matrix((some.X.data, places, some.X.indptr), shape=(some.n_samples, len(used)))
    return MemorySource(X, some.y, some.weight)


def rule_of(estimator: SoftmaxRegression) -> StepRule:
    """Return the step that an estimator's settings name."""
    average = bool(estimator.average)
    return choose_rule(estimator.solver, momentum=estimator.momentum, average=average)


def _check(estimator: Any) -> None:
    """Raise SettingError unless the estimator can learn from a stream as it goes."""
    if not isinstance(estimator, SoftmaxRegression) or estimator.solver not in OPTIMIZERS:
        raise SettingError(
            f"{type(estimator).__name__} with solver={getattr(estimator, 'solver', None)!r}: a "
            "HashingEncoder makes the rows of a scan as they come, without a first pass, and only "
            'steps can follow them. Use SoftmaxRegression(solver="sgd"), or "adagrad" or "adam"; '
            "for an exact fit use a TableEncoder."
        )
    if isinstance(estimator.class_weight, str):
        raise SettingError(
            f"class_weight={estimator.class_weight!r} needs to know beforehand how often each "
            "class occurs. Give the weights, as a dict, or leave them out."
        )
    check_positive(estimator.C, "C", infinite=True)
    check_choice(estimator.schedule, "schedule", SCHEDULES)
    check_stream(estimator.schedule, None)
    check_count(estimator.batch_size, "batch_size")
    check_steps(estimator.solver, estimator.momentum, estimator.average)
    if estimator.max_iter is not None:
        check_count(estimator.max_iter, "max_iter")
    if estimator.learning_rate is not None:
        check_positive(estimator.learning_rate, "learning_rate")
