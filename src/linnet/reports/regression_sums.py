"""The account of a regression is made of a few sums, which chunks of rows add to."""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.errors import DataError
from linnet.features.written import WrittenNumbers
from linnet.reports.estimates import Estimate, RowSums
from linnet.reports.regression import RegressionAccount
from linnet.types import Array

__all__ = ["RegressionSums", "gaussian_lengths", "regression_account"]

# Of the quantities (1, |e|, e², t, t²) summed, those that make the mean and squared errors.
_ERROR = np.array([0.0, 1, 0, 0, 0])
_SQUARE = np.array([0.0, 0, 1, 0, 0])
_ONE = np.array([1.0, 0, 0, 0, 0])


@final
@dataclass(frozen=True, kw_only=True)
class RegressionSums:
    """What rows add to the account of a regression.

    Sums of rows and of those that follow them are added with ``+``: an account of any number of
    rows takes one pass, and memory for a few numbers.

    Parameters
    ----------
    rows : int
        Number of rows.
    residual_variance : float
        Variance σ² of the model's Gaussian code.
    centre : float
        A number near the targets' mean: t is the target less this, so that t² keeps its digits.
    sums : RowSums
        Of 1, |e|, e², t and t², with e the error of the prediction.
    written : WrittenNumbers
        To which precision the targets are written.
    """

    rows: int
    residual_variance: float
    centre: float
    sums: RowSums
    written: WrittenNumbers

    @classmethod
    def of(
        cls,
        predicted: Float[Array, " n"],
        targets: Float[Array, " n"],
        *,
        residual_variance: float,
        weight: Float[Array, " n"] | None = None,
    ) -> "RegressionSums":
        """Sum over rows; the parameters are those of `regression_account`."""
        weight = np.ones(len(targets)) if weight is None else weight
        centre = float(np.average(targets, weights=weight)) if weight.any() else 0.0
        errors, t = predicted - targets, targets - centre
        return cls(
            rows=len(targets),
            residual_variance=residual_variance,
            centre=centre,
            sums=RowSums.of(np.column_stack([np.abs(errors), errors**2, t, t**2]), weight),
            written=WrittenNumbers.of(targets, residual_variance),
        )

    def __add__(self, other: "RegressionSums") -> "RegressionSums":
        """Return the sums of these rows and of others, of the same model."""
        share = other.sums.total / max(self.sums.total + other.sums.total, np.finfo(float).tiny)
        centre = self.centre + share * (other.centre - self.centre)
        return RegressionSums(
            rows=self.rows + other.rows,
            residual_variance=self.residual_variance,
            centre=centre,
            sums=self._around(centre) + other._around(centre),
            written=self.written + other.written,
        )

    def account(self, precision: float | None = None) -> RegressionAccount:
        """Return the account of all rows summed.

        Parameters
        ----------
        precision : float, optional
            Width of a cell; by default that to which the targets are written.

        Raises
        ------
        DataError
            If there is no row, or no row with weight.
        """
        sums = self.sums
        if not sums.total > 0:
            raise DataError("There is no row with a target, so there is nothing to account for.")
        mean = sums.value([0, 0, 0, 1, 0])
        # (t − mean)², as a mixture of 1, t and t².
        spread = np.array([mean**2, 0, 0, -2 * mean, 1])
        ratio = sums.ratio(_SQUARE, spread)
        width = self.written.precision if precision is None else precision
        variance, around = self.residual_variance, sums.value(spread)
        marginal = _code(spread, around, width) if around > 0 else None
        code = _code(_SQUARE, variance, width) if variance > 0 else None
        return RegressionAccount(
            rows=self.rows,
            rmse=sums.ratio(_SQUARE, _ONE).through(sqrt),
            mean_absolute_error=sums.mean(_ERROR),
            # 1 − ratio falls as the ratio rises, so the ends change places.
            r2=Estimate(1 - ratio.value, 1 - ratio.high, 1 - ratio.low),
            precision=width,
            marginal=None if marginal is None else sums.value(marginal),
            loss=None if code is None else sums.mean(code),
            gained=None if marginal is None or code is None else sums.mean(marginal - code),
        )

    def _around(self, centre: float) -> RowSums:
        """Return the sums for t counted from another centre: t + d, and t² + 2 d t + d²."""
        d = self.centre - centre
        moved = np.eye(5)
        moved[3, 0], moved[4, 0], moved[4, 3] = d, d**2, 2 * d
        return self.sums.through(moved)


def _code(squares: Float[Array, " q"], variance: float, width: float) -> Float[Array, " q"]:
    """Gaussian code lengths of rows as a mixture of what is summed, given that of the squares."""
    return squares / (2 * variance) + gaussian_lengths(np.zeros(1), variance, width) * _ONE


def gaussian_lengths(
    squares: Float[Array, " n"], variance: float, width: float
) -> Float[Array, " n"]:
    """−log(Δ N(y; ŷ, σ²)) for squared distances (y − ŷ)², in nats."""
    return squares / (2 * variance) + 0.5 * log(2 * pi * variance) - log(width)


def regression_account(
    predicted: Float[Array, " n"],
    targets: Float[Array, " n"],
    *,
    residual_variance: float,
    precision: float | None = None,
    weight: Float[Array, " n"] | None = None,
) -> RegressionAccount:
    """Account for targets given what a model predicts.

    The intervals of R² and RMSE are those of log(mean squared error) by the delta method: they
    hold for many rows, whatever the distribution of the residuals.

    Parameters
    ----------
    predicted, targets : array of shape (n,)
        Numbers predicted, and those that occurred.
    residual_variance : float
        Variance σ² of the model's Gaussian code.
    precision : float, optional
        Width Δ of a cell; by default that to which the targets are written.
    weight : array of shape (n,), optional
        How often each row counts.

    Returns
    -------
    RegressionAccount

    Raises
    ------
    DataError
        If there is no row, or no row with weight.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., theorem 8.3.1.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([1.0, 2.0, 3.0, 4.0])
    >>> account = regression_account(y + [1, -1, 1, -1], y, residual_variance=1.0)
    >>> account.rmse.value, account.r2.value
    (1.0, 0.19999999999999996)
    """
    sums = RegressionSums.of(predicted, targets, residual_variance=residual_variance, weight=weight)
    return sums.account(precision)
