"""A number measured on a sample comes with a 95 % interval, or it says little."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.calibration import wilson_interval
from linnet.types import Array

__all__ = [
    "NORMAL_95",
    "Estimate",
    "RowSums",
    "estimate_of_mean",
    "mean_estimate",
    "share_estimate",
]

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


@final
@dataclass(frozen=True)
class RowSums:
    """What rows add to the means of q quantities z, and to all that their errors need.

    Sums of rows and of those that follow them are added with ``+``: so an account of any number
    of rows takes one pass. A mixture a·z of the quantities, of which the first is 1 in every row,
    is then known like one that was summed itself: its mean m = Σ s a·z / S, and Σ s² (a·z − m)²,
    the square of the length of R (a − m e₁). R is kept in place of RᵀR = Σ s² z zᵀ, for that would
    lose half of the digits.

    Parameters
    ----------
    count : int
        Number n of rows whose weight s is not zero.
    total : float
        S, the sum of the weights.
    sums : array of shape (q,)
        Σ s z.
    root : array of shape (r, q)
        R, upper triangular.
    """

    count: int
    total: float
    sums: Float[Array, " q"]
    root: Float[Array, "r q"]

    @classmethod
    def of(cls, quantities: Float[Array, "n p"], weight: Float[Array, " n"]) -> "RowSums":
        """Sum over rows; 1 is put before the quantities.

        Examples
        --------
        >>> import numpy as np
        >>> x = np.array([1.0, 2.0, 4.0, 9.0])
        >>> first, rest = (RowSums.of(part[:, None], np.ones(2)) for part in (x[:2], x[2:]))
        >>> (first + rest).mean([0, 1]) == mean_estimate(x, np.ones(4))
        True
        """
        counted = weight > 0
        if not counted.all():
            # What does not count may be infinite, and zero times infinity is no number.
            quantities, weight = quantities[counted], weight[counted]
        z = np.column_stack([np.ones(len(weight)), quantities])
        with np.errstate(invalid="ignore"):
            root = _triangle(z * weight[:, None])
            return cls(len(weight), float(weight.sum()), weight @ z, root)

    def __add__(self, other: "RowSums") -> "RowSums":
        """Return the sums of these rows and of others."""
        return RowSums(
            self.count + other.count,
            self.total + other.total,
            self.sums + other.sums,
            _triangle(np.vstack([self.root, other.root])),
        )

    def through(self, mixtures: Float[Array, "p q"]) -> "RowSums":
        """Return the sums of quantities that are mixtures of these; the first is to remain 1."""
        return RowSums(self.count, self.total, mixtures @ self.sums, self.root @ mixtures.T)

    def value(self, a: ArrayLike) -> float:
        """Return the mean of the mixture a·z."""
        return float(np.asarray(a) @ self.sums / self.total)

    def mean(self, a: ArrayLike) -> Estimate:
        """Estimate the mean of the mixture a·z: see `estimate_of_mean`."""
        mean = self.value(a)
        return estimate_of_mean(mean, self._squares(a, mean), self.count, self.total)

    def ratio(self, a: ArrayLike, b: ArrayLike) -> Estimate:
        """Estimate the ratio of the means of two mixtures x and y, neither negative.

        The interval is that of the ratio's logarithm, so that its ends are positive: to first
        order log x̄ − log ȳ is a mean of terms x/x̄ − y/ȳ (the delta method).

        References
        ----------
        Wasserman, *All of Statistics*, 2004, theorem 5.13.
        """
        top, bottom = self.value(a), self.value(b)
        if not (0 < top < np.inf and 0 < bottom < np.inf):
            ratio = top / bottom if bottom > 0 else np.nan
            return Estimate(ratio, 0.0 if ratio == 0 else np.nan, 0.0 if ratio == 0 else np.nan)
        squares = self._squares(np.asarray(a) / top - np.asarray(b) / bottom, 0.0)
        margin = NORMAL_95 * _standard_error(squares, self.count, self.total)
        # A margin this wide knows nothing; exp would overflow.
        factor = exp(margin) if margin < 700 else np.inf
        ratio = exp(log(top) - log(bottom))
        return Estimate(ratio, ratio / factor, ratio * factor)

    def _squares(self, a: ArrayLike, mean: float) -> float:
        """Σ s² (a·z − mean)²."""
        deviation = np.array(a, dtype=np.float64)
        deviation[0] -= mean
        with np.errstate(invalid="ignore"):
            return float(np.square(self.root @ deviation).sum())


def estimate_of_mean(mean: float, squares: float, count: int, total: float) -> Estimate:
    """Give a mean m = Σ s x / S with 1.96 standard errors on either side.

    The error is √(Σ s² (x − m)²) / S · √(n/(n − 1)), which without weights is the usual s/√n. A
    single row tells no spread, and its interval is infinite, as is that of an infinite mean.

    Parameters
    ----------
    mean : float
        The mean.
    squares : float
        Σ s² (x − m)².
    count : int
        Number n of rows that count.
    total : float
        Sum S of their weights.
    """
    if not np.isfinite(mean):
        return Estimate(mean, -np.inf, np.inf)
    margin = NORMAL_95 * _standard_error(squares, count, total)
    return Estimate(mean, mean - margin, mean + margin)


def mean_estimate(x: Float[Array, " n"], weight: Float[Array, " n"]) -> Estimate:
    """Estimate a mean from all its terms: see `estimate_of_mean`."""
    return RowSums.of(x[:, None], weight).mean([0, 1])


def share_estimate(share: float, n: float) -> Estimate:
    """Give a share, such as an accuracy, with Wilson's interval.

    Rows of unequal weight s count as n = (Σ s)² / Σ s² equal ones (Kish).

    Examples
    --------
    >>> estimate = share_estimate(0.9, 10)
    >>> f"{estimate.value:.2f}, from {estimate.low:.4f} to {estimate.high:.4f}"
    '0.90, from 0.5958 to 0.9821'
    """
    low, high = wilson_interval(np.array(share), np.array(n, dtype=np.float64))
    return Estimate(share, float(low), float(high))


def _triangle(rows: Float[Array, "n q"]) -> Float[Array, "r q"]:
    """Return R, upper triangular, with RᵀR = AᵀA for the matrix A of these rows."""
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _standard_error(squares: float, count: int, total: float) -> float:
    if count < 2:
        return np.inf
    return sqrt(squares * count / (count - 1)) / total
