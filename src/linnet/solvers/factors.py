"""Factors of Hessians that mind neither units nor directions without curvature."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.blas import strsv
from scipy.linalg.lapack import dpotrf

from linnet.engine import limited_blas, thread_count
from linnet.numeric import EPSILON
from linnet.solvers.preconditioning import Preconditioner
from linnet.types import Array

__all__ = [
    "SingleFactor",
    "factored",
    "inverses",
    "scale_of_units",
    "single_factor",
    "without_zeros",
]

# Added to the unit diagonal of a scaled Hessian, the next where one was too little.
SMALL_RIDGES: Final = (1e-10, 1e-7, 1e-4, 1e-1)
# The same for Hessians that are known in single precision.
# Features whose shares of the Hessian lie within this factor count as being in the same units.
COMMON_UNITS: Final = 1e4
# A factor of so many parameters gains from all threads.
LARGE: Final = 1000
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
            with limited_blas(thread_count()) if len(scale) >= LARGE else nullcontext():
                return _Factor(cho_factor(hessian, lower=True), scale)
        except LinAlgError:
            continue
    return _Factor((np.eye(len(scale)), True), scale)


def single_factor(hessian: Float[Array, "d d"]) -> "SingleFactor":
    """Cholesky factor of the Hessian scaled to unit diagonal, kept in float32.

    It is that of the Hessian itself, but for the scale of its rows.
    """
    diagonal = without_zeros(np.diagonal(hessian).copy())
    scale = 1 / np.sqrt(diagonal)
    lower = np.empty(hessian.shape, np.float32, order="F")
    for ridge in SINGLE_RIDGES:
        hessian[np.diag_indices_from(hessian)] = diagonal * (1 + ridge)
        # LAPACK reads columns, so that the lower half is the upper one.
        factor, failed = dpotrf(hessian.T, lower=True)
        if not failed:
            np.multiply(factor, scale[:, None], out=lower, casting="same_kind")
            return SingleFactor(lower, scale)
    lower[:] = np.eye(len(scale))
    return SingleFactor(lower, scale)


@final
@dataclass(frozen=True)
class SingleFactor:
    """Solve with L, where L Lᵀ is D H D in float32 and D the diagonal matrix of ``scale``."""

    lower: Float32[Array, "d d"]
    scale: Float[Array, " d"]

    def __call__(self, gradient: Float[Array, " d"]) -> Float[Array, " d"]:
        """H⁻¹ times a gradient."""
        scaled = (gradient * self.scale).astype(np.float32)
        halfway = strsv(self.lower, scaled, lower=True, overwrite_x=True)
        return strsv(self.lower, halfway, lower=True, trans=True, overwrite_x=True) * self.scale

    def within(self, basis: Float[Array, "d r"]) -> Float[Array, "r r"]:
        """Return Bᵀ H B."""
        half = self.lower.T @ (basis / self.scale[:, None]).astype(np.float32)
        half = half.astype(np.float64)
        return half.T @ half


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


def scale_of_units(
    shares: Float[Array, " p"], features: Bool[Array, " p"]
) -> tuple[Float[Array, " p"], bool]:
    """Return what to multiply columns by before their strongest directions are looked for.

    In common units these are the ones to couple; else units decide which are strongest, and are
    taken out first. The 1 of the intercept has no unit of its own.

    Parameters
    ----------
    shares : array of shape (p,)
        Diagonal of a Hessian.
    features : array of shape (p,)
        Which columns are features.

    Returns
    -------
    scale : array of shape (p,)
    common : bool
        Whether the features are in common units.
    """
    shares = without_zeros(shares)
    scale = 1 / np.sqrt(shares)
    strongest = float(shares[features].max())
    common = bool(strongest <= COMMON_UNITS * shares[features].min())
    if common:
        scale = np.where(features, 1.0, scale * np.sqrt(strongest))
    return scale, common


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
