"""A fit to a stream as it comes, without a first pass: learn, tell the progressive loss, save."""

from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Final, final

import typer

from linnet.cli.files import check_output
from linnet.cli.fitting import FitRequest
from linnet.cli.learnt_texts import head_of, line_of, report_of, rows_of, text_of
from linnet.cli.progress import ScanProgress
from linnet.cli.scanning import Streaming, check_checkpoint, scan_of
from linnet.cli.terminal import note, say, say_json
from linnet.cli.unfitted import unfitted_regression
from linnet.errors import SettingError
from linnet.estimators import TableModel
from linnet.estimators.hashed_stream import task_of_stream
from linnet.estimators.learnt import Learnt
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.online_notes import learn_and_note
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
    if learnt is None or (learning.stopped and learnt.iterate is None):
        raise KeyboardInterrupt
    model.keep_learnt(learnt, data.stream.origin)
    note(*data.stream.notes, *model.encoder_.notes_)
    if learnt.block.n_missing:
        note(f"{learnt.block.n_missing:,} rows are left out, for their target is missing")
    model.save(request.output)
    if learning.stopped:
        note(
            f"stopped in pass {learnt.epoch}, with {rows_of(learnt, -1):,} rows learnt from: "
            f"the model so far is in {request.output}"
        )
        if streaming.checkpoint is not None:
            note("the same command with --resume goes on from there")
    report = report_of(model, learnt, data) | {
        "file": str(request.output),
        "stopped": learning.stopped,
        "seconds": perf_counter() - began,
    }
    if as_json:
        say_json(report)
    elif not quiet:
        say(text_of(report))
    if learning.stopped:
        raise typer.Exit(_STOPPED)


def _begin(request: FitRequest, streaming: Streaming) -> tuple[Scan, TableModel]:
    """Describe the rows and the model, neither begun."""
    check_output(request.output, *(Path(table) for table in streaming.tables))
    check_checkpoint(streaming)
    given = {
        "--cache": streaming.cache,
        "--dask": streaming.dask,
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
    task, reason = task_of_stream(data)
    regression = unfitted_regression(task, reason, settings, request.seed, steps=True)
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
            encoder: Any = model.encoder

            def resumed(learnt: Learnt) -> None:
                nonlocal told, epoch
                told, epoch = len(learnt.losses[-1].marks), learnt.epoch
                rows = rows_of(learnt, -1)
                progress.resumed(epoch=epoch, rows=rows)
                note(f"resumed in pass {epoch}, after {rows:,} of its rows")
                self._show(head_of(learnt))

            learning = learn_and_note(watched, model.estimator, encoder, resumed=resumed)
            # Closed, it notes what was learnt last.
            with closing(learning):
                for learnt in learning:
                    self.last = learnt
                    if learnt.epoch != epoch:
                        told, epoch = 0, learnt.epoch
                        self._show(head_of(learnt))
                    marks = learnt.losses[-1].marks
                    for mark in marks[told:]:
                        progress.marked(mark, epoch)
                        self._show(line_of(mark))
                    told = len(marks)
        self.stopped = False

    def _show(self, line: str) -> None:
        if self.shown:
            typer.echo(line, err=True)
