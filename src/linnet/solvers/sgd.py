"""Stochastic gradient descent: steps along the gradient of a few rows at a time."""

from dataclasses import dataclass
from math import ceil
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.solvers.problem import CountedProblem, Problem
from linnet.solvers.record import Record
from linnet.solvers.schedules import Schedule, ScheduleName
from linnet.solvers.solution import Ending, Solution
from linnet.types import Array

__all__ = ["StochasticGradientDescent", "epoch", "safe_learning_rate"]


def safe_learning_rate(problem: Problem) -> float:
    """Learning rate that cannot diverge: 1 over a bound on the curvature of any mini-batch.

    The curvature along a row x is at most ‖x̃‖² times that of the loss. The trace of the Hessian
    at Θ = 0, where softmax is most curved, stands for the mean of that over the rows; twice the
    trace allows for rows longer than the mean.
    """
    trace = float(problem.hessian_diagonal(np.zeros(problem.shape)).sum())
    return 1.0 / max(2 * trace, np.finfo(float).tiny)


def epoch(
    problem: Problem,
    theta: Float[Array, "m p"],
    random: np.random.Generator,
    *,
    batch_size: int,
    learning_rate: float,
    schedule: Schedule,
    first_step: int = 0,
) -> tuple[Float[Array, "m p"], int]:
    """Go over the rows once in random order; give Θ and the number of the next step."""
    t = first_step
    for value_and_gradient in problem.minibatches(random, batch_size):
        gradient = value_and_gradient(theta)[1]
        theta = theta - learning_rate * schedule.factor(t) * gradient
        t += 1
    return theta, t


@final
@dataclass(frozen=True, kw_only=True)
class StochasticGradientDescent:
    """Mini-batch gradient descent over shuffled rows (Robbins and Monro 1951).

    Parameters
    ----------
    learning_rate : float or None
        Initial rate η; ``None``: one that cannot diverge, see :func:`safe_learning_rate`.
    schedule : str
        How the rate changes, see :class:`~linnet.solvers.schedules.Schedule`.
    batch_size : int
        Rows a step.
    tol : float
        Gap to be proven, in nats per sample, looked at after each epoch.
    max_steps : int
        Largest number of epochs.
    random_state : int
        Seed of the shuffling.
    """

    learning_rate: float | None = None
    schedule: ScheduleName = "inverse-scaling"
    batch_size: int = 64
    tol: float = 1e-6
    max_steps: int = 20
    random_state: int = 0
    unit: str = "nats"

    def minimise(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution:
        """Minimise F from ``theta``."""
        counted = CountedProblem(problem)
        record = Record(counted, tol=self.tol, max_steps=self.max_steps, unit=self.unit)
        random = np.random.default_rng(self.random_state)
        rate = self.learning_rate or safe_learning_rate(counted)
        steps_per_epoch = ceil(problem.n_samples / self.batch_size)
        schedule = Schedule(
            name=self.schedule,
            steps_per_epoch=steps_per_epoch,
            total_steps=steps_per_epoch * self.max_steps,
        )
        t = 0
        value, gradient = counted.value_and_gradient(theta)
        ceiling = 10 * max(value, 1.0)
        while True:
            if solution := record.step(theta, value, gradient):
                return solution
            if value > ceiling:
                return record.give_up(theta, Ending.DIVERGED)
            theta, t = epoch(
                counted,
                theta,
                random,
                batch_size=self.batch_size,
                learning_rate=rate,
                schedule=schedule,
                first_step=t,
            )
            value, gradient = counted.value_and_gradient(theta)
