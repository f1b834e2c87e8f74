"""A path of penalties: how coefficients grow with C, and what that does to bits held out."""

from typing import Any, Final, final

import numpy as np
from jaxtyping import Float

from linnet.errors import DataTypeError
from linnet.estimators import SoftmaxPath
from linnet.information import InformationArray
from linnet.plotting import BLUE, COLOURS, VERMILLION, new_axes
from linnet.types import Array, Unit

__all__ = ["PathDisplay"]

MOST_LINES: Final = 40
"""So many coefficients are drawn unless it is said otherwise: those that grow largest."""


@final
class PathDisplay:
    """Coefficients and mean code lengths along C, one above the other.

    Make one by :meth:`from_estimator`.

    Parameters
    ----------
    Cs : array of shape (a,)
        Inverse strengths of the penalty, rising.
    coefficients : array of shape (a, c)
        Coefficients at each, one column for each that there is.
    lengths : InformationArray of shape (a,)
        Mean code length of the labels of rows not fitted to, at each C.

    Attributes
    ----------
    ax_ : array of two matplotlib Axes
        Those of the coefficients, and of the code lengths.
    figure_ : matplotlib Figure
        The figure of those axes.
    coefficient_lines_ : list of matplotlib Line2D
        One for each coefficient drawn, the largest first.
    length_line_ : matplotlib Line2D
        The code lengths.
    best_C_ : float
        The C of the shortest code.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import softmax_path
    >>> X, y = load_iris(return_X_y=True)
    >>> path = softmax_path(X[::2], y[::2], [0.01, 1, 100])
    >>> display = PathDisplay.from_estimator(path, X[1::2], y[1::2])
    >>> display.best_C_, len(display.coefficient_lines_)
    (100.0, 12)
    """

    def __init__(
        self, Cs: Float[Array, " a"], coefficients: Float[Array, "a c"], lengths: InformationArray
    ) -> None:
        self.Cs = Cs
        self.coefficients = coefficients
        self.lengths = lengths

    @classmethod
    def from_estimator(
        cls,
        path: SoftmaxPath,
        X: Any,
        y: Any,
        *,
        unit: Unit = "bits",
        most: int = MOST_LINES,
        ax: Any = None,
    ) -> "PathDisplay":
        """Draw a path, and what its models make of rows that they were not fitted to.

        Parameters
        ----------
        path : SoftmaxPath
            What :func:`linnet.softmax_path` gives.
        X, y
            Rows held out, and their labels.
        unit : {"bits", "nats"}
            Unit of the code lengths.
        most : int
            Number of coefficients to draw: those that grow largest.
        ax : two matplotlib Axes, optional
            Where to draw; new axes by default.

        Returns
        -------
        PathDisplay

        Raises
        ------
        DataTypeError
            If ``path`` is no SoftmaxPath.
        MissingDependencyError
            If Matplotlib is not installed.
        """
        if not isinstance(path, SoftmaxPath):
            raise DataTypeError(
                f"path is a {type(path).__name__}. Give what linnet.softmax_path returns."
            )
        order = np.argsort(path.Cs, kind="stable")
        coefficients = path.coef.reshape(len(path), -1)[order]
        lengths = path.cross_entropy(X, y, unit=unit)[order]
        return cls(path.Cs[order], coefficients, lengths).plot(ax, most=most)

    def plot(self, ax: Any = None, *, most: int = MOST_LINES) -> "PathDisplay":
        """Draw coefficients above, code lengths below.

        Parameters
        ----------
        ax : two matplotlib Axes, optional
            Where to draw; new axes by default.
        most : int
            Number of coefficients to draw.
        """
        above, below = self.ax_ = np.asarray(new_axes(ax, rows=2))
        self.figure_ = above.figure
        largest = np.argsort(-np.abs(self.coefficients).max(axis=0), kind="stable")[:most]
        self.coefficient_lines_ = [
            above.plot(self.Cs, self.coefficients[:, column], color=COLOURS[place % len(COLOURS)])[
                0
            ]
            for place, column in enumerate(largest)
        ]
        count = self.coefficients.shape[1]
        if count > len(largest):
            above.set_title(f"{len(largest)} of {count:,} coefficients: the largest")
        above.set(xscale="log", ylabel="coefficient (nats per unit of its feature)")
        amounts, unit = np.asarray(self.lengths), self.lengths.unit
        best = int(np.argmin(amounts))
        self.best_C_ = float(self.Cs[best])
        (self.length_line_,) = below.plot(self.Cs, amounts, "o-", color=BLUE)
        told = f"shortest at C = {self.best_C_:.3g}: {amounts[best]:.4f} {unit}"
        for axes in (above, below):
            axes.axvline(self.best_C_, color=VERMILLION, linestyle="--", label=told)
        below.set(
            xscale="log",
            xlabel="C, inverse strength of the penalty",
            ylabel=f"held-out code length ({unit} per label)",
        )
        below.legend()
        return self
