"""The Hessian while all scores are equal: every row has the same curvature.

While the weights are zero the scores are the intercepts, of every row, and the Hessian of the mean
loss is H ⊗ M, with H that of the loss in the scores and M the second moments of x̃. On slopes of
sum 0 over the classes, H = diag ŷ − ŷŷᵀ of softmax has the inverse of diag ŷ, so that each class
takes a factor of ŷM and the penalty, and classes that are as likely can share one.
"""

from typing import Final

import numpy as np
from jaxtyping import Float

from linnet.numeric import SINGLE_EPSILON
from linnet.solvers.factors import factored
from linnet.solvers.preconditioning import Preconditioner
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["even_curvature"]

# Rows that the second moments are those of: more where that takes few operations.
SAMPLE_ROWS: Final = 10_000
OPERATIONS: Final = 3e9
# A factor serves classes whose curvatures lie within this factor of each other.
SIMILAR: Final = 2.0
# Beside the greatest, curvatures below this are nothing.
NEGLIGIBLE: Final = 1e-6


def even_curvature(
    problem: Problem, theta: Float[Array, "m p"], random: np.random.Generator
) -> Preconditioner | None:
    """Return the preconditioner at Θ if its weights are zero; else ``None``.

    Parameters
    ----------
    problem : Problem
        The problem, of so few features that p×p numbers can be factored.
    theta : array of shape (m, p)
        Θ.
    random : numpy.random.Generator
        Draws rows.
    """
    curvatures = problem.even_curvatures(theta)
    if curvatures is None or not curvatures.any():
        return None
    p = problem.shape[1]
    rows = int(max(SAMPLE_ROWS, OPERATIONS / p**2))
    sample = problem.sample(rows, random)
    moments = sample.second_moment(precise=False)
    # Where the penalty drowns in the rounding of that, it takes more digits.
    if problem.l2 <= SINGLE_EPSILON * curvatures.max() * np.trace(moments):
        moments = sample.second_moment()
    penalties = problem.l2 * problem.penalised(np.ones(problem.shape))[0]
    greatest = float(curvatures.max())
    group = np.round(np.log(np.maximum(curvatures / greatest, NEGLIGIBLE)) / np.log(SIMILAR))
    solvers = []
    for members in (np.flatnonzero(group == each) for each in np.unique(group)):
        typical = float(np.exp(np.log(curvatures[members]).mean()))
        solvers.append((members, factored(typical * moments + np.diag(penalties))))

    def apply(gradient: Array) -> Array:
        steps = np.empty_like(gradient)
        for members, solve in solvers:
            steps[members] = solve(gradient[members])
        return steps

    return apply
