"""Reliability: of the rows to which a model gives a probability, the share for which it is so."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.calibration.predictions import Events
from linnet.calibration.reliability import bin_numbers, curve_of
from linnet.features.labels import class_codes
from linnet.reports.estimates import Estimate
from linnet.types import Array

__all__ = ["Reliability", "ReliabilityBin", "reliability"]

_BINS: Final = 10
_CONFIDENCE: Final = 0.95


@final
@dataclass(frozen=True)
class ReliabilityBin:
    """Rows whose probability lies in one range.

    Attributes
    ----------
    low, high : float
        Ends of the range.
    rows : float
        Rows in it, by weight.
    predicted : float
        Their mean probability.
    happened : Estimate
        The share of them for which it came so; Wilson's interval.
    """

    low: float
    high: float
    rows: float
    predicted: float
    happened: Estimate


@final
@dataclass(frozen=True)
class Reliability:
    """Probabilities against what happened.

    Attributes
    ----------
    of : str
        Which probability, in words.
    bins : tuple of ReliabilityBin
        Ranges of a tenth each, without those that hold no row.
    error : float
        Σ (share of the rows) |mean probability − share that came so|, the expected calibration
        error of these bins: at most 1, and above 0 by chance alone.
    """

    of: str
    bins: tuple[ReliabilityBin, ...]
    error: float


def reliability(
    log_probabilities: Float[Array, "n q"],
    labels: Array,
    classes: Array,
    weight: Float[Array, " n"],
) -> Reliability:
    """Compare probabilities with what happened, in ten ranges.

    Of two classes it is the probability of the second; of more, that of the most probable class.
    A label that the model never saw counts as none of its classes.

    Parameters
    ----------
    log_probabilities : array of shape (n, q)
        Natural logarithms of the model's probabilities.
    labels : array of shape (n,)
        Labels that occurred.
    classes : array of shape (q,)
        The model's classes, sorted.
    weight : array of shape (n,)
        How often each row counts.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017,
    section 2.

    Examples
    --------
    >>> import numpy as np
    >>> found = reliability(
    ...     np.log([[0.75, 0.25]] * 4), np.array(["a", "a", "a", "b"]),
    ...     np.array(["a", "b"]), np.ones(4),
    ... )
    >>> found.of, found.bins[0].happened.value, found.error
    ('probability of b', 0.25, 0.0)
    """
    codes = class_codes(labels, classes)
    if len(classes) == 2:
        of, chosen = f"probability of {classes[1]}", np.ones(len(codes), dtype=int)
    else:
        of, chosen = "probability of the class predicted", log_probabilities.argmax(axis=1)
    # Rounding may carry the exponential of a sum past 1.
    told = np.minimum(np.exp(log_probabilities[np.arange(len(codes)), chosen]), 1.0)
    counts = weight > 0
    events = Events(told[counts], (codes == chosen)[counts], weight[counts])
    curve = curve_of(events, _BINS, "equal-width", _CONFIDENCE)
    places = np.unique(bin_numbers(events.p, events.weight, _BINS, "equal-width"))
    bins = tuple(
        ReliabilityBin(
            low=place / _BINS,
            high=(place + 1) / _BINS,
            rows=float(curve.share[b] * events.weight.sum()),
            predicted=float(curve.predicted[b]),
            happened=Estimate(*(float(x[b]) for x in (curve.observed, curve.low, curve.high))),
        )
        for b, place in enumerate(places.tolist())
    )
    return Reliability(of, bins, curve.error)
