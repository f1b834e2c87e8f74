"""What a contender is: a name, the package behind it, and how it fits with a given effort."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, final

import numpy as np

from benchmarks.contest import Ladder
from benchmarks.problems import Problem, Work

__all__ = ["DEFAULTS", "DIGITS", "ITERATIONS", "Contender", "Fit", "stacked"]

ITERATIONS = Ladder(tuple(2**i for i in range(2, 21)), "iterations", divisible=True)
DIGITS = Ladder(tuple(range(2, 15)), "digits of tolerance")
DEFAULTS = Ladder((0,), "default settings")


@final
@dataclass(frozen=True)
class Fit:
    """Parameters Θ = [W b] of shape (c, m, k + 1) for the c strengths, and the gap proven."""

    theta: np.ndarray
    proven: float | None = None


def _as_it_is(problem: Problem) -> Any:
    return problem


@final
@dataclass(frozen=True, kw_only=True)
class Contender:
    """A solver of some package.

    Parameters
    ----------
    name : str
    package : str
        Name of its distribution, whose version is reported.
    fit : callable
        Takes what ``prepare`` gave and an effort; timed.
    ladder : Ladder
        Efforts to try.
    objection : callable
        Says why a problem is not for this contender; empty if it is.
    prepare : callable
        Brings a problem into the form the package takes; not timed.
    work : {"fit", "path", "epoch"}
        What it does.
    """

    name: str
    package: str
    fit: Callable[[Any, int], Fit]
    ladder: Ladder
    objection: Callable[[Problem], str]
    prepare: Callable[[Problem], Any] = _as_it_is
    work: Work = "fit"

    @property
    def version(self) -> str | None:
        """Installed version of the package, or None."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


def stacked(coef: Any, intercept: Any) -> np.ndarray:
    """Θ = [W b] of one fit, of shape (1, m, k + 1)."""
    W = np.atleast_2d(np.asarray(coef, dtype=np.float64))
    b = np.atleast_1d(np.asarray(intercept, dtype=np.float64))
    return np.concatenate([W, b[:, None]], axis=1)[None]
