"""A number measured on a sample comes with a 95 % interval, or it says little."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float

from linnet.calibration import wilson_interval
from linnet.types import Array

__all__ = ["NORMAL_95", "Estimate", "mean_estimate", "ratio_estimate", "share_estimate"]

# The normal distribution holds 95 % within this many standard deviations of its mean.
NORMAL_95: Final = 1.959963984540054


@final
@dataclass(frozen=True)
class Estimate:
    """A value, and the ends of its confidence interval: of 95 %, unless it is said otherwise.

    Examples
    --------
    >>> Estimate(4.0, 1.0, 9.0).through(lambda square: square**0.5)
    Estimate(value=2.0, low=1.0, high=3.0)
    """

    value: float
    low: float
    high: float

    def through(self, rising: Callable[[float], float]) -> "Estimate":
        """Return the estimate of a rising function of what is estimated."""
        return Estimate(rising(self.value), rising(self.low), rising(self.high))

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON shows."""
        return {"value": self.value, "low": self.low, "high": self.high}


def mean_estimate(x: Float[Array, " n"], weight: Float[Array, " n"]) -> Estimate:
    """Estimate a mean: m = Σ s x / S, give or take 1.96 standard errors.

    The error is √(Σ s² (x − m)²) / S · √(n/(n − 1)), which without weights is the usual s/√n. A
    single row tells no spread, and its interval is infinite.
    """
    mean = float(np.average(x, weights=weight))
    if not np.isfinite(mean):
        return Estimate(mean, -np.inf, np.inf)
    margin = NORMAL_95 * _standard_error(x - mean, weight)
    return Estimate(mean, mean - margin, mean + margin)


def ratio_estimate(
    x: Float[Array, " n"], y: Float[Array, " n"], weight: Float[Array, " n"]
) -> Estimate:
    """Estimate the ratio of the means of two quantities, neither negative.

    The interval is that of the ratio's logarithm, so that its ends are positive: to first order
    log x̄ − log ȳ is a mean of terms x/x̄ − y/ȳ (the delta method).

    References
    ----------
    Wasserman, *All of Statistics*, 2004, theorem 5.13.
    """
    top, bottom = (float(np.average(part, weights=weight)) for part in (x, y))
    if not (0 < top < np.inf and 0 < bottom < np.inf):
        ratio = top / bottom if bottom > 0 else np.nan
        return Estimate(ratio, 0.0 if ratio == 0 else np.nan, 0.0 if ratio == 0 else np.nan)
    margin = NORMAL_95 * _standard_error(x / top - y / bottom, weight)
    # A margin this wide knows nothing; exp would overflow.
    factor = exp(margin) if margin < 700 else np.inf
    ratio = exp(log(top) - log(bottom))
    return Estimate(ratio, ratio / factor, ratio * factor)


def share_estimate(hits: Float[Array, " n"], weight: Float[Array, " n"]) -> Estimate:
    """Estimate a share, such as an accuracy, with Wilson's interval.

    Rows of unequal weight count as n = S²/Σs² equal ones (Kish).

    Examples
    --------
    >>> import numpy as np
    >>> estimate = share_estimate(np.repeat([1.0, 0.0], [9, 1]), np.ones(10))
    >>> f"{estimate.value:.2f}, from {estimate.low:.4f} to {estimate.high:.4f}"
    '0.90, from 0.5958 to 0.9821'
    """
    share = float(np.average(hits, weights=weight))
    n = float(weight.sum() ** 2 / (weight**2).sum())
    low, high = wilson_interval(np.array(share), np.array(n))
    return Estimate(share, float(low), float(high))


def _standard_error(deviations: Float[Array, " n"], weight: Float[Array, " n"]) -> float:
    n = int(np.count_nonzero(weight))
    if n < 2:
        return np.inf
    return float(np.sqrt(((weight * deviations) ** 2).sum() * n / (n - 1)) / weight.sum())
