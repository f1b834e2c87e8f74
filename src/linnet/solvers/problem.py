"""What a solver sees of an objective: values and derivatives in the parameters, nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, final, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from linnet.engine import Curvatures, Iterate, StepRule
from linnet.types import Array, HessianProduct

__all__ = ["Dual", "Line", "Point", "Problem", "Rates", "Subspace"]

Rates: TypeAlias = Callable[[Array], Array]
"""Learning rates of steps, given their numbers."""


@runtime_checkable
class Line(Protocol):
    """An objective on a line Θ + tD, at no cost in readings of the data."""

    def derivatives(self, length: float) -> tuple[float, float, float]:
        """F, its slope and its curvature at t = ``length``."""
        ...


@runtime_checkable
class Dual(Protocol):
    """A distribution for each row, which give parameters Θ and a lower bound of F."""

    @property
    def rows(self) -> Int[Array, " r"]:
        """Rows that count."""
        ...

    @property
    def gaps(self) -> Float[Array, " n"]:
        """Share of each row in F(Θ) less the bound, as it was when last visited."""
        ...

    @property
    def bound(self) -> float:
        """The dual objective: no more than F* once it is settled."""
        ...

    def share_of_values(self, rows: Int[Array, " r"]) -> float:
        """Values in ``rows`` as a share of all."""
        ...

    def sweep(self, rows: Int[Array, " r"]) -> None:
        """Improve the distributions of ``rows``, one after another."""
        ...

    def recentre(self) -> None:
        """Move the intercepts on."""
        ...

    def settle(self) -> float:
        """Make bound and gaps exact; return F(Θ) less the bound."""
        ...

    def theta(self) -> Float[Array, "m p"]:
        """Θ."""
        ...


@runtime_checkable
class Subspace(Protocol):
    """Weights of fewer dimensions, of the same length, that stand for the weights of a problem."""

    def coordinates(self, W: Float[Array, "m k"]) -> Float[Array, "m r"]:
        """Return the part of W in the subspace."""
        ...

    def weights(self, V: Float[Array, "m r"]) -> Float[Array, "m k"]:
        """Return the weights that V stands for."""
        ...


@runtime_checkable
class Problem(Protocol):
    """A convex objective F of parameters Θ (m×p), λ-strongly convex but for free intercepts."""

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (m, p) of Θ."""
        ...

    @property
    def l2(self) -> float:
        """Strength λ of the penalty (λ/2) ‖W‖²."""
        ...

    @property
    def fit_intercept(self) -> bool:
        """Whether the last column of Θ holds intercepts, which bear no penalty."""
        ...

    @property
    def lower_bound(self) -> float:
        """A number that F never goes below."""
        ...

    @property
    def n_samples(self) -> int:
        """Number of rows that F sums over."""
        ...

    @property
    def room(self) -> int:
        """How many numbers a Hessian, and what is made of it, may take."""
        ...

    def value_and_gradient(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> tuple[float, Float[Array, "m p"]]:
        """F(Θ) and ∇F(Θ); without ``precise`` to single precision."""
        ...

    def gradient_and_curvatures(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> tuple[float, Float[Array, "m p"], Curvatures]:
        """F(Θ) and ∇F(Θ), and what Hessians at Θ have in common."""
        ...

    def along(
        self, theta: Float[Array, "m p"], direction: Float[Array, "m p"], *, precise: bool = True
    ) -> Line | None:
        """Return F on the line Θ + tD; ``None`` where that would take too much memory."""
        ...

    def hessian_at(
        self,
        theta: Float[Array, "m p"],
        *,
        precise: bool = True,
        thin: bool = False,
        kept: Curvatures | None = None,
    ) -> HessianProduct:
        """∇²F(Θ) as a function of a direction; without ``precise`` to single precision.

        With ``thin`` less of what hardly counts beside the penalty. What was ``kept`` of Θ and
        ``precise`` need not be computed.
        """
        ...

    def hessian_diagonal(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> Float[Array, "m p"]:
        """Diagonal of ∇²F(Θ)."""
        ...

    def curvature_bound(self) -> float:
        """No more than F less its penalty curves in any direction of the weights, anywhere."""
        ...

    def even_curvatures(self, theta: Float[Array, "m p"]) -> Float[Array, " m"] | None:
        """Curvature of the loss in each score by itself, where all rows share it; or ``None``."""
        ...

    def hessian(
        self,
        theta: Float[Array, "m p"],
        basis: Float[Array, "p r"] | None = None,
        *,
        least: float = 0.0,
        precise: bool = True,
    ) -> Float[Array, "m r m r"]:
        """∇²F(Θ) as an array, in a basis if one is given; a rough one with ``least`` > 0."""
        ...

    def score_hessians(
        self,
        theta: Float[Array, "m p"],
        rows: float,
        at_once: int,
        *,
        kept: Curvatures | None = None,
    ) -> Iterator[Float[Array, "p p"]]:
        """∇²F(Θ) in each row of Θ alone; rough ones, of about so many ``rows`` of the data.

        So many are worked out ``at_once``. What was ``kept`` of Θ without ``precise`` need not be
        computed.
        """
        ...

    def column_hessians(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> Float[Array, "p m m"]:
        """∇²F(Θ) in each column of Θ alone."""
        ...

    def second_moment(self, *, precise: bool = True) -> Float[Array, "p p"]:
        """Mean of x̃x̃ᵀ over the rows, by weight."""
        ...

    def sample(self, rows: int, random: np.random.Generator) -> "Problem":
        """Return the same objective over a random sample of rows."""
        ...

    def rotated(self, basis: Float[Array, "p r"]) -> "Problem":
        """Return the mean loss, without penalty, as a function of Θ' where Θ = Θ' Bᵀ."""
        ...

    def intercept_derivatives(
        self, theta: Float[Array, "m p"]
    ) -> tuple[float, Float[Array, " m"], Float[Array, "m m"]]:
        """F(Θ), and its gradient and Hessian in the intercepts alone."""
        ...

    def dual(self, theta: Float[Array, "m p"]) -> Dual | None:
        """Return the dual of F, begun from Θ; ``None`` where it cannot be ascended row by row."""
        ...

    def in_row_space(self) -> "tuple[Problem, Subspace] | None":
        """Return F of weights in the span of the rows; ``None`` where that is no smaller."""
        ...

    def walk(
        self,
        iterate: Iterate,
        rule: StepRule,
        *,
        rates: Rates,
        batch_size: int,
        random: np.random.Generator,
    ) -> Iterate:
        """Go over the rows once, in random order, with a step for every few of them."""
        ...

    def with_l2(self, l2: float) -> "Problem":
        """Give the same problem with another strength λ of the penalty."""
        ...

    def curvatures(self, random: np.random.Generator) -> tuple[float, float]:
        """Curvature of a typical row, and the greatest of all rows together, at Θ = 0."""
        ...

    def penalised(self, theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
        """Θ with the intercepts set to zero."""
        ...

    def centred(self, theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
        """Θ less what all scores share, where the loss sees their differences alone."""
        ...

    def never_rises_along(self, direction: Float[Array, "m p"]) -> bool:
        """Whether F falls for ever along ``direction``, so that it has no minimum."""
        ...


@final
@dataclass(frozen=True)
class Point:
    """Θ, with F and ∇F there, and whether these are in double precision."""

    theta: Float[Array, "m p"]
    value: float
    gradient: Float[Array, "m p"]
    precise: bool

    @classmethod
    def of(cls, problem: Problem, theta: Float[Array, "m p"], *, precise: bool = True) -> "Point":
        """Read the data once."""
        return cls(theta, *problem.value_and_gradient(theta, precise=precise), precise)

    def made_precise(self, problem: Problem) -> "Point":
        """Read the data again, unless it was in double precision before."""
        return self if self.precise else Point.of(problem, self.theta)
