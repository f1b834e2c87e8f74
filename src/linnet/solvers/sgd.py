"""Stochastic gradient descent: steps along the gradient of a few rows at a time."""

from dataclasses import dataclass, field
from functools import partial
from math import ceil, sqrt
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from linnet.engine import Iterate, StepRule
from linnet.solvers.counted_problem import CountedProblem
from linnet.solvers.problem import Point, Problem
from linnet.solvers.record import Record
from linnet.solvers.schedules import Schedule, ScheduleName
from linnet.solvers.solution import Ending, Solution
from linnet.types import Array

__all__ = ["StochasticGradientDescent", "default_learning_rate"]


def default_learning_rate(
    problem: Problem, rule: StepRule, batch_size: int, random: np.random.Generator
) -> float:
    """Learning rate that suits the data and the rule, whatever the scale of the features.

    With λ₁ the greatest curvature of the loss and t that of a typical row, steps on B of n rows
    stay bounded up to a rate of 2/(λ₁ + v), where v = (t − λ₁)/B · (n−B)/(n−1) is what the choice
    of the rows adds (Ma, Bassily and Belkin 2018, theorem 3, for rows drawn without replacement).
    The rate is 1/(λ₁ + λ + v/2): the classical one for all rows at once, and near the bound for
    single rows, as suits a schedule that falls. Momentum μ makes a gradient count 1/(1−μ) times.

    Steps of AdaGrad and Adam have the size of the rate, whatever the gradient. Weights are to be
    of the order 1/√t: AdaGrad begins at 0.7 of that, Adam at 0.01·√B, because it adds up
    directions that agree. Both factors were measured, see docs/solvers.md.
    """
    row, greatest = problem.curvatures(random)
    row = max(row, np.finfo(float).tiny)
    match rule.optimizer:
        case "adagrad":
            return 0.7 / sqrt(row)
        case "adam":
            return 0.01 * sqrt(batch_size) / sqrt(row)
        case "sgd":
            n = problem.n_samples
            left_out = max(0, n - batch_size) / max(1, n - 1)
            choice = max(0.0, row - greatest) / batch_size * left_out
            curvature = max(greatest + problem.l2 + choice / 2, np.finfo(float).tiny)
            return (1 - rule.momentum) / curvature


@final
@dataclass(frozen=True, kw_only=True)
class StochasticGradientDescent:
    """Descent over shuffled rows, a few at a time (Robbins and Monro 1951).

    Parameters
    ----------
    rule : StepRule
        How a gradient becomes a step: plain, with momentum, averaged, AdaGrad or Adam.
    learning_rate : float or None
        Initial rate η; ``None``: see :func:`default_learning_rate`.
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

    rule: StepRule = field(default_factory=StepRule)
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
        walk = self._walk_over(counted)
        now = Iterate.begin(theta, self.rule)
        here = Point.of(counted, theta)
        ceiling = 10 * max(here.value, 1.0)
        while True:
            # Asked first: where every probability is 0 or 1 the loss has no curvature, and the
            # estimate of the gap is nothing.
            if ceiling < here.value < np.inf:
                return record.give_up(here.theta, Ending.DIVERGED)
            if solution := record.step(here):
                return solution
            now = counted.walk(now, self.rule, **walk)
            here = Point.of(counted, now.estimate(self.rule))

    def _walk_over(self, problem: Problem) -> dict[str, Any]:
        """Return what every epoch has in common."""
        random = np.random.default_rng(self.random_state)
        rate = self.learning_rate or default_learning_rate(
            problem, self.rule, self.batch_size, random
        )
        steps = ceil(problem.n_samples / self.batch_size)
        schedule = Schedule(
            name=self.schedule, steps_per_epoch=steps, total_steps=steps * self.max_steps
        )
        return {
            "rates": partial(_rates, rate, schedule),
            "batch_size": self.batch_size,
            "random": random,
        }


def _rates(rate: float, schedule: Schedule, t: Int[Array, " t"]) -> Float[Array, " t"]:
    """Rates of the steps of these numbers, by a function that can be told from others."""
    return rate * schedule.factors(t)
