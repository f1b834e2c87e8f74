"""What a least-squares fit has found: the solution, and how well the data determine it."""

from dataclasses import dataclass
from typing import final

from jaxtyping import Float

from linnet.errors import SettingError
from linnet.solvers.coefficient_statistics import CoefficientStatistics, FittedDesign
from linnet.solvers.solution import Certificate, Ending
from linnet.types import Array

__all__ = ["LeastSquaresFit"]


@final
@dataclass(frozen=True)
class LeastSquaresFit:
    """The solution, and how well the data determine it.

    Parameters
    ----------
    coef : array of shape (k, m)
        Wᵀ; the shortest where several are as good.
    intercept : array of shape (m,)
        b; zeros where none is fitted.
    rank : int or None
        Rank of the centred design; ``None`` where the method does not tell (LSMR).
    condition_number : float
        Of the centred design with columns of unit length, in the 1-norm; ∞ below full rank.
    certificate : Certificate
        F − F* of the objective of mathematics §7.
    mean_squares : array of shape (m,)
        Mean squares of the residuals, by weight.
    degrees_of_freedom : float
        Tr (AᵀA + αI)⁻¹AᵀA: the rank where there is no penalty; NaN from LSMR.
    ending : Ending
        ``CONVERGED``, or ``UNSETTLED`` from the iterative method.
    design : FittedDesign or None
        What standard errors need; ``None`` where no factor of the design was formed.
    """

    coef: Float[Array, "k m"]
    intercept: Float[Array, " m"]
    rank: int | None
    condition_number: float
    certificate: Certificate
    mean_squares: Float[Array, " m"]
    degrees_of_freedom: float
    ending: Ending = Ending.CONVERGED
    design: FittedDesign | None = None

    def statistics(self, n_observations: float | None = None) -> CoefficientStatistics:
        """Tell standard errors, t, R² and the residual variance.

        Parameters
        ----------
        n_observations : float, optional
            Observations that the rows stand for: the sum of the weights by default, where a weight
            counts equal rows. Give the number of rows where weights are precisions.

        Raises
        ------
        SettingError
            If the fit kept no factor, as of very many columns.
        """
        design = self.design
        if design is None:
            raise SettingError(
                "This fit formed no factor of its design, which standard errors need: it has very "
                "many columns, or fewer rows than columns and a penalty. Fit fewer columns."
            )
        n = design.total_weight if n_observations is None else n_observations
        left = n - self.degrees_of_freedom - (design.x_mean is not None)
        squares = self.mean_squares * design.total_weight
        return design.statistics(self.coef, self.intercept, squares, left)
