"""How a fit came to its optimum: what was proven of the distance after each reading of the data."""

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from linnet.errors import DataError
from linnet.estimators import TableModel
from linnet.plotting import BLUE, VERMILLION, Axes, new_axes
from linnet.solvers import Certificate, Step

__all__ = ["ConvergenceDisplay"]


@final
class ConvergenceDisplay:
    """Distance from the optimum, on a logarithmic axis, against readings of the data.

    Make one by :meth:`from_estimator`. Displays of several models can share axes.

    Parameters
    ----------
    steps : sequence of Step
        ``history_`` of a model.
    certificate : Certificate
        Its certificate, the last word on the distance.
    name : str, optional
        Name of the model, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure of those axes.
    line_ : matplotlib Line2D
        The distances; steps of which nothing was known are left out.
    certificate_point_ : matplotlib Line2D or None
        The certificate: filled where it is proven, hollow where it is an estimate.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression
    >>> model = SoftmaxRegression().fit(*load_iris(return_X_y=True))
    >>> ConvergenceDisplay.from_estimator(model).ax_.get_yscale()
    'log'
    """

    def __init__(
        self, steps: Sequence[Step], certificate: Certificate, *, name: str | None = None
    ) -> None:
        self.steps = tuple(steps)
        self.certificate = certificate
        self.name = name

    @classmethod
    def from_estimator(
        cls, model: Any, *, name: str | None = None, ax: Axes | None = None, **settings: Any
    ) -> "ConvergenceDisplay":
        """Draw how a fitted model of linnet converged.

        Parameters
        ----------
        model : SoftmaxRegression, LinearRegression or TableModel
            A fitted model, with its ``history_``.
        name : str, optional
            Name of the model; that of its class by default.
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        **settings
            For :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        ConvergenceDisplay

        Raises
        ------
        DataError
            If the model has no history, as after ``partial_fit``.
        MissingDependencyError
            If Matplotlib is not installed.
        """
        fitted = model.estimator_ if isinstance(model, TableModel) else model
        steps = getattr(fitted, "history_", None)
        if not steps:
            raise DataError(
                f"{type(model).__name__} has no history of its steps. Give a model fitted by fit, "
                "with an iterative solver."
            )
        name = type(model).__name__ if name is None else name
        return cls(steps, fitted.certificate_, name=name).plot(ax, **settings)

    def plot(self, ax: Axes | None = None, **settings: Any) -> "ConvergenceDisplay":
        """Draw the distances, and the certificate at the end.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        **settings
            For :meth:`matplotlib.axes.Axes.plot`.
        """
        self.ax_ = new_axes(ax)
        self.figure_ = self.ax_.figure
        known = [(step.passes, step.gap) for step in self.steps if 0 < step.gap < np.inf]
        drawn = {"marker": ".", "color": BLUE, "label": self.name} | settings
        passes, gaps = np.array(known).reshape(-1, 2).T
        (self.line_,) = self.ax_.plot(passes, gaps, **drawn)
        self.certificate_point_ = None
        if 0 < self.certificate.gap < np.inf:
            proven = self.certificate.kind == "proven"
            (self.certificate_point_,) = self.ax_.plot(
                [self.steps[-1].passes],
                [self.certificate.gap],
                "D",
                color=VERMILLION,
                fillstyle="full" if proven else "none",
                label=f"certificate: {self.certificate.gap:.1e}, "
                + ("proven" if proven else "estimated"),
            )
        self.ax_.set(
            yscale="log",
            xlabel="readings of the data",
            ylabel=f"distance from the optimum, at most\n({self.certificate.unit} per sample)",
        )
        self.ax_.legend()
        return self
