"""Least squares, solved exactly: any rank, any scale of the columns, to the last digits.

Minimise Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² + α ‖W‖². The intercept is taken out by centring, columns are
scaled to unit length before their rank is judged, and of several solutions the shortest W is
given, so that neither units nor a column too many change what is fitted.

- Small data keep their orthogonal factor, and the solution is refined in twice the working
  precision until its digits stand still.
- Larger data, dense or sparse, are reduced to their normal equations, and the solution is
  corrected by residuals from the rows, where it is proven that such corrections contract.
- Where not, for columns too nearly dependent, data of moderate size are treated as small ones;
  larger dense data are reduced by QR factorisations of row blocks, sparse data by a pivoted
  Cholesky factor, with one correction (Björck 1987).
- Sparse data with very many columns are solved by LSMR (Fong and Saunders 2011).
- Sources that are not in memory are summed up batch by batch; where the normal equations will not
  do, further passes give the orthogonal factor; very many columns take conjugate gradients.
"""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from typing import Final, TypeAlias, TypeGuard

import numpy as np
from jaxtyping import Float
from scipy.linalg import qr

from linnet.data import MemorySource, Source
from linnet.errors import DataError
from linnet.numeric import EPSILON
from linnet.solvers.centred import CentredRows
from linnet.solvers.coefficient_statistics import FittedDesign
from linnet.solvers.corrections import corrected_solutions
from linnet.solvers.iterative import solve_by_lsmr
from linnet.solvers.least_squares_fit import LeastSquaresFit
from linnet.solvers.moments import Moments
from linnet.solvers.normal_equations import GramFactor, NormalEquations
from linnet.solvers.orthogonal_sums import LARGEST_DEPARTURE, factor_by_passes
from linnet.solvers.pivoting import factor_of_gram, factor_of_rows
from linnet.solvers.refinement import solve_refined
from linnet.solvers.solution import Certificate
from linnet.solvers.streamed_rows import StreamedRows
from linnet.solvers.triangular import TriangularFactor
from linnet.solvers.wide_sources import solve_wide
from linnet.types import Array

__all__ = [
    "LeastSquaresFit",
    "Verify",
    "least_squares",
    "least_squares_of_moments",
    "least_squares_path",
]

# Refining takes about 30 times as long as factoring: 15 ms for 256 KiB of data. Up to 8 MiB keep
# the factor Q for it where the normal equations would lose digits.
ALWAYS_REFINED: Final = 2**15
LARGEST_REFINED: Final = 2**20
# A Gram matrix of 5,000 columns takes 200 MB, its factor some seconds.
LARGEST_GRAM: Final = 5000
# The sums of products, their factor, its inverse, and copies while these are made.
GRAMS_HELD: Final = 6
BLOCK_ROUNDINGS: Final = 10


Verify: TypeAlias = Callable[[], None]


def _verified() -> None:
    """Raise nothing: the values were checked before."""


def least_squares(
    source: Source, *, alpha: float, fit_intercept: bool, verify: Verify = _verified
) -> LeastSquaresFit:
    """Fit all targets, of shape (n, m), by the method that suits the data's size and storage.

    ``verify`` is to raise an error if a value of X is not finite. It takes a reading of its own,
    and is called only where the sums of products do not show that all are.
    """
    if _is_small(source):
        verify()
        return _by_refinement(source, alpha, fit_intercept=fit_intercept)
    path = least_squares_path(source, alphas=[alpha], fit_intercept=fit_intercept, verify=verify)
    return path[0]


def _is_small(source: Source) -> TypeGuard[MemorySource]:
    """Whether the rows lie in memory, densely, and are few."""
    if not isinstance(source, MemorySource) or not isinstance(source.X, np.ndarray):
        return False
    return source.X.size <= min(ALWAYS_REFINED, LARGEST_REFINED)


def least_squares_path(
    source: Source,
    *,
    alphas: list[float],
    fit_intercept: bool,
    verify: Verify = _verified,
) -> list[LeastSquaresFit]:
    """Fit with each of several penalties; the rows are summed up once for all of them."""
    if not isinstance(source, MemorySource):
        return _of_source(source, alphas, fit_intercept=fit_intercept, verify=verify)
    n, k = source.X.shape
    is_dense = isinstance(source.X, np.ndarray)
    if n < k or not is_dense:
        verify()
    if not is_dense and k > LARGEST_GRAM:
        rows = CentredRows.of(source, centre=fit_intercept)
        return [_by_lsmr(rows, alpha) for alpha in alphas]
    if is_dense and n < k:
        return _of_wide(source, alphas, fit_intercept=fit_intercept)
    equations = NormalEquations.of(source, centre=fit_intercept)
    if not equations.is_finite:
        verify()
    fits = _by_normal_equations(equations, alphas)
    left = [alpha for alpha in alphas if alpha not in fits]
    if left and is_dense and n * k > LARGEST_REFINED:
        fits |= _by_blocks(source, left, fit_intercept=fit_intercept)
    elif left and is_dense:
        fits |= {a: _by_refinement(source, a, fit_intercept=fit_intercept) for a in left}
    elif left:
        rows = CentredRows.of(source, centre=fit_intercept)
        fits |= {alpha: _by_pivoted_gram(rows, alpha) for alpha in left}
    return [fits[alpha] for alpha in alphas]


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
        moments.mean_squared_residual(np.concatenate([coef.T, intercept[:, None]], axis=1)),
        factor.degrees_of_freedom(alpha),
        design=FittedDesign(
            factor,
            alpha,
            x_mean if fit_intercept else None,
            moments.total_weight,
            (targets**2).sum(axis=0),
        ),
    )


