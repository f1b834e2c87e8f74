"""How far numbers lie from where steps towards them begin: the unit that steps are taken in.

Steps of AdaGrad and Adam have the size of the learning rate, whatever the gradient, so a rate that
is right for targets of deviation 1 has to grow with theirs. Steps along the gradient of the squared
loss do so by themselves. Sums begin at a centre c near the numbers, so that squares keep digits.
"""

from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.engine import StepRule
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["TargetSpread", "check_steps_taken", "in_unit"]

# No prediction that is one is off by so many times the size of the numbers.
_ASTRAY: Final = 1e10


@final
@dataclass(frozen=True)
class TargetSpread:
    """Weight, Σ s (y − c) and Σ s (y − c)² of the numbers so far, about a centre c.

    Examples
    --------
    >>> spread = TargetSpread.of(np.array([2.0, 4.0]), np.ones(2))
    >>> spread.centre, spread.about(3.0), round(spread.about(0.0) ** 2, 6)
    (3.0, 1.0, 10.0)
    """

    centre: float
    weight: float = 0.0
    first: float = 0.0
    second: float = 0.0

    @classmethod
    def of(cls, y: Float[Array, " n"], weight: Float[Array, " n"]) -> "TargetSpread":
        """Take the weighted mean of some numbers for the centre; exactly theirs if all are equal.

        Raises
        ------
        DataError
            If they are too large to be squared.
        """
        y, weight = y[weight > 0], weight[weight > 0]
        if not len(y):
            return cls(0.0)
        centre = y[0] if (y == y[0]).all() else y[0] + np.average(y - y[0], weights=weight)
        return cls(float(centre)).including(y, weight)

    def including(self, y: Float[Array, " n"], weight: Float[Array, " n"]) -> "TargetSpread":
        """Add further numbers, about the same centre."""
        with np.errstate(over="ignore", invalid="ignore"):
            apart = y - self.centre
            first, second = float(weight @ apart), float(weight @ apart**2)
        if not isfinite(self.second + second):
            largest = float(y[np.abs(y).argmax()])
            raise DataError(
                f"The target {largest:g} is too large to be squared. Give targets in a larger unit."
            )
        return replace(
            self,
            weight=self.weight + float(weight.sum()),
            first=self.first + first,
            second=self.second + second,
        )

    def about(self, start: float) -> float:
        """Root of the mean squared distance from ``start``; 0 of no numbers."""
        if not self.weight:
            return 0.0
        apart = start - self.centre
        squares = self.second - apart * (2 * self.first - apart * self.weight)
        return sqrt(max(0.0, squares) / self.weight)


def in_unit(rule: StepRule, spread: float) -> tuple[StepRule, float]:
    """Give the rule for targets of such a spread, and what its learning rates are multiplied by."""
    if rule.optimizer == "sgd":
        return rule, 1.0
    return replace(rule, epsilon=rule.epsilon * spread), spread


def check_steps_taken(
    losses: Float[Array, " t"], theta: Float[Array, "m p"], rate: float, spread: TargetSpread
) -> None:
    """Raise DataError where steps were so long that they left the numbers altogether.

    The spread is that of all numbers so far: a prediction far beyond it is none.
    """
    unit = spread.about(spread.centre) + abs(spread.centre)
    most = _ASTRAY**2 * spread.weight * unit**2
    if np.isfinite(theta).all() and 2 * losses.max(initial=0.0) <= most:
        return
    raise DataError(
        f"The steps went astray: at the learning rate {rate:.3g} predictions left the targets "
        "further behind with each. Set a smaller learning_rate (--learning-rate), or use "
        'solver="adagrad".'
    )
