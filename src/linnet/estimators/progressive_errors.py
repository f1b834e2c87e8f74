"""The progressive errors of numbers, and their code lengths, all told before they are learnt from.

A number y that is predicted as ŷ has the Gaussian code length, to within a cell of width Δ,

    (y − ŷ)²/(2σ²) + log(σ √(2π) / Δ),        σ² = mean of (y − ŷ)² over the rows before,

and σ is at least Δ, for below that a density gives no code. So nothing in it is known only later.
The same is told of a code without features, whose ŷ is the mean of the rows before. Both begin
after some rows, the opening, that told where the numbers lie, how far they spread, and Δ.

References
----------
Dawid, "Statistical theory: the prequential approach", 1984, section 4.
"""

from dataclasses import dataclass, replace
from math import isfinite, log, nan, pi, sqrt
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.estimators.target_spread import TargetSpread
from linnet.information.units import Information, nats_per
from linnet.types import Array

__all__ = ["ErrorMark", "ErrorSums", "ProgressiveErrors"]

_NATS_PER_BIT: Final = nats_per("bits")


@final
@dataclass(frozen=True)
class ErrorSums:
    """Sums over rows: weights, squared errors, code lengths, and both of the mean of rows before.

    ``first`` and ``second`` are Σ s (y − c) and Σ s (y − c)², which that mean is reckoned from.
    """

    weight: Any = 0.0
    squares: Any = 0.0
    nats: Any = 0.0
    mean_squares: Any = 0.0
    mean_nats: Any = 0.0
    first: Any = 0.0
    second: Any = 0.0

    def less(self, other: "ErrorSums") -> "ErrorSums":
        """Take off what had been added before."""
        names = list(vars(self))
        return ErrorSums(**{name: getattr(self, name) - getattr(other, name) for name in names})

    def at(self, step: int) -> "ErrorSums":
        """Take the sums after one step, where these are arrays of the sums after each."""
        return ErrorSums(**{name: float(sums[step]) for name, sums in vars(self).items()})

    @property
    def rmse(self) -> float:
        """Root of the mean squared error; NaN of no rows."""
        return sqrt(self.squares / self.weight) if self.weight > 0 else nan

    @property
    def mean_rmse(self) -> float:
        """The same of the mean of the rows before."""
        return sqrt(self.mean_squares / self.weight) if self.weight > 0 else nan

    @property
    def bits(self) -> float:
        """Bits a number."""
        return self.nats / self.weight / _NATS_PER_BIT if self.weight > 0 else nan

    @property
    def mean_bits(self) -> float:
        """Bits a number of the code without features."""
        return self.mean_nats / self.weight / _NATS_PER_BIT if self.weight > 0 else nan


@final
@dataclass(frozen=True)
class ErrorMark:
    """The progressive errors after so many rows, of all of them and of those since the last mark.

    Parameters
    ----------
    rows : int
        Rows that were predicted.
    rmse, since_last : float
        Root of the mean squared error, in the unit of the target.
    mean_rmse : float
        That of the mean of the rows before, of all rows.
    bits : float
        Bits a number, of all rows.
    """

    rows: int
    rmse: float
    since_last: float
    mean_rmse: float
    bits: float

    def facts(self) -> dict[str, Any]:
        """Give it as a line of a log has it; nothing where rows have no weight."""
        told = {
            "rmse": self.rmse,
            "rmse_since_last": self.since_last,
            "rmse_of_mean": self.mean_rmse,
            "bits": self.bits,
        }
        return {"rows": self.rows} | {
            name: value if isfinite(value) else None for name, value in told.items()
        }


