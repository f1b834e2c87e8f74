"""Smooth calibration error: reliability by a kernel, whose width the error itself decides.

Błasiok and Nakkiran smooth the residuals y − p along p with a Gaussian of width σ, reflected at
0 and 1, and take the mean of their absolute values:

    r(t) = E[(y − p) K_σ(t, p)],    smECE_σ = ∫₀¹ |r(t)| dt,    smECE = the σ with smECE_σ = σ.

K_σ is heat that has spread for the time σ²/2 in a rod with insulated ends. So cosines are its
eigenfunctions, and smoothing multiplies the k-th cosine of r by exp(−(σπk)²/2). More heat flows
together the longer it spreads: smECE_σ falls with σ, and the fixed point is one and only one.
"""

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float
from scipy.fft import dct, idct
from scipy.optimize import brentq

from linnet.calibration.predictions import (
    Events,
    Kind,
    check_kind,
    class_events,
    events_of,
    read_predictions,
    top_events,
)
from linnet.types import Array

__all__ = [
    "SmoothCurve",
    "smooth_calibration_error",
    "smooth_error",
    "smooth_reliability_curve",
]

# Each row is shared between the two points of this grid beside it, which widens the kernel by
# less than half a step: of a width of 0.001, as millions of rows of a calibrated model have, that
# is one part in 2,000 by the variances.
GRID_STEPS: Final = 2**14
CURVE_STEPS: Final = 2**9


@final
@dataclass(frozen=True, kw_only=True)
class SmoothCurve:
    """A reliability curve without bins.

    Attributes
    ----------
    predicted : array of shape (m,)
        Probabilities from 0 to 1, evenly spaced.
    observed : array of shape (m,)
        Share of the rows near each in which the event happened: their average with the kernel's
        weights. NaN where no row is near.
    density : array of shape (m,)
        Density of the rows' predictions, smoothed alike; its integral is 1.
    error : float
        Smooth calibration error, which is the width σ of the kernel too, unless that is below
        1/256: the curve then has a kernel of that width.
    """

    predicted: Float[Array, " m"]
    observed: Float[Array, " m"]
    density: Float[Array, " m"]
    error: float


def smooth_calibration_error(
    y_true: Any,
    probabilities: Any,
    classes: Any = None,
    sample_weight: Any = None,
    *,
    kind: Kind | None = None,
) -> float:
    """Calibration error without bins (smECE), continuous in the predictions.

    The residuals y − p are smoothed along p by a Gaussian kernel, reflected at 0 and 1, whose
    width is the error itself: the fixed point of smECE_σ = σ. The answer is within a constant
    factor of the distance to the nearest calibrated predictions.

    Parameters
    ----------
    y_true, probabilities, classes, sample_weight
        As for `reliability_curve`.
    kind : {"top-label", "class-wise"}, optional
        Of the top label, or the mean over the classes, each against all others. By default that
        of the second of two classes; of more the top label.

    Returns
    -------
    float
        From 0 to 1: a difference of probabilities, without a unit.

    Raises
    ------
    DataError
        If a row is no distribution, a label is no class, or lengths differ.
    SettingError
        If there is no such ``kind``.

    References
    ----------
    Błasiok and Nakkiran, *Smooth ECE: Principled Reliability Diagrams via Kernel Smoothing*, ICLR
    2024 (arXiv 2309.12236), section 3 and algorithm 1.

    Examples
    --------
    Everyone is told 50 %, and it happens in 3 of 4 cases:

    >>> round(smooth_calibration_error([0, 1, 1, 1], [0.5, 0.5, 0.5, 0.5]), 6)
    0.25
    """
    check_kind(kind)
    predictions = read_predictions(y_true, probabilities, classes, sample_weight)
    if kind is None:
        return smooth_error(events_of(predictions))
    if kind == "top-label":
        return smooth_error(top_events(predictions))
    columns = range(len(predictions.classes))
    return float(np.mean([smooth_error(class_events(predictions, j)) for j in columns]))


