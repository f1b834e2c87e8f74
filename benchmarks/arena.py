"""Where a contest is held: the problem, a process for each contender, and who is best."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from math import inf
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import final

import numpy as np

from benchmarks.contest import Point, Race, Search, race, search, time_to_gap
from benchmarks.peers import CONTENDERS, Contender
from benchmarks.peers.linnet import OPTIMUM, PATH_OPTIMUM, REFERENCES
from benchmarks.problems import Problem
from benchmarks.results import Contest, Standing
from benchmarks.workers import ContenderError, Worker

__all__ = ["Settings", "chosen", "hold", "problem_folder", "said"]

# Digits to which the optimum is certified, so that gaps of 1e-6 mean what they say; where that
# takes too long, the default ones.
OPTIMUM_DIGITS = (8, 6)
# Without the optimum nobody can be judged, so that it may take longer than a contender's fit.
OPTIMUM_PATIENCE = 10


@final
@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user of the command can set.

    Parameters
    ----------
    peers : tuple of str
        Packages, or patterns of contenders' names; empty for all.
    repeats : int
        Rounds, of which medians are taken.
    limit : float
        Seconds that a fit may take.
    threads : int
        Threads of every contender.
    """

    peers: tuple[str, ...] = ()
    repeats: int = 5
    limit: float = 300.0
    threads: int = 2


@final
@dataclass
class _Entry:
    """A contender in a contest, with what has come of it so far."""

    contender: Contender
    worker: Worker
    found: Search = field(default_factory=lambda: Search((), "not reached"))
    failure: str = ""
    most_bytes: int = 0

    def best(self, gap: float) -> Point | None:
        nearest = min(self.found.points, key=lambda p: p.gap, default=None)
        return time_to_gap(self.found.points, gap) or nearest

    def races(self) -> bool:
        """Whether it is run again: it reached the gap, or it ended as its defaults would."""
        by_itself = self.contender.ladder.unit == "default settings"
        return self.found.outcome == "reached" or (by_itself and bool(self.found.points))


def hold(problem: Problem, settings: Settings, *, gap: float | None, **about: str) -> Contest:
    """Let all that apply fit ``problem`` to ``gap``, or, if that is None, once.

    ``about`` is the name, the title and the target.
    """
    reference = REFERENCES[problem.work]
    contenders, absent = _invited(problem, settings)
    optimum, standings = "not run", []
    if CONTENDERS[reference] in contenders:
        with problem_folder(problem) as folder:
            optimum, standings = _contend(problem, folder, contenders, gap, settings)
    return Contest(
        **about,
        shape=problem.shape_in_words,
        data_bytes=problem.data_bytes,
        gap=gap,
        reference=reference,
        optimum=optimum,
        standings=(*standings, *absent),
    )


