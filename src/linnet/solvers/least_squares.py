"""Least squares, solved exactly: any rank, any scale of the columns, to the last digits.

Minimise Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² + α ‖W‖². The intercept is taken out by centring, columns are
scaled to unit length before their rank is judged, and of several solutions the shortest W is
given, so that neither units nor a column too many change what is fitted.

- Data of moderate size keep their orthogonal factor, and the solution is refined in twice the
  working precision until its digits stand still.
- Larger dense data are reduced by QR factorisations of row blocks; sparse data by their Gram
  matrix. One correction by the normal equations follows (Björck 1987).
- Sparse data with very many columns are solved by LSMR (Fong and Saunders 2011).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, lsmr

from linnet.data import MemorySource
from linnet.numeric import EPSILON
from linnet.solvers.centred import CentredRows
from linnet.solvers.moments import Moments
from linnet.solvers.pivoting import factor_of_gram, factor_of_rows
from linnet.solvers.refinement import solve_refined
from linnet.solvers.solution import Certificate, Ending
from linnet.solvers.triangular import TriangularFactor
from linnet.types import Array

__all__ = ["LeastSquaresFit", "least_squares", "least_squares_of_moments"]

# Up to 8 MiB of data keep the factor Q; refining takes about 30 times as long as factoring.
LARGEST_REFINED: Final = 2**20
# A Gram matrix of 5,000 columns takes 200 MB, its factor some seconds.
LARGEST_GRAM: Final = 5000
LSMR_ITERATIONS: Final = 20_000
BLOCK_ROUNDINGS: Final = 10
# Tighter than any tol; LSMR stops by itself where rounding ends its progress.
LSMR_TOLERANCE: Final = 1e-12


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
    ending : Ending
        ``CONVERGED``, or ``MAX_STEPS`` from the iterative method.
    """

    coef: Float[Array, "k m"]
    intercept: Float[Array, " m"]
    rank: int | None
    condition_number: float
    certificate: Certificate
    ending: Ending = Ending.CONVERGED


def least_squares(source: MemorySource, *, alpha: float, fit_intercept: bool) -> LeastSquaresFit:
    """Fit all targets, of shape (n, m), by the method that suits the data's size and storage."""
    rows = CentredRows.of(source, centre=fit_intercept)
    n, k = source.X.shape
    if not isinstance(source.X, np.ndarray):
        if k > LARGEST_GRAM:
            return _by_lsmr(rows, alpha)
        return _by_gram(rows, alpha)
    if n * k <= LARGEST_REFINED or n < k:
        coef, intercept, factor = solve_refined(rows, alpha, fit_intercept=fit_intercept)
        return _fit(rows, alpha, factor, coef, intercept)
    moments = Moments.empty(k, source.y.shape[1])
    for start in range(0, n, block := max(source.tile_rows, 2 * k)):
        part = slice(start, start + block)
        weight = None if source.weight is None else source.weight[part]
        moments = moments.with_rows(source.X[part], source.y[part], weight)
    factor, coef = _of_moments(moments, alpha, rows.precision, fit_intercept=fit_intercept)
    coef = coef + _correction(rows, alpha, factor, coef)
    return _fit(rows, alpha, factor, coef, rows.intercept(coef))


def least_squares_of_moments(
    moments: Moments, *, alpha: float, fit_intercept: bool
) -> LeastSquaresFit:
    """Fit to all rows that ``moments`` has seen: what ``partial_fit`` rests on."""
    factor, coef = _of_moments(moments, alpha, EPSILON, fit_intercept=fit_intercept)
    A, targets = moments.rows(centred=fit_intercept)
    residual = A.T @ (targets - A @ coef) - alpha * coef
    x_mean, y_mean = moments.means
    intercept = y_mean - x_mean @ coef if fit_intercept else np.zeros(len(y_mean))
    return LeastSquaresFit(
        coef,
        intercept,
        factor.rank,
        factor.condition_number,
        _certificate(factor, residual, moments.total_weight),
    )


