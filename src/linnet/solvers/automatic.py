"""The solver that is best for a problem, by its shape: what ``solver="auto"`` means."""

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from jaxtyping import Float

from linnet.solvers.certificate import certify
from linnet.solvers.dual_ascent import DualAscent
from linnet.solvers.newton_cg import NewtonCG
from linnet.solvers.path import minimise_by_approach
from linnet.solvers.preconditioners import LARGEST_BASIS
from linnet.solvers.problem import Problem
from linnet.solvers.solution import Ending, Solution
from linnet.types import Array

__all__ = ["Automatic"]


@final
@dataclass(frozen=True, kw_only=True)
class Automatic:
    """Newton's method, and for problems with very many features what spares it work.

    - More features than rows, dense: Newton's method in the space that the rows span.
    - Hardly any penalty on many parameters: Newton's method for stronger penalties first.
    - More than 4,000 features, where Newton's method has no preconditioner but a diagonal, and a
      dual, as sparse rows have: dual ascent. Newton's method goes on from there if it is slow.

    Parameters
    ----------
    tol : float
        Gap to be proven, in nats per sample.
    max_steps : int or None
        Largest number of steps of either; ``None`` leaves it to them.
    random_state : int
        Seed of what they draw.
    """

    tol: float = 1e-6
    max_steps: int | None = None
    random_state: int = 0

    def minimise(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution:
        """Minimise F from ``theta``."""
        first = self._in_row_space(problem, theta)
        if first is None and problem.shape[1] > LARGEST_BASIS:
            first = DualAscent(tol=self.tol, **self._settings).minimise(problem, theta)
        newton = NewtonCG(tol=self.tol, **self._settings)
        if first is None:
            return minimise_by_approach(problem, theta, newton)
        if first.ending is not Ending.MAX_STEPS or len(first.steps) == self.max_steps:
            return first
        return newton.minimise(problem, first.theta).after(first.steps)

    @property
    def _settings(self) -> dict[str, Any]:
        steps = {} if self.max_steps is None else {"max_steps": self.max_steps}
        return {"random_state": self.random_state, **steps}

    def _in_row_space(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution | None:
        """Minimise F over weights in the row space, and prove it in all of them.

        Without penalty the least weights of all best ones lie there.
        """
        reduction = problem.in_row_space()
        if reduction is None:
            return None
        reduced, space = reduction
        k = problem.shape[1] - problem.fit_intercept
        start = np.concatenate([space.coordinates(theta[:, :k]), theta[:, k:]], axis=1)
        found = NewtonCG(tol=self.tol, **self._settings).minimise(reduced, start)
        r = reduced.shape[1] - problem.fit_intercept

        def lifted(theta: Float[Array, "m r"]) -> Float[Array, "m p"]:
            return np.concatenate([space.weights(theta[:, :r]), theta[:, r:]], axis=1)

        whole = lifted(found.theta)
        direction = None if found.separation is None else lifted(found.separation)
        share = reduced.shape[1] / problem.shape[1]
        steps = tuple(replace(step, passes=1 + share * step.passes) for step in found.steps)
        solution = replace(found, theta=whole, steps=steps, separation=direction)
        if problem.l2 == 0 or not found.ending.converged:
            return solution
        # The subspace is known to rounding only: what counts is proven where the data are.
        whole, value, certificate = certify(problem, whole)
        if certificate.gap > self.tol:
            return replace(solution, ending=Ending.MAX_STEPS)
        return replace(solution, theta=whole, value=value, certificate=certificate)
