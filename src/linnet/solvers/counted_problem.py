"""A problem that counts how often a solver reads the data, and spares what it has read before."""

from collections.abc import Iterator
from math import ceil
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.engine import Curvatures, Iterate, StepRule
from linnet.solvers.problem import Dual, Line, Problem, Rates, Subspace
from linnet.types import Array, HessianProduct

__all__ = ["CountedProblem"]


@final
class CountedProblem:
    """A problem that counts how often the data were read: ``passes``.

    A value with its gradient is one pass, and so is a Hessian product.

    Parameters
    ----------
    problem : Problem
        The problem.
    keeps_curvatures : bool
        Whether each gradient keeps what Hessians at the same Θ have in common, until the next does.
    """

    def __init__(self, problem: Problem, *, keeps_curvatures: bool = False) -> None:
        self._problem = problem
        self._keeps_curvatures = keeps_curvatures
        self._kept: tuple[Array, bool, Curvatures] | None = None
        self.passes = 0.0
        self.shape = problem.shape
        self.l2 = problem.l2
        self.fit_intercept = problem.fit_intercept
        self.lower_bound = problem.lower_bound
        self.n_samples = problem.n_samples
        self.room = problem.room

    def value_and_gradient(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> tuple[float, Float[Array, "m p"]]:
        """F(Θ) and ∇F(Θ)."""
        if not self._keeps_curvatures:
            self.passes += 1
            return self._problem.value_and_gradient(theta, precise=precise)
        # Two at a time would be one too many.
        self._kept = None
        value, gradient, curvatures = self.gradient_and_curvatures(theta, precise=precise)
        self._kept = theta, precise, curvatures
        return value, gradient

    def gradient_and_curvatures(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> tuple[float, Float[Array, "m p"], Curvatures]:
        """F(Θ) and ∇F(Θ), and what Hessians at Θ have in common."""
        self.passes += 1
        return self._problem.gradient_and_curvatures(theta, precise=precise)

    def along(
        self, theta: Float[Array, "m p"], direction: Float[Array, "m p"], *, precise: bool = True
    ) -> Line | None:
        """Return F on the line Θ + tD: the scores of both are half a pass each."""
        line = self._problem.along(theta, direction, precise=precise)
        self.passes += 0 if line is None else 1
        return line

    def hessian_at(
        self,
        theta: Float[Array, "m p"],
        *,
        precise: bool = True,
        thin: bool = False,
        kept: Curvatures | None = None,
    ) -> HessianProduct:
        """∇²F(Θ) as a function of a direction."""
        kept = self._kept_at(theta, precise=precise) if kept is None else kept
        self.passes += 0.5 if kept is None else 0.0
        product = self._problem.hessian_at(theta, precise=precise, thin=thin, kept=kept)

        def counted(direction: Float[Array, "m p"]) -> Float[Array, "m p"]:
            self.passes += 1
            return product(direction)

        return counted

    def hessian_diagonal(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> Float[Array, "m p"]:
        """Diagonal of ∇²F(Θ)."""
        self.passes += 1
        return self._problem.hessian_diagonal(theta, precise=precise)

    def curvature_bound(self) -> float:
        """No more than F less its penalty curves in any direction of the weights, anywhere."""
        self.passes += 0.5
        return self._problem.curvature_bound()

    def even_curvatures(self, theta: Float[Array, "m p"]) -> Float[Array, " m"] | None:
        """Curvature of the loss in each score by itself, where all rows share it; or ``None``."""
        return self._problem.even_curvatures(theta)

    def hessian(
        self,
        theta: Float[Array, "m p"],
        basis: Float[Array, "p r"] | None = None,
        *,
        least: float = 0.0,
        precise: bool = True,
    ) -> Float[Array, "m r m r"]:
        """∇²F(Θ) as an array."""
        self.passes += 1
        return self._problem.hessian(theta, basis, least=least, precise=precise)

    def score_hessians(
        self,
        theta: Float[Array, "m p"],
        rows: float,
        at_once: int,
        *,
        kept: Curvatures | None = None,
    ) -> Iterator[Float[Array, "p p"]]:
        """∇²F(Θ) in each row of Θ alone."""
        self.passes += ceil(len(theta) / at_once)
        kept = self._kept_at(theta, precise=False) if kept is None else kept
        return self._problem.score_hessians(theta, rows, at_once, kept=kept)

    def column_hessians(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> Float[Array, "p m m"]:
        """∇²F(Θ) in each column of Θ alone."""
        self.passes += 1
        return self._problem.column_hessians(theta, precise=precise)

    def second_moment(self, *, precise: bool = True) -> Float[Array, "p p"]:
        """Mean of x̃x̃ᵀ over the rows, by weight."""
        self.passes += 0.5
        return self._problem.second_moment(precise=precise)

    def sample(self, rows: int, random: np.random.Generator) -> "Problem":
        """Return the same objective over a random sample of rows; its readings do not count."""
        return self._problem.sample(rows, random)

    def rotated(self, basis: Float[Array, "p r"]) -> "Problem":
        """Return the mean loss, without penalty, as a function of Θ' where Θ = Θ' Bᵀ."""
        self.passes += 0.5
        return self._problem.rotated(basis)

    def intercept_derivatives(
        self, theta: Float[Array, "m p"]
    ) -> tuple[float, Float[Array, " m"], Float[Array, "m m"]]:
        """F(Θ), and its gradient and Hessian in the intercepts alone."""
        self.passes += 0.5
        return self._problem.intercept_derivatives(theta)

    def dual(self, theta: Float[Array, "m p"]) -> Dual | None:
        """Return the dual of F, begun from Θ; who sweeps over it adds to ``passes``."""
        return self._problem.dual(theta)

    def in_row_space(self) -> "tuple[Problem, Subspace] | None":
        """Return F of weights in the span of the rows."""
        self.passes += 0.5
        return self._problem.in_row_space()

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
        self.passes += 1
        return self._problem.walk(iterate, rule, rates=rates, batch_size=batch_size, random=random)

    def with_l2(self, l2: float) -> Problem:
        """Give the same problem with another penalty, and not counted."""
        return self._problem.with_l2(l2)

    def curvatures(self, random: np.random.Generator) -> tuple[float, float]:
        """Curvature of a typical row, and of all rows; of a sample, whose readings do not count."""
        return self._problem.curvatures(random)

    def penalised(self, theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
        """Θ with the intercepts set to zero."""
        return self._problem.penalised(theta)

    def centred(self, theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
        """Θ less what all scores share, where the loss sees their differences alone."""
        return self._problem.centred(theta)

    def never_rises_along(self, direction: Float[Array, "m p"]) -> bool:
        """Whether F falls for ever along ``direction``."""
        self.passes += 0.5
        return self._problem.never_rises_along(direction)

    def _kept_at(self, theta: Float[Array, "m p"], *, precise: bool) -> Curvatures | None:
        """Give what was kept of Θ, if it was."""
        if self._kept is None or self._kept[0] is not theta or self._kept[1] != precise:
            return None
        return self._kept[2]
