"""The contest: what each contender needs for the same gap, and then all of them in turn.

A contender has a ladder of efforts (iterations, or digits of its tolerance). It is run from scratch
with more and more effort until its parameters are within the gap; where efforts are numbers of
iterations, the least that suffices is then looked for. So a contender's time is that of the
cheapest setting that reaches the gap, which its user would have had to know. With those settings
all contenders are run in turn, round after round.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, sqrt
from statistics import median
from typing import Literal, final

__all__ = ["Ladder", "Point", "Race", "Search", "race", "search", "time_to_gap"]

# The least number of iterations is looked for to within this factor.
FINE_ENOUGH = 1.15

Outcome = Literal["reached", "out of time", "not reached"]


@final
@dataclass(frozen=True)
class Ladder:
    """The efforts of a contender, in ascending order, and what they count."""

    efforts: tuple[int, ...]
    unit: str
    divisible: bool = False


@final
@dataclass(frozen=True, kw_only=True)
class Point:
    """What one run of a contender came to.

    Parameters
    ----------
    effort : int
    seconds : float
    gap : float
        Distance of the objective from its optimum, in nats per sample; the largest, for a path.
    extra_bytes : int
        Most memory held while fitting, beyond the data.
    proven : float or None
        The gap that the contender itself proved, if it does such a thing.
    warned : bool
        Whether it warned of anything.
    """

    effort: int
    seconds: float
    gap: float
    extra_bytes: int = 0
    proven: float | None = None
    warned: bool = False


Run = Callable[[int], Point | None]
"""Run with an effort; None if it had to be stopped."""


@final
@dataclass(frozen=True)
class Search:
    """All points of a contender, in the order of the runs, and how the search ended."""

    points: tuple[Point, ...]
    outcome: Outcome


@final
@dataclass(frozen=True)
class Race:
    """Seconds of each contender in each round; a slow one may sit out the later rounds."""

    seconds: Mapping[str, tuple[float, ...]]

    def ratio(self, contender: str, reference: str) -> float:
        """Median over the rounds of the contender's time in terms of the reference's."""
        pairs = zip(self.seconds[contender], self.seconds[reference], strict=False)
        return median(theirs / ours for theirs, ours in pairs)


def time_to_gap(points: tuple[Point, ...], gap: float) -> Point | None:
    """Give the point of least effort within ``gap``, if any is.

    More effort takes longer; the seconds of a single run also hold what else went on.
    """
    return min((p for p in points if p.gap <= gap), key=lambda p: p.effort, default=None)


def search(run: Run, ladder: Ladder, gap: float) -> Search:
    """Climb the ladder until a point is within ``gap``; then look for the least effort."""
    points: list[Point] = []
    failing = 0
    for effort in ladder.efforts:
        point = run(effort)
        if point is None:
            return Search(tuple(points), "out of time")
        points.append(point)
        if point.gap <= gap:
            if ladder.divisible:
                points += _between(run, failing, effort, gap)
            return Search(tuple(points), "reached")
        if ladder.divisible and _stands_still(points):
            break
        failing = effort
    return Search(tuple(points), "not reached")


def race(
    runs: Mapping[str, Callable[[], float | None]],
    rounds: int,
    allowance: float,
) -> Race:
    """Run all in turn, ``rounds`` times; none begins a round that may exceed its allowance.

    A run that gives None drops out. Each has at least one round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    out: set[str] = set()
    for _ in range(rounds):
        for name, run in runs.items():
            spent = seconds[name]
            if name in out or (spent and sum(spent) + spent[-1] > allowance):
                continue
            taken = run()
            if taken is None:
                out.add(name)
            else:
                spent.append(taken)
    return Race({name: tuple(spent) for name, spent in seconds.items()})


def _between(run: Run, failing: int, reaching: int, gap: float) -> list[Point]:
    """Halve the ratio of the least effort that reaches the gap and the most that does not."""
    points = []
    while reaching > max(failing + 1, FINE_ENOUGH * failing):
        effort = max(failing + 1, min(reaching - 1, round(sqrt(max(1, failing) * reaching))))
        point = run(effort)
        if point is None:
            break
        points.append(point)
        if point.gap <= gap:
            reaching = effort
        else:
            failing = effort
    return points


def _stands_still(points: list[Point]) -> bool:
    """Whether the last of several runs came to the very point of the one before.

    Then the solver stops of its own accord, and more iterations change nothing.
    """
    return len(points) > 1 and points[-1].gap == points[-2].gap and points[-1].gap < inf
