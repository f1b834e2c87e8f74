"""Facts as grids of words and numbers, which pages and cards both lay out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, final

from linnet.information import Information
from linnet.reports.classification import ClassifierAccount
from linnet.reports.coefficients import Coefficient
from linnet.reports.drift import Drift
from linnet.reports.estimates import Estimate
from linnet.reports.numbers_in_words import (
    count,
    interval,
    number,
    percent,
    percent_interval,
    signed,
)
from linnet.reports.report_facts import ModelReport
from linnet.reports.shift import Shift

__all__ = [
    "Grid",
    "account_grid",
    "bits",
    "class_grid",
    "coefficient_grid",
    "drift_grids",
    "longest_grid",
    "mistake_grid",
    "reliability_grid",
    "speaks",
    "step_grid",
]

_MOST_STEPS: Final = 20
_MOST_COLUMNS: Final = 20
_MOST_NAMES: Final = 5
_MOST_CLASSES: Final = 40


@final
@dataclass(frozen=True)
class Grid:
    """A table with a name.

    Attributes
    ----------
    name : str
        What it shows.
    headers : tuple of str
        Of its columns; the first column names the rows.
    rows : tuple of tuple of str
        Its cells.
    words : frozenset of int
        Columns that hold words, not numbers; the first does in any case.
    """

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int] = frozenset()


def bits(nats: float | None, digits: int = 3) -> str:
    """Write an amount of information in bits.

    Examples
    --------
    >>> bits(1.0), bits(float("inf")), bits(None)
    ('1.443', 'infinite', 'none')
    """
    if nats is None:
        return "none"
    amount = float(Information(nats, "nats").to("bits"))
    return f"{amount:.{digits}f}" if isfinite(amount) else number(amount)


def account_grid(report: ModelReport) -> Grid:
    """Lay the accounts side by side: in bits, and as errors in the target's own terms."""
    accounts = list(report.accounts.values())
    names = tuple(report.accounts)
    rows: list[tuple[str, ...]] = [("rows", *(f"{account.rows:,}" for account in accounts))]
    for name, tell in _told_of(accounts[-1]):
        rows.append((name, *(tell(account) for account in accounts)))
    return Grid("The account", ("", *names), tuple(rows))


def _told_of(account: object) -> Sequence[tuple[str, Callable[..., str]]]:
    """Tell what is told of an account, and how."""
    if isinstance(account, ClassifierAccount):
        return (
            ("uniform code, bits a label", lambda a: bits(a.uniform)),
            ("marginal code, H(Y)", lambda a: bits(a.marginal)),
            ("loss: the model's code", lambda a: _amount(a.loss)),
            ("gained by the features", lambda a: _amount(a.gained)),
            ("accuracy", lambda a: _with(percent(a.accuracy.value), percent_interval(a.accuracy))),
            ("labels never seen in training", lambda a: f"{a.unseen_rows:,}"),
        )
    return (
        ("root mean squared error", lambda a: _estimate(a.rmse)),
        ("mean absolute error", lambda a: _estimate(a.mean_absolute_error)),
        ("R²", lambda a: _estimate(a.r2)),
        ("values given to", lambda a: number(a.precision)),
        ("marginal Gaussian code, bits a value", lambda a: bits(a.marginal)),
        ("loss: the model's code", lambda a: _amount(a.loss)),
        ("gained by the features", lambda a: _amount(a.gained)),
    )


def class_grid(report: ModelReport) -> Grid | None:
    """Lay out what each class costs, and how often it is found; of many those that cost most."""
    if report.classes is None:
        return None
    rows = report.classes.rows
    few = len(rows) <= _MOST_CLASSES
    if not few:
        rows = tuple(sorted(rows, key=lambda row: -row.rows * (row.nats or 0))[:_MOST_CLASSES])
    return Grid(
        "The classes" if few else f"The {_MOST_CLASSES} classes that cost most",
        ("class", "rows", "bits a label", "recall", "precision"),
        tuple(
            (row.name, number(row.rows), bits(row.nats), _share(row.recall), _share(row.precision))
            for row in rows
        ),
    )


def mistake_grid(report: ModelReport) -> Grid | None:
    """Lay out the commonest mistakes."""
    found = () if report.classes is None else report.classes.mistakes
    if not found:
        return None
    return Grid(
        "The commonest mistakes",
        ("label", "taken for", "rows", "of this label"),
        tuple((m.label, m.taken_for, number(m.rows), percent(m.share)) for m in found),
        words=frozenset({1}),
    )


def reliability_grid(report: ModelReport) -> Grid | None:
    """Probabilities against what happened, by ranges."""
    if report.reliability is None:
        return None
    return Grid(
        f"Reliability: {report.reliability.of}",
        ("range", "rows", "mean probability", "came so", "95 % interval"),
        tuple(
            (
                f"{each.low:.1f} to {each.high:.1f}",
                number(each.rows),
                percent(each.predicted),
                percent(each.happened.value),
                percent_interval(each.happened),
            )
            for each in report.reliability.bins
        ),
    )


