"""The coupling of scores on the directions that lead, added to blocks that know none.

Let B hold the blocks of the Hessian, one for each score, and let the columns of U be directions
that all scores share. With K the Hessian on them, coupled over the scores, and D = Uᵀ B U,

    B⁻¹ + U (K⁻¹ − D⁻¹) Uᵀ

is the inverse of K on these directions, and of B on what is B-orthogonal to them. It is positive
definite where B and K are: with B = L Lᵀ and S = Lᵀ U D^(−½), whose columns are orthonormal, it is
L⁻ᵀ (I − S Sᵀ + S (D^½ K⁻¹ D^½) Sᵀ) L⁻¹.
"""

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.linalg import eigh

from linnet.numeric import EPSILON
from linnet.solvers.factors import SingleFactor, factored, scale_of_units
from linnet.solvers.preconditioning import Preconditioner
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["coupling"]

# Parameters on the directions that lead, all told; and directions for each score, so that the
# reading of the rows along them costs a few passes.
LEADING_PARAMETERS: Final = 500
LEADING_PER_SCORE: Final = 5
# With fewer directions than this there is little to gain.
FEW_DIRECTIONS: Final = 20
# A row and a pair of scores with less than this share of a row's mean curvature hand it on.
SHARE_OF_CURVATURE: Final = 0.02


def coupling(
    problem: Problem,
    theta: Float[Array, "m p"],
    blocks: list[SingleFactor],
    pooled: Float[Array, "p p"],
) -> Preconditioner | None:
    """Return U (K⁻¹ − D⁻¹) Uᵀ at Θ; ``None`` for so many scores that few directions would lead.

    Parameters
    ----------
    problem : Problem
        Tells K.
    theta : array of shape (m, p)
        Θ.
    blocks : list of SingleFactor
        B, factored.
    pooled : array of shape (p, p)
        The sum of the blocks, whose strongest directions lead.
    """
    m, p = theta.shape
    r = min(p, LEADING_PARAMETERS // m, LEADING_PER_SCORE * m)
    if m == 1 or r < min(p, FEW_DIRECTIONS):
        return None
    features = problem.penalised(np.ones(theta.shape))[0] > 0
    scale, _ = scale_of_units(np.diagonal(pooled).copy(), features)
    single = (pooled * scale * scale[:, None]).astype(np.float32)
    vectors = eigh(single, subset_by_index=[p - r, p - 1], check_finite=False)[1]
    basis = vectors * scale[:, None]
    curvature = float(np.trace(problem.intercept_derivatives(theta)[2]))
    least = SHARE_OF_CURVATURE * curvature
    hessian = problem.hessian(theta, basis, least=least, precise=False)
    solve = factored(hessian.reshape(m * r, m * r), EPSILON**2)
    alone = np.linalg.inv([block.within(basis) for block in blocks])

    def apply(gradient: Array) -> Array:
        leading = gradient @ basis
        change = solve(leading) - np.matmul(alone, leading[:, :, None])[:, :, 0]
        return change @ basis.T

    return apply
