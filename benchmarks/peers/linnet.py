"""linnet: at default settings, from the pixels as bytes, over a path, and one epoch of SGD."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.contest import Ladder
from benchmarks.peers.contender import DEFAULTS, Contender, Fit, stacked
from benchmarks.problems import Problem

__all__ = ["CONTENDERS", "OPTIMUM", "PATH_OPTIMUM", "REFERENCES"]

CERTIFIED = Ladder((6,), "digits proven (default settings)")


def _fit(problem: Problem, digits: int) -> Fit:
    """Fit to a proven gap of 10^−digits nats; 6 is the default."""
    import linnet

    if not problem.has_classes:
        # Its penalty stands beside the sum of the squares, undivided.
        model = linnet.LinearRegression(alpha=1 / problem.strength).fit(problem.X, problem.y)
    else:
        model = linnet.SoftmaxRegression(C=problem.strength, tol=10.0**-digits).fit(
            problem.X, problem.y
        )
    return Fit(stacked(model.coef_, model.intercept_), model.certificate_.gap)


def _as_bytes(problem: Problem) -> tuple[Problem, float]:
    """Put the problem on the pixels: x = p/s, so W on x is W/s on p, and C becomes C/s²."""
    scale = float(problem.pixel_scale or 1)
    pixels = np.empty(problem.X.shape, np.uint8)
    # In parts, so that X is never held a second time.
    for part in np.array_split(np.arange(len(pixels)), 64):
        pixels[part] = np.rint(problem.X[part] * problem.X.dtype.type(scale))
    return replace(problem, X=pixels, Cs=tuple(C / scale**2 for C in problem.Cs)), scale


def _fit_bytes(prepared: tuple[Problem, float], digits: int) -> Fit:
    problem, scale = prepared
    fit = _fit(problem, digits)
    fit.theta[..., :-1] *= scale
    return fit


def _path(problem: Problem, digits: int) -> Fit:
    import linnet

    path = linnet.softmax_path(problem.X, problem.y, problem.Cs, tol=10.0**-digits)
    parts = [stacked(W, b) for W, b in zip(path.coef, path.intercept, strict=True)]
    return Fit(np.concatenate(parts), float(np.max(path.gap)))


def _epoch(problem: Problem, _: int) -> Fit:
    import linnet

    model = linnet.SoftmaxRegression(C=problem.strength)
    model.partial_fit(problem.X, problem.y, classes=np.arange(problem.n_classes))
    return Fit(stacked(model.coef_, model.intercept_))


def _takes_all(_: Problem) -> str:
    return ""


def _only_pixels(problem: Problem) -> str:
    return "" if problem.pixel_scale else "X is not made of pixels"


def _only_with(name: str, _: Problem) -> str:
    import linnet

    return "" if name in linnet.__all__ else f"this linnet has no {name}"


def _contender(name: str, fit: Any, objection: Any = _takes_all, **rest: Any) -> Contender:
    return Contender(name=name, package="linnet", fit=fit, objection=objection, **rest)


OPTIMUM = "linnet"
PATH_OPTIMUM = "linnet, softmax_path"
REFERENCES = {"fit": OPTIMUM, "path": PATH_OPTIMUM, "epoch": "linnet, epoch"}
"""The contender that the others are measured against, by what is timed."""

CONTENDERS = (
    _contender(OPTIMUM, _fit, ladder=CERTIFIED),
    _contender(
        "linnet, uint8 pixels", _fit_bytes, _only_pixels, prepare=_as_bytes, ladder=CERTIFIED
    ),
    _contender(
        PATH_OPTIMUM,
        _path,
        partial(_only_with, "softmax_path"),
        ladder=CERTIFIED,
        work="path",
    ),
    _contender("linnet, epoch", _epoch, ladder=DEFAULTS, work="epoch"),
)
