"""scikit-learn: each solver of LogisticRegression, SGDClassifier, and LinearRegression."""

from functools import partial
from math import isinf
from typing import Any

import numpy as np

from benchmarks.contest import Ladder
from benchmarks.peers.contender import (
    DEFAULTS,
    DIGITS,
    ITERATIONS,
    Contender,
    Fit,
    stacked,
)
from benchmarks.problems import Problem

__all__ = ["CONTENDERS", "fit_logistic", "refuses_classes_and_penalties", "refuses_numbers"]

# A tolerance that is never met: the iterations alone decide.
NEVER = 1e-300
# newton-cholesky forms the Hessian of all parameters; this many need 800 MB.
LARGEST_HESSIAN = 10_000
# Where a tolerance decides, the iterations shall not.
ENDLESS = 100_000


def fit_logistic(estimator: Any, problem: Problem, iterations: int, **settings: Any) -> Fit:
    """Fit an estimator with LogisticRegression's settings; 0 iterations are its own defaults."""
    if iterations:
        settings |= {"max_iter": iterations, "tol": NEVER}
    model = estimator(C=problem.strength, **settings).fit(problem.X, problem.y)
    return Fit(stacked(model.coef_, model.intercept_))


def refuses_numbers(problem: Problem) -> str:
    """Object to targets that are numbers."""
    return "" if problem.has_classes else "fits classes"


def _logistic(problem: Problem, iterations: int, **settings: Any) -> Fit:
    from sklearn.linear_model import LogisticRegression

    return fit_logistic(LogisticRegression, problem, iterations, **settings)


def _sgd(problem: Problem, epochs: int) -> Fit:
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(
        loss="log_loss", alpha=problem.l2, max_iter=epochs, tol=None, average=True, random_state=0
    ).fit(problem.X, problem.y)
    return Fit(stacked(model.coef_, model.intercept_))


def _epoch(problem: Problem, _: int) -> Fit:
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(loss="log_loss", alpha=problem.l2, random_state=0)
    model.partial_fit(problem.X, problem.y, classes=np.arange(problem.n_classes))
    return Fit(stacked(model.coef_, model.intercept_))


def _path(problem: Problem, digits: int, *, warm_start: bool) -> Fit:
    """All strengths, from the strongest penalty on."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(tol=10.0**-digits, max_iter=ENDLESS, warm_start=warm_start)
    fits = {}
    for C in sorted(problem.Cs):
        model.set_params(C=C).fit(problem.X, problem.y)
        fits[C] = stacked(model.coef_, model.intercept_)
    return Fit(np.concatenate([fits[C] for C in problem.Cs]))


def _least_squares(problem: Problem, _: int) -> Fit:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(problem.X, problem.y)
    return Fit(stacked(model.coef_, model.intercept_))


def _refuses_large_hessians(problem: Problem) -> str:
    parameters = (problem.X.shape[1] + 1) * problem.n_classes
    if parameters > LARGEST_HESSIAN:
        return f"would form a Hessian of {parameters:,}² numbers"
    return refuses_numbers(problem)


def _refuses_softmax(problem: Problem) -> str:
    return "has no softmax, only one class against the rest" if problem.n_classes != 2 else ""


def refuses_classes_and_penalties(problem: Problem) -> str:
    """Object to all but plain least squares."""
    plain = not problem.has_classes and isinf(problem.strength)
    return "" if plain else "least squares without a penalty"


def _contender(
    solver: str, fit: Any, ladder: Ladder, objection: Any = refuses_numbers, **rest: Any
) -> Contender:
    name = f"scikit-learn, {solver}"
    return Contender(
        name=name, package="scikit-learn", fit=fit, ladder=ladder, objection=objection, **rest
    )


CONTENDERS = (
    _contender("default settings", _logistic, DEFAULTS),
    _contender("lbfgs", partial(_logistic, solver="lbfgs"), ITERATIONS),
    _contender("newton-cg", partial(_logistic, solver="newton-cg"), ITERATIONS),
    _contender(
        "newton-cholesky",
        partial(_logistic, solver="newton-cholesky"),
        ITERATIONS,
        _refuses_large_hessians,
    ),
    _contender("saga", partial(_logistic, solver="saga", random_state=0), ITERATIONS),
    _contender("SGDClassifier", _sgd, ITERATIONS, _refuses_softmax),
    _contender("LinearRegression", _least_squares, DEFAULTS, refuses_classes_and_penalties),
    _contender("lbfgs, each C cold", partial(_path, warm_start=False), DIGITS, work="path"),
    _contender("lbfgs, warm-started", partial(_path, warm_start=True), DIGITS, work="path"),
    _contender("SGDClassifier, epoch", _epoch, DEFAULTS, work="epoch"),
)
