"""Which solver fits a softmax regression, with the settings that a user may give."""

from typing import Any, Final, Protocol, runtime_checkable

from jaxtyping import Float

from linnet.engine import StepRule
from linnet.solvers.automatic import Automatic
from linnet.solvers.gradient_descent import GradientDescent
from linnet.solvers.lbfgs import LBFGS
from linnet.solvers.newton_cg import NewtonCG
from linnet.solvers.problem import Problem
from linnet.solvers.schedules import ScheduleName
from linnet.solvers.sgd import StochasticGradientDescent
from linnet.solvers.solution import Solution
from linnet.types import Array

__all__ = ["HINTS", "SOLVERS", "Solver", "choose_rule", "choose_solver"]

SOLVERS: Final = (
    *("auto", "newton-cg", "lbfgs", "gradient-descent"),
    *("sgd", "adagrad", "adam"),
)
HINTS: Final = ("newton-cholesky", "liblinear", "sag", "saga")
"""scikit-learn's other solvers: what they seek ``"auto"`` finds."""


@runtime_checkable
class Solver(Protocol):
    """Settings that can minimise a problem."""

    def minimise(self, problem: Problem, theta: Float[Array, "m p"]) -> Solution:
        """Minimise F from ``theta``."""
        ...


def choose_rule(name: str, *, momentum: float, average: bool) -> StepRule:
    """Return the step of the named stochastic solver; that of ``"sgd"`` for any other name."""
    if name == "adagrad":
        # PyTorch's: the sum of squares never falls, and needs less to keep it from zero.
        return StepRule(optimizer="adagrad", epsilon=1e-10)
    if name == "adam":
        return StepRule(optimizer="adam")
    return StepRule(momentum=momentum, average=average)


def choose_solver(
    name: str,
    *,
    tol: float,
    max_iter: int | None,
    learning_rate: float | None,
    schedule: ScheduleName,
    batch_size: int,
    momentum: float,
    average: bool,
    random_state: int,
) -> Solver:
    """Return the named solver; ``"auto"`` is the best for the problem, which needs no scaling.

    So is one of ``HINTS``. ``max_iter=None`` leaves the number of steps to the solver.
    """
    steps: dict[str, Any] = {} if max_iter is None else {"max_steps": max_iter}
    match name:
        case _ if name == "auto" or name in HINTS:
            return Automatic(tol=tol, max_steps=max_iter, random_state=random_state)
        case "newton-cg":
            return NewtonCG(tol=tol, random_state=random_state, **steps)
        case "lbfgs":
            return LBFGS(tol=tol, **steps)
        case "gradient-descent":
            return GradientDescent(tol=tol, learning_rate=learning_rate, **steps)
        case _:
            return StochasticGradientDescent(
                rule=choose_rule(name, momentum=momentum, average=average),
                tol=tol,
                learning_rate=learning_rate,
                schedule=schedule,
                batch_size=batch_size,
                random_state=random_state,
                **steps,
            )
