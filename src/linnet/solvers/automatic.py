"""The solver that is best for a problem, by its shape: what ``solver="auto"`` means."""

from dataclasses import dataclass, replace
from typing import Any, final

from jaxtyping import Float

from linnet.solvers.dual_ascent import DualAscent
from linnet.solvers.newton_cg import NewtonCG
from linnet.solvers.preconditioners import LARGEST_BASIS
from linnet.solvers.problem import Problem
from linnet.solvers.solution import Solution
from linnet.types import Array

__all__ = ["Automatic"]


@final
@dataclass(frozen=True, kw_only=True)
class Automatic:
    """Newton's method; before it dual ascent, where features are so many that Newton's is slow.

    With more than 4,000 features Newton's method has no preconditioner but a diagonal. Where the
    problem has a dual, as for sparse rows, that is ascended first. Newton's method goes on from
    there if it turns out slow.

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
        steps: dict[str, Any] = {} if self.max_steps is None else {"max_steps": self.max_steps}
        newton = NewtonCG(tol=self.tol, random_state=self.random_state, **steps)
        if problem.shape[1] <= LARGEST_BASIS:
            return newton.minimise(problem, theta)
        ascent = DualAscent(tol=self.tol, random_state=self.random_state, **steps)
        first = ascent.minimise(problem, theta)
        if first is None:
            return newton.minimise(problem, theta)
        if first.ending.converged or len(first.steps) == self.max_steps:
            return first
        return _joined(first, newton.minimise(problem, first.theta))


def _joined(first: Solution, second: Solution) -> Solution:
    """Give the second solution with the steps of both."""
    before = first.steps[-1]
    later = (
        replace(
            step,
            number=step.number + len(first.steps),
            passes=step.passes + before.passes,
            seconds=step.seconds + before.seconds,
        )
        for step in second.steps
    )
    return replace(second, steps=(*first.steps, *later))
