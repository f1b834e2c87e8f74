"""Settings of a softmax regression: linnet's own, and scikit-learn's that mean the same."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from sklearn.utils import check_random_state

from linnet.errors import SettingError
from linnet.estimators.validation import (
    check_choice,
    check_count,
    check_positive,
    check_steps,
)
from linnet.solvers.choice import HINTS, SOLVERS, Solver, choose_solver
from linnet.solvers.progress import listening
from linnet.solvers.schedules import SCHEDULES, ScheduleName
from linnet.solvers.solution import Step

__all__ = [
    "check_penalty",
    "check_settings",
    "generator_of",
    "reporting",
    "solver_of",
    "strength_of",
]


class SoftmaxSettings(Protocol):
    """What of a softmax regression says how it is to be fitted."""

    C: float
    penalty: str | None
    l1_ratio: float | None
    solver: str
    tol: float
    max_iter: int | None
    learning_rate: float | None
    schedule: ScheduleName
    batch_size: int
    momentum: float
    average: bool
    random_state: Any


def check_settings(model: SoftmaxSettings) -> None:
    """Raise a SettingError that names the first setting out of range."""
    check_positive(model.C, "C", infinite=True)
    check_penalty(model.penalty, model.l1_ratio)
    check_positive(model.tol, "tol")
    check_choice(model.solver, "solver", (*SOLVERS, *HINTS))
    check_choice(model.schedule, "schedule", SCHEDULES)
    check_count(model.batch_size, "batch_size")
    if model.max_iter is not None:
        check_count(model.max_iter, "max_iter")
    if model.learning_rate is not None:
        check_positive(model.learning_rate, "learning_rate")
    check_steps(model.solver, model.momentum, model.average)


def check_penalty(penalty: Any, l1_ratio: Any) -> None:
    """Raise a SettingError for any penalty but that of squares, and none."""
    sparse = penalty in ("l1", "elasticnet")
    if not sparse and penalty not in ("l2", None):
        raise SettingError(f'penalty={penalty!r}: it must be "l2" or None.')
    if l1_ratio is not None:
        check_positive(l1_ratio, "l1_ratio", zero=True)
    if sparse or l1_ratio:
        asked = f"penalty={penalty!r}" if sparse else f"l1_ratio={l1_ratio!r}"
        raise SettingError(
            f"{asked} asks for a penalty on absolute weights, and linnet has that on their squares "
            'alone. Set penalty="l2" and l1_ratio=0, or stay with scikit-learn\'s '
            'LogisticRegression(solver="saga") where weights have to be exactly zero.'
        )


def strength_of(model: SoftmaxSettings) -> float:
    """Return C as the objective has it: infinite without a penalty."""
    return np.inf if model.penalty is None else model.C


def generator_of(model: SoftmaxSettings) -> np.random.Generator:
    """Return a generator of numbers that follow from ``random_state``."""
    seed = check_random_state(model.random_state).randint(2**31 - 1)
    return np.random.default_rng(seed)


def solver_of(model: SoftmaxSettings) -> Solver:
    """Return the solver that the settings ask for."""
    return choose_solver(
        model.solver,
        tol=model.tol,
        max_iter=model.max_iter,
        learning_rate=model.learning_rate,
        schedule=model.schedule,
        batch_size=model.batch_size,
        momentum=model.momentum,
        average=model.average,
        random_state=int(generator_of(model).integers(2**31)),
    )


@contextmanager
def reporting(verbose: Any) -> Iterator[None]:
    """Write a line to stdout for each step of the fits inside, if asked to."""
    if not verbose:
        yield
        return
    with listening(_write):
        yield


def _write(step: Step) -> None:
    sys.stdout.write(
        f"step {step.number}: objective {step.value:.6g}, gap {step.gap:.1e}, "
        f"{step.passes:.1f} passes\n"
    )
