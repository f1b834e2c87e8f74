"""Charts as SVG: drawn for the width of a phone, coloured by the style of the page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Final, final

from linnet.reports.markup import Element, Node, element
from linnet.reports.numbers_in_words import number
from linnet.reports.reliability import Reliability
from linnet.reports.residuals import Residuals
from linnet.solvers import Certificate, Step

__all__ = ["learning_chart", "quantile_chart", "reliability_chart", "residual_chart"]

_WIDTH: Final = 360
_HEIGHT: Final = 264
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 348, 30, 222
_MOST_POINTS: Final = 200
_LONGEST_NAME: Final = 44
# The share of the axis that is left free at both its ends.
_MARGIN: Final = 0.04


@final
@dataclass(frozen=True)
class Axis:
    """Numbers along one side of a chart.

    Parameters
    ----------
    name : str
        What they are.
    low, high : float
        The smallest and the largest number.
    start, end : float
        Where these are drawn.
    powers : bool
        Whether the numbers are logarithms, to be written as powers of ten.
    """

    name: str
    low: float
    high: float
    start: float
    end: float
    powers: bool = False

    def at(self, value: float) -> float:
        """Return where a number is drawn."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Round numbers on the axis, and how they are written."""
        step = _round_step(self.high - self.low, whole=self.powers)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        values = [place * step for place in range(first, last + 1)]
        return [(value, self._written(value)) for value in values]

    def _written(self, value: float) -> str:
        if not self.powers:
            return number(value, 6)
        power = round(value)
        return f"{10.0**power:g}" if -3 <= power <= 3 else f"1e{power}"


