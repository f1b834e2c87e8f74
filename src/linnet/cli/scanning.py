"""A fit to a table that need not fit in memory: scan, fit, account, save, tell."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final, final

import numpy as np

from linnet.cli.files import check_output
from linnet.cli.fitting import FitRequest
from linnet.cli.inputs import AnyModel, regression_of
from linnet.cli.progress import ScanProgress
from linnet.cli.reporting import check_reports, subject_of, write_reports
from linnet.cli.summarising import Told, summary_of
from linnet.cli.terminal import note, say, say_json
from linnet.cli.unfitted import unfitted_regression
from linnet.data import MemorySource
from linnet.data.budget import memory_budget
from linnet.data.journalled import JournalledSource
from linnet.data.passing import gathered
from linnet.errors import DataWarning, SettingError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.scanning import Scan, scan
from linnet.estimators.softmax_parameters import label_totals
from linnet.features.written import written_precision
from linnet.reports import (
    Account,
    FitSummary,
    TableUse,
    classifier_account,
    model_report,
    regression_account,
    summary_text,
)

__all__ = [
    "Streaming",
    "check_checkpoint",
    "fit_scan_and_tell",
    "is_beyond_memory",
    "is_streamed",
    "scan_of",
]

# A table read whole takes several times its size as text.
_SIZES_IN_MEMORY: Final = 4
_ACCOUNTED_ROWS: Final = 100_000
_PATTERNS: Final = frozenset("*?[")


@final
@dataclass(frozen=True, kw_only=True)
class Streaming:
    """What ``linnet fit`` is told about tables larger than memory: see the options there."""

    tables: tuple[str, ...] = ()
    query: str | None = None
    memory: str | None = None
    cache: Path | None = None
    checkpoint: Path | None = None
    resume: bool = False
    on_error: str = "raise"
    log_json: bool = False
    dask: str | None = None
    epochs: int | None = None
    bits: int | None = None
    classes: str | None = None

    @property
    def is_online(self) -> bool:
        """Whether rows are to be learnt from as they come, without a first pass."""
        return self.epochs is not None or self.bits is not None

    @property
    def is_asked_for(self) -> bool:
        """Whether an option makes sense for streams alone."""
        given = (self.query, self.memory, self.cache, self.checkpoint, self.dask, self.classes)
        return any(each is not None for each in given) or self.on_error != "raise"


def is_streamed(streaming: Streaming) -> bool:
    """Tell whether the tables are to be read in chunks: asked for, several, or large."""
    if streaming.is_asked_for:
        return True
    return is_beyond_memory(streaming.tables)


def is_beyond_memory(tables: tuple[str, ...]) -> bool:
    """Tell whether tables are to be read in chunks: several, elsewhere, or large."""
    if len(tables) != 1:
        return True
    table = tables[0]
    if "://" in table or (_PATTERNS & set(table) and not Path(table).exists()):
        return True
    try:
        size = Path(table).stat().st_size
    except OSError:
        return False
    return size * _SIZES_IN_MEMORY > memory_budget(None)


def fit_scan_and_tell(
    request: FitRequest, streaming: Streaming, *, as_json: bool, quiet: bool
) -> None:
    """Fit a model to a scan, save it, and print the summary, as text or as JSON."""
    summary = _fit_scan(request, streaming, shown=not quiet)
    if as_json:
        say_json(summary.to_dict())
    elif not quiet:
        say(summary_text(summary))


def _fit_scan(request: FitRequest, streaming: Streaming, *, shown: bool) -> FitSummary:
    began = perf_counter()
    tables = [Path(table) for table in streaming.tables]
    check_output(request.output, *tables)
    check_reports(request.reports, request.output, *tables)
    check_checkpoint(streaming)
    with ScanProgress(
        request.settings.get("tol", 1e-6), wanted=shown, as_json=streaming.log_json
    ) as progress:
        data = replace(scan_of(request, streaming), watcher=progress.reading)
        progress.n_bytes = data.n_bytes
        with data.prepared() as rows:
            note(*rows.notes)
            if rows.n_missing:
                note(f"{rows.n_missing:,} rows are left out, for their target is missing")
            _tell_resumed(rows, progress)
            start = perf_counter()
            estimator = unfitted_regression(rows.task, rows.reason, request.settings, request.seed)
            with progress.fitting():
                model = _fitted(estimator, rows, data.target)
            seconds = perf_counter() - start
            few = _few(rows)
            summary = _summary(request, data, model, rows, few, seconds_to_fit=seconds, began=began)
            model.save(request.output)
            if request.reports:
                _report(request, model, rows, few, summary)
    return summary


def _tell_resumed(rows: PreparedRows, progress: ScanProgress) -> None:
    """Say how many passes a checkpoint has, if it has any."""
    noted = len(rows.source.journal) if isinstance(rows.source, JournalledSource) else 0
    if noted:
        progress.resumed(passes=noted)
        note(f"resumed: {noted} passes are noted, and those of this fit are not made again")


def _summary(
    request: FitRequest,
    data: Scan | MatrixScan,
    model: AnyModel,
    rows: PreparedRows,
    few: MemorySource,
    *,
    seconds_to_fit: float,
    began: float,
) -> FitSummary:
    """Account for rows fitted, and for those held out if there are any."""
    precision = _precision(model, few)
    held_out = None if rows.held_out is None else _account(model, rows.held_out, precision)
    share = f"{100 * data.validation:g} % at random, seed {request.seed}"
    return summary_of(
        model,
        _told(data, rows, few.n_samples),
        training=_account(model, few, precision),
        held_out=held_out,
        held_out_rows=share if held_out is not None else "",
        seconds_to_fit=seconds_to_fit,
        seconds=perf_counter() - began,
        file=str(request.output),
    )


def scan_of(request: FitRequest, streaming: Streaming) -> Scan | MatrixScan:
    """Describe the rows that a command names."""
    tables: str | Sequence[str] = streaming.tables
    database = None
    if streaming.query is not None:
        if len(streaming.tables) > 1:
            raise SettingError("--sql takes one database, or none; queries can name files.")
        database = next(iter(streaming.tables), None)
        tables = streaming.query
    data = scan(
        tables if isinstance(tables, str) or len(tables) != 1 else tables[0],
        target=request.target,
        task=request.task.value,
        drop=request.drop,
        weight=request.weight,
        categorical=request.categorical,
        text=request.text,
        memory=streaming.memory,
        cache=streaming.cache,
        checkpoint=streaming.checkpoint,
        on_error="skip" if streaming.on_error == "skip" else "raise",
        separator=request.reading.field_separator,
        header=request.reading.header,
        encoding=request.reading.encoding,
        database=database,
        query=streaming.query is not None,
        dask=streaming.dask,
        classes=None if streaming.classes is None else _classes(streaming.classes),
    )
    return replace(data, validation=_share(request.validation), seed=request.seed)


def _classes(named: str) -> list[str] | list[int]:
    """Classes as they are written on the command line; whole numbers if all of them are."""
    names = [name.strip() for name in named.split(",")]
    return [int(n) for n in names] if all(n.lstrip("-").isdecimal() for n in names) else names


def _share(validation: str) -> float:
    try:
        share = float(validation)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise SettingError(
            f"--validation is {validation}: for a table read in chunks give the share of rows to "
            "hold out, from 0 to below 1; judge by another table with linnet evaluate."
        )
    return share


def check_checkpoint(streaming: Streaming) -> None:
    """Raise a SettingError where a folder holds what it was not said to go on from."""
    folder = streaming.checkpoint
    if folder is None:
        if streaming.resume:
            raise SettingError("--resume needs the folder of the checkpoint: --checkpoint DIR.")
        return
    if not streaming.resume and folder.exists() and any(folder.iterdir()):
        raise SettingError(
            f"--checkpoint {folder}: the folder is not empty. Add --resume to go on with the fit "
            "there, or name another folder."
        )


def _told(data: Scan | MatrixScan, rows: PreparedRows, accounted: int) -> Told:
    notes = rows.notes
    if accounted < rows.source.n_samples:
        notes += (f"what the training rows cost is told of {accounted:,} of them, drawn at random",)
    encoded, others = set[str](), list[str]()
    if rows.encoder is not None and isinstance(data, Scan):
        encoded = {encoder.name for encoder in rows.encoder.encoders_}
        others = [name for name in data.names if name not in {data.target, data.weight}]
    counts: dict[str, int] = {}
    if rows.classes is not None:
        totals = label_totals(rows.source, len(rows.classes))
        counts = {str(c): round(float(n)) for c, n in zip(rows.classes, totals, strict=True)}
    held = 0 if rows.held_out is None else rows.held_out.n_samples
    return Told(
        table=TableUse(
            file=data.origin,
            rows=rows.source.n_samples + held,
            rows_without_target=rows.n_missing,
            used=tuple(name for name in others if name in encoded),
            left_out=tuple(name for name in others if name not in encoded),
            notes=notes,
        ),
        task=rows.task,
        target=data.target,
        reason=rows.reason,
        classes=counts,
    )


def _report(
    request: FitRequest,
    model: AnyModel,
    rows: PreparedRows,
    few: MemorySource,
    summary: FitSummary,
) -> None:
    """Report on rows held out, else on those fitted; their places in the tables are not kept."""
    judged = few if rows.held_out is None else rows.held_out
    regression = regression_of(model)
    report = model_report(
        model,
        judged.X,
        regression.classes_[judged.y]
        if isinstance(regression, SoftmaxRegression)
        else judged.y[:, 0],
        sample_weight=judged.weight,
        name="training" if rows.held_out is None else "held out",
        earlier={} if rows.held_out is None else {"training": summary.training},
        longest=0,
        precision=_precision(model, few),
        subject=subject_of(summary),
        encoded=True,
    )
    write_reports(request.reports, report)


def _few(rows: PreparedRows) -> MemorySource:
    """As many of the fitted rows as tell what they cost."""
    random = np.random.default_rng(0)
    sample = rows.source.sample(random, _ACCOUNTED_ROWS)
    return gathered(sample.shuffled(random))


def _precision(model: AnyModel, few: MemorySource) -> float | None:
    regression = regression_of(model)
    if not isinstance(regression, LinearRegression):
        return None
    values = few.y[:, 0]
    return written_precision(values, float(np.ravel(regression.residual_variance_)[0]))


def _fitted(
    estimator: SoftmaxRegression | LinearRegression, rows: PreparedRows, target: str
) -> AnyModel:
    if rows.encoder is None:
        return estimator.fit(rows)
    return TableModel(estimator, target=target).fit_rows(rows)


def _account(model: AnyModel, rows: MemorySource, precision: float | None) -> Account:
    regression = regression_of(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        if isinstance(regression, LinearRegression):
            return regression_account(
                np.ravel(regression.predict(rows.X)),
                rows.y[:, 0],
                residual_variance=float(np.ravel(regression.residual_variance_)[0]),
                precision=precision,
                weight=rows.weight,
            )
        return classifier_account(
            regression.predict_log_proba(rows.X),
            regression.classes_[rows.y],
            regression.classes_,
            rows.weight,
        )
