"""The record of a fit while it runs: its steps, and the decision when it is good enough."""

from time import perf_counter
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.solvers.certificate import certify, gradient_bound, newton_gap, prove_nearby
from linnet.solvers.counted_problem import CountedProblem
from linnet.solvers.problem import Point
from linnet.solvers.progress import tell
from linnet.solvers.separation import direction_of_separation
from linnet.solvers.solution import Certificate, Ending, Solution, Step
from linnet.types import Array

__all__ = ["Record"]


@final
class Record:
    """Notes each step of one fit and says when to stop: one rule for every solver.

    A fit has converged when the certificate proves a gap of at most ``tol``; or, where there
    is no penalty and so no bound, when the solver's own estimate of the gap is at most ``tol``.
    """

    def __init__(
        self, problem: CountedProblem, *, tol: float, max_steps: int, unit: str = "nats"
    ) -> None:
        self._problem = problem
        self._tol = tol
        self._max_steps = max_steps
        self._unit = unit
        self._started = perf_counter()
        self._steps: list[Step] = []

    def proven(self, here: Point) -> Solution | None:
        """Give the solution where the gradient proves that this step, noted then, is the last."""
        bound = self._bound(here)
        if bound > self._tol:
            return None
        theta, value, certificate = prove_nearby(self._problem, here, self._unit)
        if certificate.gap > self._tol:
            theta, value, certificate = certify(self._problem, here.theta, self._unit)
        if certificate.gap > self._tol:
            return None
        self._note(here.value, bound)
        return self._end(theta, value, certificate, Ending.CONVERGED)

    def step(
        self, here: Point, newton: tuple[float, Float[Array, "m p"]] | None = None
    ) -> Solution | None:
        """Note a step; give the solution where this is the last.

        Parameters
        ----------
        here : Point
            Where the solver is.
        newton : pair of float and array, or None
            Half the squared Newton decrement at Θ, and the Newton step, from a solver that has
            them. Needed where λ = 0; without them they are worked out at steps 1, 2, 4, 8, ….
        """
        return self.proven(here) or self.note(here, newton)

    def note(
        self, here: Point, newton: tuple[float, Float[Array, "m p"]] | None = None
    ) -> Solution | None:
        """Note a step that is not proven to be the last; it may be for other reasons."""
        theta, value, gradient = here.theta, here.value, here.gradient
        bound = self._bound(here)
        if self._problem.l2 == 0 and newton is None and _is_power_of_two(len(self._steps)):
            newton = newton_gap(self._problem, theta, gradient)
        estimate = np.inf if newton is None or self._problem.l2 > 0 else newton[0]
        self._note(value, min(bound, estimate))
        if not np.isfinite(value):
            return self._end(theta, value, Certificate(np.inf, "none"), Ending.DIVERGED)
        if estimate <= self._tol:
            certificate = Certificate(estimate, "estimate", self._unit)
            return self._end(theta, value, certificate, Ending.CONVERGED, newton)
        if len(self._steps) > self._max_steps:
            return self.give_up(theta, Ending.MAX_STEPS, newton)
        return None

    def give_up(
        self,
        theta: Float[Array, "m p"],
        ending: Ending,
        newton: tuple[float, Float[Array, "m p"]] | None = None,
    ) -> Solution:
        """End short of ``tol`` proven, with the best that can be said of the gap.

        Where rounding ends the fit and the estimate is within ``tol``, that is convergence: the
        bound divides by λ, and a small λ asks for a finer gradient than float64 can hold.
        """
        polished, value, certificate = certify(self._problem, theta, self._unit)
        if certificate.gap <= self._tol:
            return self._end(polished, value, certificate, Ending.CONVERGED, newton)
        if newton is None:
            gradient = self._problem.value_and_gradient(polished)[1]
            newton = newton_gap(self._problem, polished, gradient)
        if ending is Ending.ROUNDING and newton[0] <= self._tol:
            ending = Ending.CONVERGED
        if ending is Ending.CONVERGED or self._problem.l2 == 0:
            certificate = Certificate(newton[0], "estimate", self._unit)
        return self._end(polished, value, certificate, ending, newton)

    def _bound(self, here: Point) -> float:
        of_value = here.value - self._problem.lower_bound
        return min(gradient_bound(self._problem, here.gradient), of_value)

    def _note(self, value: float, gap: float) -> None:
        step = Step(
            number=len(self._steps),
            value=value,
            gap=gap,
            passes=self._problem.passes,
            seconds=perf_counter() - self._started,
        )
        self._steps.append(step)
        tell(step)

    def _end(
        self,
        theta: Float[Array, "m p"],
        value: float,
        certificate: Certificate,
        ending: Ending,
        newton: tuple[float, Float[Array, "m p"]] | None = None,
    ) -> Solution:
        direction = None
        if ending is Ending.CONVERGED and self._problem.l2 == 0:
            direction = direction_of_separation(self._problem, theta, newton)
            ending = ending if direction is None else Ending.SEPARABLE
        return Solution(theta, value, certificate, ending, tuple(self._steps), direction)


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