def learning_chart(steps: Sequence[Step], certificate: Certificate) -> Element | None:
    """Draw what is proven of the distance from the optimum against readings of the data.

    None where nothing is known of it at two steps.
    """
    known = [(s.passes, log10(s.gap)) for s in steps if s.gap > 0 and isfinite(s.gap)]
    proven = certificate.gap if 0 < certificate.gap < float("inf") else None
    if len(known) < 2:
        return None
    every = -(-len(known) // _MOST_POINTS)
    points = [*known[:-1][::every], known[-1]]
    gaps = [gap for _, gap in points] + ([] if proven is None else [log10(proven)])
    x = _axis("readings of the data", [0.0, *(at for at, _ in points)], _LEFT, _RIGHT, tight=True)
    y = _axis(f"gap, {certificate.unit} per sample", gaps, _BOTTOM, _TOP, powers=True)
    drawn = [(x.at(at), y.at(gap)) for at, gap in points]
    return _chart(
        f"Gap to the optimum over {points[-1][0]:,.0f} readings of the data: from "
        f"{10 ** points[0][1]:.1e} to {10 ** points[-1][1]:.1e} {certificate.unit}",
        x,
        y,
        element("path", d=_path(drawn), class_="line"),
        [_dot(*place) for place in drawn] if len(drawn) <= 40 else None,
        None if proven is None else _last_word(y.at(log10(proven)), certificate.kind),
    )


def reliability_chart(found: Reliability) -> Element:
    """Draw the share that came so against the probability, with the rows of each range below."""
    x = Axis(found.of, 0, 1, _LEFT, _RIGHT)
    y = Axis("share that came so", 0, 1, _BOTTOM - 34, _TOP)
    most = max(each.rows for each in found.bins)
    bars = [
        element(
            "rect",
            x=_at(x.at(each.low) + 1.5),
            y=_at(_BOTTOM - 26 * each.rows / most),
            width=_at(x.at(each.high) - x.at(each.low) - 3),
            height=_at(26 * each.rows / most),
            class_="rows",
        )
        for each in found.bins
    ]
    whiskers = [
        _line(x.at(b.predicted), y.at(b.happened.low), x.at(b.predicted), y.at(b.happened.high))
        for b in found.bins
    ]
    places = [(x.at(b.predicted), y.at(b.happened.value)) for b in found.bins]
    return _chart(
        f"Reliability of the {found.of}: {len(found.bins)} ranges, calibration error "
        f"{100 * found.error:.2f} %",
        x,
        y,
        _line(x.at(0), y.at(0), x.at(1), y.at(1), "ideal"),
        bars,
        whiskers,
        element("path", d=_path(places), class_="line thin"),
        [_dot(*place) for place in places],
        floor_=_BOTTOM,
    )


def residual_chart(left: Residuals) -> Element:
    """Draw what is left over against predictions."""
    x = _axis("predicted", left.predicted, _LEFT, _RIGHT)
    y = _axis("residual", [0.0, *left.residual], _BOTTOM, _TOP)
    dots = zip(left.predicted, left.residual, strict=True)
    return _chart(
        f"Residuals of {len(left.predicted):,} rows against their predictions",
        x,
        y,
        [_dot(x.at(at), y.at(value), "dot many", 2.0) for at, value in dots],
        _line(_LEFT, y.at(0), _RIGHT, y.at(0), "ideal"),
    )


def quantile_chart(left: Residuals) -> Element | None:
    """Draw the residuals' quantiles against those of a normal distribution."""
    if not left.quantiles:
        return None
    x = _axis("quantile of the normal distribution", left.normal, _LEFT, _RIGHT)
    y = _axis("quantile of the residuals, in deviations", left.quantiles, _BOTTOM, _TOP)
    low, high = max(x.low, y.low), min(x.high, y.high)
    dots = zip(left.normal, left.quantiles, strict=True)
    return _chart(
        f"{len(left.normal)} quantiles of the residuals against those of a normal distribution",
        x,
        y,
        _line(x.at(low), y.at(low), x.at(high), y.at(high), "ideal") if low < high else None,
        [_dot(x.at(at), y.at(value), "dot", 2.5) for at, value in dots],
    )


def _chart(title: str, x: Axis, y: Axis, *marks: Node, floor_: float | None = None) -> Element:
    bottom = y.start if floor_ is None else floor_
    return element(
        "svg",
        element("title", title),
        [_line(_LEFT, y.at(value), _RIGHT, y.at(value), "grid") for value, _ in y.ticks],
        _line(_LEFT, bottom, _RIGHT, bottom, "axis"),
        [_text(_LEFT - 7, y.at(value) + 4, told, "end") for value, told in y.ticks],
        [_text(x.at(value), bottom + 17, told, "middle") for value, told in x.ticks],
        _text(_LEFT - 44, 14, _short(y.name), "start", "name"),
        _text(_RIGHT, _HEIGHT - 6, _short(x.name), "end", "name"),
        marks,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        class_="chart",
    )


def _axis(
    name: str,
    values: Iterable[float],
    start: float,
    end: float,
    *,
    powers: bool = False,
    tight: bool = False,
) -> Axis:
    """Make an axis that holds all values, with some room at its ends."""
    known = [value for value in values if isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if not high > low:
        # One value alone stands in the middle.
        around = 1.0 if powers or low == 0 else abs(low) / 2
        low, high = low - around, high + around
    room = _MARGIN * (high - low)
    return Axis(name, low if tight else low - room, high + room, start, end, powers)


def _round_step(span: float, *, whole: bool) -> float:
    """Distance of ticks: 1, 2 or 5 times a power of ten, for about four of them."""
    if whole:
        return float(max(1, ceil(span / 5)))
    power = 10.0 ** floor(log10(span / 4))
    return power * next(m for m in (1, 2, 5, 10) if span / (m * power) <= 5)


def _last_word(height: float, kind: str) -> tuple[Element, Element]:
    words = {"proven": "certificate: proven", "estimate": "certificate: estimated"}
    return (
        _line(_LEFT, height, _RIGHT, height, "certificate"),
        _text(_LEFT + 4, height - 5, words.get(kind, "certificate"), "start", "certificate-name"),
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_at(x)} {_at(y)}" for x, y in places)


def _dot(x: float, y: float, class_: str = "dot", radius: float = 3.0) -> Element:
    return element("circle", cx=_at(x), cy=_at(y), r=_at(radius), class_=class_)


def _line(x1: float, y1: float, x2: float, y2: float, class_: str = "whisker") -> Element:
    return element("line", x1=_at(x1), y1=_at(y1), x2=_at(x2), y2=_at(y2), class_=class_)


def _text(x: float, y: float, told: str, anchor: str, class_: str = "tick") -> Element:
    return element("text", told, x=_at(x), y=_at(y), text_anchor=anchor, class_=class_)


def _at(place: float) -> str:
    return f"{place:.1f}".removesuffix(".0")
