"""Thresholds: from which probability on to act, by what mistakes cost or by a measure of them."""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
from jaxtyping import Float

from linnet.calibration.predictions import Events, events_of, read_predictions
from linnet.errors import DataError, SettingError
from linnet.types import Array

__all__ = ["Metric", "ThresholdTable", "expected_cost_threshold", "threshold_table"]

Metric: TypeAlias = Literal["cost", "f1", "accuracy", "balanced_accuracy"]
"""What makes one threshold better than another."""

_SHOWN: Final = 10


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class ThresholdTable:
    """What follows from acting on probabilities of at least each threshold.

    Arrays have one entry a threshold. Printed, ten of them are shown.

    Attributes
    ----------
    threshold : array of shape (m,)
        Every probability that was predicted, rising; last infinity: never to act.
    true_positives, false_positives, false_negatives, true_negatives : array of shape (m,)
        Weight of the rows of each kind.
    cost : array of shape (m,)
        Mean cost of a row.
    """

    threshold: Float[Array, " m"]
    true_positives: Float[Array, " m"]
    false_positives: Float[Array, " m"]
    false_negatives: Float[Array, " m"]
    true_negatives: Float[Array, " m"]
    cost: Float[Array, " m"]

    def __len__(self) -> int:
        return len(self.threshold)

    @property
    def precision(self) -> Float[Array, " m"]:
        """Share of events among the rows acted on; NaN where there is none."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Float[Array, " m"]:
        """Share of the events that are acted on."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> Float[Array, " m"]:
        """Harmonic mean of precision and recall, 2 TP/(2 TP + FP + FN)."""
        wrong = self.false_positives + self.false_negatives
        return _ratio(2 * self.true_positives, 2 * self.true_positives + wrong)

    @property
    def accuracy(self) -> Float[Array, " m"]:
        """Share of rows that are right."""
        right = self.true_positives + self.true_negatives
        return right / (right + self.false_positives + self.false_negatives)

    @property
    def balanced_accuracy(self) -> Float[Array, " m"]:
        """Mean of the shares of events and of other rows that are right."""
        others = self.true_negatives + self.false_positives
        return (self.recall + _ratio(self.true_negatives, others)) / 2

    def place(self, metric: Metric = "cost") -> int:
        """Return the place of the best threshold; the first of equals, which acts most often.

        Parameters
        ----------
        metric : {"cost", "f1", "accuracy", "balanced_accuracy"}
            The cost is to be small, all others large.

        Raises
        ------
        SettingError
            If there is no such metric.
        """
        if metric not in {"cost", "f1", "accuracy", "balanced_accuracy"}:
            raise SettingError(
                f"metric={metric!r}: it must be 'cost', 'f1', 'accuracy' or 'balanced_accuracy'."
            )
        if metric == "cost":
            return int(np.argmin(self.cost))
        return int(np.argmax(getattr(self, metric)))

    def best(self, metric: Metric = "cost") -> float:
        """Return the best threshold: see :meth:`place`."""
        return float(self.threshold[self.place(metric)])

    def __repr__(self) -> str:
        header = f"{'threshold':>10} {'precision':>10} {'recall':>8} {'F1':>8} {'cost':>10}"
        places = np.unique(np.linspace(0, len(self) - 1, _SHOWN).round().astype(int))
        lines = [
            f"{self.threshold[i]:>10.4f} {self.precision[i]:>10.4f} {self.recall[i]:>8.4f} "
            f"{self.f1[i]:>8.4f} {self.cost[i]:>10.4g}"
            for i in places
        ]
        return "\n".join([header, *lines])


def threshold_table(
    y_true: Any,
    probabilities: Any,
    classes: Any = None,
    sample_weight: Any = None,
    *,
    label: Any = None,
    false_positive: float = 1.0,
    false_negative: float = 1.0,
) -> ThresholdTable:
    """Tell what follows from each threshold t: act where the event's probability is at least t.

    Parameters
    ----------
    y_true, probabilities, classes, sample_weight
        As for `reliability_curve`. Choose a threshold on rows that the model was not fitted to.
    label : class, optional
        The event; by default the second of two classes.
    false_positive, false_negative : float
        Cost of acting without need, and of not acting where it was needed.

    Returns
    -------
    ThresholdTable

    Raises
    ------
    DataError
        If a row is no distribution, a label is no class, lengths differ, or there are more than
        two classes and no ``label``.
    SettingError
        If a cost is negative or not finite.

    References
    ----------
    Elkan, *The Foundations of Cost-Sensitive Learning*, IJCAI 2001.

    Examples
    --------
    >>> table = threshold_table([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], false_negative=3)
    >>> table
     threshold  precision   recall       F1       cost
        0.1000     0.5000   1.0000   0.6667        0.5
        0.3500     0.6667   1.0000   0.8000       0.25
        0.4000     0.5000   0.5000   0.5000          1
        0.8000     1.0000   0.5000   0.6667       0.75
           inf        nan   0.0000   0.0000        1.5
    >>> table.best("cost")
    0.35
    """
    costs = _cost(false_positive, "false_positive"), _cost(false_negative, "false_negative")
    predictions = read_predictions(y_true, probabilities, classes, sample_weight)
    if label is None and len(predictions.classes) > 2:
        raise DataError(
            f"There are {len(predictions.classes)} classes, and a threshold is for one event. "
            "Name the class in question: label=…"
        )
    return _table(events_of(predictions, label), *costs)


def expected_cost_threshold(false_positive: float, false_negative: float) -> float:
    """Give the threshold of least expected cost where probabilities are right.

    Not to act costs p·false_negative, to act (1 − p)·false_positive: the two are equal at
    p = false_positive/(false_positive + false_negative).

    Parameters
    ----------
    false_positive, false_negative : float
        Cost of acting without need, and of not acting where it was needed.

    Raises
    ------
    SettingError
        If a cost is negative or not finite, or both are 0.

    Examples
    --------
    >>> expected_cost_threshold(1, 4)
    0.2
    """
    first, second = _cost(false_positive, "false_positive"), _cost(false_negative, "false_negative")
    if first + second == 0:
        raise SettingError("Both costs are 0, so no threshold is best: say what mistakes cost.")
    return first / (first + second)


def _table(events: Events, false_positive: float, false_negative: float) -> ThresholdTable:
    threshold, places = np.unique(events.p, return_inverse=True)
    happened = np.bincount(places.reshape(-1), events.weight * events.happened, len(threshold))
    not_happened = np.bincount(places.reshape(-1), events.weight * ~events.happened, len(threshold))
    # Below threshold i are the rows before it; sums from both ends keep small counts exact.
    missed, spared = (np.append(0.0, np.cumsum(x)) for x in (happened, not_happened))
    found, alarmed = (np.append(np.cumsum(x[::-1])[::-1], 0.0) for x in (happened, not_happened))
    return ThresholdTable(
        threshold=np.append(threshold, np.inf),
        true_positives=found,
        false_positives=alarmed,
        false_negatives=missed,
        true_negatives=spared,
        cost=(false_positive * alarmed + false_negative * missed) / events.weight.sum(),
    )


def _ratio(x: Float[Array, " m"], y: Float[Array, " m"]) -> Float[Array, " m"]:
    return np.divide(x, y, out=np.full(len(x), np.nan), where=y > 0)


def _cost(value: Any, name: str) -> float:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not 0 <= value < np.inf:
        raise SettingError(f"{name}={value!r}: a cost is a finite number, at least 0.")
    return float(value)
