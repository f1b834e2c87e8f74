"""Newton's method, each step solved by preconditioned conjugate gradients."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.certificate import gradient_bound
from linnet.solvers.conjugate_gradient import conjugate_gradient
from linnet.solvers.counted_problem import CountedProblem
from linnet.solvers.line_search import backtrack, least_on
from linnet.solvers.problem import Point, Problem
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
MAXIMUM_PRODUCTS: Final = 500
# With no more than this many times the gap to be proven left, one step is left.
NEAR: Final = 10.0


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

    def minimise(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution:
        """Minimise F from ``theta``."""
        renewal = Renewal(np.random.default_rng(self.random_state))

        def start(counted: Problem) -> Point:
            return self.evaluated(counted, counted.centred(theta), renewal)

        return self.minimise_from(start, problem, renewal)

    def evaluated(self, problem: Problem, theta: Float[Array, "m p"], renewal: Renewal) -> Point:
        """F and ∇F at Θ, as precisely as they are needed on the way."""
        return Point.of(problem, theta, precise=self._is_fine(problem, renewal))

    def minimise_from(
        self, start: Callable[[Problem], Point], problem: Problem, precondition: Renewal
    ) -> Solution:
        """Minimise F from where ``start`` says, with the preconditioner of earlier fits.

        While the penalty is above the rounding of single precision, and the minimum not near, F and
        its derivatives are evaluated in that.
        """
        counted = CountedProblem(problem, keeps_curvatures=True)
        record = Record(counted, tol=self.tol, max_steps=self.max_steps, unit=self.unit)
        here = start(counted)
        precondition.begin(counted, here.theta)
        first = size = _size(here.gradient, precondition(here.gradient))
        while True:
            # Without a penalty the gradient proves nothing, and the step tells of separation.
            if counted.l2 > 0 and (solution := record.proven(here)):
                return solution
            fine = precondition.drowns(counted.l2) or size**2 <= FINE * abs(here.value)
            if fine:
                here = here.made_precise(counted)
            product = counted.hessian_at(here.theta, precise=fine, thin=True)
            step = conjugate_gradient(
                precondition.remembered.noting(product, counted.room),
                -here.gradient,
                precondition,
                largest_rise=precondition.largest_rise,
                accuracy=self._accuracy(size / first, gradient_bound(counted, here.gradient)),
                max_products=MAXIMUM_PRODUCTS,
            )
            precondition.largest = step.largest
            newton = step.decrease, step.x
            tell = record.note if counted.l2 > 0 else record.step
            if solution := tell(here, newton):
                return solution
            if step.decrease <= self.enough:
                return record.give_up(here.theta, Ending.MAX_STEPS, newton)
            length = _length(counted, here, newton)
            precise = here.precise or self._is_fine(counted, precondition)
            landing = backtrack(counted, here, step.x, length=length, precise=precise)
            if landing is None and not here.precise:
                here = here.made_precise(counted)
            elif landing is None and not precondition.strengthen(here.theta):
                return record.give_up(here.theta, Ending.ROUNDING, newton)
            elif landing is not None:
                here = landing.point
                astray = step.rose or landing.length < length
                size = _size(here.gradient, precondition(here.gradient))
                near = size**2 <= NEAR * self.tol
                precondition.learn(step.products, here.theta, astray=astray, near=near)
            size = _size(here.gradient, precondition(here.gradient))

    def _is_fine(self, problem: Problem, renewal: Renewal) -> bool:
        """Whether single precision will not do, wherever the minimum is."""
        return renewal.drowns(problem.l2) or self.tol < FINE

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
    problem: CountedProblem, here: Point, newton: tuple[float, Float[Array, "m p"]]
) -> float:
    """Length of a step to try first: 1, or far from the minimum where F is least on its line."""
    decrease, step = newton
    if decrease <= FAR * abs(here.value):
        return 1.0
    line = problem.along(here.theta, step, precise=False)
    if line is None:
        return 1.0
    slope = float(np.vdot(here.gradient, step))
    return least_on(line, LONGEST, here.value, slope, start=1.0)


def _size(gradient: Float[Array, "m p"], preconditioned: Float[Array, "m p"]) -> float:
    """√⟨g, M⁻¹g⟩, about the square root of twice the gap; never quite zero."""
    return sqrt(max(float(np.vdot(gradient, preconditioned)), EPSILON**2))
