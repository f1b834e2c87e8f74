"""What a label costs: by a code that knows nothing, one that knows shares, and the model."""

from typing import Any, final

import numpy as np

from linnet.calibration.predictions import given_weights, read_predictions
from linnet.estimators.outputs import log_probabilities
from linnet.estimators.targets import label_column
from linnet.information import Information, nats_per
from linnet.plotting import BLUE, GREY, VERMILLION, Axes, new_axes
from linnet.reports import ClassifierAccount, Estimate, classifier_account
from linnet.types import Unit

__all__ = ["InformationDisplay"]


@final
class InformationDisplay:
    """Bars from the uniform code over the marginal code to the model: mean lengths of a label.

    What the marginal code is above the model's is what the features tell. Make one by
    :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    account : ClassifierAccount
        The amounts, with the interval of the model's.
    unit : {"bits", "nats"}
        Unit to be shown.
    name : str, optional
        Name of the model.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of those axes.
    bars_ : matplotlib BarContainer
        The three bars: uniform, marginal, model.

    Examples
    --------
    >>> display = InformationDisplay.from_predictions([0, 0, 0, 1], [0.25, 0.25, 0.25, 0.75])
    >>> [round(float(bar.get_width()), 4) for bar in display.bars_]
    [1.0, 0.8113, 0.415]
    """

    def __init__(
        self, account: ClassifierAccount, *, unit: Unit = "bits", name: str | None = None
    ) -> None:
        nats_per(unit)
        self.account = account
        self.unit = unit
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        model: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        unit: Unit = "bits",
        name: str | None = None,
        ax: Axes | None = None,
    ) -> "InformationDisplay":
        """Draw what labels cost under a fitted classifier.

        Parameters
        ----------
        model : classifier
            Fitted, of linnet or of scikit-learn's kind, with probabilities.
        X, y
            Rows and their labels, best ones that the model was not fitted to.
        sample_weight : array of shape (n,), optional
            How often each row counts.
        unit : {"bits", "nats"}
            Unit of the axis.
        name : str, optional
            Name of the model; that of its class by default.
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.

        Returns
        -------
        InformationDisplay

        Raises
        ------
        MissingDependencyError
            If Matplotlib is not installed.
        """
        log_q = log_probabilities(model, X)
        labels = label_column(y, len(log_q))
        weight = given_weights(sample_weight, len(log_q))
        account = classifier_account(log_q, labels, np.asarray(model.classes_), weight)
        name = type(model).__name__ if name is None else name
        return cls(account, unit=unit, name=name).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        probabilities: Any,
        classes: Any = None,
        sample_weight: Any = None,
        *,
        unit: Unit = "bits",
        name: str | None = None,
        ax: Axes | None = None,
    ) -> "InformationDisplay":
        """Draw what labels cost under predicted probabilities.

        Parameters
        ----------
        y_true, probabilities, classes, sample_weight
            As for :func:`linnet.calibration.reliability_curve`.
        unit, name, ax
            As for :meth:`from_estimator`.

        Returns
        -------
        InformationDisplay
        """
        found = read_predictions(y_true, probabilities, classes, sample_weight)
        with np.errstate(divide="ignore"):
            log_q = np.log(found.P)
        # Numbers of columns are labels that sort, whatever the order of the classes.
        account = classifier_account(
            log_q, found.codes, np.arange(len(found.classes)), found.weight
        )
        return cls(account, unit=unit, name=name).plot(ax)

    def plot(self, ax: Axes | None = None) -> "InformationDisplay":
        """Draw the bars, the model's with its 95 % interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        """
        uniform, marginal = (self._amount(x) for x in (self.account.uniform, self.account.marginal))
        model: Estimate = self.account.loss.through(self._amount)
        amounts = [uniform, marginal, model.value]
        # A bar of infinite length cannot be drawn: it is as long as the longest, and says so.
        widths = [min(amount, max(uniform, marginal)) for amount in amounts]
        if np.isfinite(model.value):
            widths[2] = model.value
        self.ax_ = new_axes(ax)
        self.figure_ = self.ax_.figure
        names = ["uniform code", "marginal code, H(Y)", self.name or "model"]
        self.bars_ = self.ax_.barh(names, widths, color=[GREY, BLUE, VERMILLION])
        if np.isfinite(model.low) and np.isfinite(model.high):
            reach = [[model.value - model.low], [model.high - model.value]]
            self.ax_.errorbar([model.value], [2], xerr=reach, color="black", capsize=4)
        # Beside the bar, and beyond the end of the interval.
        ends = [*widths[:2], max(widths[2], model.high) if np.isfinite(model.high) else widths[2]]
        for place, (end, amount) in enumerate(zip(ends, amounts, strict=True)):
            self.ax_.text(end, place, f"  {amount:.3f}", va="center")
        self.ax_.invert_yaxis()
        # A single class costs nothing, and an axis needs a length.
        longest = max(ends) or 1.0
        self.ax_.set(xlabel=f"mean code length ({self.unit} per label)", xlim=(0, 1.2 * longest))
        return self

    def _amount(self, nats: float) -> float:
        return float(Information(nats, "nats").to(self.unit))
