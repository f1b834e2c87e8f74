"""Reports as text on a terminal: renderables for rich, which lays them out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from linnet.information import Information
from linnet.reports.classification import ClassifierAccount
from linnet.reports.coefficients import Coefficient
from linnet.reports.estimates import Estimate
from linnet.reports.numbers_in_words import (
    count,
    interval,
    number,
    percent,
    percent_interval,
    signed,
)
from linnet.reports.regression import RegressionAccount
from linnet.reports.summary import Account, FitSummary, Fitting, TableUse

__all__ = ["account_text", "summary_text"]

# rich is imported only where it is used, so its types are known here by name alone.
Renderable: TypeAlias = Any
"""What ``rich.console.Console.print`` takes."""

_Row: TypeAlias = tuple[str, ...]

_MOST_NAMES: Final = 12


def account_text(accounts: Mapping[str, Account]) -> Renderable:
    """Lay accounts of one kind side by side, under their names.

    Parameters
    ----------
    accounts : mapping of str to ClassifierAccount or RegressionAccount
        At least one.
    """
    first = next(iter(accounts.values()))
    table = _grid("", *accounts)
    rows: dict[str, list[str]] = {}
    for account in accounts.values():
        told = _classifier(account) if isinstance(account, ClassifierAccount) else _numbers(account)
        for name, text in told.items():
            rows.setdefault(name, []).append(text)
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return _group([table, *_remarks(first), *_unseen(accounts)])


def summary_text(summary: FitSummary) -> Renderable:
    """Lay out the summary of a fit."""
    accounts = {"training": summary.training}
    if summary.held_out is not None:
        accounts["held out"] = summary.held_out
    return _group(
        [
            _facts(summary),
            "",
            account_text(accounts),
            "",
            *_coefficients(summary),
        ]
    )


def _facts(summary: FitSummary) -> Renderable:
    table = _grid()
    for name, text in (
        ("target", f"{summary.target}: {summary.task}, because {summary.reason}"),
        ("rows", _rows(summary)),
        ("columns", _columns(summary.table)),
        ("features", f"{summary.features:,}"),
        ("classes", _classes(summary.classes)),
        ("optimum", _optimum(summary.fitting)),
        ("time", _time(summary)),
        ("model", summary.model or "not saved"),
    ):
        if text:
            table.add_row(name, text)
    return table


def _rows(summary: FitSummary) -> str:
    told = f"{summary.training.rows:,} fitted"
    if summary.held_out is not None:
        told += f"; {summary.held_out.rows:,} held out, {summary.held_out_rows}"
    left_out = summary.table.rows_without_target
    return f"{told}; {left_out:,} left out, their target is missing" if left_out else told


def _columns(use: TableUse) -> str:
    if not use.used:
        return ""
    told = f"{len(use.used)} used"
    if use.left_out:
        told += f"; {len(use.left_out)} left out: {_some(use.left_out)}"
    return told


def _classes(classes: Mapping[str, int]) -> str:
    if not classes:
        return ""
    commonest = sorted(classes.items(), key=lambda item: -item[1])
    listed = [f"{name} {rows:,}" for name, rows in commonest[:_MOST_NAMES]]
    rest = len(commonest) - len(listed)
    return f"{len(classes)}: {', '.join(listed)}" + (f" and {rest} more" if rest else "")


def _optimum(fitting: Fitting) -> str:
    told = str(fitting.certificate)
    if fitting.steps is not None:
        told += f", after {count(fitting.steps, 'step')}"
    if fitting.passes is not None:
        told += f" and {fitting.passes:,.0f} readings of the data"
    return told


def _time(summary: FitSummary) -> str:
    return f"{summary.fitting.seconds:.2f} s to fit, {summary.seconds:.2f} s in all"


def _classifier(account: ClassifierAccount) -> dict[str, str]:
    return {
        "rows": f"{account.rows:,}",
        f"uniform code, log {account.classes}": _amount(account.uniform),
        "marginal code, H(Y)": _amount(account.marginal),
        "loss: mean code length": _amount(account.loss.value),
        "  95 % interval": _amount_interval(account.loss),
        "gained per label, H(Y) − loss": _amount(account.gained.value),
        "  95 % interval ": _amount_interval(account.gained),
        "accuracy": percent(account.accuracy.value),
        "  95 % interval  ": percent_interval(account.accuracy),
    }


def _numbers(account: RegressionAccount) -> dict[str, str]:
    return {
        "rows": f"{account.rows:,}",
        "root mean squared error": number(account.rmse.value),
        "  95 % interval": interval(account.rmse),
        "mean absolute error": number(account.mean_absolute_error.value),
        "R²": number(account.r2.value),
        "  95 % interval ": interval(account.r2),
        "marginal Gaussian code": _amount_if_any(account.marginal),
        "loss: mean code length": _amount_if_any(account.loss and account.loss.value),
        "gained per value": _amount_if_any(account.gained and account.gained.value),
        "  95 % interval  ": _amount_interval(account.gained) if account.gained else "",
    }


def _remarks(account: Account) -> list[str]:
    if isinstance(account, ClassifierAccount):
        return []
    if account.loss is None:
        return ["The model leaves no residual in training: a Gaussian of variance 0 has no code."]
    return [f"Codes give each value to {number(account.precision)}; gains do not depend on that."]


def _unseen(accounts: Mapping[str, Account]) -> list[str]:
    told = []
    for name, account in accounts.items():
        if not isinstance(account, ClassifierAccount) or not account.unseen:
            continue
        where = f"{name}: " if name else ""
        told.append(
            f"{where}{count(account.unseen_rows, 'row')} with labels that training never saw "
            f"({_some(tuple(account.unseen))}): no code exists for them, so the loss is infinite."
        )
        if account.known_loss is not None:
            told.append(f"  Over the other rows it is {_amount(account.known_loss.value)}.")
    return told


def _coefficients(summary: FitSummary) -> list[Renderable]:
    if not summary.coefficients:
        return ["No coefficient differs from zero."]
    classification = summary.task == "classification"
    scaled = any(coefficient.slope is not None for coefficient in summary.coefficients)
    headers = ["feature", "coefficient"]
    if scaled:
        headers.append("per unit of the table")
    if classification:
        headers.append("speaks")
    table = _grid(*headers)
    for coefficient in summary.coefficients:
        table.add_row(*_coefficient(coefficient, scaled=scaled))
    unit = "nats of log odds" if classification else f"the unit of {summary.target}"
    per = "; for a number, per standard deviation" if scaled else ""
    return [f"strongest coefficients, in {unit}{per}", table, *_dependent(summary)]


def _coefficient(coefficient: Coefficient, *, scaled: bool) -> _Row:
    cells = [coefficient.feature, signed(coefficient.value)]
    if scaled:
        cells.append("" if coefficient.slope is None else signed(coefficient.slope))
    if coefficient.speaks_for is not None:
        side = "for" if coefficient.value > 0 else "against"
        cells.append(f"{side} {coefficient.speaks_for}")
    return tuple(cells)


def _dependent(summary: FitSummary) -> list[str]:
    rank = summary.fitting.rank
    if rank is None or rank >= summary.features:
        return []
    told = (
        f"The {summary.features:,} features are linearly dependent (rank {rank:,}), as the levels "
        "of a category are by nature. Predictions are unique; of all coefficients that give them, "
        "these are the shortest."
    )
    return [told]


def _amount(nats: float) -> str:
    if not abs(nats) < float("inf"):
        return number(nats)
    amount = Information(nats, "nats")
    return f"{amount:.4f} = {amount.to('bits'):.4f}"


def _amount_if_any(nats: float | None) -> str:
    return "none" if nats is None else _amount(nats)


def _amount_interval(estimate: Estimate) -> str:
    if not interval(estimate):
        return ""
    low, high = (Information(end, "nats").to("bits") for end in (estimate.low, estimate.high))
    return f"{float(low):.4f} to {high:.4f}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    rest = len(names) - _MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown


def _grid(*headers: str) -> Renderable:
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD if headers else None, show_header=bool(headers), pad_edge=False
    )
    for header in headers or ("", ""):
        table.add_column(header, overflow="fold")
    return table


def _group(parts: Sequence[Renderable]) -> Renderable:
    from rich.console import Group

    return Group(*parts)
