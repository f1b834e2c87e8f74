"""Cheap stand-ins for the inverse Hessian, chosen by the shape of the problem.

- Few parameters: the whole Hessian of a sample of rows, factored.
- Many parameters of moderately many features: two levels. In a basis where the features are
  uncorrelated, the Hessian of a sample is factored on the leading directions, with its coupling
  between the scores; on the others it is near enough to its diagonal.
- Very many features: the diagonal.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final, Protocol, TypeAlias, final, runtime_checkable

import numpy as np
from jaxtyping import Float
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from linnet.numeric import EPSILON
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = [
    "Preconditioner",
    "Preconditioning",
    "far_apart",
    "preconditioner_at",
    "preconditioning_for",
]

Preconditioner: TypeAlias = Callable[[Array], Array]
"""Takes a gradient to about H⁻¹ times it."""

# Factoring 2,000 parameters takes about 0.1 s and holds 32 MB.
LARGEST_FACTOR: Final = 2000
# Where all else proves too weak, 8,000 take some 5 s and 500 MB.
LARGEST_LAST_FACTOR: Final = 8000
# What a Hessian may cost to form: about 0.2 s of arithmetic, or 25 passes if those are more.
HESSIAN_OPERATIONS: Final = 4e9
HESSIAN_PASSES: Final = 25
# A factor of the whole leaves a condition number far below the square of this.
WHOLE_RISE: Final = 1e2
# A sample sees each direction some times over, or its Hessian misleads.
ROWS_PER_PARAMETER_OF_A_SCORE: Final = 5
# Parameters on the leading directions of the two levels at first, and where that proves too few.
LEADING_PARAMETERS: Final = (1000, 3000)
# Rows whose curvature is small hand it on to others: fewer products, and hardly a worse factor.
LEAST_CURVATURE: Final = 0.01
# Rows for each of them, at each level: so many that sampling does not mislead.
ROWS_PER_PARAMETER: Final = (10, 20)
# A whole Hessian is as rough only where it has so many rows for each parameter.
ROWS_FOR_ROUGHNESS: Final = 50
# Rows that the directions are found from, and the coupling of scores on those that do not lead;
# they are held in memory, rotated, in float32.
SAMPLE_ROWS: Final = 10_000
SAMPLE_VALUES: Final = 2e7
# Each of those rows couples m² scores where a pass has m: so many times n/m rows cost 2 passes.
COUPLING: Final = 8
# The eigenvectors of 4,000 features take some 20 s, and no more is worth the wait.
LARGEST_BASIS: Final = 4000
# Curvature ŷ(1 − ŷ) of a score, on average, near the optimum of problems people have.
TYPICAL_CURVATURE: Final = 0.05
# Features whose shares of the Hessian lie within this factor count as being in the same units.
COMMON_UNITS: Final = 1e4
# Penalties within this factor of each other can share directions and a factor.
SIMILAR_PENALTY: Final = 15.0
# Pairs of classes that are both likely, for a row of data that people have.
RELEVANT_PAIRS: Final = 2.0
# An operation of two levels takes so many times as long as one of a pass.
SLOWNESS: Final = 3.0
# Added to the unit diagonal of a scaled Hessian, the next where one was too little.
SMALL_RIDGES: Final = (1e-10, 1e-7, 1e-4, 1e-1)


@runtime_checkable
class Preconditioning(Protocol):
    """A way to precondition a problem, to be applied at one point after another."""

    @property
    def passes(self) -> float:
        """About how many passes over the data it costs to build one, by arithmetic."""
        ...

    @property
    def largest_rise(self) -> float:
        """How far residuals rise in conjugate gradients, at most, but for rounding.

        By the root of the condition number that is left, and so by little for a good one.
        """
        ...

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        """Return the preconditioner for the Hessian at ``theta``."""
        ...

    def stronger(self) -> "Preconditioning | None":
        """Return one that costs more and takes fewer products, for problems that prove hard."""
        ...

    def of_same_rows(self, problem: Problem) -> "Preconditioning":
        """Return the same for a problem that differs in the strength of its penalty alone."""
        ...


def preconditioning_for(problem: Problem, random: np.random.Generator) -> Preconditioning:
    """Choose by what a factor would cost."""
    m, p = problem.shape
    n = problem.n_samples
    size = m * p
    operations = max(HESSIAN_OPERATIONS, HESSIAN_PASSES * 4.0 * n * size)
    rows = min(n, int(operations / size**2))
    if size <= LARGEST_FACTOR and rows >= min(n, ROWS_PER_PARAMETER_OF_A_SCORE * p):
        sample = problem.sample(rows, random)
        return _Whole(sample, rows, random, _passes_to_build(problem, rows, p))
    if p <= LARGEST_BASIS:
        return _TwoLevels.of(problem, random)
    return _Diagonal(problem)


def preconditioner_at(
    problem: Problem, preconditioning: Preconditioning, theta: Float[Array, "m p"]
) -> Preconditioner:
    """Return the preconditioner for ``problem`` at Θ, for what its loss can see.

    The rest, as one number added to the scores of all classes, has neither slope nor curvature but
    rounding, which would be magnified: intercepts would drift far off together, and scores lose the
    digits that tell classes apart.
    """
    apply = preconditioning.at(theta)
    return lambda gradient: problem.centred(apply(problem.centred(gradient)))


@final
@dataclass(frozen=True)
class _Whole:
    """The Cholesky factor of the whole Hessian of a sample."""

    sample: Problem
    rows: int
    random: np.random.Generator
    passes: float
    rough: bool = True
    largest_rise: float = WHOLE_RISE

    def stronger(self) -> "_Whole | None":
        """Return the one of all rows, each with its own weight."""
        return replace(self, rough=False) if self.rough else None

    def of_same_rows(self, problem: Problem) -> "_Whole":
        """Return the same for another penalty."""
        return replace(self, sample=problem.sample(self.rows, self.random))

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        # Few rows are all needed.
        share = min(1.0, self.rows / (ROWS_FOR_ROUGHNESS * theta.size))
        least = LEAST_CURVATURE * share if self.rough else 0.0
        hessian = self.sample.hessian(theta, least=least)
        return _factored(hessian.reshape(theta.size, theta.size))


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
        return partial(np.multiply, 1 / _without_zeros(self.problem.hessian_diagonal(theta)))


@final
@dataclass(frozen=True)
class _TwoLevels:
    """Leading directions coupled with one another and factored, the others each on its own.

    Parameters
    ----------
    problem : Problem
        The problem.
    drawn : Problem
        The problem on a sample of rows.
    sample : Problem
        The mean loss over these rows, of Θ' = Θ B⁻ᵀ.
    basis, inverse : array of shape (p, p)
        B, whose columns are uncorrelated directions, the strongest first; and B⁻ᵀ.
    lengths : array of shape (p,)
        Squared lengths of the directions, in weights: the penalty on each is λ times that.
    common : bool
        Whether the features are in common units, so that the penalty changes no direction but
        that of the intercept.
    random : numpy.random.Generator
        Draws rows.
    level : int
        How many directions lead: an index into ``LEADING_PARAMETERS``.
    found_for : float
        The penalty that the directions were found for.
    """

    problem: Problem
    drawn: Problem
    sample: Problem
    basis: Float[Array, "p p"]
    inverse: Float[Array, "p p"]
    lengths: Float[Array, " p"]
    common: bool
    random: np.random.Generator
    level: int = 0
    largest_rise: float = np.inf
    found_for: float = 0.0

    @classmethod
    def of(cls, problem: Problem, random: np.random.Generator) -> "_TwoLevels":
        """Find the directions in which the features' share of the Hessian is uncorrelated.

        The penalty is part of it: where it outweighs what a feature contributes, the feature's
        unit must not be blown up, or the penalty would couple the directions.
        """
        m, p = problem.shape
        rows = min(SAMPLE_ROWS, int(SAMPLE_VALUES / p), COUPLING * problem.n_samples // m)
        sample = problem.sample(max(rows, ROWS_PER_PARAMETER_OF_A_SCORE * p), random)
        proxy = TYPICAL_CURVATURE * sample.second_moment(precise=False)
        penalised = problem.penalised(np.ones(problem.shape))[0]
        proxy[np.diag_indices_from(proxy)] += problem.l2 * penalised
        shares = _without_zeros(np.diagonal(proxy).copy())
        # In common units the strongest directions are the ones to couple; else units decide which
        # are strongest, and are taken out first. The 1 of the intercept has no unit of its own.
        features = penalised > 0
        strongest = float(shares[features].max())
        common = bool(strongest <= COMMON_UNITS * shares[features].min())
        scale = 1 / np.sqrt(shares)
        if common:
            scale = np.where(features, 1.0, scale * np.sqrt(strongest))
        vectors = eigh(proxy * scale * scale[:, None], check_finite=False)[1][:, ::-1]
        basis = vectors * scale[:, None]
        return cls(
            problem,
            sample,
            sample.rotated(basis.astype(np.float32)),
            basis,
            vectors / scale[:, None],
            np.einsum("jr,j,jr->r", basis, penalised, basis),
            common,
            random,
            found_for=problem.l2,
        )

    @property
    def leading(self) -> int:
        """Number of directions that are coupled with one another."""
        m, p = self.problem.shape
        return min(p, max(1, LEADING_PARAMETERS[self.level] // m))

    @cached_property
    def rows(self) -> Problem:
        """The rows that their Hessian is made from."""
        rows = ROWS_PER_PARAMETER[self.level] * LEADING_PARAMETERS[self.level]
        # The rows drawn for the other directions will do where they are as many.
        if self.drawn.n_samples == rows:
            return self.drawn
        return self.problem.sample(rows, self.random)

    @property
    def passes(self) -> float:
        """About how many passes over the data it costs to build one."""
        m, p = self.problem.shape
        n, r = self.problem.n_samples, self.leading
        rows = min(n, ROWS_PER_PARAMETER[self.level] * LEADING_PARAMETERS[self.level])
        hessian = rows * r * (p + RELEVANT_PAIRS * r / 2)
        others = self.sample.n_samples * (p - r) * m * (m + 1) / 2
        return SLOWNESS * (hessian + others + (m * r) ** 3 / 6) / (2.0 * n * m * p)

    def stronger(self) -> "Preconditioning | None":
        """Return one with more leading directions; at last the whole Hessian, if it fits."""
        m, p = self.problem.shape
        if self.leading < p and self.level + 1 < len(LEADING_PARAMETERS):
            return replace(self, level=self.level + 1)
        if m * p > LARGEST_LAST_FACTOR:
            return None
        n = self.problem.n_samples
        # Of every row's pairs of classes the few that are both likely are left.
        rows = int(n * 2 * RELEVANT_PAIRS / m)
        return _Whole(self.problem, n, self.random, _passes_to_build(self.problem, rows, p))

    def of_same_rows(self, problem: Problem) -> "_TwoLevels":
        """Return the same for another penalty; in new directions where that decides on them."""
        if not self.common or far_apart(problem.l2, self.found_for):
            return replace(_TwoLevels.of(problem, self.random), level=self.level)
        drawn = problem.sample(self.drawn.n_samples, self.random)
        return replace(self, problem=problem, drawn=drawn)

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        m, r = len(theta), self.leading
        hessian = self.rows.hessian(theta, self.basis[:, :r], least=LEAST_CURVATURE, precise=False)
        solve = _factored(hessian.reshape(m * r, m * r), EPSILON**2)
        coupled = self.sample.column_hessians(theta @ self.inverse, precise=False)[r:]
        scores = np.arange(m)
        coupled[:, scores, scores] += self.problem.l2 * self.lengths[r:, None]
        others = _inverses(coupled)

        def apply(gradient: Array) -> Array:
            rotated = gradient @ self.basis
            first = solve(rotated[:, :r])
            rest = np.einsum("jab,bj->aj", others, rotated[:, r:])
            return np.concatenate([first, rest], axis=1) @ self.basis.T

        return apply


def far_apart(l2: float, other: float) -> bool:
    """Whether what is good for one penalty may be bad for another."""
    return max(l2, other) > SIMILAR_PENALTY * min(l2, other)


def _passes_to_build(problem: Problem, rows: int, r: int) -> float:
    """Multiply-adds of a Hessian of m·r parameters and its factor, in units of a pass's."""
    m, p = problem.shape
    hessian = 0.5 * rows * (m * (m + 1) / 2) * r**2
    return (hessian + (m * r) ** 3 / 6) / (2.0 * problem.n_samples * m * p)


def _inverses(hessians: Float[Array, "r m m"]) -> Float[Array, "r m m"]:
    """Inverses of many small Hessians, each with a little added where it has no curvature."""
    scores = np.arange(hessians.shape[1])
    diagonal = _without_zeros(hessians[:, scores, scores], EPSILON**2)
    hessians[:, scores, scores] = diagonal * (1 + SMALL_RIDGES[1])
    return np.linalg.inv(hessians)


def _factored(hessian: Float[Array, "d d"], rounding: float = 0.0) -> Preconditioner:
    """Cholesky factor of the Hessian scaled to unit diagonal, so that units do not matter."""
    scale = 1 / np.sqrt(_without_zeros(np.diagonal(hessian).copy(), rounding))
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


def _without_zeros(
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
