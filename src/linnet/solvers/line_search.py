"""How far to go along a descent direction: to where F falls as much as its slope promises.

The whole step is tried first, since Newton's is right near the optimum. Where it overshoots, F on
the line is minimised from scores that are kept, which takes no further reading of the data.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.problem import Line, Point, Problem
from linnet.types import Array

__all__ = ["Landing", "backtrack", "least_on"]

# Armijo's condition (Nocedal & Wright 2006, eq. 3.4) with the constant they recommend.
SUFFICIENT_DECREASE: Final = 1e-4
MAXIMUM_HALVINGS: Final = 40
# Error of F in single precision, as a share: some 1e-8 is usual.
SINGLE: Final = 1e-7
# On the line, a slope this small beside the first counts as flat.
FLAT: Final = 0.05
MAXIMUM_LINE_STEPS: Final = 30


@final
@dataclass(frozen=True)
class Landing:
    """Where a line search came down, and the length taken."""

    point: Point
    length: float


def backtrack(
    problem: Problem,
    here: Point,
    direction: Float[Array, "m p"],
    *,
    length: float = 1.0,
    exact: bool = True,
    precise: bool = True,
) -> Landing | None:
    """Shorten ``length`` until F(Θ + length·D) ≤ F(Θ) + 10⁻⁴·length·⟨∇F, D⟩.

    First to the minimum of F on the line if ``exact``, then by halves.
    Where the promised decrease drowns in the rounding of F, a step is taken if it shortens the
    gradient. ``None`` means that no step improves anything: Θ is as good as the precision can tell,
    float64, or float32 without ``precise``.
    """
    slope = float(np.vdot(here.gradient, direction))
    if not slope < 0:
        return None
    # Near the minimum the true decrease drowns in the rounding of F; allow for it.
    rounding = (4 * EPSILON if here.precise and precise else SINGLE) * abs(here.value)
    for halving in range(MAXIMUM_HALVINGS):
        there = Point.of(problem, here.theta + length * direction, precise=precise)
        if -length * slope <= rounding:
            shorter = np.linalg.norm(there.gradient) < np.linalg.norm(here.gradient)
            return Landing(there, length) if shorter else None
        if there.value <= here.value + SUFFICIENT_DECREASE * length * slope + rounding:
            return Landing(there, length)
        line = problem.along(here.theta, direction) if exact and halving == 0 else None
        length = length / 2 if line is None else least_on(line, length, here.value, slope)
    return None


def least_on(
    line: Line, end: float, value: float, slope: float, start: float | None = None
) -> float:
    """Return about where F is least on (0, ``end``); at 0 it is ``value``, and falls by ``slope``.

    Newton's method on the slope, from ``start``, kept between where F falls and where it rises.
    A slope far beyond the minimum can be small too, so F must be lower as well.
    """
    low, high = 0.0, end
    length = end / 2 if start is None else start
    for _ in range(MAXIMUM_LINE_STEPS):
        there, here, curvature = line.derivatives(length)
        lower = there <= value + SUFFICIENT_DECREASE * length * slope
        if lower and abs(here) <= FLAT * abs(slope):
            return length
        # Where numbers overflow, F rises.
        if here < 0:
            low = length
        else:
            high = length
        newton = length - here / curvature if curvature > 0 else np.nan
        length = newton if low < newton < high else (low + high) / 2
    return length