def smooth_reliability_curve(
    y_true: Any,
    probabilities: Any,
    classes: Any = None,
    sample_weight: Any = None,
    *,
    label: Any = None,
) -> SmoothCurve:
    """Compare predicted and observed shares without bins: see `smooth_calibration_error`.

    ∫ |observed − predicted| density is near the error, as the area in a reliability diagram is
    the ECE.

    Parameters
    ----------
    y_true, probabilities, classes, sample_weight, label
        As for `reliability_curve`.

    Returns
    -------
    SmoothCurve

    Raises
    ------
    DataError
        If a row is no distribution, a label is no class, or lengths differ.

    Examples
    --------
    >>> curve = smooth_reliability_curve([0, 1, 1, 1], [0.5, 0.5, 0.5, 0.5])
    >>> round(curve.error, 6), float(curve.observed[len(curve.observed) // 2].round(6))
    (0.25, 0.75)
    """
    events = events_of(read_predictions(y_true, probabilities, classes, sample_weight), label)
    error = smooth_error(events)
    # A kernel narrower than what is shown could lie between two points of it, and be missed.
    width = max(error, 2 / CURVE_STEPS)
    share = events.weight / events.weight.sum()
    density = _spread(_cosines(events.p, share), width)
    happened = _spread(_cosines(events.p, share * events.happened), width)
    # What the kernel leaves of rows many widths away is rounding of the cosines.
    near = density > 1e-9 * density.max()
    observed = np.divide(happened, density, out=np.full(len(density), np.nan), where=near)
    step = GRID_STEPS // CURVE_STEPS
    return SmoothCurve(
        predicted=np.linspace(0, 1, GRID_STEPS + 1)[::step],
        observed=np.clip(observed, 0, 1)[::step],
        density=np.maximum(density, 0)[::step],
        error=error,
    )


def smooth_error(events: Events) -> float:
    """SmECE of events."""
    share = events.weight / events.weight.sum()
    cosines = _cosines(events.p, share * (events.happened - events.p))
    # Residuals that cancel to rounding are calibrated; no width solves the equation there.
    floor = np.finfo(float).eps

    def excess(width: float) -> float:
        return _mean_of_absolutes(_spread(cosines, width)) - width

    if excess(floor) <= 0:
        return 0.0
    # Where every row is as wrong as can be the error is 1, but for rounding.
    return 1.0 if excess(1.0) >= 0 else float(brentq(excess, floor, 1.0, xtol=1e-12))


def _cosines(p: Float[Array, " n"], mass: Float[Array, " n"]) -> Float[Array, " m"]:
    """Cosine coefficients of masses that lie at p, as a density on the grid."""
    place = np.clip(p, 0, 1) * GRID_STEPS
    left = np.minimum(place.astype(np.int64), GRID_STEPS - 1)
    beyond = place - left
    grid = np.bincount(left, mass * (1 - beyond), GRID_STEPS + 1)
    grid += np.bincount(left + 1, mass * beyond, GRID_STEPS + 1)
    # The two end points stand for half a step each.
    density = grid * GRID_STEPS
    density[[0, -1]] *= 2
    return dct(density, type=1)


def _spread(cosines: Float[Array, " m"], width: float) -> Float[Array, " m"]:
    """Density on the grid after smoothing with the reflected Gaussian of a width."""
    frequencies = np.pi * np.arange(len(cosines))
    # A narrower kernel than two steps has cosines beyond the grid's: without them it would ripple
    # below 0. At two steps those are e^{−2π²} of the whole. No sample knows its error so finely.
    width = max(width, 2 / GRID_STEPS)
    return idct(cosines * np.exp(-((width * frequencies) ** 2) / 2), type=1)


def _mean_of_absolutes(density: Float[Array, " m"]) -> float:
    """Integral over [0, 1] by the trapezoidal rule."""
    return float(np.trapezoid(np.abs(density), dx=1 / (len(density) - 1)))
