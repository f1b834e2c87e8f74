"""A bar on the terminal follows a fit: its loss, and how near the optimum it is proven to be."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf, log

from linnet.solvers import Step
from linnet.solvers.progress import listening

__all__ = ["fitting_shown", "share_done"]


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
