"""Cheap stand-ins for the inverse Hessian, chosen by the shape of the problem."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias, final

import numpy as np
from jaxtyping import Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from linnet.numeric import EPSILON
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["Preconditioner", "precondition_with"]

Preconditioner: TypeAlias = Callable[[Array], Array]
"""Takes a gradient to about H⁻¹ times it."""

# Factoring 2,000 parameters takes about 0.1 s and holds 32 MB.
LARGEST_FACTOR: Final = 2000
# What a whole Hessian may cost to form: about 0.2 s of arithmetic, or 25 passes if those are more.
HESSIAN_OPERATIONS: Final = 4e9
HESSIAN_PASSES: Final = 25
# A sample sees each direction some times over, or its Hessian misleads.
ROWS_PER_PARAMETER_OF_A_SCORE: Final = 5
# Added to the unit diagonal of a scaled Hessian, the next where one was too little.
SMALL_RIDGES: Final = (1e-10, 1e-7, 1e-4, 1e-1)


def precondition_with(
    problem: Problem, theta: Float[Array, "m p"], random: np.random.Generator
) -> Preconditioner:
    """Factor the Hessian of a sample where that is cheap; else divide by the diagonal."""
    m, p = problem.shape
    size = m * p
    n = problem.n_samples
    rows = min(n, int(max(HESSIAN_OPERATIONS / size**2, HESSIAN_PASSES * 4 * n / size)))
    if size <= LARGEST_FACTOR and rows >= min(n, ROWS_PER_PARAMETER_OF_A_SCORE * p):
        hessian = problem.hessian_on_sample(theta, rows, random).reshape(size, size)
        return _factored(hessian, problem.shape)
    diagonal = problem.hessian_diagonal(theta)
    return partial(np.multiply, 1 / _without_zeros(diagonal))


def _factored(hessian: Float[Array, "d d"], shape: tuple[int, int]) -> Preconditioner:
    """Cholesky factor of the Hessian scaled to unit diagonal, so that units do not matter."""
    scale = 1 / np.sqrt(_without_zeros(np.diagonal(hessian).copy()))
    hessian *= scale
    hessian *= scale[:, None]
    # Directions without curvature, such as one number added to every intercept, get a little:
    # far above the rounding of the factor, far below any curvature that counts. Where all
    # probabilities are near 0 or 1 the Hessian itself is half rounding, and needs more.
    for ridge in SMALL_RIDGES:
        try:
            hessian[np.diag_indices_from(hessian)] = 1 + ridge
            return _Factor(cho_factor(hessian, lower=True), scale)
        except LinAlgError:
            continue
    return partial(np.multiply, (scale**2).reshape(shape))


@final
@dataclass(frozen=True)
class _Factor:
    """Solve with the Cholesky factor of D H D, where D is the diagonal matrix of ``scale``."""

    factor: tuple[Array, bool]
    scale: Float[Array, " d"]

    def __call__(self, gradient: Float[Array, "m p"]) -> Float[Array, "m p"]:
        solved = cho_solve(self.factor, gradient.ravel() * self.scale, check_finite=False)
        return (solved * self.scale).reshape(gradient.shape)


def _without_zeros(diagonal: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Replace curvatures that vanish, as for a feature that is always zero, by the largest."""
    largest = float(diagonal.max())
    if largest <= 0:
        return np.ones_like(diagonal)
    return np.where(diagonal > EPSILON**2 * largest, diagonal, largest)