def coefficient_grid(report: ModelReport) -> Grid | None:
    """Lay out the strongest coefficients."""
    shown = report.coefficients
    if not shown:
        return None
    tellers: list[tuple[str, Callable[[Coefficient], str]]] = [
        ("feature", lambda c: c.feature),
        ("coefficient", lambda c: signed(c.value)),
    ]
    if any(c.interval is not None for c in shown):
        tellers.append(("95 % interval", lambda c: "" if c.interval is None else _ends(c.interval)))
    if any(c.slope is not None for c in shown):
        tellers.append(
            ("per unit of the table", lambda c: "" if c.slope is None else signed(c.slope))
        )
    if any(c.speaks_for is not None for c in shown):
        tellers.append(("speaks", speaks))
    return Grid(
        "The strongest coefficients",
        tuple(name for name, _ in tellers),
        tuple(tuple(tell(c) for _, tell in tellers) for c in shown),
        words=frozenset({len(tellers) - 1} if tellers[-1][0] == "speaks" else ()),
    )


def speaks(coefficient: Coefficient) -> str:
    """Say which class a coefficient speaks for or against."""
    if coefficient.speaks_for is None:
        return ""
    return f"{'for' if coefficient.value > 0 else 'against'} {coefficient.speaks_for}"


def longest_grid(report: ModelReport) -> Grid | None:
    """Lay out the rows with the longest codes, without what they hold."""
    if not report.longest:
        return None
    classifies = report.classes is not None
    headers = ("row", "label" if classifies else "value", "predicted")
    return Grid(
        "The longest codes",
        (*headers, *(("probability",) if classifies else ()), "bits"),
        tuple(
            (
                f"{row.row}",
                row.target,
                row.predicted,
                *(() if row.probability is None else (f"{row.probability:.4f}",)),
                bits(row.nats),
            )
            for row in report.longest
        ),
        words=frozenset({1, 2}) if classifies else frozenset(),
    )


def step_grid(report: ModelReport) -> Grid | None:
    """Lay out the way to the optimum: at most 20 steps of it."""
    steps = report.steps
    if not steps:
        return None
    every = -(-len(steps) // _MOST_STEPS)
    chosen = [*steps[:-1][::every], steps[-1]]
    return Grid(
        "The way to the optimum",
        ("step", "readings of the data", "objective, nats", "gap, nats"),
        tuple(
            (f"{s.number:,}", f"{s.passes:,.1f}", f"{s.value:.6f}", _small(s.gap)) for s in chosen
        ),
    )


def drift_grids(report: ModelReport) -> tuple[Grid, ...]:
    """How far the rows are from those of training."""
    if report.drift is None:
        return ()
    return _measured(report.drift) if isinstance(report.drift, Drift) else _kept(report.drift)


def _measured(drift: Drift) -> tuple[Grid, ...]:
    rows = []
    for column in drift.columns[:_MOST_COLUMNS]:
        symbol, before, after = column.change
        test = column.test
        rows.append(
            (
                column.name,
                f"{float(test.divergence):.4f}",
                f"{float(test.by_chance):.4f}",
                f"{column.adjusted:.3f}",
                f"{symbol}: {percent(before)} → {percent(after)}" if before != after else "none",
            )
        )
    headers = ("column", "bits", "by chance", "p", "largest change")
    return (Grid("Drift from training", headers, tuple(rows), words=frozenset({4})),)


def _kept(shift: Shift) -> tuple[Grid, ...]:
    numbers = Grid(
        "Numbers against training",
        ("column", "extra bits a value", "mean, in deviations", "95 % interval", "deviation"),
        tuple(
            (
                each.name,
                bits(each.extra, 4),
                f"{each.mean.value:+.3f}",
                _ends(each.mean),
                f"{each.deviation:.3f}",
            )
            for each in shift.numbers[:_MOST_COLUMNS]
        ),
    )
    unseen = Grid(
        "Values that training did not have",
        ("column", "rows", "values"),
        tuple(
            (each.name, f"{each.rows:,}", _some(list(each.values)))
            for each in shift.unseen[:_MOST_COLUMNS]
        ),
        words=frozenset({2}),
    )
    return tuple(grid for grid in (numbers, unseen) if grid.rows)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    rest = len(names) - _MOST_NAMES
    return f"{shown} and {count(rest, 'other')}" if rest > 0 else shown


def _amount(estimate: Estimate | None) -> str:
    if estimate is None:
        return "none"
    known = isfinite(estimate.low) and isfinite(estimate.high)
    ends = f"{bits(estimate.low)} to {bits(estimate.high)}" if known else ""
    return _with(bits(estimate.value), ends)


def _estimate(estimate: Estimate) -> str:
    return _with(number(estimate.value), interval(estimate))


def _with(value: str, ends: str) -> str:
    return f"{value} ({ends})" if ends else value


def _ends(estimate: Estimate) -> str:
    return interval(estimate, 3)


def _share(share: float | None) -> str:
    return "none" if share is None else percent(share)


def _small(gap: float) -> str:
    return f"{gap:.1e}" if isfinite(gap) else "unknown"
