"""Newton's method, each step solved by preconditioned conjugate gradients."""

from dataclasses import dataclass
from math import sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.conjugate_gradient import conjugate_gradient
from linnet.solvers.line_search import backtrack
from linnet.solvers.preconditioners import preconditioning_for
from linnet.solvers.problem import CountedProblem, Problem
from linnet.solvers.record import Record
from linnet.solvers.solution import Ending, Solution
from linnet.types import Array

__all__ = ["NewtonCG"]

# A preconditioner that needs more products than this for a step has aged: build it anew.
PRODUCTS_BEFORE_REBUILDING: Final = 6
AGED: Final = 1.5
# Products in single precision lead to within this share of F of the minimum, and surely no nearer.
FINE: Final = 1e-10
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
    """

    tol: float = 1e-6
    max_steps: int = 100
    random_state: int = 0
    unit: str = "nats"

    def minimise(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution:
        """Minimise F from ``theta``."""
        counted = CountedProblem(problem)
        record = Record(counted, tol=self.tol, max_steps=self.max_steps, unit=self.unit)
        random = np.random.default_rng(self.random_state)
        value, gradient = counted.value_and_gradient(theta)
        preconditioning = preconditioning_for(counted, random)
        precondition = preconditioning.at(theta)
        fresh: float | None = None
        first = size = _size(gradient, precondition(gradient))
        while True:
            step = conjugate_gradient(
                counted.hessian_at(theta, precise=size**2 <= FINE * abs(value)),
                -gradient,
                precondition,
                accuracy=min(0.1, sqrt(size / first)),
                max_products=MAXIMUM_PRODUCTS,
            )
            # Half the squared Newton decrement: what the quadratic model has left to gain.
            newton = max(0.0, -0.5 * float(np.vdot(gradient, step.x))), step.x
            if solution := record.step(theta, value, gradient, newton):
                return solution
            landing = backtrack(counted, theta, value, gradient, step.x)
            if landing is None:
                return record.give_up(theta, Ending.ROUNDING, newton)
            theta, value, gradient = landing.theta, landing.value, landing.gradient
            if fresh is None:
                fresh = max(PRODUCTS_BEFORE_REBUILDING, AGED * step.products)
            if step.products > fresh or landing.length < 1:
                precondition = preconditioning.at(theta)
                fresh = None
            size = _size(gradient, precondition(gradient))


def _size(gradient: Float[Array, "m p"], preconditioned: Float[Array, "m p"]) -> float:
    """√⟨g, M⁻¹g⟩, about the square root of twice the gap; never quite zero."""
    return sqrt(max(float(np.vdot(gradient, preconditioned)), EPSILON**2))
