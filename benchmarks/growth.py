"""How linnet's time grows with the rows and with the classes."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from statistics import median

from benchmarks.arena import Settings, problem_folder, said
from benchmarks.contest import Race, race
from benchmarks.peers.linnet import OPTIMUM
from benchmarks.problems import Problem
from benchmarks.results import Table
from benchmarks.workers import Worker

__all__ = ["growth"]

DIGITS = 6
COLUMNS = ("size", "data", "seconds", "times the first", "size, times the first")


def growth(
    makers: Mapping[int, Callable[[], Problem]],
    settings: Settings,
    *,
    name: str,
    title: str,
    target: str,
) -> Table:
    """Fit problems of growing size at default settings, in turn; a table of the times."""
    with ExitStack() as stack:
        shapes, runs = {}, {}
        for size, make in makers.items():
            problem = make()
            shapes[size] = problem.shape_in_words
            folder = stack.enter_context(problem_folder(problem))
            worker = Worker(OPTIMUM, folder, settings.threads)
            stack.callback(worker.stop)
            runs[str(size)] = partial(_seconds, worker, size, settings.limit)
        timing = race(runs, settings.repeats, settings.limit)
    return Table(
        name=name,
        title=title,
        target=target,
        columns=COLUMNS,
        rows=tuple(_row(size, shapes[size], timing, min(makers)) for size in makers),
        note="linnet at default settings, to a gap of 1e-6 nats; medians of rounds in turn.",
    )


def _seconds(worker: Worker, size: int, limit: float) -> float | None:
    outcome = worker.run(DIGITS, limit)
    said(f"  {size}: " + ("out of time" if outcome is None else f"{outcome.seconds:.3f} s"))
    return None if outcome is None else outcome.seconds


def _row(size: int, shape: str, timing: Race, first: int) -> tuple[str, ...]:
    seconds = timing.seconds[str(size)]
    if not seconds:
        return f"{size:,}", shape, "out of time", "", f"{size / first:.3g}"
    grown = f"{timing.ratio(str(size), str(first)):.3g}" if timing.seconds[str(first)] else ""
    return f"{size:,}", shape, f"{median(seconds):.3g} s", grown, f"{size / first:.3g}"
