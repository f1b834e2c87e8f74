"""The account of a regression: its errors, and what its numbers cost in nats and bits."""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Any, final

import numpy as np
from jaxtyping import Float

from linnet.errors import DataError
from linnet.features.written import written_precision
from linnet.information import Information
from linnet.reports.estimates import Estimate, mean_estimate, ratio_estimate
from linnet.reports.strict_json import to_json_value
from linnet.types import Array, Unit

__all__ = ["RegressionAccount", "gaussian_lengths", "regression_account"]


@final
@dataclass(frozen=True, kw_only=True)
class RegressionAccount:
    """What a regression makes of rows whose targets are known.

    All amounts of information are in nats per value, for values given to ``precision``.

    Attributes
    ----------
    rows : int
        Number of rows.
    rmse : Estimate
        Root of the mean squared error, in the target's unit.
    mean_absolute_error : Estimate
        In the target's unit.
    r2 : Estimate
        1 − (mean squared error)/(variance of these targets): at most 1, below 0 for a model worse
        than the mean. NaN if the targets are all the same.
    precision : float
        Width Δ of the cells to which the codes give a value.
    marginal : float or None
        ½ log(2πe v) − log Δ, with v the variance of these targets: the Gaussian code that knows
        their mean and variance, but no features. None where it does not exist, for v = 0.
    loss : Estimate or None
        Mean length of the model's Gaussian code, whose variance σ² is that of its residuals in
        training. None for σ = 0.
    gained : Estimate or None
        marginal − loss. On the rows of training that is ½ log(v/σ²).
    """

    rows: int
    rmse: Estimate
    mean_absolute_error: Estimate
    r2: Estimate
    precision: float
    marginal: float | None
    loss: Estimate | None
    gained: Estimate | None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as strict JSON holds it, in nats and in bits."""
        content = {
            "rows": self.rows,
            "rmse": self.rmse.to_dict(),
            "mean_absolute_error": self.mean_absolute_error.to_dict(),
            "r2": self.r2.to_dict(),
            "precision": self.precision,
            "nats_per_value": self._amounts("nats"),
            "bits_per_value": self._amounts("bits"),
        }
        return to_json_value(content)

    def _amounts(self, unit: Unit) -> dict[str, Any]:
        def amount(nats: float) -> float:
            return float(Information(nats, "nats").to(unit))

        def amounts(estimate: Estimate | None) -> dict[str, Any] | None:
            return None if estimate is None else estimate.through(amount).to_dict()

        return {
            "marginal_code": None if self.marginal is None else amount(self.marginal),
            "loss": amounts(self.loss),
            "gained": amounts(self.gained),
        }


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
    weight = np.ones(len(targets)) if weight is None else weight
    if not weight.any():
        raise DataError("There is no row with a target, so there is nothing to account for.")
    errors = predicted - targets
    squares = errors**2
    spreads = (targets - np.average(targets, weights=weight)) ** 2
    width = written_precision(targets, residual_variance) if precision is None else precision
    marginal, loss, gained = _codes(squares, spreads, residual_variance, width, weight)
    return RegressionAccount(
        rows=len(targets),
        rmse=ratio_estimate(squares, np.ones(len(targets)), weight).through(sqrt),
        mean_absolute_error=mean_estimate(np.abs(errors), weight),
        r2=_coefficient_of_determination(squares, spreads, weight),
        precision=width,
        marginal=marginal,
        loss=loss,
        gained=gained,
    )


def _coefficient_of_determination(
    squares: Float[Array, " n"], spreads: Float[Array, " n"], weight: Float[Array, " n"]
) -> Estimate:
    """1 − (mean squared error)/(variance), NaN where all targets are the same."""
    ratio = ratio_estimate(squares, spreads, weight)
    # 1 − ratio falls as the ratio rises, so the ends change places.
    return Estimate(1 - ratio.value, 1 - ratio.high, 1 - ratio.low)


def _codes(
    squares: Float[Array, " n"],
    spreads: Float[Array, " n"],
    variance: float,
    width: float,
    weight: Float[Array, " n"],
) -> tuple[float | None, Estimate | None, Estimate | None]:
    """Marginal code, the model's code, and the gain: the mean of their difference row by row."""
    spread = float(np.average(spreads, weights=weight))
    marginal = gaussian_lengths(spreads, spread, width) if spread > 0 else None
    lengths = gaussian_lengths(squares, variance, width) if variance > 0 else None
    return (
        None if marginal is None else float(np.average(marginal, weights=weight)),
        None if lengths is None else mean_estimate(lengths, weight),
        mean_estimate(marginal - lengths, weight)
        if marginal is not None and lengths is not None
        else None,
    )


def gaussian_lengths(
    squares: Float[Array, " n"], variance: float, width: float
) -> Float[Array, " n"]:
    """−log(Δ N(y; ŷ, σ²)) for squared distances (y − ŷ)², in nats."""
    return squares / (2 * variance) + 0.5 * log(2 * pi * variance) - log(width)
