"""Least squares over a source of very many columns, by conjugate gradients.

Only vectors with a number for each column are kept, and each product is a pass over the rows: the
source may be beyond memory. Without a penalty it is run on the columns as they are, for then it
comes to the shortest of the solutions; with one, on [A; √α I] with columns of unit length. When
it has settled it is run again on the residual computed from the rows, which has digits that the
recurrence has lost.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.data import Source
from linnet.solvers.conjugate_gradient import conjugate_gradient
from linnet.solvers.solution import Certificate, Ending
from linnet.solvers.streamed_rows import StreamedRows
from linnet.types import Array

__all__ = ["WideSolution", "solve_wide"]

# Of the gradient, in each of the runs; two or three reach the rounding of the residuals.
ACCURACY: Final = 1e-6
MAXIMUM_RUNS: Final = 4
MAXIMUM_PASSES: Final = 1000


@final
@dataclass(frozen=True)
class WideSolution:
    """Coefficients, intercepts, and how near they are to the best.

    Parameters
    ----------
    coef : array of shape (k, m)
        Wᵀ.
    intercept : array of shape (m,)
        b.
    mean_squares : array of shape (m,)
        Mean squares of the residuals, by weight.
    certificate : Certificate
        F − F*: proven where there is a penalty, else what the last run has gained.
    ending : Ending
        ``UNSETTLED`` after too many passes.
    """

    coef: Float[Array, "k m"]
    intercept: Float[Array, " m"]
    mean_squares: Float[Array, " m"]
    certificate: Certificate
    ending: Ending


def solve_wide(source: Source, alpha: float, *, fit_intercept: bool) -> WideSolution:
    """Minimise Σ s ‖y − W x − b‖² + α ‖W‖² to the rounding of the residuals."""
    rows = _CentredColumns.of(source, centre=fit_intercept)
    x_mean, y_mean = rows.means
    k, m = len(x_mean), len(y_mean)
    scale = 1 / (rows.squares[:, None] + alpha) if alpha > 0 else np.ones((k, 1))
    coef, passes, decrease = np.zeros((k, m)), 0, 0.0
    slope, squares = rows.slope(coef, alpha)
    first = last = float(np.vdot(slope, scale * slope))
    for _ in range(MAXIMUM_RUNS):
        if not last > 0:
            break
        run = conjugate_gradient(
            lambda v: rows.product(v) + alpha * v,
            slope,
            lambda g: scale * g,
            accuracy=ACCURACY,
            max_products=MAXIMUM_PASSES - passes,
        )
        passes += run.products
        changed = coef + run.x
        changed_slope, changed_squares = rows.slope(changed, alpha)
        size = float(np.vdot(changed_slope, scale * changed_slope))
        if not size < last:
            break
        coef, slope, squares, last, decrease = (
            changed,
            changed_slope,
            changed_squares,
            size,
            run.decrease,
        )
        if passes >= MAXIMUM_PASSES:
            break
    settled = passes < MAXIMUM_PASSES or last <= ACCURACY**2 * first
    S = rows.total_weight
    gap = float(np.vdot(slope, slope)) / (2 * alpha * S) if alpha > 0 else decrease / S
    return WideSolution(
        coef,
        y_mean - x_mean @ coef,
        squares / S,
        Certificate(gap, "proven" if alpha > 0 else "estimate", "target²"),
        Ending.CONVERGED if settled else Ending.UNSETTLED,
    )


@final
@dataclass(frozen=True)
class _CentredColumns:
    """Products with A = √s (X − 1x̄ᵀ), each in one pass.

    ``missed`` is what the provisional centre of ``rows`` missed of the means, and ``squares`` the
    diagonal of AᵀA.
    """

    rows: StreamedRows
    missed: Float[Array, " t"]
    squares: Float[Array, " k"]
    total_weight: float

    @classmethod
    def of(cls, source: Source, *, centre: bool) -> "_CentredColumns":
        rows = StreamedRows.of(source, centre=centre)
        sums, squares = rows.column_sums()
        S, k = float(sums[-1]), source.n_features
        missed = sums[:-1] / S if centre else np.zeros(rows.width - 1)
        return cls(rows, missed, (squares[:k] - S * missed[:k] ** 2).clip(min=0), S)

    @property
    def means(self) -> tuple[Float[Array, " k"], Float[Array, " m"]]:
        """Of features and targets; zeros for a model without intercept."""
        mean = self.rows.centre + self.missed
        return mean[: len(self.squares)], mean[len(self.squares) :]

    def product(self, v: Float[Array, "k m"]) -> Float[Array, "k m"]:
        """AᵀA v."""
        return self._slopes(v, np.zeros((v.shape[1], v.shape[1])))[0]

    def slope(
        self, coef: Float[Array, "k m"], alpha: float
    ) -> tuple[Float[Array, "k m"], Float[Array, " m"]]:
        """Aᵀ(Y − A w) − α w, and the sums of squares of Y − A w."""
        slopes, squares = self._slopes(-coef, np.eye(coef.shape[1]))
        return slopes - alpha * coef, squares

    def _slopes(
        self, v: Float[Array, "k m"], targets: Float[Array, "m m"]
    ) -> tuple[Float[Array, "k m"], Float[Array, " m"]]:
        """AᵀE and the squares of E = A v + Y T."""
        k = len(v)
        constant = self.missed[:k] @ v + self.missed[k:] @ targets
        products, squares = self.rows.residual_products(
            np.concatenate([v, targets, -constant[None]])
        )
        return products[:k] - np.outer(self.missed[:k], products[-1]), squares