def _of_moments(
    moments: Moments, alpha: float, precision: float, *, fit_intercept: bool
) -> tuple[TriangularFactor, Float[Array, "k m"]]:
    A, targets = moments.rows(centred=fit_intercept)
    offset = np.abs(moments.R[0, 1 : 1 + A.shape[1]]) * fit_intercept
    # Each block of rows that went into R has left its rounding there.
    precision = max(precision, BLOCK_ROUNDINGS * EPSILON)
    if alpha > 0:
        A = np.concatenate([A, sqrt(alpha) * np.eye(A.shape[1])])
        targets = np.concatenate([targets, np.zeros((A.shape[1], targets.shape[1]))])
    factor, Q = factor_of_rows(A, offset, precision)
    return factor, factor.solve(Q.T @ targets)


def _by_gram(rows: CentredRows, alpha: float) -> LeastSquaresFit:
    gram, cross = rows.gram()
    gram[np.diag_indices_from(gram)] += alpha
    factor = factor_of_gram(gram, rows.offset, rows.precision)
    coef = factor.solve(factor.solve_transposed(cross))
    coef = coef + _correction(rows, alpha, factor, coef)
    return _fit(rows, alpha, factor, coef, rows.intercept(coef))


def _by_lsmr(rows: CentredRows, alpha: float) -> LeastSquaresFit:
    X, weight = rows.source.X, rows.source.weight
    n, k = X.shape
    root = np.ones(n) if weight is None else np.sqrt(weight)
    operator = LinearOperator(
        (n, k),
        matvec=lambda w: root * (X @ w.ravel() - rows.x_mean @ w.ravel()),
        rmatvec=lambda r: X.T @ (root * r) - rows.x_mean * (root @ r),
        dtype=np.float64,
    )
    columns, ending, gap = [], Ending.CONVERGED, 0.0
    for target in (root[:, None] * (rows.source.y - rows.y_mean)).T:
        w, reason, _, _, normal_residual, norm, condition, _ = lsmr(
            operator,
            target,
            damp=sqrt(alpha),
            atol=LSMR_TOLERANCE,
            btol=LSMR_TOLERANCE,
            conlim=0,
            maxiter=LSMR_ITERATIONS,
        )
        columns.append(w)
        ending = Ending.MAX_STEPS if reason == 7 else ending
        # ‖Aᵀr‖²/(2σ²S), where σ is the smallest singular value that LSMR has met.
        smallest = norm / condition if condition > 0 else 1.0
        gap += normal_residual**2 / (2 * smallest**2 * rows.source.total_weight)
    coef = np.stack(columns, axis=1)
    certificate = Certificate(float(gap), "estimate", "target²")
    return LeastSquaresFit(coef, rows.intercept(coef), None, float("nan"), certificate, ending)


def _correction(
    rows: CentredRows, alpha: float, factor: TriangularFactor, coef: Float[Array, "k m"]
) -> Float[Array, "k m"]:
    """(AᵀA + αI)⁻¹ times the residual of the normal equations."""
    residual = rows.normal_residual(coef) - alpha * coef
    return factor.solve(factor.solve_transposed(residual))


def _fit(
    rows: CentredRows,
    alpha: float,
    factor: TriangularFactor,
    coef: Float[Array, "k m"],
    intercept: Float[Array, " m"],
) -> LeastSquaresFit:
    residual = rows.normal_residual(coef) - alpha * coef
    certificate = _certificate(factor, residual, rows.source.total_weight)
    return LeastSquaresFit(coef, intercept, factor.rank, factor.condition_number, certificate)


def _certificate(
    factor: TriangularFactor, residual: Float[Array, "k m"], total_weight: float
) -> Certificate:
    """½ gᵀH⁻¹g with g = −residual/S and H = BᵀB/S: F − F* itself, for F is quadratic."""
    c = factor.solve_transposed(residual)
    return Certificate(float(np.vdot(c, c)) / (2 * total_weight), "proven", "target²")
