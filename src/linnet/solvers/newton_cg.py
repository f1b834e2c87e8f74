"""Newton's method, each step solved by preconditioned conjugate gradients."""

from dataclasses import dataclass
from math import sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.certificate import gradient_bound
from linnet.solvers.conjugate_gradient import conjugate_gradient
from linnet.solvers.line_search import backtrack, least_on
from linnet.solvers.problem import CountedProblem, Problem
from linnet.solvers.record import Record
from linnet.solvers.renewal import Renewal
from linnet.solvers.solution import Ending, Solution
from linnet.types import Array

__all__ = ["NewtonCG"]

# A step is solved to this accuracy at first, and to this share of what would prove the gap.
COARSE: Final = 0.25
SHARE_OF_PROOF: Final = 0.2
# Where a step promises to lower F by more than this share, its length is searched for: while the
# probabilities are still far from 0 and 1, Newton's steps are often too short.
FAR: Final = 1e-4
LONGEST: Final = 8.0
# Products in single precision lead to within this share of F of the minimum, and surely no nearer.
FINE: Final = 1e-10
# They err by so much of the largest curvature, which must not drown the least, λ.
NOISE: Final = float(np.finfo(np.float32).eps)
MAXIMUM_PRODUCTS: Final = 500


@final
@dataclass(frozen=True, kw_only=True)
class NewtonCG:
    """Newton's method, each step solved only as well as it is worth.

    Conjugate gradients solve ∇²F(Θ) P = −∇F(Θ) to a relative accuracy that falls with the
    gradient, which keeps convergence superlinear (Nocedal and Wright 2006, Alg. 7.1).

    Parameters
    ----------
    tol : float
        Gap to be proven, in nats per sample.
    max_steps : int
        Largest number of Newton steps.
    random_state : int
        Seed of the sample that the preconditioner is made from.
    enough : float
        Gap by the solver's own estimate that will do without a proof.
    """

    tol: float = 1e-6
    max_steps: int = 1000
    random_state: int = 0
    enough: float = 0.0
    unit: str = "nats"

    def minimise(
        self, problem: Problem, theta: Float[Array, "m p"], renewal: Renewal | None = None
    ) -> Solution:
        """Minimise F from ``theta``; with the preconditioner of an earlier fit, if one is given."""
        counted = CountedProblem(problem)
        record = Record(counted, tol=self.tol, max_steps=self.max_steps, unit=self.unit)
        precondition = renewal or Renewal(np.random.default_rng(self.random_state))
        theta = counted.centred(theta)
        value, gradient = counted.value_and_gradient(theta)
        precondition.begin(counted, theta)
        first = size = _size(gradient, precondition(gradient))
        while True:
            # Without a penalty the gradient proves nothing, and the step tells of separation.
            if counted.l2 > 0 and (solution := record.proven(theta, value, gradient)):
                return solution
            precise = counted.l2 < NOISE * precondition.largest or size**2 <= FINE * abs(value)
            step = conjugate_gradient(
                counted.hessian_at(theta, precise=precise),
                -gradient,
                precondition,
                largest_rise=precondition.largest_rise,
                accuracy=self._accuracy(size / first, gradient_bound(counted, gradient)),
                max_products=MAXIMUM_PRODUCTS,
            )
            precondition.largest = step.largest
            newton = step.decrease, step.x
            if solution := record.step(theta, value, gradient, newton):
                return solution
            if step.decrease <= self.enough:
                return record.give_up(theta, Ending.MAX_STEPS, newton)
            length = _length(counted, theta, value, gradient, newton)
            landing = backtrack(counted, theta, value, gradient, step.x, length=length)
            if landing is None and precondition.strengthen(theta):
                size = _size(gradient, precondition(gradient))
                continue
            if landing is None:
                return record.give_up(theta, Ending.ROUNDING, newton)
            theta, value, gradient = landing.theta, landing.value, landing.gradient
            astray = step.rose or landing.length < length
            precondition.learn(step.products, astray=astray, theta=theta)
            size = _size(gradient, precondition(gradient))

    def _accuracy(self, progress: float, bound: float) -> float:
        """Accuracy of the next step: no finer than the rate of convergence or the proof asks for.

        Parameters
        ----------
        progress : float
            Size of the gradient beside that of the first.
        bound : float
            Gap that the gradient proves.
        """
        forcing = min(COARSE, sqrt(progress))
        if bound <= self.tol:
            return COARSE
        return max(forcing, min(COARSE, SHARE_OF_PROOF * sqrt(self.tol / bound)))


def _length(
    problem: CountedProblem,
    theta: Float[Array, "m p"],
    value: float,
    gradient: Float[Array, "m p"],
    newton: tuple[float, Float[Array, "m p"]],
) -> float:
    """Length of a step to try first: 1, or far from the minimum where F is least on its line."""
    decrease, step = newton
    if decrease <= FAR * abs(value):
        return 1.0
    line = problem.along(theta, step, precise=False)
    if line is None:
        return 1.0
    return least_on(line, LONGEST, value, float(np.vdot(gradient, step)), start=1.0)


def _size(gradient: Float[Array, "m p"], preconditioned: Float[Array, "m p"]) -> float:
    """√⟨g, M⁻¹g⟩, about the square root of twice the gap; never quite zero."""
    return sqrt(max(float(np.vdot(gradient, preconditioned)), EPSILON**2))
