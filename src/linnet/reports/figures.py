"""Figures of a fit. They need no display: each is returned, to be shown or saved as one likes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from jaxtyping import Float

from linnet.features.labels import class_codes
from linnet.information import Information
from linnet.plotting import BLUE, VERMILLION, Figure, bare_figure
from linnet.reports.classification import ClassifierAccount
from linnet.solvers import Certificate, Step
from linnet.types import Array, Unit

__all__ = [
    "confusion_figure",
    "convergence_figure",
    "information_figure",
    "prediction_figure",
]

_MOST_CELLS_WITH_COUNTS: Final = 15


def convergence_figure(steps: Sequence[Step], certificate: Certificate) -> Figure:
    """Draw the objective, and what is known of its distance from the minimum, against passes.

    Parameters
    ----------
    steps : sequence of Step
        ``history_`` of a model.
    certificate : Certificate
        Its certificate: the last word on the distance.
    """
    figure = bare_figure(7, 4)
    left, right = figure.subplots(1, 2)
    passes = [step.passes for step in steps]
    left.plot(passes, [step.value for step in steps], ".-", color=BLUE)
    left.set(xlabel="readings of the data", ylabel=f"objective ({certificate.unit} per sample)")
    known = [(step.passes, step.gap) for step in steps if 0 < step.gap < np.inf]
    right.semilogy([at for at, _ in known], [gap for _, gap in known], ".-", color=BLUE)
    if 0 < certificate.gap < np.inf:
        right.axhline(certificate.gap, color=VERMILLION, label=f"certificate ({certificate.kind})")
        right.legend()
    right.set(xlabel="readings of the data", ylabel=f"gap ({certificate.unit} per sample)")
    return figure


def information_figure(accounts: Mapping[str, ClassifierAccount], unit: Unit = "bits") -> Figure:
    """Draw what a label costs: by the uniform code, the marginal code, and the model.

    Parameters
    ----------
    accounts : mapping of str to ClassifierAccount
        Accounts under their names, such as "training" and "held out".
    unit : {"bits", "nats"}
        Unit of the axis.
    """
    figure = bare_figure(7, 1.2 + 0.5 * (2 + len(accounts)))
    axes = figure.subplots()
    last = list(accounts.values())[-1]
    bars = [("uniform code", last.uniform), ("marginal code", last.marginal)]
    bars += [(f"model, {name}", account.loss.value) for name, account in accounts.items()]
    amounts = [float(Information(nats, "nats").to(unit)) for _, nats in bars]
    # A bar of infinite length cannot be drawn: it is as long as the longest, and says so.
    longest = max(amount for amount in amounts if np.isfinite(amount))
    widths = [amount if np.isfinite(amount) else longest for amount in amounts]
    drawn = axes.barh(
        [name for name, _ in bars], widths, color=[BLUE] * 2 + [VERMILLION] * len(accounts)
    )
    axes.bar_label(drawn, [f" {amount:.3f}" for amount in amounts])
    axes.invert_yaxis()
    axes.set(xlabel=f"{unit} per label", xlim=(0, 1.15 * longest if longest > 0 else 1))
    return figure


def confusion_figure(labels: Array, predicted: Array, classes: Array) -> Figure:
    """Draw how many rows of each label were predicted as each class.

    Parameters
    ----------
    labels, predicted : array of shape (n,)
        What occurred and what was predicted; rows with labels that are no class are left out.
    classes : array of shape (q,)
        The classes, sorted.
    """
    codes, guesses = class_codes(labels, classes), class_codes(predicted, classes)
    q, known = len(classes), codes >= 0
    counts = np.bincount(codes[known] * q + guesses[known], minlength=q * q).reshape(q, q)
    side = 2.5 + 0.35 * min(q, 30)
    figure = bare_figure(side, side)
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [str(name) for name in classes]
    axes.set(xlabel="predicted", ylabel="label")
    axes.set_xticks(range(q), names, rotation=90 if max(map(len, names)) > 2 else 0)
    axes.set_yticks(range(q), names)
    if q <= _MOST_CELLS_WITH_COUNTS:
        for row, column in np.argwhere(counts > 0):
            colour = "white" if shares[row, column] > 0.5 else "black"
            told = f"{counts[row, column]:,}"
            axes.text(column, row, told, ha="center", va="center", color=colour, fontsize=8)
    return figure


def prediction_figure(predicted: Float[Array, " n"], targets: Float[Array, " n"]) -> Figure:
    """Draw targets against predictions, and what is left over against predictions.

    Parameters
    ----------
    predicted, targets : array of shape (n,)
        Numbers predicted and those that occurred.
    """
    figure = bare_figure(9, 4)
    left, right = figure.subplots(1, 2)
    dots: dict[str, Any] = {"s": 6, "alpha": 0.5, "color": BLUE, "edgecolors": "none"}
    left.scatter(predicted, targets, **dots)
    ends = [float(predicted.min()), float(predicted.max())]
    left.plot(ends, ends, color=VERMILLION)
    left.set(xlabel="predicted", ylabel="actual")
    right.scatter(predicted, targets - predicted, **dots)
    right.axhline(0, color=VERMILLION)
    right.set(xlabel="predicted", ylabel="residual")
    return figure
