"""What least squares tells of its coefficients beside their values: errors, t, and R².

With P = B⁺ for the factor BᵀB = AᵀA of the centred design, a coefficient's variance is σ² ‖P_j‖²,
and the intercept's σ² (1/S + ‖x̄ᵀP‖²). With a penalty α it is the variance for that α, which says
nothing of the bias: the covariance is then σ² (H⁻¹ − α H⁻²), H = AᵀA + αI.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.solvers.triangular import TriangularFactor
from linnet.types import Array

__all__ = ["CoefficientStatistics", "FittedDesign"]


@final
@dataclass(frozen=True)
class CoefficientStatistics:
    """How certain a fit of m targets is, where residuals are independent and of one variance.

    Parameters
    ----------
    coef_errors, intercept_errors : array of shape (k, m) and (m,)
        Standard errors; of coefficients that are not determined, those of the shortest solution.
        NaN for an intercept that is not fitted.
    coef_t, intercept_t : array of shape (k, m) and (m,)
        The values divided by their standard errors.
    residual_variance : array of shape (m,)
        σ², the squares of the residuals divided by ``residual_freedom``.
    residual_freedom : float
        Observations less parameters.
    r_squared : array of shape (m,)
        Share of the targets' squares about their mean, or about 0 without intercept, that is
        explained.
    """

    coef_errors: Float[Array, "k m"]
    intercept_errors: Float[Array, " m"]
    coef_t: Float[Array, "k m"]
    intercept_t: Float[Array, " m"]
    residual_variance: Float[Array, " m"]
    residual_freedom: float
    r_squared: Float[Array, " m"]


@final
@dataclass(frozen=True)
class FittedDesign:
    """What is kept of a design to tell how certain the coefficients are.

    Parameters
    ----------
    factor : TriangularFactor
        B, with BᵀB = AᵀA + αI.
    alpha : float
        α.
    x_mean : array of shape (k,) or None
        Means of the columns; ``None`` for a model without intercept.
    total_weight : float
        S.
    target_squares : array of shape (m,)
        Squares of the centred targets, by weight.
    """

    factor: TriangularFactor
    alpha: float
    x_mean: Float[Array, " k"] | None
    total_weight: float
    target_squares: Float[Array, " m"]

    def statistics(
        self,
        coef: Float[Array, "k m"],
        intercept: Float[Array, " m"],
        squares: Float[Array, " m"],
        residual_freedom: float,
    ) -> CoefficientStatistics:
        """Tell of these coefficients, which leave residuals of these sums of squares."""
        # Without a row to spare nothing is known of the residuals.
        variance = (
            squares / residual_freedom if residual_freedom > 0 else np.full(len(squares), np.nan)
        )
        of_coef, of_intercept = self._variances()
        coef_errors = np.sqrt(np.outer(of_coef, variance))
        intercept_errors = np.sqrt(of_intercept * variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            return CoefficientStatistics(
                coef_errors,
                intercept_errors,
                coef / coef_errors,
                intercept / intercept_errors,
                variance,
                residual_freedom,
                1 - squares / self.target_squares,
            )

    def leverages(self, A: Float[Array, "n k"]) -> Float[Array, " n"]:
        """1/S + aᵀH⁻¹a of rows a less the columns' means: how far a row pulls its own prediction.

        Without intercept there is no 1/S, and no mean is taken out. A row of weight s counts s
        times in the fit; this is the pull of one.
        """
        within = np.square(self.factor.solve_transposed(A.T)).sum(axis=0)
        return within if self.x_mean is None else within + 1 / self.total_weight

    def covariance(self, middle: Float[Array, "p p"] | None = None) -> Float[Array, "p p"]:
        """Covariance of the centred parameters: of the mean first, if there is one, then of W.

        With a matrix ``middle``, M, that of gradients at centred rows, it is G⁻¹MG⁻¹, where G has
        S and H on its diagonal; else that of this class's statistics, in units of σ².
        """
        P = self._pseudo_inverse
        inverse = P @ P.T
        if middle is None:
            return self._with_mean(inverse - self.alpha * (inverse @ inverse))
        outer = self._with_mean(inverse)
        return outer @ middle @ outer

    def _with_mean(self, of_coef: Float[Array, "k k"]) -> Float[Array, "p p"]:
        """Put 1/S before a matrix, on the diagonal, if there is an intercept."""
        if self.x_mean is None:
            return of_coef
        matrix = np.pad(of_coef, ((1, 0), (1, 0)))
        matrix[0, 0] = 1 / self.total_weight
        return matrix

    @cached_property
    def _pseudo_inverse(self) -> Float[Array, "k r"]:
        """P."""
        return self.factor.solve(np.eye(self.factor.rank))

    def _variances(self) -> tuple[Float[Array, " k"], float]:
        """Variances of coefficients and of the intercept, in units of σ²."""
        P = self._pseudo_inverse
        along = P.T @ np.zeros(len(P)) if self.x_mean is None else self.x_mean @ P
        of_coef, of_mean = (P**2).sum(axis=1), float(along @ along)
        if self.alpha > 0:
            inverse = P @ P.T
            of_coef -= self.alpha * (inverse**2).sum(axis=1)
            of_mean -= self.alpha * float(((P @ along) ** 2).sum())
        if self.x_mean is None:
            return of_coef.clip(min=0), float("nan")
        return of_coef.clip(min=0), 1 / self.total_weight + max(of_mean, 0.0)