def _of_source(
    source: Source, alphas: list[float], *, fit_intercept: bool, verify: Verify
) -> list[LeastSquaresFit]:
    """Fit to rows that are known by their sums alone."""
    k = source.n_features
    if k > LARGEST_GRAM or GRAMS_HELD * k * k > source.room_for_sums:
        verify()
        return [_of_wide_source(source, a, fit_intercept=fit_intercept) for a in alphas]
    rows = StreamedRows.of(source, centre=fit_intercept)
    equations = NormalEquations.of_shifted(rows, centre=fit_intercept)
    if not equations.is_finite:
        verify()
        raise DataError(_not_finite(equations))
    fits = _by_normal_equations(equations, alphas)
    if left := [alpha for alpha in alphas if alpha not in fits]:
        fits |= _by_passes(rows, equations, left)
    return [fits[alpha] for alpha in alphas]


def _not_finite(equations: NormalEquations) -> str:
    spoilt = np.flatnonzero(~np.isfinite(equations.summed))
    place = f"column {spoilt[0]} of X" if len(spoilt) else "the targets y"
    return (
        f"The sums of squares of {place} are not finite numbers: a value is NaN or infinite, or "
        "its square is beyond float64. Leave out or fill in such rows; divide columns of huge "
        "values by a constant."
    )


def _by_passes(
    rows: StreamedRows, equations: NormalEquations, alphas: list[float]
) -> dict[float, LeastSquaresFit]:
    """Find the orthogonal factor by sums about the mean, and correct by residuals about it."""
    rows = rows.about(np.concatenate([equations.x_mean, equations.y_mean]))
    equations = equations.about(rows)
    R = factor_by_passes(rows, equations)
    k = R.shape[1]
    offset = np.abs(equations.x_mean) * sqrt(equations.total_weight)
    factors = []
    for alpha in alphas:
        A = np.concatenate([R, sqrt(alpha) * np.eye(k)]) if alpha > 0 else R.copy()
        factor, _ = factor_of_rows(A, offset, equations.precision, rows.source.n_samples)
        inverse = factor.solve_transposed(np.diag(1 / np.where(factor.scale, factor.scale, 1)))
        factors.append(
            (alpha, GramFactor(factor, LARGEST_DEPARTURE, float(np.linalg.norm(inverse))))
        )
    return _corrected(equations, factors)


def _of_wide_source(source: Source, alpha: float, *, fit_intercept: bool) -> LeastSquaresFit:
    solution = solve_wide(source, alpha, fit_intercept=fit_intercept)
    return LeastSquaresFit(
        solution.coef,
        solution.intercept,
        None,
        float("nan"),
        solution.certificate,
        solution.mean_squares,
        float("nan"),
        solution.ending,
    )


def _by_lsmr(rows: CentredRows, alpha: float) -> LeastSquaresFit:
    coef, ending, estimate = solve_by_lsmr(rows, alpha)
    certificate = Certificate(estimate, "estimate", "target²")
    if alpha > 0:
        certificate = _certificate_of_penalty(rows, alpha, coef)
    return LeastSquaresFit(
        coef,
        rows.intercept(coef),
        None,
        float("nan"),
        certificate,
        rows.mean_squares(coef),
        float("nan"),
        ending,
    )


def _by_refinement(source: MemorySource, alpha: float, *, fit_intercept: bool) -> LeastSquaresFit:
    rows = CentredRows.of(source, centre=fit_intercept)
    coef, intercept, factor = solve_refined(rows, alpha, fit_intercept=fit_intercept)
    return _fit(rows, alpha, factor, coef, intercept)


