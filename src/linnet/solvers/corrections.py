"""Solutions of the normal equations, corrected by their residuals until no digit is to be won.

The residual of each solution is computed from the rows, not from the Gram matrix, and so holds the
digits that the matrix lost (Björck 1987, "Stability analysis of the method of semi-normal
equations"). Several penalties share every pass over the rows.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.normal_equations import GramFactor, NormalEquations
from linnet.types import Array

__all__ = ["Corrected", "corrected_solutions"]

MAXIMUM_ROUNDS: Final = 4


@final
@dataclass(frozen=True)
class Corrected:
    """A solution, the squares of its residuals, and its distance from the optimum.

    Parameters
    ----------
    coef : array of shape (k, m)
        Wᵀ.
    squares : array of shape (m,)
        Sum of squares of the residuals, by weight.
    gap : float
        Bound on F − F* before the last correction, which only lessens it.
    """

    coef: Float[Array, "k m"]
    squares: Float[Array, " m"]
    gap: float


def corrected_solutions(
    equations: NormalEquations, penalised: list[tuple[float, GramFactor]]
) -> list[Corrected]:
    """Solve for each pair of a penalty α and its factor."""
    solving = [_Correction(equations, alpha, factor) for alpha, factor in penalised]
    for _ in range(MAXIMUM_ROUNDS):
        unfinished = [one for one in solving if not one.is_finished]
        if not unfinished:
            break
        m = equations.cross.shape[1]
        slopes, squares = equations.residuals(
            np.concatenate([one.coef for one in unfinished], axis=1),
            np.tile(np.eye(m), len(unfinished)),
        )
        for place, one in enumerate(unfinished):
            columns = slice(place * m, (place + 1) * m)
            one.correct(slopes[:, columns], squares[columns])
    return [Corrected(one.coef, one.squares, one.gap) for one in solving]


@final
class _Correction:
    """One solution on its way."""

    def __init__(self, equations: NormalEquations, alpha: float, factor: GramFactor) -> None:
        self._alpha = alpha
        self._factor = factor
        self._total_weight = equations.total_weight
        fitted = factor.factor.solve_transposed(equations.cross)
        self._fitted = np.linalg.norm(fitted, axis=0)
        self._last = np.full(fitted.shape[1], np.inf)
        self.coef = factor.factor.solve(fitted)
        self.squares = np.zeros(fitted.shape[1])
        self.gap = np.inf
        self.is_finished = False

    def correct(self, slopes: Float[Array, "k m"], squares: Float[Array, " m"]) -> None:
        """Add the correction that Aᵀ(Y − AWᵀ) asks for."""
        factor, contraction = self._factor.factor, self._factor.contraction
        change = factor.solve_transposed(slopes - self._alpha * self.coef)
        coef_change = factor.solve(change)
        length = np.linalg.norm(change, axis=0)
        # F − F* = ½ gᵀ(AᵀA + αI)⁻¹g / S, and AᵀA + αI is at least (1 − ρ) BᵀB.
        self.gap = float(length @ length) / (2 * self._total_weight * (1 - contraction))
        # ‖y − A(w + u)‖² = ‖y − Aw‖² − 2 uᵀAᵀ(y − Aw) + ‖Au‖², of which ‖Au‖² + α‖u‖² is length².
        gained = 2 * (coef_change * slopes).sum(axis=0) - length**2
        gained += self._alpha * (coef_change**2).sum(axis=0)
        self.squares = (squares - gained).clip(min=0)
        self.coef = self.coef + coef_change
        left = contraction * length * self._factor.inverse_norm
        enough = left <= EPSILON * self._fitted
        # What no longer shrinks is the rounding of the residuals.
        stands = length > self._last / 2
        self.is_finished = bool((enough | stands).all())
        self._last = length
