"""How far to go along a descent direction: back off until F falls as much as its slope promises."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["Landing", "backtrack"]

# Armijo's condition (Nocedal & Wright 2006, eq. 3.4) with the constant they recommend.
SUFFICIENT_DECREASE: Final = 1e-4
MAXIMUM_HALVINGS: Final = 40


@final
@dataclass(frozen=True)
class Landing:
    """Where a line search came down: the parameters, F and ∇F there, and the length taken."""

    theta: Float[Array, "m p"]
    value: float
    gradient: Float[Array, "m p"]
    length: float


def backtrack(
    problem: Problem,
    theta: Float[Array, "m p"],
    value: float,
    gradient: Float[Array, "m p"],
    direction: Float[Array, "m p"],
    *,
    length: float = 1.0,
) -> Landing | None:
    """Halve ``length`` until F(Θ + length·D) ≤ F(Θ) + 10⁻⁴·length·⟨∇F, D⟩.

    Where the promised decrease drowns in the rounding of F, a step is taken if it shortens the
    gradient. ``None`` means that no step improves anything: Θ is as good as float64 can tell.
    """
    slope = float(np.vdot(gradient, direction))
    if not slope < 0:
        return None
    # Near the minimum the true decrease drowns in the rounding of F; allow for it.
    rounding = 4 * EPSILON * abs(value)
    for _ in range(MAXIMUM_HALVINGS):
        trial = theta + length * direction
        new_value, new_gradient = problem.value_and_gradient(trial)
        if -length * slope <= rounding:
            shorter = np.linalg.norm(new_gradient) < np.linalg.norm(gradient)
            return Landing(trial, new_value, new_gradient, length) if shorter else None
        if new_value <= value + SUFFICIENT_DECREASE * length * slope + rounding:
            return Landing(trial, new_value, new_gradient, length)
        length = length / 2
    return None
