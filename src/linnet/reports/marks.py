"""Marks that stand in the rows of a table: bars, and estimates with their intervals."""

from collections.abc import Sequence
from math import isfinite
from typing import Final

from linnet.reports.estimates import Estimate
from linnet.reports.markup import Element, element

__all__ = ["bar_marks", "estimate_marks"]

_WIDTH: Final = 240
_HEIGHT: Final = 20


def bar_marks(
    amounts: Sequence[tuple[str, float]], compared: float | None, last: int
) -> list[Element]:
    """Draw amounts as bars of one scale.

    Parameters
    ----------
    amounts : sequence of pairs of str and float
        Titles, and amounts; an infinite one is as long as the longest.
    compared : float or None
        Amount to which the last bars are compared: what they save of it is drawn light, what they
        cost more is drawn warm.
    last : int
        How many bars are compared.
    """
    finite = [amount for _, amount in amounts if isfinite(amount)] or [1.0]
    low, high = min(0.0, *finite), max(*finite, 0.0)
    span = high - low or 1.0

    def at(amount: float) -> float:
        return _WIDTH * ((amount if isfinite(amount) else high) - low) / span

    marks = []
    for place, (title, amount) in enumerate(amounts):
        is_model = place >= len(amounts) - last
        parts = [_bar(at(0), at(amount), "bar" if is_model else "bar plain")]
        if is_model and compared is not None:
            saved = amount < compared
            parts.append(_bar(at(amount), at(compared), "bar saved" if saved else "bar lost"))
        marks.append(_mark(title, *parts))
    return marks


def estimate_marks(estimates: Sequence[tuple[str, Estimate | None, float]]) -> list[Element]:
    """Draw values about zero, with intervals where these are known: the rows of a forest plot.

    Parameters
    ----------
    estimates : sequence of (str, Estimate or None, float)
        Titles, intervals, and values.
    """
    ends = [value for _, _, value in estimates]
    ends += [end for _, known, _ in estimates if known for end in (known.low, known.high)]
    reach = max((abs(end) for end in ends), default=0.0) or 1.0
    middle, half = _WIDTH / 2, _WIDTH / 2 - 6

    def at(value: float) -> float:
        return middle + half * value / reach

    marks = []
    for title, known, value in estimates:
        side = "positive" if value > 0 else "negative"
        whisker = [] if known is None else [_line(at(known.low), at(known.high), side)]
        stem = [_line(middle, at(value), f"stem {side}")] if known is None else []
        # A line of no length with round ends: a dot that stays round however wide the cell is.
        dot = element("path", d=f"M{at(value):.1f} {_HEIGHT / 2}h0", class_=f"spot {side}")
        zero = element("line", x1=middle, y1=0, x2=middle, y2=_HEIGHT, class_="zero")
        marks.append(_mark(title, zero, *stem, *whisker, dot))
    return marks


def _mark(title: str, *parts: Element) -> Element:
    return element(
        "svg",
        element("title", title),
        parts,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        class_="mark",
    )


def _bar(start: float, end: float, class_: str) -> Element:
    left, width = min(start, end), abs(end - start)
    return element(
        "rect", x=f"{left:.1f}", y=3, width=f"{width:.1f}", height=_HEIGHT - 6, class_=class_
    )


def _line(start: float, end: float, class_: str) -> Element:
    return element(
        "line",
        x1=f"{start:.1f}",
        y1=_HEIGHT / 2,
        x2=f"{end:.1f}",
        y2=_HEIGHT / 2,
        class_=f"whisker {class_}",
    )
