"""A fit to a stream as it comes, without a first pass: learn, tell the progressive loss, save."""

from contextlib import suppress
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path
from time import perf_counter
from typing import Any, Final, final

import typer

from linnet.cli.files import check_output
from linnet.cli.fitting import FitRequest
from linnet.cli.progress import ScanProgress
from linnet.cli.scanning import Streaming, scan_of
from linnet.cli.terminal import note, say, say_json
from linnet.cli.unfitted import unfitted_regression
from linnet.errors import SettingError
from linnet.estimators import TableModel
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.online import Learnt, learn_online
from linnet.estimators.progressive import Mark
from linnet.estimators.scanning import Scan
from linnet.features import HashingEncoder

__all__ = ["learn_scan_and_tell"]

_DEFAULT_SHARE: Final = "0.2"
_STOPPED: Final = 1


def learn_scan_and_tell(
    request: FitRequest, streaming: Streaming, *, as_json: bool, quiet: bool
) -> None:
    """Learn from a scan as its rows come, save the model, and print what was learnt.

    Stopped by Ctrl-C, what was learnt so far is saved, and the exit code is 1.
    """
    began = perf_counter()
    data, model = _begin(request, streaming)
    shown = not (quiet or as_json or streaming.log_json)
    learning = _Learning(shown=shown, as_json=streaming.log_json)
    with suppress(KeyboardInterrupt):
        learning.through(data, model)
    learnt = learning.last
    if learnt is None or (learning.stopped and len(learnt.block.classes) < 2):
        raise KeyboardInterrupt
    model.keep_learnt(learnt, data.stream.origin)
    note(*data.stream.notes, *model.encoder_.notes_)
    if learnt.block.n_missing:
        note(f"{learnt.block.n_missing:,} rows are left out, for their target is missing")
    model.save(request.output)
    if learning.stopped:
        note(
            f"stopped in pass {learnt.epoch}, with {learnt.losses[-1].rows:,} rows learnt from: "
            f"the model so far is in {request.output}"
        )
    report = _report(model, learnt, data, request) | {
        "stopped": learning.stopped,
        "seconds": perf_counter() - began,
    }
    if as_json:
        say_json(report)
    elif not quiet:
        say(_text(report))
    if learning.stopped:
        raise typer.Exit(_STOPPED)


def _begin(request: FitRequest, streaming: Streaming) -> tuple[Scan, TableModel]:
    """Describe the rows and the model, neither begun."""
    check_output(request.output, *(Path(table) for table in streaming.tables))
    given = {
        "--cache": streaming.cache,
        "--checkpoint": streaming.checkpoint,
        "--dask": streaming.dask,
        "--resume": streaming.resume or None,
        "--max-iter": request.settings.get("max_iter"),
        "--tol": request.settings.get("tol"),
    }
    for option in (name for name, value in given.items() if value is not None):
        raise SettingError(
            f"{option} has no place beside --epochs or --bits: rows are learnt from as they come, "
            "and neither kept nor fitted to an optimum. Leave one of them out."
        )
    if request.validation != _DEFAULT_SHARE:
        raise SettingError(
            "--validation has no place beside --epochs or --bits: every row of the first pass is "
            "predicted before it is learnt from, and that loss is told."
        )
    # Of the rows none are held out.
    data = scan_of(replace(request, validation="0"), streaming)
    if isinstance(data, MatrixScan):
        raise SettingError(
            f"{data.origin}: a matrix has no named columns to hash. Leave --epochs and --bits out."
        )
    settings = {"solver": "adagrad"} | request.settings | {"max_iter": streaming.epochs or 1}
    reason = "--epochs learns classes"
    regression = unfitted_regression("classification", reason, settings, request.seed)
    bits = 18 if streaming.bits is None else streaming.bits
    return data, TableModel(regression, HashingEncoder(bits=bits), target=data.target)


@final
@dataclass
class _Learning:
    """How far it has come; what was learnt last outlives an interruption."""

    shown: bool
    as_json: bool
    last: Learnt | None = None
    stopped: bool = True

    def through(self, data: Scan, model: TableModel) -> None:
        """Learn from all rows."""
        with ScanProgress(0.0, wanted=False, as_json=self.as_json) as progress:
            progress.n_bytes = data.stream.n_bytes
            told, epoch = 0, 0
            watched = replace(data, watcher=progress.reading)
            regression: Any = model.estimator
            encoder: Any = model.encoder
            for learnt in learn_online(watched, regression, encoder):
                self.last = learnt
                if learnt.epoch != epoch:
                    told, epoch = 0, learnt.epoch
                    self._head(epoch)
                marks = learnt.losses[-1].marks
                for mark in marks[told:]:
                    progress.marked(mark, epoch)
                    self._show(mark)
                told = len(marks)
        self.stopped = False

    def _head(self, epoch: int) -> None:
        if self.shown:
            seen = "" if epoch == 1 else f" in pass {epoch}, of rows seen before"
            typer.echo(f"{'rows':>12}  {'bits a label':>12}  {'since last':>12}{seen}", err=True)

    def _show(self, mark: Mark) -> None:
        if self.shown:
            line = f"{mark.rows:>12,}  {mark.mean:>12.4f}  {mark.since_last:>12.4f}"
            typer.echo(line, err=True)


def _report(model: TableModel, learnt: Learnt, data: Scan, request: FitRequest) -> dict[str, Any]:
    regression: Any = model.estimator_
    loss = learnt.progressive
    return {
        "table": data.stream.origin,
        "target": data.target,
        "solver": regression.solver,
        "rows": loss.rows,
        "rows_without_target": learnt.block.n_missing,
        "columns": {name: str(kind) for name, kind in model.encoder_.kinds_.items()},
        "coefficients_per_class": learnt.block.known.width,
        "classes": [str(each) for each in model.classes_],
        "epochs": learnt.epoch,
        "progressive_bits_per_label": float(loss.mean),
        "bits_per_label_by_epoch": [float(each.mean) for each in learnt.losses],
        "marks": [[mark.rows, mark.mean, mark.since_last] for mark in loss.marks],
        "file": str(request.output),
    }


def _text(report: dict[str, Any]) -> str:
    q, epochs = len(report["classes"]), report["epochs"]
    kinds = ", ".join(f"{name} ({kind})" for name, kind in report["columns"].items())
    first, *later = (f"{bits:.4f} bits a label" for bits in report["bits_per_label_by_epoch"])
    lines = [
        f"Softmax regression of {report['target']!r} from {kinds}",
        f"by {report['solver']}, {report['rows']:,} rows of {report['table']}, passes: {epochs}",
        "",
        f"Progressive loss  {first}, each predicted before it was learnt from",
        f"Uniform code      {log2(q):.4f} bits a label, of {q} classes",
        *(f"Pass {n:<12} {bits}, of rows seen before" for n, bits in enumerate(later, start=2)),
        "",
        "No optimum is proven: these are steps over a stream.",
        f"Saved: {report['file']}",
    ]
    return "\n".join(lines)
