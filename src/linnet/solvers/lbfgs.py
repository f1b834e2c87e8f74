"""L-BFGS: Newton's method with a Hessian remembered from the last few steps."""

from collections import deque
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.counted_problem import CountedProblem
from linnet.solvers.line_search import backtrack
from linnet.solvers.problem import Point, Problem
from linnet.solvers.record import Record
from linnet.solvers.solution import Ending, Solution
from linnet.types import Array

__all__ = ["LBFGS"]


@final
@dataclass(frozen=True)
class _Pair:
    """A step s and the change y of the gradient along it."""

    step: Float[Array, "m p"]
    change: Float[Array, "m p"]
    curvature: float


@final
@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """Limited-memory BFGS, begun from the diagonal of the Hessian.

    The two-loop recursion of Nocedal and Wright (2006), Alg. 7.4. The diagonal takes the place
    of their multiple of the identity, so that the units of the features matter less.

    Parameters
    ----------
    memory : int
        Number of past steps remembered.
    tol : float
        Gap to be proven, in nats per sample.
    max_steps : int
        Largest number of steps.
    """

    memory: int = 10
    tol: float = 1e-6
    max_steps: int = 1000
    unit: str = "nats"

    def minimise(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution:
        """Minimise F from ``theta``."""
        counted = CountedProblem(problem)
        record = Record(counted, tol=self.tol, max_steps=self.max_steps, unit=self.unit)
        scale = _inverse(counted.hessian_diagonal(theta))
        pairs: deque[_Pair] = deque(maxlen=self.memory)
        here = Point.of(counted, theta)
        while True:
            direction = -_inverse_hessian_times(here.gradient, pairs, scale)
            if solution := record.step(here):
                return solution
            landing = backtrack(counted, here, direction)
            if landing is None and pairs:
                # A memory spoilt by rounding may point nowhere; begin afresh from the diagonal.
                pairs.clear()
                continue
            if landing is None:
                return record.give_up(here.theta, Ending.ROUNDING)
            there = landing.point
            pair = _pair(there.theta - here.theta, there.gradient - here.gradient)
            if pair is not None:
                pairs.append(pair)
            here = there


def _pair(step: Float[Array, "m p"], change: Float[Array, "m p"]) -> _Pair | None:
    """Remember a step, unless its curvature is lost in rounding."""
    curvature = float(np.vdot(step, change))
    if curvature <= EPSILON * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return None
    return _Pair(step, change, curvature)


def _inverse_hessian_times(
    gradient: Float[Array, "m p"], pairs: deque[_Pair], scale: Float[Array, "m p"]
) -> Float[Array, "m p"]:
    result = gradient.copy()
    along: list[float] = []
    for pair in reversed(pairs):
        along.append(float(np.vdot(pair.step, result)) / pair.curvature)
        result -= along[-1] * pair.change
    result *= scale
    if pairs:
        last = pairs[-1]
        result *= last.curvature / float(np.vdot(last.change, scale * last.change))
    for pair, alpha in zip(pairs, reversed(along), strict=True):
        beta = float(np.vdot(pair.change, result)) / pair.curvature
        result += (alpha - beta) * pair.step
    return result


def _inverse(diagonal: Float[Array, "m p"]) -> Float[Array, "m p"]:
    """1/d, and 1 over the largest where d vanishes, as for a feature that is always zero."""
    largest = float(diagonal.max())
    if largest <= 0:
        return np.ones_like(diagonal)
    return 1 / np.where(diagonal > EPSILON**2 * largest, diagonal, largest)
