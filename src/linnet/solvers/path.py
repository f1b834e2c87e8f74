"""One problem after another, each a step in the penalty from the one before."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from linnet.solvers.newton_cg import NewtonCG
from linnet.solvers.problem import Problem
from linnet.solvers.renewal import Renewal
from linnet.solvers.solution import Solution
from linnet.types import Array

__all__ = ["minimise_path"]


def minimise_path(
    problems: Sequence[Problem],
    start: Float[Array, "m p"],
    *,
    tol: float,
    max_steps: int,
    random_state: int,
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
    tol, max_steps, random_state
        As for :class:`~linnet.solvers.NewtonCG`.

    Yields
    ------
    Solution
        Of each problem, with its own certificate.
    """
    solver = NewtonCG(tol=tol, max_steps=max_steps, random_state=random_state)
    renewal = Renewal(np.random.default_rng(random_state))
    places: list[tuple[float, Array]] = []
    for problem in problems:
        here = -float(np.log(problem.l2))
        theta = _foreseen(problem, here, places) if places else start
        solution = solver.minimise(problem, theta, renewal)
        places = [*places[-1:], (here, solution.theta)]
        yield solution


def _foreseen(
    problem: Problem, here: float, places: list[tuple[float, Array]]
) -> Float[Array, "m p"]:
    last = places[-1][1]
    if len(places) == 1 or places[1][0] == places[0][0]:
        return last
    (first, before), (second, _) = places
    ahead = last + (here - second) / (second - first) * (last - before)
    return ahead if problem.value(ahead) < problem.value(last) else last
