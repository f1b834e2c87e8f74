"""The account of a regression: its errors, and what its numbers cost in nats and bits."""

from dataclasses import dataclass
from typing import Any, final

from linnet.information import Information
from linnet.reports.estimates import Estimate
from linnet.reports.strict_json import to_json_value
from linnet.types import Unit

__all__ = ["RegressionAccount"]


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
