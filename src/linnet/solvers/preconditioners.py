"""Cheap stand-ins for the inverse Hessian, chosen by the shape of the problem.

- Few parameters: the whole Hessian of a sample of rows, factored.
- Many parameters of moderately many features: two levels. In a basis where the features are
  uncorrelated, the Hessian of a sample is factored on the leading directions, with its coupling
  between the scores; on the others it is near enough to its diagonal.
- Very many features: the diagonal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, TypeAlias, final, runtime_checkable

import numpy as np
from jaxtyping import Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from linnet.numeric import EPSILON
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["Preconditioner", "Preconditioning", "preconditioning_for"]

Preconditioner: TypeAlias = Callable[[Array], Array]
"""Takes a gradient to about H⁻¹ times it."""

# Factoring 2,000 parameters takes about 0.1 s and holds 32 MB.
LARGEST_FACTOR: Final = 2000
# What a Hessian may cost to form: about 0.2 s of arithmetic, or 25 passes if those are more.
HESSIAN_OPERATIONS: Final = 4e9
HESSIAN_PASSES: Final = 25
# A sample sees each direction some times over, or its Hessian misleads.
ROWS_PER_PARAMETER_OF_A_SCORE: Final = 5
# Parameters on the leading directions of the two levels, and what their Hessian may cost to form:
# about 0.5 s for 10,000 rows.
LEADING_PARAMETERS: Final = 1000
LEADING_OPERATIONS: Final = 1e10
# The eigenvectors of 4,000 features take some 20 s, and no more is worth the wait.
LARGEST_BASIS: Final = 4000
# The rotated sample is held densely: 160 MB.
SAMPLE_VALUES: Final = 2e7
# Curvature ŷ(1 − ŷ) of a score, on average, near the optimum of problems people have.
TYPICAL_CURVATURE: Final = 0.05
# Features whose shares of the Hessian lie within this factor count as being in the same units.
COMMON_UNITS: Final = 1e4
# Added to the unit diagonal of a scaled Hessian, the next where one was too little.
SMALL_RIDGES: Final = (1e-10, 1e-7, 1e-4, 1e-1)


@runtime_checkable
class Preconditioning(Protocol):
    """A way to precondition a problem, to be applied at one point after another."""

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        """Return the preconditioner for the Hessian at ``theta``."""
        ...


def preconditioning_for(problem: Problem, random: np.random.Generator) -> Preconditioning:
    """Choose by what a factor would cost."""
    m, p = problem.shape
    n = problem.n_samples
    size = m * p
    operations = max(HESSIAN_OPERATIONS, HESSIAN_PASSES * 4.0 * n * size)
    rows = min(n, int(operations / size**2))
    if size <= LARGEST_FACTOR and rows >= min(n, ROWS_PER_PARAMETER_OF_A_SCORE * p):
        return _Whole(problem.sample(rows, random))
    leading = min(p, max(1, LEADING_PARAMETERS // m))
    rows = min(n, int(LEADING_OPERATIONS / (leading * m) ** 2), int(SAMPLE_VALUES / p))
    if p <= LARGEST_BASIS and rows >= min(n, ROWS_PER_PARAMETER_OF_A_SCORE * p):
        return _TwoLevels.of(problem, problem.sample(rows, random), leading)
    return _Diagonal(problem)


@final
@dataclass(frozen=True)
class _Whole:
    """The Cholesky factor of the whole Hessian of a sample."""

    sample: Problem

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        hessian = self.sample.hessian(theta)
        return _factored(hessian.reshape(theta.size, theta.size))


@final
@dataclass(frozen=True)
class _Diagonal:
    """The diagonal of the Hessian."""

    problem: Problem

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        return partial(np.multiply, 1 / _without_zeros(self.problem.hessian_diagonal(theta)))


@final
@dataclass(frozen=True)
class _TwoLevels:
    """Leading directions coupled and factored, the others by their diagonal.

    Parameters
    ----------
    sample : Problem
        The mean loss over a sample of rows, of Θ' = Θ B⁻ᵀ.
    basis, inverse : array of shape (p, p)
        B, whose columns are uncorrelated directions, the strongest first; and B⁻ᵀ.
    penalty : array of shape (p, p)
        Hessian of the penalty in one row of Θ'.
    leading : int
        Number of leading directions r.
    """

    sample: Problem
    basis: Float[Array, "p p"]
    inverse: Float[Array, "p p"]
    penalty: Float[Array, "p p"]
    leading: int

    @classmethod
    def of(cls, problem: Problem, sample: Problem, leading: int) -> "_TwoLevels":
        """Find the directions in which the features' share of the Hessian is uncorrelated.

        The penalty is part of it: where it outweighs what a feature contributes, the feature's
        unit must not be blown up, or the penalty would couple the directions.
        """
        proxy = TYPICAL_CURVATURE * sample.second_moment(precise=False)
        penalised = problem.penalised(np.ones(problem.shape))[0]
        proxy[np.diag_indices_from(proxy)] += problem.l2 * penalised
        shares = _without_zeros(np.diagonal(proxy).copy())
        # In common units the strongest directions are the ones to couple; else units decide which
        # are strongest, and are taken out first.
        common = shares.max() <= COMMON_UNITS * shares.min()
        scale = np.ones_like(shares) if common else 1 / np.sqrt(shares)
        vectors = eigh(proxy * scale * scale[:, None], check_finite=False)[1][:, ::-1]
        basis = vectors * scale[:, None]
        weights = penalised[:, None] * basis
        return cls(
            sample=sample.rotated(basis.astype(np.float32)),
            basis=basis,
            inverse=vectors / scale[:, None],
            penalty=problem.l2 * (weights.T @ weights),
            leading=leading,
        )

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        m, r = len(theta), self.leading
        rotated = theta @ self.inverse
        hessian = self.sample.hessian(rotated, r, precise=False)
        for a in range(m):
            hessian[a, :, a, :] += self.penalty[:r, :r]
        diagonal = self.sample.hessian_diagonal(rotated, precise=False) + np.diagonal(self.penalty)
        solve = _factored(hessian.reshape(m * r, m * r))
        others = 1 / _without_zeros(diagonal)[:, r:]

        def apply(gradient: Array) -> Array:
            rotated = gradient @ self.basis
            return (
                np.concatenate([solve(rotated[:, :r]), others * rotated[:, r:]], axis=1)
                @ self.basis.T
            )

        return apply


def _factored(hessian: Float[Array, "d d"]) -> Preconditioner:
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
    return _Factor((np.eye(len(scale)), True), scale)


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
