"""How the code lengths of labels are spread: long ones may be wrong labels."""

from typing import Any, final

import numpy as np
from jaxtyping import Float

from linnet.calibration.predictions import given_weights, read_predictions
from linnet.errors import DataError
from linnet.estimators.outputs import label_lengths, log_probabilities
from linnet.information import InformationArray
from linnet.plotting import BLUE, VERMILLION, Axes, new_axes
from linnet.types import Array, Unit

__all__ = ["CodeLengthDisplay"]


@final
class CodeLengthDisplay:
    """Histogram of the code lengths of labels, −log q(y|x).

    Make one by :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    lengths : InformationArray of shape (n,)
        Code lengths, in the unit to be shown.
    weight : array of shape (n,), optional
        How often each row counts.
    name : str, optional
        Name of the model, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of those axes.
    counts_ : array
        Weight of the labels in each bin.
    edges_ : array
        Ends of the bins, one more than there are bins.
    mean_line_ : matplotlib Line2D
        The line at the mean of the finite lengths.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> display = CodeLengthDisplay.from_estimator(SoftmaxRegression().fit(X, y), X, y)
    >>> display.ax_.get_xlabel(), int(display.counts_.sum())
    ('code length of a label (bits)', 150)
    """

    def __init__(
        self,
        lengths: InformationArray,
        *,
        weight: Float[Array, " n"] | None = None,
        name: str | None = None,
    ) -> None:
        weight = np.ones(len(lengths)) if weight is None else weight
        self.lengths = lengths[weight > 0]
        self.weight = weight[weight > 0]
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
        **settings: Any,
    ) -> "CodeLengthDisplay":
        """Draw the code lengths of labels under a fitted classifier.

        Parameters
        ----------
        model : classifier
            Fitted, of linnet or of scikit-learn's kind, with probabilities.
        X, y
            Rows and their labels; a label that the model never saw has an infinite code.
        sample_weight : array of shape (n,), optional
            How often each row counts.
        unit : {"bits", "nats"}
            Unit of the lengths.
        name : str, optional
            Name of the model; that of its class by default.
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        **settings
            For :meth:`matplotlib.axes.Axes.hist`.

        Returns
        -------
        CodeLengthDisplay

        Raises
        ------
        MissingDependencyError
            If Matplotlib is not installed.
        """
        lengths = label_lengths(log_probabilities(model, X), y, np.asarray(model.classes_), unit)
        weight = given_weights(sample_weight, len(lengths))
        name = type(model).__name__ if name is None else name
        return cls(lengths, weight=weight, name=name).plot(ax, **settings)

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
        **settings: Any,
    ) -> "CodeLengthDisplay":
        """Draw the code lengths of labels under predicted probabilities.

        Parameters
        ----------
        y_true, probabilities, classes, sample_weight
            As for :func:`linnet.calibration.reliability_curve`.
        unit, name, ax, **settings
            As for :meth:`from_estimator`.

        Returns
        -------
        CodeLengthDisplay
        """
        predictions = read_predictions(y_true, probabilities, classes, sample_weight)
        with np.errstate(divide="ignore"):
            lengths = InformationArray(0.0 - np.log(predictions.occurred), "nats").to(unit)
        return cls(lengths, weight=predictions.weight, name=name).plot(ax, **settings)

    def plot(self, ax: Axes | None = None, **settings: Any) -> "CodeLengthDisplay":
        """Draw the histogram; infinite lengths have no place in it, and are counted in the title.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        **settings
            For :meth:`matplotlib.axes.Axes.hist`.

        Raises
        ------
        DataError
            If no length is finite.
        """
        amounts, unit = np.asarray(self.lengths), self.lengths.unit
        finite = np.isfinite(amounts)
        if not self.weight[finite].any():
            raise DataError(
                "No label has a code of finite length, so there is nothing to draw. Check that "
                "labels and classes are spelled alike."
            )
        self.ax_ = new_axes(ax)
        self.figure_ = self.ax_.figure
        drawn = {"bins": 50, "log": True, "color": BLUE} | settings
        self.counts_, self.edges_, _ = self.ax_.hist(
            amounts[finite], weights=self.weight[finite], **drawn
        )
        mean = float(np.average(amounts[finite], weights=self.weight[finite]))
        told = f"mean {mean:.3f} {unit}" + (f", {self.name}" if self.name else "")
        self.mean_line_ = self.ax_.axvline(mean, color=VERMILLION, linestyle="--", label=told)
        self.ax_.set(xlabel=f"code length of a label ({unit})", ylabel="labels")
        if not finite.all():
            self.ax_.set_title(f"{int((~finite).sum()):,} of infinite length not shown")
        self.ax_.legend()
        return self
