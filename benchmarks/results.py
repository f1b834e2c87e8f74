"""What a benchmark gives: standings of contenders, or a table of its own."""

from dataclasses import dataclass
from typing import final

__all__ = ["Contest", "Result", "Standing", "Table"]


@final
@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a contender came out.

    Parameters
    ----------
    contender, package, version : str
    outcome : str
        ``"reached"``; ``"out of time"``, ``"not reached"``; ``"timed"`` where no gap is asked
        for; ``"not installed"``, ``"does not apply"``, ``"failed"``,
        ``"not run"``.
    note : str
        Why, where that needs a word.
    seconds : tuple of float
        Of each round, at the cheapest effort that reached the gap.
    ratio : float or None
        Median over the rounds of its time in terms of linnet's; where it ran out of time, a
        lower bound.
    effort : str
        What it was run with.
    gap : float or None
        Gap of its best point, in nats per sample.
    proven : float or None
        The gap that it proved.
    warned : bool
        Whether it warned that it had not converged.
    extra_bytes : int or None
        Most memory held while fitting, beyond the data.
    """

    contender: str
    package: str
    version: str = ""
    outcome: str
    note: str = ""
    seconds: tuple[float, ...] = ()
    ratio: float | None = None
    effort: str = ""
    gap: float | None = None
    proven: float | None = None
    warned: bool = False
    extra_bytes: int | None = None


@final
@dataclass(frozen=True, kw_only=True)
class Contest:
    """All standings on one problem."""

    name: str
    title: str
    target: str
    shape: str
    data_bytes: int
    gap: float | None
    reference: str
    optimum: str
    standings: tuple[Standing, ...]


@final
@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures of another kind, ready to be printed."""

    name: str
    title: str
    target: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


Result = Contest | Table
