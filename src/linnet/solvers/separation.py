"""Whether classes are separable, so that without a penalty the loss has no minimum.

Along a direction of separation the loss falls for ever, and never rises. The parameters
themselves point along one where the classes are wholly separable. Where only some rows can be
told apart for certain, Newton's step comes to point along one: there the decrement shrinks by a
factor of e with each step, where a minimum would make it shrink by ever more.
"""

from typing import Final

from jaxtyping import Float

from linnet.solvers.certificate import newton_gap
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["direction_of_separation"]

# Between 1/e and the square of a small number.
SHRINKS_TO_A_MINIMUM: Final = 0.1
MAXIMUM_STEPS: Final = 5


def direction_of_separation(
    problem: Problem,
    theta: Float[Array, "m p"],
    newton: tuple[float, Float[Array, "m p"]] | None,
) -> Float[Array, "m p"] | None:
    """Return a direction along which F falls for ever, near where a solver without penalty stopped.

    ``None``: F has a minimum.

    ``newton`` is half the squared Newton decrement there, and the Newton step, where known.
    """
    if problem.never_rises_along(theta):
        return theta
    if newton is None:
        newton = newton_gap(problem, theta, problem.value_and_gradient(theta)[1])
    for _ in range(MAXIMUM_STEPS):
        gap, step = newton
        if problem.never_rises_along(step):
            return step
        theta = theta + step
        newton = newton_gap(problem, theta, problem.value_and_gradient(theta)[1])
        if newton[0] <= SHRINKS_TO_A_MINIMUM * gap:
            return None
    return None
