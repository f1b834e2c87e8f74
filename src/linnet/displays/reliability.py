"""Reliability diagram 可靠性图: how often what was given a probability really happened."""

from typing import Any, Final, final

import numpy as np

from linnet.calibration import (
    ReliabilityCurve,
    SmoothCurve,
    Strategy,
    reliability_curve,
    smooth_reliability_curve,
)
from linnet.estimators.outputs import log_probabilities
from linnet.plotting import BLUE, GREY, VERMILLION, Axes, new_axes

__all__ = ["ReliabilityDisplay"]

# Bins at 0 and 1 would be cut in half by the frame.
_MARGIN: Final = 0.02
# The smooth curve is drawn where so many rows lie within half a width of its kernel.
_FEWEST_ROWS: Final = 3


@final
class ReliabilityDisplay:
    """Observed against predicted shares: bins with intervals, and the smooth curve.

    Make one by :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    curve : ReliabilityCurve
        The bins.
    smooth : SmoothCurve
        The curve without bins.
    event : str
        What the probabilities are of, for the axes.
    name : str, optional
        Name of the model, for the title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of those axes.
    bins_ : matplotlib ErrorbarContainer
        Shares of the bins and their intervals.
    smooth_line_ : matplotlib Line2D
        The smooth curve, where there are rows.

    Examples
    --------
    >>> display = ReliabilityDisplay.from_predictions([0, 0, 0, 1], [0.25, 0.25, 0.25, 0.25])
    >>> display.ax_.get_xlabel()
    'predicted probability of 1'
    """

    def __init__(
        self,
        curve: ReliabilityCurve,
        smooth: SmoothCurve,
        *,
        event: str,
        name: str | None = None,
    ) -> None:
        self.curve = curve
        self.smooth = smooth
        self.event = event
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        name: str | None = None,
        ax: Axes | None = None,
        **settings: Any,
    ) -> "ReliabilityDisplay":
        """Draw the reliability of a fitted classifier.

        Parameters
        ----------
        model : classifier
            Fitted, of linnet or of scikit-learn's kind, with probabilities.
        X, y
            Rows that the model was not fitted to, and their labels.
        sample_weight : array of shape (n,), optional
            How often each row counts.
        name : str, optional
            Name of the model; that of its class by default.
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        **settings
            ``label``, ``bins``, ``strategy`` and ``confidence`` of
            :func:`linnet.calibration.reliability_curve`.

        Returns
        -------
        ReliabilityDisplay

        Raises
        ------
        MissingDependencyError
            If Matplotlib is not installed.
        """
        P = np.exp(log_probabilities(model, X))
        name = type(model).__name__ if name is None else name
        return cls.from_predictions(
            y, P, model.classes_, sample_weight, name=name, ax=ax, **settings
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        probabilities: Any,
        classes: Any = None,
        sample_weight: Any = None,
        *,
        label: Any = None,
        bins: int = 15,
        strategy: Strategy = "equal-mass",
        confidence: float = 0.95,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> "ReliabilityDisplay":
        """Draw the reliability of predicted probabilities.

        Parameters
        ----------
        y_true, probabilities, classes, sample_weight, label, bins, strategy, confidence
            As for :func:`linnet.calibration.reliability_curve`.
        name, ax
            As for :meth:`from_estimator`.

        Returns
        -------
        ReliabilityDisplay
        """
        given = (y_true, probabilities, classes, sample_weight)
        curve = reliability_curve(
            *given, label=label, bins=bins, strategy=strategy, confidence=confidence
        )
        smooth = smooth_reliability_curve(*given, label=label)
        known = np.unique(np.asarray(y_true)) if classes is None else classes
        if label is not None or len(known) == 2:
            event = str(known[1] if label is None else label)
        else:
            event = "the top label"
        return cls(curve, smooth, event=event, name=name).plot(ax)

    def plot(self, ax: Axes | None = None) -> "ReliabilityDisplay":
        """Draw the bins, the smooth curve, and the diagonal of perfect calibration.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        """
        self.ax_ = new_axes(ax)
        self.figure_ = self.ax_.figure
        curve = self.curve
        self.ax_.plot([0, 1], [0, 1], ":", color=GREY, label="calibrated")
        reach = [curve.observed - curve.low, curve.high - curve.observed]
        self.bins_ = self.ax_.errorbar(
            curve.predicted,
            curve.observed,
            yerr=reach,
            fmt="o",
            color=BLUE,
            capsize=3,
            label=f"bins, {curve.confidence:.0%} intervals: ECE {curve.error:.3f}, "
            f"by chance {curve.error_by_chance:.3f}",
        )
        shown = self._smooth_where_there_are_rows()
        told = f"smooth: smECE {self.smooth.error:.3f}"
        (self.smooth_line_,) = self.ax_.plot(
            self.smooth.predicted, shown, color=VERMILLION, label=told
        )
        self.ax_.set(
            xlabel=f"predicted probability of {self.event}",
            ylabel="observed share",
            xlim=(-_MARGIN, 1 + _MARGIN),
            ylim=(-_MARGIN, 1 + _MARGIN),
            aspect="equal",
        )
        if self.name:
            self.ax_.set_title(self.name)
        self.ax_.legend(loc="upper left", fontsize="small")
        return self

    def _smooth_where_there_are_rows(self) -> Any:
        """Return the smooth curve; NaN where too few rows are near for it to say anything."""
        near = self.smooth.density * self.smooth.error * self.curve.rows.sum()
        return np.where(near >= _FEWEST_ROWS, self.smooth.observed, np.nan)
