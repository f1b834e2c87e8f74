"""What a solver gives back: the parameters, how it ended, and the steps on the way."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, final

from jaxtyping import Float

from linnet.types import Array

__all__ = ["Certificate", "Ending", "Solution", "Step"]


@final
@dataclass(frozen=True)
class Certificate:
    """How far the fitted objective can be from its optimum.

    Parameters
    ----------
    gap : float
        Upper bound, or estimate, of F(Θ) − F*, in ``unit`` per sample.
    kind : {"proven", "estimate", "none"}
        ``"proven"``: a bound that holds up to the rounding of float64. ``"estimate"``: half the
        squared Newton decrement, where no bound is known (no penalty) or where float64 is too
        coarse to evaluate it. ``"none"``: nothing is known, as after ``partial_fit``.
    unit : str
        ``"nats"``, or ``"target²"`` for squared loss: half the squared unit of the target.
    """

    gap: float
    kind: Literal["proven", "estimate", "none"]
    unit: str = "nats"

    def __str__(self) -> str:
        if self.kind == "none":
            return "nothing is known of the distance from the optimum"
        words = "proven" if self.kind == "proven" else "estimated"
        return f"within {self.gap:.1e} {self.unit} per sample of the optimum ({words})"


@final
@dataclass(frozen=True)
class Step:
    """One step of a solver, as it is kept in ``history_``.

    Parameters
    ----------
    number : int
        0 is the starting point.
    value : float
        Objective, in nats per sample.
    gap : float
        What is known of the distance from the optimum at this point, cheaply: infinite where
        nothing is.
    passes : float
        Readings of the data so far.
    seconds : float
        Time so far.
    """

    number: int
    value: float
    gap: float
    passes: float
    seconds: float


@final
class Ending(Enum):
    """Why a solver stopped; the text says what to do where that is not success."""

    CONVERGED = "the gap is below tol"
    SEPARABLE = (
        "the classes are separable and there is no penalty: the loss has no minimum, and the "
        "coefficients grow without end. They are those at which the loss came within tol of "
        "its limit. Set C to a finite value for coefficients that mean something"
    )
    MAX_STEPS = (
        'the optimum was not reached within max_iter steps. Increase max_iter, or use solver="auto"'
    )
    ROUNDING = (
        "float64 is too coarse to come nearer to the optimum. Scale the features to similar "
        "size (sklearn.preprocessing.StandardScaler), drop columns that repeat others, lower C, "
        "or increase tol"
    )
    UNSETTLED = (
        "the iteration for sparse data with very many columns was ended before it settled, for "
        "columns are nearly dependent. Scale them to similar size "
        "(sklearn.preprocessing.MaxAbsScaler keeps zeros), drop columns that repeat others, or "
        "increase alpha"
    )
    DIVERGED = (
        "the objective grew instead of falling. Lower learning_rate, scale the features "
        '(sklearn.preprocessing.StandardScaler), or use solver="auto"'
    )

    @property
    def converged(self) -> bool:
        """Whether the fit is as good as was asked for."""
        return self is Ending.CONVERGED


@final
@dataclass(frozen=True)
class Solution:
    """Parameters Θ (m×p), the value and certificate there, how the solver ended, and its steps.

    ``separation`` is a direction along which the loss falls for ever, where there is one.
    """

    theta: Float[Array, "m p"]
    value: float
    certificate: Certificate
    ending: Ending
    steps: tuple[Step, ...]
    separation: Float[Array, "m p"] | None = None

    def after(self, steps: tuple[Step, ...]) -> "Solution":
        """Give the same solution, found by going on after those ``steps``."""
        if not steps:
            return self
        before = steps[-1]
        later = (
            replace(
                step,
                number=step.number + len(steps),
                passes=step.passes + before.passes,
                seconds=step.seconds + before.seconds,
            )
            for step in self.steps
        )
        return replace(self, steps=(*steps, *later))
