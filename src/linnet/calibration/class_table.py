"""The table of the classes: how many, how well found, what a label costs, how well calibrated."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from linnet.calibration.predictions import Predictions, class_events, read_predictions
from linnet.calibration.reliability import Strategy, binned_error, check_bins
from linnet.information.units import Information

__all__ = ["ClassRow", "ClassTable", "class_table"]


@final
@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """What was measured of one class.

    Attributes
    ----------
    label : class
        The class.
    support : float
        Weight of its rows.
    precision : float
        Share of its rows among those where it was most probable; NaN where it never was.
    recall : float
        Share of its rows where it was most probable; NaN where there is none.
    f1 : float
        Harmonic mean of the two.
    length : Information
        Mean code length of its labels, in bits; NaN where there is none.
    calibration_error : float
        ECE of its probabilities, against all other classes.
    """

    label: Any
    support: float
    precision: float
    recall: float
    f1: float
    length: Information
    calibration_error: float


@final
@dataclass(frozen=True, repr=False)
class ClassTable:
    """One row for each class, in the order of the classes. Printed, it is a table."""

    rows: tuple[ClassRow, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> ClassRow:
        return self.rows[place]

    def __iter__(self) -> Iterator[ClassRow]:
        return iter(self.rows)

    def __repr__(self) -> str:
        width = max(5, *(len(str(row.label)) for row in self.rows))
        header = (
            f"{'class':<{width}} {'support':>10} {'precision':>10} {'recall':>8} {'F1':>8} "
            f"{'bits':>8} {'ECE':>8}"
        )
        lines = [
            f"{row.label!s:<{width}} {row.support:>10,g} {row.precision:>10.4f} {row.recall:>8.4f} "
            f"{row.f1:>8.4f} {float(row.length):>8.4f} {row.calibration_error:>8.4f}"
            for row in self.rows
        ]
        return "\n".join([header, *lines])


def class_table(
    y_true: Any,
    probabilities: Any,
    classes: Any = None,
    sample_weight: Any = None,
    *,
    bins: int = 15,
    strategy: Strategy = "equal-mass",
) -> ClassTable:
    """Measure each class: support, precision, recall, F1, mean bits of its labels, calibration.

    Parameters
    ----------
    y_true, probabilities, classes, sample_weight
        As for `reliability_curve`. The most probable class of a row is what is predicted; the
        first of equals.
    bins, strategy
        Bins of the calibration errors: see `calibration_error`.

    Returns
    -------
    ClassTable

    Raises
    ------
    DataError
        If a row is no distribution, a label is no class, or lengths differ.
    SettingError
        If a setting is out of range.

    Examples
    --------
    >>> class_table(["no", "no", "yes", "yes"], [0.25, 0.25, 0.25, 0.5 + 1e-9], bins=2)
    class    support  precision   recall       F1     bits      ECE
    no             2     0.6667   1.0000   0.8000   0.4150   0.1875
    yes            2     1.0000   0.5000   0.6667   1.5000   0.1875
    """
    check_bins(bins, strategy)
    predictions = read_predictions(y_true, probabilities, classes, sample_weight)
    return ClassTable(
        tuple(
            _row(predictions, column, bins, strategy) for column in range(len(predictions.classes))
        )
    )


def _row(predictions: Predictions, column: int, bins: int, strategy: Strategy) -> ClassRow:
    weight = predictions.weight
    actual = predictions.codes == column
    predicted = predictions.P.argmax(axis=1) == column
    support, chosen = (float(weight[rows].sum()) for rows in (actual, predicted))
    found = float(weight[actual & predicted].sum())
    with np.errstate(divide="ignore"):
        lengths = 0.0 - np.log2(predictions.occurred[actual])
    mean = float(np.average(lengths, weights=weight[actual])) if support else np.nan
    return ClassRow(
        label=predictions.classes[column],
        support=support,
        precision=found / chosen if chosen else np.nan,
        recall=found / support if support else np.nan,
        f1=2 * found / (chosen + support) if chosen + support else np.nan,
        length=Information(mean, "bits"),
        calibration_error=binned_error(class_events(predictions, column), bins, strategy),
    )
