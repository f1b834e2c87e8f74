"""What a regression leaves over: against its predictions, and beside a normal distribution."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["Residuals", "residuals"]

# More dots than this tell the eye nothing, and make a page heavy.
_MOST_DOTS: Final = 1000
_MOST_QUANTILES: Final = 100


@final
@dataclass(frozen=True)
class Residuals:
    """Residuals y − ŷ.

    Attributes
    ----------
    rows : int
        Rows there are.
    predicted, residual : tuple of float
        Of the rows drawn: all, or 1000 of them in equal steps along the predictions.
    mean, deviation : float
        Of all residuals.
    normal, quantiles : tuple of float
        Quantiles of the standard normal distribution, and those of the residuals less their mean,
        in their own standard deviations; empty where all residuals are the same.
    """

    rows: int
    predicted: tuple[float, ...]
    residual: tuple[float, ...]
    mean: float
    deviation: float
    normal: tuple[float, ...]
    quantiles: tuple[float, ...]


def residuals(predicted: Float[Array, " n"], targets: Float[Array, " n"]) -> Residuals:
    """Gather residuals to be drawn.

    The i-th of m quantiles is that of probability (i − ½)/m.

    Parameters
    ----------
    predicted, targets : array of shape (n,)
        Numbers predicted, and those that occurred.

    Examples
    --------
    >>> import numpy as np
    >>> left = residuals(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0]))
    >>> left.residual, [round(q, 3) for q in left.normal]
    ((1.0, 0.0, -1.0), [-0.967, 0.0, 0.967])
    """
    from scipy.special import ndtri

    left = targets - predicted
    n = len(left)
    order = np.argsort(predicted, kind="stable")
    drawn = order[np.unique(np.linspace(0, n - 1, min(n, _MOST_DOTS)).round().astype(int))]
    mean, deviation = float(left.mean()), float(left.std())
    normal: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    if deviation > 0:
        m = min(n, _MOST_QUANTILES)
        probabilities = (np.arange(m) + 0.5) / m
        ordered = np.quantile((left - mean) / deviation, probabilities, method="hazen")
        normal, quantiles = tuple(ndtri(probabilities).tolist()), tuple(ordered.tolist())
    return Residuals(
        n,
        tuple(predicted[drawn].tolist()),
        tuple(left[drawn].tolist()),
        mean,
        deviation,
        normal,
        quantiles,
    )
