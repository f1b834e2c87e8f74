"""A bar on the terminal follows a fit: its loss, and how near the optimum it is proven to be."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf, isfinite, log
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self, final

from linnet.data.budget import bytes_in_words
from linnet.estimators.progressive import Mark
from linnet.estimators.progressive_errors import ErrorMark
from linnet.solvers import Step
from linnet.solvers.progress import listening

__all__ = ["ScanProgress", "fitting_shown", "share_done"]

# Lines of a log come no faster than these seconds; steps of the solver are told each.
_LOG_INTERVAL: Final = 1.0


@contextmanager
def fitting_shown(tol: float, *, wanted: bool = True) -> Iterator[None]:
    """Show the progress of the fits inside the ``with`` block, if standard error is a terminal.

    Parameters
    ----------
    tol : float
        The distance from the optimum at which the fit ends.
    wanted : bool
        Whether to show it at all.
    """
    if not (wanted and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("fitting", total=None)
        first = inf

        def show(step: Step) -> None:
            nonlocal first
            if first == inf:
                first = step.gap
            told = f"step {step.number}: loss {step.value:.6f}, gap {step.gap:.1e}"
            total = None if first == inf else 1.0
            bar.update(task, description=told, total=total)
            bar.update(task, completed=share_done(step.gap, first, tol))

        with listening(show):
            yield


def share_done(gap: float, first: float, tol: float) -> float:
    """How much of the way from the first gap to ``tol`` is done, in factors of ten.

    Examples
    --------
    >>> share_done(1e-3, 1.0, 1e-6)
    0.5
    """
    if not (0 < gap < inf and tol < first < inf):
        return 0.0 if gap > tol else 1.0
    return min(1.0, max(0.0, log(first / gap) / log(first / tol)))


@final
class ScanProgress:
    """Tells how far a fit to a scan has come: on a terminal as a bar, or as lines of JSON.

    Parameters
    ----------
    tol : float
        The distance from the optimum at which the fit ends.
    wanted : bool
        Whether to show a bar, if standard error is a terminal.
    as_json : bool
        Whether to write a line of JSON to standard error for each event.
    """

    def __init__(self, tol: float, *, wanted: bool, as_json: bool) -> None:
        self.n_bytes: int | None = None
        self._tol = tol
        self._as_json = as_json
        self._bar: Any = None
        self._task: Any = None
        self._wanted = wanted and not as_json and sys.stderr.isatty()
        self._began = self._logged = monotonic()

    def __enter__(self) -> Self:
        if self._wanted:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("reading", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def reading(self, what: str, rows: int, size: int) -> None:
        """Tell of rows that were read, or encoded, and the bytes read for them."""
        if self._bar is not None:
            told = f"{what}: {rows:,} rows, {bytes_in_words(float(size))}"
            self._bar.update(self._task, description=told, total=self.n_bytes, completed=size)
        if self._as_json and monotonic() - self._logged >= _LOG_INTERVAL:
            self._logged = monotonic()
            self._log(what, rows=rows, bytes=size, of_bytes=self.n_bytes)

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Tell of the steps of the fits inside."""
        first = inf

        def show(step: Step) -> None:
            nonlocal first
            first = step.gap if first == inf else first
            told = f"step {step.number}, {step.passes:g} passes: loss {step.value:.6f}"
            done = share_done(step.gap, first, self._tol)
            if self._bar is not None:
                told += f", gap {step.gap:.1e}"
                self._bar.update(self._task, description=told, total=1.0, completed=done)
            if self._as_json:
                gap = step.gap if isfinite(step.gap) else None
                passes, loss = step.passes, step.value
                self._log(
                    "step", number=step.number, passes=passes, loss=loss, gap=gap, share_done=done
                )

        # The time left is reckoned from the fit alone: reading went at another pace.
        if self._bar is not None:
            self._bar.reset(self._task, total=1.0)
        with listening(show):
            yield

    def resumed(self, **where: int) -> None:
        """Tell that a fit goes on from a checkpoint, and from where."""
        if self._as_json:
            self._log("resumed", **where)

    def marked(self, mark: Mark | ErrorMark, epoch: int) -> None:
        """Tell the progressive loss after so many rows."""
        if self._as_json:
            self._log("progressive", epoch=epoch, **mark.facts())

    def _log(self, event: str, **facts: Any) -> None:
        line = {"event": event, "seconds": round(monotonic() - self._began, 3), **facts}
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()
