"""Gradient descent: W := W − η ∇_W F, as one matrix or row by row."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from jaxtyping import Float

from linnet.solvers.counted_problem import CountedProblem
from linnet.solvers.line_search import backtrack
from linnet.solvers.problem import Point, Problem
from linnet.solvers.record import Record
from linnet.solvers.solution import Ending, Solution
from linnet.types import Array

__all__ = ["GradientDescent", "step_by_rows", "step_of_matrix"]


def step_of_matrix(
    theta: Float[Array, "m p"], gradient: Float[Array, "m p"], learning_rate: float
) -> Float[Array, "m p"]:
    """Take the step as one matrix: Θ − η ∇F."""
    return theta - learning_rate * gradient


def step_by_rows(
    theta: Float[Array, "m p"], gradient: Float[Array, "m p"], learning_rate: float
) -> Float[Array, "m p"]:
    """Take the same step one score at a time: θⱼ − η ∇_{θⱼ} F for j = 1, …, m."""
    moved = theta.copy()
    for j in range(len(theta)):
        moved[j] = theta[j] - learning_rate * gradient[j]
    return moved


@final
@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    """Gradient descent with a fixed learning rate η, or one found by backtracking.

    Parameters
    ----------
    learning_rate : float or None
        η. ``None``: twice the last accepted length, halved until F falls enough.
    form : {"matrix", "rows"}
        Whether a step with a fixed rate is taken as one matrix or row by row. It is the same
        step.
    tol : float
        Gap to be proven, in nats per sample.
    max_steps : int
        Largest number of steps.
    """

    learning_rate: float | None = None
    form: Literal["matrix", "rows"] = "matrix"
    tol: float = 1e-6
    max_steps: int = 10_000
    unit: str = "nats"

    def minimise(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution:
        """Minimise F from ``theta``."""
        counted = CountedProblem(problem)
        record = Record(counted, tol=self.tol, max_steps=self.max_steps, unit=self.unit)
        here = Point.of(counted, theta)
        start = here.value
        length = 1.0
        step = step_of_matrix if self.form == "matrix" else step_by_rows
        while True:
            if solution := record.step(here):
                return solution
            if self.learning_rate is None:
                # The minimum on the line makes gradients zigzag: halves are better.
                landing = backtrack(counted, here, -here.gradient, length=2 * length, exact=False)
                if landing is None:
                    return record.give_up(here.theta, Ending.ROUNDING)
                here, length = landing.point, landing.length
                continue
            here = Point.of(counted, step(here.theta, here.gradient, self.learning_rate))
            if not here.value <= 10 * max(start, 1.0) or not np.isfinite(here.value):
                return record.give_up(here.theta, Ending.DIVERGED)
