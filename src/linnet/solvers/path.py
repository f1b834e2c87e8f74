"""One problem after another, each a step in the penalty from the one before."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.solvers.newton_cg import NewtonCG
from linnet.solvers.preconditioners import LARGEST_FACTOR
from linnet.solvers.problem import Point, Problem
from linnet.solvers.renewal import Renewal
from linnet.solvers.solution import Solution, Step
from linnet.types import Array

__all__ = ["minimise_by_approach", "minimise_path"]

# A penalty as weak as this beside the greatest curvature is come to from this one, by factors.
WEAK: Final = 2e-7
FIRST: Final = 1e-5
FACTOR: Final = 10.0
# The next minimum is foreseen by the last so many.
MINIMA: Final = 3
# On the way to it, this near the minimum is enough.
ENOUGH: Final = 1e-5


def minimise_path(
    problems: Sequence[Problem], start: Float[Array, "m p"], solver: NewtonCG
) -> Iterator[Solution]:
    """Minimise problems that differ in λ alone, the largest λ first.

    Each fit begins where the last two point to, as straight lines in log λ, or where the last
    ended, whichever has the lower F. They share a preconditioner, which is built anew when it has
    aged.

    Parameters
    ----------
    problems : sequence of Problem
        In the order of falling λ > 0.
    start : array of shape (m, p)
        Where to begin the first.
    solver : NewtonCG
        What each is minimised by.

    Yields
    ------
    Solution
        Of each problem, with its own certificate.
    """
    way = _Way(np.random.default_rng(solver.random_state))
    for problem in problems:
        yield way.minimise(problem, start, solver)


def minimise_by_approach(
    problem: Problem, theta: Float[Array, "m p"], solver: NewtonCG
) -> Solution:
    """Minimise F; a very weak penalty is come to from stronger ones.

    Far from the minimum rows lie deep on the wrong side of a boundary, with a slope and hardly
    any curvature. Newton's steps then point far beyond the minimum, and all have to be shortened.
    From the minimum for a penalty ten times as strong few do. Where the parameters are few, steps
    are so cheap that shortened ones do no harm.
    """
    way = _Way(np.random.default_rng(solver.random_state))
    steps: tuple[Step, ...] = ()
    for l2 in _strengths(problem, theta, solver.random_state):
        rough = replace(solver, enough=ENOUGH, max_steps=solver.max_steps - len(steps))
        solution = way.minimise(problem.with_l2(l2), theta, rough).after(steps)
        theta, steps = solution.theta, solution.steps
    last = replace(solver, max_steps=solver.max_steps - len(steps))
    return way.minimise(problem, theta, last).after(steps)


def _strengths(problem: Problem, theta: Float[Array, "m p"], random_state: int) -> list[float]:
    """Penalties to minimise F with before its own; none where that is strong enough.

    Where Θ is not zero it comes from another fit, and may be near the minimum.
    """
    k = problem.shape[1] - problem.fit_intercept
    if problem.l2 == 0 or theta.size <= LARGEST_FACTOR or theta[:, :k].any():
        return []
    greatest = problem.curvatures(np.random.default_rng(random_state))[1]
    if problem.l2 >= WEAK * greatest:
        return []
    count = int(np.ceil(np.log(FIRST * greatest / problem.l2) / np.log(FACTOR)))
    return [problem.l2 * FACTOR**power for power in range(count, 0, -1)]


@final
class _Way:
    """Problems fitted in turn: the places they were at, and the preconditioner they share."""

    def __init__(self, random: np.random.Generator) -> None:
        self._renewal = Renewal(random)
        self._places: list[tuple[float, Array]] = []
        self._last: tuple[Problem, float] | None = None

    def minimise(self, problem: Problem, start: Float[Array, "m p"], solver: NewtonCG) -> Solution:
        """Minimise the next, the first from ``start``."""
        here = -float(np.log(problem.l2)) if problem.l2 > 0 else np.inf
        evaluated = partial(solver.evaluated, renewal=self._renewal)
        begin = partial(self._foreseen, here=here, start=start, evaluated=evaluated)
        solution = solver.minimise_from(begin, problem, self._renewal)
        self._places = [*self._places[1 - MINIMA :], (here, solution.theta)]
        self._last = problem, solution.value
        return solution

    def _foreseen(
        self,
        problem: Problem,
        *,
        here: float,
        start: Float[Array, "m p"],
        evaluated: Callable[[Problem, Array], Point],
    ) -> Point:
        """Where to begin: as foreseen, where that is lower than the last minimum."""
        if self._last is None:
            return evaluated(problem, problem.centred(start))
        before, value = self._last
        last = self._places[-1][1]
        # Of the last minimum F is known: a change of the penalty needs no reading of the data.
        weights = problem.penalised(last)
        value += 0.5 * (problem.l2 - before.l2) * float(np.vdot(weights, weights))
        ahead = _ahead(here, self._places)
        if ahead is not None:
            point = evaluated(problem, problem.centred(ahead))
            if point.value < value:
                return point
        return evaluated(problem, last)


def _ahead(here: float, places: list[tuple[float, Array]]) -> Float[Array, "m p"] | None:
    """Follow the polynomial in −log λ through the last minima, if there are some.

    Lagrange's: each minimum counts ∏ (t − tᵢ)/(tⱼ − tᵢ) times.
    """
    last = places[-1][1]
    at = np.array([place for place, _ in places])
    if len(set(at)) < len(at) or len(at) == 1 or not np.isfinite([here, *at]).all():
        return None
    ahead = np.zeros_like(last)
    for j, (place, theta) in enumerate(places):
        others = np.delete(at, j)
        ahead += np.prod((here - others) / (place - others)) * theta
    return ahead
