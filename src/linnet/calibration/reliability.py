"""Reliability curves: how often what was given probability p really happens; and their ECE."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

import numpy as np
from jaxtyping import Float, Int

from linnet.calibration.intervals import wilson_interval
from linnet.calibration.predictions import (
    Events,
    Kind,
    check_kind,
    class_events,
    events_of,
    read_predictions,
    top_events,
)
from linnet.errors import SettingError
from linnet.types import Array

__all__ = [
    "ReliabilityCurve",
    "Strategy",
    "bin_numbers",
    "binned_error",
    "calibration_error",
    "check_bins",
    "curve_of",
    "reliability_curve",
]

Strategy: TypeAlias = Literal["equal-mass", "equal-width"]
"""How bins are cut: each with about as many rows, or each as wide."""


@final
@dataclass(frozen=True, kw_only=True)
class ReliabilityCurve:
    """Predicted and observed shares of an event in bins of its predicted probability.

    Attributes
    ----------
    predicted : array of shape (b,)
        Mean predicted probability of each bin that has rows, rising.
    observed : array of shape (b,)
        Share of its rows in which the event happened.
    low, high : array of shape (b,)
        Ends of Wilson's interval for that share.
    share : array of shape (b,)
        Share of all rows, by weight, that are in the bin.
    rows : array of shape (b,)
        Number of rows in the bin.
    deviation : array of shape (b,)
        Standard deviation that the observed share has by chance where probabilities are right:
        √(Σ s² p (1 − p))/Σ s.
    confidence : float
        Confidence of the intervals.
    """

    predicted: Float[Array, " b"]
    observed: Float[Array, " b"]
    low: Float[Array, " b"]
    high: Float[Array, " b"]
    share: Float[Array, " b"]
    rows: Int[Array, " b"]
    deviation: Float[Array, " b"]
    confidence: float

    @property
    def error(self) -> float:
        """ECE: mean distance of observed and predicted shares, bins by their share of rows."""
        return float((self.share * np.abs(self.observed - self.predicted)).sum())

    @property
    def error_by_chance(self) -> float:
        """ECE to be expected of these predictions if they were right, to first order.

        The mean of the absolute value of a normal deviate is √(2/π) of its deviation.
        """
        return float(np.sqrt(2 / np.pi) * (self.share * self.deviation).sum())

    @property
    def largest_error(self) -> float:
        """MCE: the largest distance of any bin."""
        return float(np.abs(self.observed - self.predicted).max())


def reliability_curve(
    y_true: Any,
    probabilities: Any,
    classes: Any = None,
    sample_weight: Any = None,
    *,
    label: Any = None,
    bins: int = 15,
    strategy: Strategy = "equal-mass",
    confidence: float = 0.95,
) -> ReliabilityCurve:
    """Compare how probable an event was said to be with how often it happened.

    Rows are put into bins by the predicted probability p. In a bin B with total weight S_B

        predicted = Σ_{i∈B} sᵢ pᵢ / S_B,    observed = Σ_{i∈B} sᵢ [event in row i] / S_B.

    Of a calibrated model the two agree but for chance. Equal predictions are never parted, so
    bins of equal mass can be fewer and of unequal mass where many rows have the same.

    Parameters
    ----------
    y_true : array of shape (n,)
        Labels that occurred, in rows that the model was not fitted to.
    probabilities : array of shape (n, q), or (n,) for two classes
        Probabilities of the classes; of shape (n,) those of the second class.
    classes : array of shape (q,), optional
        The classes in the order of the columns; by default the distinct labels, sorted.
    sample_weight : array of shape (n,), optional
        How often each row counts. Intervals take rows of unequal weight for (Σs)²/Σs² rows.
    label : class, optional
        The class whose probabilities are judged. By default the second of two classes; of more
        the top label: the event that the most probable class of a row is right.
    bins : int
        Number of bins, at most.
    strategy : {"equal-mass", "equal-width"}
        Bins with about as many rows each; or intervals (a, b] of [0, 1] of one width.
    confidence : float
        Confidence of the intervals of the observed shares.

    Returns
    -------
    ReliabilityCurve
        Bins without rows are left out.

    Raises
    ------
    DataError
        If a row is no distribution, a label is no class, or lengths differ.
    SettingError
        If a setting is out of range.

    References
    ----------
    Niculescu-Mizil and Caruana, *Predicting Good Probabilities with Supervised Learning*, ICML
    2005.

    Examples
    --------
    >>> curve = reliability_curve([0, 0, 1, 1], [0.2, 0.2, 0.2, 0.9], bins=2)
    >>> curve.predicted, curve.observed.round(4)
    (array([0.2, 0.9]), array([0.3333, 1. ]))
    """
    check_bins(bins, strategy)
    events = events_of(read_predictions(y_true, probabilities, classes, sample_weight), label)
    return curve_of(events, bins, strategy, confidence)


def calibration_error(
    y_true: Any,
    probabilities: Any,
    classes: Any = None,
    sample_weight: Any = None,
    *,
    kind: Kind | None = None,
    bins: int = 15,
    strategy: Strategy = "equal-mass",
) -> float:
    """Measure how far predicted and observed shares are apart on average (ECE).

    ECE = Σ_B (S_B/S) |observed_B − predicted_B| over the bins of `reliability_curve`. A finite
    sample of a calibrated model has an ECE above 0, and more so with more bins:
    ``reliability_curve(...).error_by_chance`` tells how much. Compare models on the same rows and
    bins, or use `smooth_calibration_error`, which has no bins.

    Parameters
    ----------
    y_true, probabilities, classes, sample_weight
        As for `reliability_curve`.
    kind : {"top-label", "class-wise"}, optional
        Of the top label (Guo et al.), or the mean of the errors of the classes, each against all
        others (Kull et al.). By default that of the second of two classes; of more the top label.
    bins, strategy
        As for `reliability_curve`.

    Returns
    -------
    float
        From 0 to 1: a difference of probabilities, without a unit.

    Raises
    ------
    DataError, SettingError
        As for `reliability_curve`.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*, ICML 2017. Kull
    et al., *Beyond temperature scaling*, NeurIPS 2019.

    Examples
    --------
    >>> round(calibration_error([0, 0, 1, 1], [0.25, 0.25, 0.25, 0.75], bins=2), 4)
    0.125
    """
    check_bins(bins, strategy)
    check_kind(kind)
    predictions = read_predictions(y_true, probabilities, classes, sample_weight)
    if kind is None:
        return binned_error(events_of(predictions), bins, strategy)
    if kind == "top-label":
        return binned_error(top_events(predictions), bins, strategy)
    columns = range(len(predictions.classes))
    return float(
        np.mean([binned_error(class_events(predictions, j), bins, strategy) for j in columns])
    )


def binned_error(events: Events, bins: int, strategy: Strategy) -> float:
    """ECE of events."""
    return curve_of(events, bins, strategy, 0.95).error


def bin_numbers(
    p: Float[Array, " n"], weight: Float[Array, " n"], bins: int, strategy: Strategy
) -> Int[Array, " n"]:
    """Give the number, from 0, of the bin of each row; some numbers may not occur."""
    if strategy == "equal-width":
        return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p)
    values, places = np.unique(p, return_inverse=True)
    mass = np.bincount(places.reshape(-1), weights=weight, minlength=len(values))
    # A prediction lies where the middle of its mass does, so that all its rows go together.
    middle = np.cumsum(mass) - mass / 2
    numbers = np.minimum((bins * middle / mass.sum()).astype(np.int64), bins - 1)
    return numbers[places.reshape(-1)]


def check_bins(bins: Any, strategy: Any) -> None:
    """Raise a SettingError unless there is a bin, and a way to cut them."""
    whole = isinstance(bins, int | np.integer) and not isinstance(bins, bool)
    if not (whole and bins >= 1):
        raise SettingError(f"bins={bins!r}: it must be a whole number of at least 1.")
    if strategy not in {"equal-mass", "equal-width"}:
        raise SettingError(f"strategy={strategy!r}: it must be 'equal-mass' or 'equal-width'.")


def curve_of(events: Events, bins: int, strategy: Strategy, confidence: float) -> ReliabilityCurve:
    """Give the curve of events, of which there is one at least: see `reliability_curve`."""
    numbers = bin_numbers(events.p, events.weight, bins, strategy)
    used, places = np.unique(numbers, return_inverse=True)

    def total(x: Float[Array, " n"]) -> Float[Array, " b"]:
        return np.bincount(places.reshape(-1), weights=x, minlength=len(used))

    mass = total(events.weight)
    # Rounding may carry a mean of ones past 1, where the interval has no root.
    observed = np.minimum(total(events.weight * events.happened) / mass, 1.0)
    noise = total(events.weight**2 * np.maximum(events.p * (1 - events.p), 0))
    low, high = wilson_interval(observed, mass**2 / total(events.weight**2), confidence)
    return ReliabilityCurve(
        predicted=total(events.weight * events.p) / mass,
        observed=observed,
        low=low,
        high=high,
        share=mass / mass.sum(),
        rows=np.bincount(places.reshape(-1)),
        deviation=np.sqrt(noise) / mass,
        confidence=float(confidence),
    )
