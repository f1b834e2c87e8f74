"""Cheap stand-ins for the inverse Hessian, chosen by the shape of the problem.

- While all weights are zero: the second moments of the features alone.
- Few parameters: the whole Hessian of a sample of rows, factored.
- Many parameters of moderately many features: the Hessian of each score's own weights.
- Where these find no room: two levels.
- Very many features: the diagonal.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.solvers.class_blocks import ClassBlocks
from linnet.solvers.even_curvature import even_curvature
from linnet.solvers.factors import without_zeros
from linnet.solvers.preconditioning import Preconditioner, Preconditioning
from linnet.solvers.problem import Problem
from linnet.solvers.two_levels import ROWS_PER_PARAMETER_OF_A_SCORE, TwoLevels
from linnet.solvers.whole_hessian import WholeHessian, passes_to_build
from linnet.types import Array

__all__ = ["LARGEST_BASIS", "LARGEST_FACTOR", "preconditioner_at", "preconditioning_for"]

# Factoring 2,000 parameters takes about 0.1 s and holds 32 MB.
LARGEST_FACTOR: Final = 2000
# What a Hessian may cost to form: about 0.2 s of arithmetic, or 25 passes if those are more.
HESSIAN_OPERATIONS: Final = 4e9
HESSIAN_PASSES: Final = 25
# The eigenvectors of 4,000 features take some 20 s, and no more is worth the wait.
LARGEST_BASIS: Final = 4000
# Second moments, their eigenvectors, bases of both kinds, and what it takes to find them.
MATRICES_HELD: Final = 6


def preconditioning_for(problem: Problem, random: np.random.Generator) -> Preconditioning:
    """Choose by what a factor would cost."""
    m, p = problem.shape
    n = problem.n_samples
    size = m * p
    operations = max(HESSIAN_OPERATIONS, HESSIAN_PASSES * 4.0 * n * size)
    rows = min(n, int(operations / size**2))
    if (
        size <= LARGEST_FACTOR
        and MATRICES_HELD * size**2 <= problem.room
        and rows >= min(n, ROWS_PER_PARAMETER_OF_A_SCORE * p)
    ):
        sample = problem.sample(rows, random)
        return WholeHessian(sample, rows, random, passes_to_build(problem, rows, p))
    if p <= LARGEST_BASIS and ClassBlocks.fits(problem):
        return ClassBlocks(problem, random)
    if p <= LARGEST_BASIS and MATRICES_HELD * p**2 <= problem.room:
        return TwoLevels(problem, random)
    return _Diagonal(problem)


def preconditioner_at(
    problem: Problem,
    preconditioning: Preconditioning,
    theta: Float[Array, "m p"],
    random: np.random.Generator,
) -> Preconditioner:
    """Return the preconditioner for ``problem`` at Θ, for what its loss can see.

    The rest, as one number added to the scores of all classes, has neither slope nor curvature but
    rounding, which would be magnified: intercepts would drift far off together, and scores lose the
    digits that tell classes apart.
    """
    p = problem.shape[1]
    few = p <= LARGEST_BASIS and MATRICES_HELD * p**2 <= problem.room
    apply = even_curvature(problem, theta, random) if few else None
    inverse = apply or preconditioning.at(theta)
    return lambda gradient: problem.centred(inverse(problem.centred(gradient)))


@final
@dataclass(frozen=True)
class _Diagonal:
    """The diagonal of the Hessian."""

    problem: Problem
    passes: float = 1.0
    largest_rise: float = np.inf

    def stronger(self) -> None:
        """None is."""

    def of_same_rows(self, problem: Problem) -> "_Diagonal":
        """Return the same for another penalty."""
        return replace(self, problem=problem)

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        return partial(np.multiply, 1 / without_zeros(self.problem.hessian_diagonal(theta)))