@contextmanager
def problem_folder(problem: Problem) -> Iterator[Path]:
    """Hold the problem in a folder for the processes of contenders, for a while."""
    with TemporaryDirectory(prefix="linnet-benchmarks-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        problem.save(folder)
        yield folder


def chosen(contender: Contender, patterns: Sequence[str]) -> bool:
    """Whether the user asked for this contender; linnet always takes part."""
    if not patterns or contender.package == "linnet":
        return True
    name, package = contender.name.lower(), contender.package.lower()
    return any(p.lower() == package or fnmatch(name, p.lower()) for p in patterns)


def said(text: str) -> None:
    """Tell those who wait how far it is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _invited(problem: Problem, settings: Settings) -> tuple[list[Contender], list[Standing]]:
    """Part the contenders into those who take part and those who cannot, with the reason."""
    invited, absent = [], []
    for contender in CONTENDERS.values():
        if contender.work != problem.work or not chosen(contender, settings.peers):
            continue
        if contender.version is None:
            outcome, note = "not installed", ""
        elif note := contender.objection(problem):
            outcome = "does not apply"
        else:
            invited.append(contender)
            continue
        standing = Standing(
            contender=contender.name, package=contender.package, outcome=outcome, note=note
        )
        absent.append(standing)
    return invited, absent


def _contend(
    problem: Problem,
    folder: Path,
    contenders: Sequence[Contender],
    gap: float | None,
    settings: Settings,
) -> tuple[str, list[Standing]]:
    """Say how far the optimum is certified, and how each contender came out."""
    found = _optimum(problem, folder, settings)
    if found is None:
        return "linnet did not certify the optimum in time, so that nobody was judged", []
    optimum, digits = found
    wanted = inf if gap is None else gap
    entries = [_Entry(c, Worker(c.name, folder, settings.threads)) for c in contenders]
    try:
        for entry in entries:
            _search_for(entry, problem, optimum, wanted, settings)
        timing = _race_all(entries, wanted, settings)
    finally:
        for entry in entries:
            entry.worker.stop()
    standings = [
        _standing(entry, timing, REFERENCES[problem.work], gap, settings.limit) for entry in entries
    ]
    return f"the optimum is certified to 1e-{digits} nats", standings


def _optimum(problem: Problem, folder: Path, settings: Settings) -> tuple[np.ndarray, int] | None:
    """F at the optimum for each C, and the digits to which it is certified."""
    name = PATH_OPTIMUM if problem.work == "path" else OPTIMUM
    worker = Worker(name, folder, settings.threads)
    try:
        for digits in OPTIMUM_DIGITS:
            outcome = worker.run(digits, OPTIMUM_PATIENCE * settings.limit)
            if outcome is not None and (outcome.proven or 0) <= 10.0**-digits:
                said(f"  optimum known to 1e-{digits} after {outcome.seconds:.2f} s")
                return problem.values(outcome.theta), digits
    finally:
        worker.stop()
    return None


def _search_for(
    entry: _Entry, problem: Problem, optimum: np.ndarray, gap: float, settings: Settings
) -> None:
    """Search for the cheapest effort of a contender; note what is found, or why it failed."""
    name = entry.contender.name

    def run(effort: int) -> Point | None:
        outcome = entry.worker.run(effort, settings.limit)
        if outcome is None:
            said(f"  {name}, {effort}: stopped at {settings.limit:g} s")
            return None
        found = float(np.max(problem.values(outcome.theta) - optimum))
        # Parameters that have overflowed are as far off as can be.
        distance = found if np.isfinite(found) else inf
        said(f"  {name}, {effort}: {outcome.seconds:.3f} s, gap {distance:.1e}")
        return Point(
            effort=effort,
            seconds=outcome.seconds,
            gap=distance,
            extra_bytes=outcome.extra_bytes,
            proven=outcome.proven,
            warned=outcome.warned,
        )

    try:
        entry.found = search(run, entry.contender.ladder, gap)
    except ContenderError as error:
        said(f"  {name} failed: {error}")
        entry.failure = str(error)


def _race_all(entries: Sequence[_Entry], gap: float, settings: Settings) -> Race:
    """Run those who can in turn, each at its cheapest effort."""

    def run(entry: _Entry, effort: int) -> float | None:
        # What took just less than the limit may take longer next time.
        try:
            outcome = entry.worker.run(effort, 2 * settings.limit)
        except ContenderError as error:
            said(f"  {entry.contender.name} failed: {error}")
            outcome = None
        if outcome is None:
            return None
        entry.most_bytes = max(entry.most_bytes, outcome.extra_bytes)
        return outcome.seconds

    racing = {
        entry.contender.name: partial(run, entry, best.effort)
        for entry in entries
        if entry.races() and (best := entry.best(gap)) is not None
    }
    return race(racing, settings.repeats, settings.limit)


def _standing(
    entry: _Entry, timing: Race, reference: str, gap: float | None, limit: float
) -> Standing:
    contender, found = entry.contender, entry.found
    if entry.failure:
        return Standing(
            contender=contender.name,
            package=contender.package,
            outcome="failed",
            note=entry.failure,
        )
    best = entry.best(inf if gap is None else gap)
    seconds = timing.seconds.get(contender.name, ())
    ours = timing.seconds.get(reference, ())
    ratio = None
    if seconds and ours:
        ratio = timing.ratio(contender.name, reference)
    elif found.outcome == "out of time":
        seconds = (limit,)
        ratio = limit / median(ours) if ours else None
    elif best is not None:
        seconds = (best.seconds,)
    return Standing(
        contender=contender.name,
        package=contender.package,
        version=contender.version or "",
        outcome="timed" if gap is None and found.points else found.outcome,
        seconds=seconds,
        ratio=ratio,
        effort=_effort(contender, best),
        gap=None if best is None or best.gap == inf else best.gap,
        proven=None if best is None else best.proven,
        # Where iterations are cut off on purpose, a warning says nothing.
        warned=best is not None and best.warned and len(contender.ladder.efforts) == 1,
        extra_bytes=max((entry.most_bytes, *(p.extra_bytes for p in found.points)))
        if found.points
        else None,
    )


def _effort(contender: Contender, best: Point | None) -> str:
    ladder = contender.ladder
    if best is None or len(ladder.efforts) == 1:
        return ladder.unit
    return f"{best.effort:,} {ladder.unit}"
