"""A regression learns from a stream as it goes, and tells what each row cost it before."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from linnet.engine.descent import OPTIMIZERS
from linnet.errors import SettingError, TableError
from linnet.estimators.hashed_stream import HashedStream
from linnet.estimators.learnt import Learnt
from linnet.estimators.linear import LinearRegression
from linnet.estimators.linear_settings import check_linear_settings
from linnet.estimators.online_classes import learn_classes, learnt_classifier
from linnet.estimators.online_numbers import learn_numbers, learnt_regression
from linnet.estimators.scanning import Scan
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.stepping import Stepping
from linnet.estimators.streaming import check_stream
from linnet.estimators.validation import check_choice, check_count, check_positive, check_steps
from linnet.features.columns import Task
from linnet.features.hashing import HashingEncoder
from linnet.solvers.schedules import SCHEDULES

__all__ = ["check_online", "learn_online", "learnt_model"]

# Entries of a block take 12 bytes, are copied once, and some blocks' worth is hashed ahead.
_BYTES_PER_ENTRY: Final = 64
_MOST_ENTRIES: Final = 1 << 22
# What is learnt, and how, by whether the estimator is a classifier.
_WAYS: Final[dict[bool, tuple[Task, Callable[..., Learnt]]]] = {
    True: ("classification", learn_classes),
    False: ("regression", learn_numbers),
}


def learn_online(
    data: Scan,
    estimator: SoftmaxRegression | LinearRegression,
    encoder: HashingEncoder,
    since: Learnt | None = None,
) -> Iterator[Learnt]:
    """Go over the rows of a scan as often as the estimator's ``max_iter`` says, once by default.

    Nothing is asked of the rows beforehand: the first pass is the first epoch. Rows are shuffled
    within blocks that the memory bounds. With what was learnt ``since`` it goes on from there, and
    comes to the very numbers that it would have come to in one go.

    Yields
    ------
    Learnt
        What was learnt after each block; the last is what was learnt of all.

    Raises
    ------
    TableError
        If a row cannot be used, with file and row; or there is none.
    DataError
        If numbers are too large to be squared, or the steps so long that they go astray.
    SettingError
        If a setting is out of range, the solver takes no steps over streams, or the parameters do
        not fit in the memory.
    """
    check_online(estimator)
    memory = data.folder.for_data
    values = _entries(memory) if since is None else since.values
    task, learn = _WAYS[isinstance(estimator, SoftmaxRegression)]
    stream = HashedStream(data=data, encoder=encoder, values=values, task=task)
    stepping = Stepping.of(estimator, memory)
    if since is not None:
        stepping.random.bit_generator.state = since.random
    learnt, first = since, 1 if since is None else since.epoch
    for epoch in range(first, 1 + (estimator.max_iter or 1)):
        last = None if learnt is None else learnt.block
        goes_on = since is not None and epoch == since.epoch
        for block in stream.blocks(last, epoch=epoch, goes_on=goes_on):
            learnt = learn(stepping, learnt, block, epoch)
            drawn = stepping.random.bit_generator.state
            learnt = replace(learnt, random=drawn, values=values)
            yield learnt
        if learnt is None:
            raise TableError(
                f"{data.stream.origin}: it has no row with a target, and one at least is required."
            )


def learnt_model(
    learnt: Learnt, estimator: SoftmaxRegression | LinearRegression, origin: str
) -> SoftmaxRegression | LinearRegression:
    """Return the regression that was learnt.

    Raises
    ------
    TableError
        If all targets were the same, or each row has a class of its own.
    """
    if isinstance(estimator, SoftmaxRegression):
        return learnt_classifier(learnt, estimator, origin)
    return learnt_regression(learnt, estimator, origin)


def _entries(memory: int) -> int:
    """Most entries of a block: a power of two.

    What a process takes beside its data, and so what it leaves for them, is never quite the same;
    the steps should be.
    """
    return min(_MOST_ENTRIES, 1 << ((memory // _BYTES_PER_ENTRY).bit_length() - 1))


def check_online(estimator: Any) -> None:
    """Raise SettingError unless the estimator can learn from a stream as it goes."""
    known = isinstance(estimator, SoftmaxRegression | LinearRegression)
    if not known or estimator.solver not in OPTIMIZERS:
        raise SettingError(
            f"{type(estimator).__name__} with solver={getattr(estimator, 'solver', None)!r}: a "
            "HashingEncoder makes the rows of a scan as they come, without a first pass, and only "
            'steps can follow them. Set solver="adagrad", or "sgd" or "adam"; for an exact fit use '
            "a TableEncoder."
        )
    if isinstance(estimator, SoftmaxRegression):
        _check_classifier(estimator)
    else:
        check_linear_settings(estimator)
    check_stream(estimator.schedule, None)


def _check_classifier(estimator: SoftmaxRegression) -> None:
    if isinstance(estimator.class_weight, str):
        raise SettingError(
            f"class_weight={estimator.class_weight!r} needs to know beforehand how often each "
            "class occurs. Give the weights, as a dict, or leave them out."
        )
    check_positive(estimator.C, "C", infinite=True)
    check_choice(estimator.schedule, "schedule", SCHEDULES)
    check_count(estimator.batch_size, "batch_size")
    check_steps(estimator.solver, estimator.momentum, estimator.average)
    if estimator.max_iter is not None:
        check_count(estimator.max_iter, "max_iter")
    if estimator.learning_rate is not None:
        check_positive(estimator.learning_rate, "learning_rate")
