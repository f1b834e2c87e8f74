"""Leading directions coupled with one another and factored, the others each on its own.

In a basis where the features are uncorrelated, the Hessian of a sample is factored on the leading
directions, with its coupling between the scores; on the others it is near enough to its diagonal.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, final

import numpy as np
from jaxtyping import Float
from scipy.linalg import eigh

from linnet.numeric import EPSILON
from linnet.solvers.factors import factored, inverses, scale_of_units
from linnet.solvers.preconditioning import Preconditioner, far_apart
from linnet.solvers.problem import Problem
from linnet.solvers.whole_hessian import LEAST_CURVATURE
from linnet.types import Array

__all__ = ["ROWS_PER_PARAMETER_OF_A_SCORE", "TwoLevels"]

# A sample sees each direction some times over, or its Hessian misleads.
ROWS_PER_PARAMETER_OF_A_SCORE: Final = 5
# Parameters on the leading directions, and rows for each: so many that sampling does not mislead.
LEADING_PARAMETERS: Final = 1000
ROWS_PER_PARAMETER: Final = 10
# Rows that the directions are found from, and the coupling of scores on those that do not lead;
# they are held in memory, rotated, in float32.
SAMPLE_ROWS: Final = 5_000
SAMPLE_VALUES: Final = 2e7
# Each of those rows couples m² scores where a pass has m: so many times n/m rows cost 2 passes.
COUPLING: Final = 8
# Curvature ŷ(1 − ŷ) of a score, on average, near the optimum of problems people have.
TYPICAL_CURVATURE: Final = 0.05
# Pairs of classes that are both likely, for a row of data that people have.
RELEVANT_PAIRS: Final = 2.0
# An operation of two levels takes so many times as long as one of a pass.
SLOWNESS: Final = 3.0


@final
@dataclass(frozen=True)
class TwoLevels:
    """The preconditioner of many parameters of moderately many features.

    Parameters
    ----------
    problem : Problem
        The problem.
    random : numpy.random.Generator
        Draws rows.
    found : _Directions or None
        The directions; ``None`` to find them where they are first needed.
    """

    problem: Problem
    random: np.random.Generator
    found: "_Directions | None" = None
    largest_rise: float = np.inf

    @cached_property
    def directions(self) -> "_Directions":
        """The directions."""
        return self.found or _Directions.of(self.problem, self.random)

    @property
    def leading(self) -> int:
        """Number of directions that are coupled with one another."""
        m, p = self.problem.shape
        return min(p, max(1, LEADING_PARAMETERS // m))

    @cached_property
    def rows(self) -> Problem:
        """The rows that their Hessian is made from."""
        rows = ROWS_PER_PARAMETER * LEADING_PARAMETERS
        # The rows drawn for the other directions will do where they are as many.
        if self.directions.drawn.n_samples == rows:
            return self.directions.drawn
        return self.problem.sample(rows, self.random)

    @property
    def passes(self) -> float:
        """About how many passes over the data it costs to build one."""
        m, p = self.problem.shape
        n, r = self.problem.n_samples, self.leading
        rows = min(n, ROWS_PER_PARAMETER * LEADING_PARAMETERS)
        hessian = rows * r * (p + RELEVANT_PAIRS * r / 2)
        others = _sampled_rows(self.problem) * (p - r) * m * (m + 1) / 2
        return SLOWNESS * (hessian + others + (m * r) ** 3 / 6) / (2.0 * n * m * p)

    def stronger(self) -> None:
        """None is, that finds room."""

    def of_same_rows(self, problem: Problem) -> "TwoLevels":
        """Return the same for another penalty; in new directions where that decides on them."""
        found = vars(self).get("directions", self.found)
        if found is None or not found.common or far_apart(problem.l2, found.l2):
            return replace(self, problem=problem, found=None)
        drawn = problem.sample(found.drawn.n_samples, self.random)
        return replace(self, problem=problem, found=replace(found, drawn=drawn))

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        """Return the preconditioner for the Hessian at ``theta``."""
        m, r, found = len(theta), self.leading, self.directions
        leading = found.basis[:, :r]
        hessian = self.rows.hessian(theta, leading, least=LEAST_CURVATURE, precise=False)
        solve = factored(hessian.reshape(m * r, m * r), EPSILON**2)
        coupled = found.sample.column_hessians(theta @ found.inverse, precise=False)[r:]
        scores = np.arange(m)
        coupled[:, scores, scores] += self.problem.l2 * found.lengths[r:, None]
        others = inverses(coupled)

        def apply(gradient: Array) -> Array:
            rotated = gradient @ found.basis
            first = solve(rotated[:, :r])
            rest = np.einsum("jab,bj->aj", others, rotated[:, r:])
            return np.concatenate([first, rest], axis=1) @ found.basis.T

        return apply


@final
@dataclass(frozen=True)
class _Directions:
    """Directions in which the features' share of the Hessian is uncorrelated.

    Parameters
    ----------
    drawn : Problem
        The problem on a sample of rows.
    sample : Problem
        The mean loss over these rows, of Θ' = Θ B⁻ᵀ.
    basis, inverse : array of shape (p, p)
        B, whose columns are the directions, the strongest first; and B⁻ᵀ.
    lengths : array of shape (p,)
        Squared lengths of the directions, in weights: the penalty on each is λ times that.
    common : bool
        Whether the features are in common units, so that the penalty changes no direction but
        that of the intercept.
    l2 : float
        The penalty that they were found for.
    """

    drawn: Problem
    sample: Problem
    basis: Float[Array, "p p"]
    inverse: Float[Array, "p p"]
    lengths: Float[Array, " p"]
    common: bool
    l2: float

    @classmethod
    def of(cls, problem: Problem, random: np.random.Generator) -> "_Directions":
        """Find them.

        The penalty is part of the Hessian: where it outweighs what a feature contributes, the
        feature's unit must not be blown up, or the penalty would couple the directions.
        """
        sample = problem.sample(_sampled_rows(problem), random)
        proxy = TYPICAL_CURVATURE * sample.second_moment(precise=False)
        penalised = problem.penalised(np.ones(problem.shape))[0]
        proxy[np.diag_indices_from(proxy)] += problem.l2 * penalised
        scale, common = scale_of_units(np.diagonal(proxy).copy(), penalised > 0)
        vectors = eigh(proxy * scale * scale[:, None], check_finite=False)[1][:, ::-1]
        basis = vectors * scale[:, None]
        return cls(
            sample,
            sample.rotated(basis.astype(np.float32)),
            basis,
            vectors / scale[:, None],
            np.einsum("jr,j,jr->r", basis, penalised, basis),
            common,
            problem.l2,
        )


def _sampled_rows(problem: Problem) -> int:
    """Rows that the directions are found from."""
    m, p = problem.shape
    rows = min(SAMPLE_ROWS, int(SAMPLE_VALUES / p), COUPLING * problem.n_samples // m)
    return min(problem.n_samples, max(rows, ROWS_PER_PARAMETER_OF_A_SCORE * p))
