"""The optimum itself, from a fit that came within ``tol`` of it: errors hold there, and only there.

Newton's method goes on where the solver stopped. Its steps have the curvature that errors need
anyway, and one or two of them leave nothing to be seen. A fit can also come within ``tol`` of a
limit that no parameters reach: then the steps come to point along a direction of separation.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.errors import DataError
from linnet.estimators.inference.curvature import Curvature, SoftmaxLoss
from linnet.types import Array

__all__ = ["Optimum", "optimum_near"]

# In standard errors. Rows that are not those of the fit lie farther from their optimum than this;
LARGEST_DISTANCE: Final = 1.0
# and so near to it the curvature, which moves by a share of this, has its digits.
SETTLED: Final = 1e-7
MOST_STEPS: Final = 12
# A step towards a minimum leaves about the square of the distance; one towards a limit 0.61 of it.
SHRINKS_TO_A_MINIMUM: Final = 0.3


@final
@dataclass(frozen=True, eq=False)
class Optimum:
    """Parameters Γ, the curvature there, and how far the fit was, in standard errors.

    ``curvature`` is ``None`` where the Hessian is singular to rounding, and where there is no
    optimum: ``separation`` is then a direction along which the loss falls for ever.
    """

    gamma: Float[Array, "m p"]
    curvature: Curvature | None
    distance: float
    separation: Float[Array, "m p"] | None = None


def optimum_near(loss: SoftmaxLoss, gamma: Float[Array, "m p"]) -> Optimum:
    """Go on to the optimum from Γ.

    Raises
    ------
    DataError
        If it is far: these are not the rows that were fitted.
    """
    start = last = float("inf")
    curvature = separation = None
    for taken in range(MOST_STEPS):
        curvature = loss.curvature(gamma)
        if curvature is None:
            break
        gradient = loss.gradient(gamma)
        distance = curvature.distance(gradient)
        if taken == 0:
            start = distance
        if not distance <= LARGEST_DISTANCE:
            raise DataError(
                f"The coefficients are {distance:.2g} standard errors from the optimum of these "
                "rows, and errors hold only there. Give the rows and weights that the model was "
                "fitted to; or, if these are they, fit with a smaller tol, or scale the columns to "
                "similar size."
            )
        # Below the rounding of the gradient no step leads nearer.
        if distance >= last:
            break
        step = -curvature.solve(gradient[:, None]).reshape(len(gamma), -1) @ loss.basis.T
        # By then the step is free of errors that do shrink fast.
        slow = distance <= SETTLED or distance > SHRINKS_TO_A_MINIMUM * last
        if slow and np.isinf(loss.C) and loss.objective.never_rises_along(step):
            # The first such step is hardly free of others: those that follow are.
            separation = step
        gamma = gamma + step
        if distance <= SETTLED and separation is None:
            break
        last = distance
    if separation is not None:
        return Optimum(gamma, None, start, separation)
    return Optimum(gamma, curvature, float("nan") if curvature is None else start)
