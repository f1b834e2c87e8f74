"""A fitted model is judged by the rows of a file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from linnet.cli.inputs import AnyModel, is_classifier, read_columns
from linnet.cli.named_rows import NamedRows
from linnet.cli.reporting import check_reports, report_of, write_reports
from linnet.cli.samples import ColumnChoice, Samples, samples_like
from linnet.cli.tallying import Tally
from linnet.cli.terminal import note, say, say_json
from linnet.errors import SettingError
from linnet.estimators import TableModel, load
from linnet.features.columns import Task
from linnet.reports import Account, account_text
from linnet.types import Array

__all__ = ["EvaluationRequest", "evaluate_file", "evaluate_table"]


@final
@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What ``linnet evaluate`` is asked to do: see the options there."""

    model: Path
    rows: NamedRows
    target: str | None = None
    weight: str | None = None
    training: Path | None = None
    reports: tuple[Path, ...] = ()


@final
@dataclass(frozen=True)
class _Judged:
    """A model, the last of the rows it is judged by, their targets as it spells them, the account.

    The last rows are all of them, where they are read whole.
    """

    model: AnyModel
    samples: Samples
    target: Array
    missing: int
    account: Account


def evaluate_table(request: EvaluationRequest, *, as_json: bool) -> None:
    """Print a model's account of a file, as text or as JSON, and write the reports asked for."""
    rows = request.rows
    inputs = [request.model, *rows.files]
    if request.training is not None:
        inputs.append(request.training)
        if not request.reports:
            raise SettingError("--training is told in a report. Name one with --report or --card.")
    if request.reports and rows.is_streamed:
        raise SettingError(
            f"{rows.name}: a report is made of rows in memory, and these are read some at a time. "
            "Leave out --report and --card, or report on one file that fits, without --memory."
        )
    check_reports(request.reports, *inputs)
    judged = _judge(request)
    if as_json:
        about = {
            "model": str(request.model),
            "table": rows.name,
            "rows_without_target": judged.missing,
        }
        say_json(about | judged.account.to_dict())
    else:
        title = rows.name if rows.query is not None else Path(rows.name).name
        say(account_text({title: judged.account}))
    if request.reports:
        _report(request, judged)


def evaluate_file(request: EvaluationRequest) -> Account:
    """Return a model's account of a file."""
    return _judge(request).account


def _judge(request: EvaluationRequest) -> _Judged:
    model = load(request.model)
    columns = ColumnChoice(
        target=request.target or (model.target if isinstance(model, TableModel) else None),
        weight=request.weight,
    )
    besides = [name for name in (columns.target, columns.weight) if name is not None]
    tally = Tally(model, request.rows.name)
    for some in request.rows.some_at_a_time(model, besides):
        task: Task = "classification" if is_classifier(model) else "regression"
        samples = samples_like(some.data, columns, task, first_row=some.first_row)
        tally.add(samples)
    # Where there was no row at all, this says so.
    account = tally.account()
    note(*tally.notes)
    return _Judged(model, samples, tally.read(samples.target.values), tally.missing, account)


def _report(request: EvaluationRequest, judged: _Judged) -> None:
    samples = judged.samples
    training: Any = "kept"
    if request.training is not None:
        training = read_columns(request.training, request.rows.reading)
    report = report_of(
        judged.model,
        samples.take(np.arange(samples.size)),
        judged.target,
        about=replace(samples, reason=""),
        rows=samples.target.rows,
        file=request.model,
        name=Path(request.rows.name).name,
        training=training,
    )
    write_reports(request.reports, report)
