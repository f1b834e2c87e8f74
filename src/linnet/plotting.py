"""Matplotlib, imported when something is drawn, and colours that every reader can tell apart."""

from importlib.util import find_spec
from typing import Any, Final, TypeAlias

from linnet.errors import MissingDependencyError

__all__ = [
    "BLUE",
    "COLOURS",
    "GREY",
    "VERMILLION",
    "Axes",
    "Figure",
    "bare_figure",
    "check_drawing",
    "new_axes",
]

# Matplotlib may not be there, so its types are known here by name alone.
Axes: TypeAlias = Any
"""A ``matplotlib.axes.Axes``."""

Figure: TypeAlias = Any
"""A ``matplotlib.figure.Figure``."""

# Okabe and Ito, Color Universal Design, 2008: distinct in the common kinds of colour blindness.
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREY: Final = "#7F7F7F"
COLOURS: Final = (BLUE, VERMILLION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def check_drawing() -> None:
    """Raise a MissingDependencyError, which says how to install it, unless Matplotlib is there."""
    if find_spec("matplotlib") is None:
        raise MissingDependencyError(
            "Figures are drawn with the package matplotlib: pip install 'linnet[plot]'."
        )


def new_axes(ax: Axes | None = None, *, rows: int = 1) -> Axes:
    """Return the axes given, or those of a new figure of pyplot's: an array where there are more.

    Parameters
    ----------
    ax : matplotlib Axes, optional
    rows : int
        Number of axes of a new figure, one above the other, with a common x axis.
    """
    check_drawing()
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(rows, figsize=(6.4, 3.2 * rows + 1), sharex=rows > 1, layout="constrained")[
        1
    ]


def bare_figure(width: float, height: float) -> Figure:
    """Return a figure that pyplot knows nothing of, so that it needs no display and no closing."""
    check_drawing()
    from matplotlib.figure import Figure as MatplotlibFigure

    return MatplotlibFigure(figsize=(width, height), layout="constrained")