def _of_wide(
    source: MemorySource, alphas: list[float], *, fit_intercept: bool
) -> list[LeastSquaresFit]:
    """Fit to fewer rows than columns, penalised: in the span of the rows, where W must lie."""
    fits = {0.0: _by_refinement(source, 0.0, fit_intercept=fit_intercept)} if 0 in alphas else {}
    if penalties := [alpha for alpha in alphas if alpha > 0]:
        rows = CentredRows.of(source, centre=fit_intercept)
        X = np.asarray(source.X, dtype=np.float64)
        basis = qr((X - rows.x_mean).T, mode="economic", check_finite=False)[0]
        rotated = MemorySource(X @ basis, source.y, source.weight)
        inner = least_squares_path(rotated, alphas=penalties, fit_intercept=fit_intercept)
        for alpha, fit in zip(penalties, inner, strict=True):
            coef = basis @ fit.coef
            fits[alpha] = replace(
                fit,
                coef=coef,
                intercept=rows.intercept(coef),
                certificate=_certificate_of_penalty(rows, alpha, coef),
                # Its factor is of the columns in the span of the rows.
                design=None,
            )
    return [fits[alpha] for alpha in alphas]


def _by_normal_equations(
    equations: NormalEquations, alphas: list[float]
) -> dict[float, LeastSquaresFit]:
    """Fit with those penalties for which the normal equations keep the digits."""
    factors = {alpha: equations.factor(alpha) for alpha in alphas}
    trusted = [(alpha, factor) for alpha, factor in factors.items() if factor is not None]
    return _corrected(equations, trusted)


def _corrected(
    equations: NormalEquations, trusted: list[tuple[float, GramFactor]]
) -> dict[float, LeastSquaresFit]:
    return {
        alpha: LeastSquaresFit(
            solution.coef,
            equations.intercept(solution.coef),
            trust.factor.rank,
            trust.factor.condition_number,
            Certificate(solution.gap, "proven", "target²"),
            solution.squares / equations.total_weight,
            trust.factor.degrees_of_freedom(alpha),
            design=FittedDesign(
                trust.factor,
                alpha,
                equations.x_mean if equations.is_centred else None,
                equations.total_weight,
                equations.target_squares,
            ),
        )
        for (alpha, trust), solution in zip(
            trusted, corrected_solutions(equations, trusted), strict=True
        )
    }


def _by_blocks(
    source: MemorySource, alphas: list[float], *, fit_intercept: bool
) -> dict[float, LeastSquaresFit]:
    """Reduce the rows to one triangle, block by block, and fit with each penalty from that."""
    rows = CentredRows.of(source, centre=fit_intercept)
    n, k = source.X.shape
    moments = Moments.empty(k, source.y.shape[1])
    for start in range(0, n, block := max(source.tile_rows, 2 * k)):
        part = slice(start, start + block)
        weight = None if source.weight is None else source.weight[part]
        moments = moments.with_rows(source.X[part], source.y[part], weight)
    fits = {}
    for alpha in alphas:
        factor, coef = _of_moments(moments, alpha, rows.precision, fit_intercept=fit_intercept)
        coef = coef + _correction(rows, alpha, factor, coef)
        fits[alpha] = _fit(rows, alpha, factor, coef, rows.intercept(coef))
    return fits


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
    factor, Q = factor_of_rows(A, offset, precision, moments.n_rows)
    return factor, factor.solve(Q.T @ targets)


def _by_pivoted_gram(rows: CentredRows, alpha: float) -> LeastSquaresFit:
    gram, cross = rows.gram()
    gram[np.diag_indices_from(gram)] += alpha
    factor = factor_of_gram(gram, rows.offset, rows.precision)
    coef = factor.solve(factor.solve_transposed(cross))
    coef = coef + _correction(rows, alpha, factor, coef)
    return _fit(rows, alpha, factor, coef, rows.intercept(coef))


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
    return LeastSquaresFit(
        coef,
        intercept,
        factor.rank,
        factor.condition_number,
        certificate,
        rows.mean_squares(coef),
        factor.degrees_of_freedom(alpha),
        design=FittedDesign(
            factor,
            alpha,
            rows.x_mean if rows.is_centred else None,
            rows.source.total_weight,
            rows.target_squares(),
        ),
    )


def _certificate(
    factor: TriangularFactor, residual: Float[Array, "k m"], total_weight: float
) -> Certificate:
    """½ gᵀH⁻¹g with g = −residual/S and H = BᵀB/S: F − F* itself, for F is quadratic."""
    c = factor.solve_transposed(residual)
    return Certificate(float(np.vdot(c, c)) / (2 * total_weight), "proven", "target²")


def _certificate_of_penalty(
    rows: CentredRows, alpha: float, coef: Float[Array, "k m"]
) -> Certificate:
    """‖∇F‖²/(2λ), for F is λ-strongly convex with λ = α/S."""
    slope = rows.normal_residual(coef) - alpha * coef
    gap = float(np.vdot(slope, slope)) / (2 * alpha * rows.source.total_weight)
    return Certificate(gap, "proven", "target²")
