"""scikit-learn-intelex: its own LogisticRegression and LinearRegression."""

from functools import partial
from typing import Any

from benchmarks.peers.contender import DEFAULTS, ITERATIONS, Contender, Fit, stacked
from benchmarks.peers.scikit_learn import (
    fit_logistic,
    refuses_classes_and_penalties,
    refuses_numbers,
)
from benchmarks.problems import Problem

__all__ = ["CONTENDERS"]


def _logistic(problem: Problem, iterations: int, *, solver: str) -> Fit:
    from sklearnex.linear_model import LogisticRegression

    return fit_logistic(LogisticRegression, problem, iterations, solver=solver)


def _least_squares(problem: Problem, _: int) -> Fit:
    from sklearnex.linear_model import LinearRegression

    model = LinearRegression().fit(problem.X, problem.y)
    return Fit(stacked(model.coef_, model.intercept_))


def _refuses_sparse(problem: Problem) -> str:
    # It hands sparse data to scikit-learn, which is measured already.
    return "hands sparse data to scikit-learn" if problem.is_sparse else refuses_numbers(problem)


def _contender(solver: str, **rest: Any) -> Contender:
    return Contender(name=f"scikit-learn-intelex, {solver}", package="scikit-learn-intelex", **rest)


CONTENDERS = (
    _contender(
        "lbfgs",
        fit=partial(_logistic, solver="lbfgs"),
        ladder=ITERATIONS,
        objection=_refuses_sparse,
    ),
    _contender(
        "LinearRegression",
        fit=_least_squares,
        ladder=DEFAULTS,
        objection=refuses_classes_and_penalties,
    ),
)
