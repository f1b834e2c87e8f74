"""Size, mean and spread of numbers, added up chunk by chunk without overflow."""

from dataclasses import dataclass
from math import frexp, sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["NO_NUMBERS", "Moments"]


@final
@dataclass(frozen=True)
class Moments:
    """Count, mean and spread of numbers x, kept of x/m for a power of two m above every |x|.

    Dividing by m is exact, and squares of x/m cannot overflow. Of two sets of numbers

        mean = mean₁ + δ·n₂/n,    Σ(x − mean)² = Σ₁ + Σ₂ + δ²·n₁·n₂/n,    δ = mean₂ − mean₁.

    Parameters
    ----------
    count : int
        How many numbers, n.
    zeros : int
        How many of them are 0.
    low, high : float
        The least and the greatest; 0 where there is none.
    unit : float
        The power of two m.
    scaled_mean, scaled_squares : float
        Mean of x/m, and sum of the squares of its differences from that.

    References
    ----------
    Chan, Golub & LeVeque, "Algorithms for computing the sample variance", 1983.

    Examples
    --------
    >>> import numpy as np
    >>> both = Moments.of(np.array([1.0, 2.0])).merged(Moments.of(np.array([6.0])))
    >>> both.mean, both.low, both.high
    (3.0, 1.0, 6.0)
    """

    count: int
    zeros: int
    low: float
    high: float
    unit: float
    scaled_mean: float
    scaled_squares: float

    @classmethod
    def of(cls, x: Float[Array, " n"]) -> "Moments":
        """Take the moments of the finite numbers among these, NaN being none."""
        x = x[~np.isnan(x)]
        if not len(x):
            return NO_NUMBERS
        low, high = float(x.min()), float(x.max())
        unit = 2.0 ** min(frexp(max(-low, high))[1], 1023)
        scaled = x / unit
        mean = float(scaled.mean())
        squares = float(((scaled - mean) ** 2).sum())
        zeros = len(x) - int(np.count_nonzero(x))
        return cls(len(x), zeros, low, high, unit, mean, squares)

    def merged(self, other: "Moments") -> "Moments":
        """Return the moments of both sets of numbers together."""
        if not self.count or not other.count:
            return self if self.count else other
        unit = max(self.unit, other.unit)
        first, second = self.unit / unit, other.unit / unit
        count = self.count + other.count
        difference = other.scaled_mean * second - self.scaled_mean * first
        between = difference**2 * (self.count / count) * other.count
        return Moments(
            count=count,
            zeros=self.zeros + other.zeros,
            low=min(self.low, other.low),
            high=max(self.high, other.high),
            unit=unit,
            scaled_mean=self.scaled_mean * first + difference * (other.count / count),
            scaled_squares=(
                self.scaled_squares * first**2 + other.scaled_squares * second**2 + between
            ),
        )

    @property
    def mean(self) -> float:
        """The mean, 0 where there is no number."""
        return self.low if self.low == self.high else self.scaled_mean * self.unit

    @property
    def deviation(self) -> float:
        """The standard deviation, exactly 0 if and only if all numbers are equal or none is."""
        if self.low == self.high:
            return 0.0
        return sqrt(self.scaled_squares / self.count) * self.unit


NO_NUMBERS: Final = Moments(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""What is known of no numbers at all."""