@final
@dataclass(frozen=True, kw_only=True)
class ProgressiveErrors:
    """Errors added up, with a mark each time that the number of rows has doubled.

    Parameters
    ----------
    opening : TargetSpread
        The numbers that were known before the first was predicted.
    start : float
        What these would have been predicted as.
    precision : float
        Width Δ of a cell.
    opening_rows : int
        Rows of the opening, where this pass began with it.
    rows : int
        Rows so far, without those of the opening.
    sums : ErrorSums
        Of those rows.
    marks : tuple of ErrorMark
        After 1, 2, 4, … rows, or so many more as the step ends after.
    last : ErrorSums
        The sums at the last mark.

    Examples
    --------
    >>> opening = TargetSpread.of(np.array([0.0, 2.0]), np.ones(2))
    >>> errors = ProgressiveErrors(opening=opening, start=1.0, precision=0.1)
    >>> y, predicted = np.array([3.0, 3.0]), np.array([1.0, 2.0])
    >>> after = errors.after(np.array([0, 1]), y, np.ones(2), (y - predicted) ** 2)
    >>> round(after.rmse, 3), round(after.mean_rmse, 3)
    (1.581, 1.7)
    """

    opening: TargetSpread
    start: float
    precision: float
    opening_rows: int = 0
    rows: int = 0
    sums: ErrorSums = ErrorSums()
    marks: tuple[ErrorMark, ...] = ()
    last: ErrorSums = ErrorSums()

    @property
    def rmse(self) -> float:
        """Root of the mean squared error of the predictions, in the unit of the target."""
        return self.sums.rmse

    @property
    def mean_rmse(self) -> float:
        """The same of the mean of the rows before each: what is lost without features."""
        return self.sums.mean_rmse

    @property
    def mean(self) -> Information:
        """Bits a number, given to within ``precision``."""
        return Information(self.sums.bits, "bits")

    @property
    def weight(self) -> float:
        """Total weight of the rows."""
        return float(self.sums.weight)

    @property
    def mean_squared_error(self) -> float:
        """Of the rows predicted; of the opening, if these have no weight."""
        if self.weight > 0:
            return float(self.sums.squares / self.weight)
        return self.opening.about(self.start) ** 2

    def anew(self) -> "ProgressiveErrors":
        """Begin a further pass, over rows that were seen before."""
        return ProgressiveErrors(opening=self.opening, start=self.start, precision=self.precision)

    def after(
        self,
        starts: Int[Array, " t"],
        y: Float[Array, " n"],
        weight: Float[Array, " n"],
        squares: Float[Array, " t"],
    ) -> "ProgressiveErrors":
        """Add steps: where each begins among the rows, those, and each step's Σ s (y − ŷ)²."""
        if not len(y):
            return self
        sums = self._sums_after(starts, y, weight, squares)
        rows = self.rows + np.append(starts[1:], len(y))
        marks, last, mark = list(self.marks), self.last, self._next()
        while mark <= rows[-1]:
            step = int(np.searchsorted(rows, mark))
            now = sums.at(step)
            since = now.less(last).rmse
            marks.append(ErrorMark(int(rows[step]), now.rmse, since, now.mean_rmse, now.bits))
            last, mark = now, 1 << int(rows[step]).bit_length()
        return replace(self, rows=int(rows[-1]), sums=sums.at(-1), marks=tuple(marks), last=last)

    def _sums_after(
        self,
        starts: Int[Array, " t"],
        y: Float[Array, " n"],
        weight: Float[Array, " n"],
        squares: Float[Array, " t"],
    ) -> ErrorSums:
        """All sums after each of the steps."""
        opening, old = self.opening, self.sums
        apart = y - opening.centre
        of_rows = weight, weight * apart, weight * apart**2
        w, first, second = (np.add.reduceat(each, starts) for each in of_rows)
        begun = opening.weight * opening.about(self.start) ** 2
        before = _before(opening.weight + old.weight, w)
        mean = _before(opening.first + old.first, first) / before
        spread = _before(opening.second + old.second, second) / before - mean**2
        mean_squares = second - mean * (2 * first - mean * w)
        variance = _before(begun + old.squares, squares) / before
        added = ErrorSums(
            weight=w,
            squares=squares,
            nats=self._nats(w, squares, variance),
            mean_squares=mean_squares,
            mean_nats=self._nats(w, mean_squares, spread),
            first=first,
            second=second,
        )
        return ErrorSums(
            **{name: getattr(old, name) + np.cumsum(each) for name, each in vars(added).items()}
        )

    def _nats(
        self, weight: Float[Array, " t"], squares: Float[Array, " t"], variance: Float[Array, " t"]
    ) -> Float[Array, " t"]:
        """Code lengths of steps, of rows that weigh so much, given the variance before each."""
        variance = np.maximum(variance, self.precision**2)
        constant = 0.5 * np.log(2 * pi * variance) - log(self.precision)
        return squares / (2 * variance) + weight * constant

    def _next(self) -> int:
        """Rows at which the next mark is due."""
        return 1 << self.rows.bit_length() if self.rows else 1


def _before(total: float, steps: Float[Array, " t"]) -> Float[Array, " t"]:
    """Return what a sum was before each step."""
    return total + np.cumsum(np.append(0.0, steps[:-1]))
