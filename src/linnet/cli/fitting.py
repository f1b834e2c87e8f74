"""A fit from file to file: read, hold out, fit, account, save, tell."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, final

import numpy as np
from jaxtyping import Int

from linnet.cli.accounts import account_of
from linnet.cli.files import check_output
from linnet.cli.inputs import AnyModel, is_classifier, regression_of, rows_for
from linnet.cli.options import Reading, TaskName
from linnet.cli.progress import fitting_shown
from linnet.cli.reporting import check_reports, report_of, write_reports
from linnet.cli.samples import ColumnChoice, Samples, read_samples, read_samples_like
from linnet.cli.spelling import match_spelling
from linnet.cli.splitting import hold_out
from linnet.cli.summarising import summarise
from linnet.cli.terminal import note, say, say_json
from linnet.cli.unfitted import unfitted_model
from linnet.data.tables import Table
from linnet.errors import DataWarning, LinnetError, SettingError
from linnet.estimators import LinearRegression, TableModel
from linnet.features.written import written_precision
from linnet.reports import Account, FitSummary, RegressionAccount, summary_text
from linnet.types import Array

__all__ = ["FitRequest", "fit_and_tell", "fit_table"]


@final
@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """What ``linnet fit`` is asked to do: see the options there."""

    table: Path
    output: Path
    target: str | None = None
    task: TaskName = TaskName.AUTO
    validation: str = "0.2"
    seed: int = 0
    drop: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    weight: str | None = None
    reports: tuple[Path, ...] = ()
    reading: Reading = field(default_factory=Reading)
    settings: dict[str, Any] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Parts:
    """Rows to fit, rows to judge by, in words which rows those are, and their places.

    ``rows`` are the places in their file of the rows to judge by, or of all if there are none.
    """

    training: Samples
    held_out: Samples | None
    which: str
    rows: Int[Array, " m"]


def fit_and_tell(request: FitRequest, *, as_json: bool, quiet: bool) -> None:
    """Fit a model, save it, and print the summary, as text or as JSON."""
    _, summary = fit_table(request, shown=not quiet)
    if as_json:
        say_json(summary.to_dict())
    elif not quiet:
        say(summary_text(summary))


def fit_table(request: FitRequest, *, shown: bool = False) -> tuple[AnyModel, FitSummary]:
    """Fit a model to a file, save it, and return it with its summary.

    Parameters
    ----------
    request : FitRequest
        What to do.
    shown : bool
        Whether to show a progress bar.
    """
    began = perf_counter()
    inputs = request.table, Path(request.validation)
    check_output(request.output, *inputs)
    check_reports(request.reports, request.output, *inputs)
    samples = read_samples(request.table, request.reading, _columns(request), request.task)
    if samples.target.missing:
        note(f"{samples.target.missing:,} rows are left out, for their target is missing")
    parts = _parts(request, samples)
    model = unfitted_model(samples, request.settings, request.seed)
    start = perf_counter()
    with fitting_shown(request.settings.get("tol", 1e-6), wanted=shown):
        model.fit(parts.training.features, parts.training.target.values, parts.training.weight)
    seconds = perf_counter() - start
    if isinstance(model, TableModel):
        note(*model.encoder_.notes_)
    training, held_out = _accounts(model, samples, parts)
    model.save(request.output)
    summary = summarise(
        model,
        samples,
        training=training,
        held_out=held_out,
        held_out_rows=parts.which,
        seconds_to_fit=seconds,
        seconds=perf_counter() - began,
        file=str(request.output),
    )
    if request.reports:
        _report(request, model, samples, parts, summary)
    return model, summary


def _report(
    request: FitRequest, model: AnyModel, samples: Samples, parts: Parts, summary: FitSummary
) -> None:
    """Write down the fit, with the rows held out if there are any, else with those fitted."""
    judged = parts.training if parts.held_out is None else parts.held_out
    training: Any = None
    if judged.origin != samples.origin and isinstance(parts.training.features, Table):
        # Rows held out at random cannot drift.
        training = parts.training.features
    target = judged.target.values
    if is_classifier(model):
        target, _ = match_spelling(target, model.classes_)
    report = report_of(
        model,
        judged,
        target,
        about=samples,
        rows=parts.rows,
        file=request.output,
        name="training" if parts.held_out is None else "held out",
        earlier={} if parts.held_out is None else {"training": summary.training},
        training=training,
        standard_errors=_standard_errors(model, parts.training),
        precision=summary.training.precision
        if isinstance(summary.training, RegressionAccount)
        else None,
    )
    write_reports(request.reports, report)


def _standard_errors(model: AnyModel, training: Samples) -> Array | None:
    """How far off the coefficients may be; ``None``, with a note, where that cannot be said."""
    X = rows_for(model, training.features, training.origin)
    regression = regression_of(model)
    y = training.target.values
    if is_classifier(model):
        y, _ = match_spelling(y, model.classes_)
    try:
        told = regression.inference(
            model.encoder_.transform(X) if isinstance(model, TableModel) else X,
            y,
            training.weight,
        )
    except LinnetError as why:
        note(f"the report shows coefficients without intervals: {why}")
        return None
    errors = np.atleast_2d(told.standard_errors)
    if not np.isfinite(errors).all():
        note(*told.notes, "the report shows coefficients without intervals")
        return None
    return errors


def _columns(request: FitRequest) -> ColumnChoice:
    return ColumnChoice(
        target=request.target,
        weight=request.weight,
        drop=request.drop,
        text=request.text,
        categorical=request.categorical,
    )


def _parts(request: FitRequest, samples: Samples) -> Parts:
    """Part the rows, or read those to judge by from a file of their own."""
    share = _share(request.validation)
    everything = np.arange(samples.size)
    if share is None:
        path = Path(request.validation)
        columns = ColumnChoice(target=samples.target.name, weight=request.weight)
        width = None if isinstance(samples.features, Table) else samples.features.shape[1]
        others = read_samples_like(path, request.reading, columns, samples.task, width)
        rows = others.target.rows
        others = others.take(np.arange(others.size))
        return Parts(samples.take(everything), others, f"all of {path}", rows)
    labels = samples.target.values if samples.task == "classification" else None
    fitted, held = hold_out(samples.size, share, request.seed, labels)
    if not len(held):
        if share > 0:
            note("there are too few rows to hold any out")
        return Parts(samples.take(everything), None, "", samples.target.rows)
    which = f"{100 * share:g} % at random, seed {request.seed}"
    return Parts(samples.take(fitted), samples.take(held), which, samples.target.rows[held])


def _share(validation: str) -> float | None:
    """Share of rows to hold out; None if a file is named."""
    try:
        share = float(validation)
    except ValueError:
        return None
    if not 0 <= share < 1:
        raise SettingError(
            f"--validation is {validation}: give the share of rows to hold out, from 0 to below 1, "
            "or a table of such rows."
        )
    return share


def _accounts(model: AnyModel, samples: Samples, parts: Parts) -> tuple[Account, Account | None]:
    precision = None
    regression = regression_of(model)
    if isinstance(regression, LinearRegression):
        values = samples.target.values
        precision = written_precision(values, float(regression.residual_variance_))
    training = _account(model, parts.training, precision, same_file=True)
    if parts.held_out is None:
        return training, None
    same_file = parts.held_out.origin == samples.origin
    return training, _account(model, parts.held_out, precision, same_file=same_file)


def _account(
    model: AnyModel, part: Samples, precision: float | None, *, same_file: bool
) -> Account:
    target = part.target.values
    if is_classifier(model):
        target, told = match_spelling(target, model.classes_)
        note(*[told] * bool(told))
    with warnings.catch_warnings():
        if same_file:
            # That rows held out at random hold values of their own is no news.
            warnings.simplefilter("ignore", DataWarning)
        return account_of(
            model,
            part.features,
            target,
            origin=part.origin,
            rows=part.target.rows,
            weight=part.weight,
            precision=precision,
        )
