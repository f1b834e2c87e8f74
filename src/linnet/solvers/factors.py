"""Factors of Hessians that mind neither units nor directions without curvature."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.lapack import dpotrf, dpotri

from linnet.numeric import EPSILON
from linnet.solvers.preconditioning import Preconditioner
from linnet.types import Array

__all__ = ["factored", "inverse_of", "inverses", "without_zeros"]

# Added to the unit diagonal of a scaled Hessian, the next where one was too little.
SMALL_RIDGES: Final = (1e-10, 1e-7, 1e-4, 1e-1)
# The same for Hessians that are known in single precision.
SINGLE_RIDGES: Final = (1e-6, 1e-4, 1e-2, 1.0)


def factored(hessian: Float[Array, "d d"], rounding: float = 0.0) -> Preconditioner:
    """Cholesky factor of the Hessian scaled to unit diagonal, so that units do not matter.

    What it is applied to may be one gradient of d numbers, or several.
    """
    scale = 1 / np.sqrt(without_zeros(np.diagonal(hessian).copy(), rounding))
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
    return _Factor((np.eye(len(scale)), True), scale)


def inverse_of(hessian: Float[Array, "d d"]) -> tuple[Float[Array, "d d"], Float[Array, " d"]]:
    """Inverse of the Hessian scaled to unit diagonal, and the scale: D⁻¹ before and after it."""
    scale = 1 / np.sqrt(without_zeros(np.diagonal(hessian).copy()))
    hessian *= scale
    hessian *= scale[:, None]
    for ridge in SINGLE_RIDGES:
        hessian[np.diag_indices_from(hessian)] = 1 + ridge
        factor, failed = dpotrf(hessian, lower=True)
        if not failed:
            inverse = dpotri(factor, lower=True)[0]
            return np.tril(inverse) + np.tril(inverse, -1).T, scale
    return np.eye(len(scale)), scale


@final
@dataclass(frozen=True)
class _Factor:
    """Solve with the Cholesky factor of D H D, where D is the diagonal matrix of ``scale``."""

    factor: tuple[Array, bool]
    scale: Float[Array, " d"]

    def __call__(self, gradient: Float[Array, "m p"]) -> Float[Array, "m p"]:
        scaled = gradient.reshape(-1, len(self.scale)) * self.scale
        solved = cho_solve(self.factor, scaled.T, check_finite=False).T
        return (solved * self.scale).reshape(gradient.shape)


def without_zeros(
    diagonal: Float[Array, "*shape"], rounding: float = 0.0
) -> Float[Array, "*shape"]:
    """Replace curvatures that vanish, as for a feature that is always zero, by the largest.

    Those of features may differ by any factor, as their units do. In combinations of features that
    cancel, what is left of the largest is ``rounding``.
    """
    largest = float(diagonal.max())
    if largest <= 0:
        return np.ones_like(diagonal)
    return np.where(diagonal > rounding * largest, diagonal, largest)


def inverses(hessians: Float[Array, "r m m"]) -> Float[Array, "r m m"]:
    """Inverses of many small Hessians, each with a little added where it has no curvature."""
    scores = np.arange(hessians.shape[1])
    diagonal = without_zeros(hessians[:, scores, scores], EPSILON**2)
    hessians[:, scores, scores] = diagonal * (1 + SMALL_RIDGES[1])
    return np.linalg.inv(hessians)
