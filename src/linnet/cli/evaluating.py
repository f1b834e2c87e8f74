"""A fitted model is judged by the rows of a file."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from linnet.cli.accounts import account_of
from linnet.cli.inputs import AnyModel, is_classifier, read_columns, regression_of
from linnet.cli.options import Reading
from linnet.cli.reporting import check_reports, report_of, write_reports
from linnet.cli.samples import ColumnChoice, Samples, read_samples_like
from linnet.cli.spelling import match_spelling
from linnet.cli.terminal import note, say, say_json
from linnet.errors import SettingError
from linnet.estimators import TableModel, load
from linnet.reports import Account, account_text
from linnet.types import Array

__all__ = ["EvaluationRequest", "evaluate_file", "evaluate_table"]


@final
@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What ``linnet evaluate`` is asked to do: see the options there."""

    model: Path
    table: Path
    target: str | None = None
    weight: str | None = None
    training: Path | None = None
    reports: tuple[Path, ...] = ()
    reading: Reading = field(default_factory=Reading)


@final
@dataclass(frozen=True)
class _Judged:
    """A model, the rows it is judged by, their targets as it spells them, and the account."""

    model: AnyModel
    samples: Samples
    target: Array
    account: Account


def evaluate_table(request: EvaluationRequest, *, as_json: bool) -> None:
    """Print a model's account of a file, as text or as JSON, and write the reports asked for."""
    inputs = [request.model, request.table]
    if request.training is not None:
        inputs.append(request.training)
        if not request.reports:
            raise SettingError("--training is told in a report. Name one with --report or --card.")
    check_reports(request.reports, *inputs)
    judged = _judge(request)
    if as_json:
        about = {
            "model": str(request.model),
            "table": str(request.table),
            "rows_without_target": judged.samples.target.missing,
        }
        say_json(about | judged.account.to_dict())
    else:
        say(account_text({request.table.name: judged.account}))
    if request.reports:
        _report(request, judged)


def evaluate_file(request: EvaluationRequest) -> Account:
    """Return a model's account of a file."""
    return _judge(request).account


def _judge(request: EvaluationRequest) -> _Judged:
    model = load(request.model)
    classifier = is_classifier(model)
    samples = read_samples_like(
        request.table,
        request.reading,
        ColumnChoice(
            target=request.target or (model.target if isinstance(model, TableModel) else None),
            weight=request.weight,
        ),
        "classification" if classifier else "regression",
        regression_of(model).n_features_in_,
    )
    if samples.target.missing:
        note(f"{samples.target.missing:,} rows are left out, for their target is missing")
    labels = samples.target.values
    if classifier:
        labels, told = match_spelling(labels, model.classes_)
        note(*[told] * bool(told))
    account = account_of(
        model,
        samples.features,
        labels,
        origin=samples.origin,
        rows=samples.target.rows,
        weight=samples.weight,
    )
    return _Judged(model, samples, labels, account)


def _report(request: EvaluationRequest, judged: _Judged) -> None:
    samples = judged.samples
    training: Any = "kept"
    if request.training is not None:
        training = read_columns(request.training, request.reading)
    report = report_of(
        judged.model,
        samples.take(np.arange(samples.size)),
        judged.target,
        about=replace(samples, reason=""),
        rows=samples.target.rows,
        file=request.model,
        name=request.table.name,
        training=training,
    )
    write_reports(request.reports, report)
