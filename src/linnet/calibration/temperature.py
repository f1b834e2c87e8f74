"""Temperature: one number that scores are divided by, so that sure predictions are sure enough.

With scores Z the loss at β = 1/T, E[log Σⱼ exp(βZⱼ) − βZ_y], is convex in β. Its slope is
E[Σⱼ qⱼ Zⱼ − Z_y] with q = softmax(βZ), and its minimum where that is 0: labels are then as
probable as the model says on average.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import brentq

from linnet.calibration.predictions import given_weights, label_codes
from linnet.errors import DataError
from linnet.information.distributions import scores
from linnet.information.units import Information
from linnet.numeric import log_softmax, softmax
from linnet.types import Array

__all__ = ["Temperature", "fit_temperature"]


@final
@dataclass(frozen=True)
class Temperature:
    """A temperature T, and what it gains.

    Attributes
    ----------
    value : float
        T: above 1 for a model too sure of itself, below 1 for one not sure enough.
    before, after : Information
        Mean code length of a label without and with it, in nats.
    """

    value: float
    before: Information
    after: Information

    @property
    def gain(self) -> Information:
        """Bits a label that it saves."""
        return Information(self.before - self.after, "nats").to("bits")


def fit_temperature(
    y_true: Any, logits: Any, classes: Any = None, sample_weight: Any = None
) -> Temperature:
    """Find the temperature at which labels have the shortest code: min over T of CE(softmax(Z/T)).

    Parameters
    ----------
    y_true : array of shape (n,)
        Labels that occurred, in rows that the model was not fitted to.
    logits : array of shape (n, q)
        Scores or log-probabilities of the classes.
    classes : array of shape (q,), optional
        The classes in the order of the columns; by default the distinct labels, sorted.
    sample_weight : array of shape (n,), optional
        How often each row counts.

    Returns
    -------
    Temperature
        Its gain is measured on the rows it was fitted to, which flatters it by about 1/2n nats;
        it is never negative.

    Raises
    ------
    DataError
        If the data cannot be used; or there is no such temperature, for every label is the most
        probable one of its row, or labels are no more probable than others.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*, ICML 2017,
    section 4.2.

    Examples
    --------
    A model that is always 90 % sure, and right in 3 of 4 cases:

    >>> import numpy as np
    >>> fitted = fit_temperature([0, 0, 0, 1], np.log([[0.9, 0.1]] * 4))
    >>> print(f"T = {fitted.value:.4f} gains {fitted.gain:.4f}")
    T = 2.0000 gains 0.1332 bits
    """
    Z = scores(logits, "logits")
    if Z.ndim != 2 or Z.shape[1] < 2:
        raise DataError(
            f"logits has shape {Z.shape}. Give a row of scores for each label, and a column for "
            "each of two or more classes."
        )
    codes, _ = label_codes(y_true, classes, *Z.shape)
    weight = given_weights(sample_weight, len(Z))
    kept = weight > 0
    Z, codes, share = Z[kept], codes[kept], weight[kept] / weight.sum()
    _check_possible(Z, codes, np.flatnonzero(kept))
    # Only differences count; with 0 as the largest, no product with β overflows.
    Z = Z - Z.max(axis=1, keepdims=True)
    beta = _inverse_temperature(Z, codes, share)
    before, after = (
        Information(-(share * log_softmax(b * Z)[np.arange(len(Z)), codes]).sum(), "nats")
        for b in (1.0, beta)
    )
    return Temperature(1 / beta, before, after)


def _inverse_temperature(
    Z: Float[Array, "n q"], codes: Int[Array, " n"], share: Float[Array, " n"]
) -> float:
    """Solve E[Σⱼ qⱼ Zⱼ − Z_y] = 0 for β; the left side rises with β."""
    # A probability of 0 has no part in the mean, whatever its score.
    finite = np.where(np.isneginf(Z), 0.0, Z)
    occurred = Z[np.arange(len(Z)), codes]

    def slope(beta: float) -> float:
        expected = (softmax(beta * Z) * finite).sum(axis=1)
        return float((share * (expected - occurred)).sum())

    if not occurred.any():
        raise DataError(
            "Every label is the most probable class of its row, so that any colder temperature "
            "codes them shorter and none is best. Give more rows, some of which the model gets "
            "wrong."
        )
    flat = np.where(np.isneginf(Z), 0.0, 1.0)
    even = (flat * finite).sum(axis=1) / flat.sum(axis=1)
    if (share * (even - occurred)).sum() >= 0:
        raise DataError(
            "Labels are on average no more probable than the other classes, so that no "
            "temperature makes these predictions worth anything. Check that classes names the "
            "columns in their order."
        )
    high = low = 1.0
    while slope(high) <= 0:
        low, high = high, 2 * high
    while slope(low) > 0:
        low, high = low / 2, low
    return float(brentq(slope, low, high, xtol=1e-300, rtol=4 * np.finfo(float).eps))


def _check_possible(Z: Float[Array, "n q"], codes: Int[Array, " n"], rows: Array) -> None:
    impossible = np.isneginf(Z[np.arange(len(Z)), codes])
    if impossible.any():
        row = int(rows[np.argmax(impossible)])
        raise DataError(
            f"The label in row {row} has probability 0, and so it has at any temperature. Use "
            "log-probabilities that do not underflow (predict_log_proba), or a model that allows "
            "every class."
        )
