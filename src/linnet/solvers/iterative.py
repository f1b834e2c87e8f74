"""Least squares on sparse rows with very many columns, by products with the rows alone.

LSMR (Fong and Saunders 2011) is run on A as it is without a penalty, for then it comes to the
shortest of the solutions. With a penalty there is one solution, and the columns of [A; √α I] are
first scaled to unit length: the diagonal preconditioner of the normal equations.
"""

from math import sqrt
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, lsmr

from linnet.solvers.centred import CentredRows
from linnet.solvers.solution import Ending
from linnet.types import Array

__all__ = ["solve_by_lsmr"]

MAXIMUM_ITERATIONS: Final = 20_000
# Tighter than any tol; LSMR stops by itself where rounding ends its progress.
TOLERANCE: Final = 1e-12


def solve_by_lsmr(rows: CentredRows, alpha: float) -> tuple[Float[Array, "k m"], Ending, float]:
    """Give coefficients, how the iteration ended, and an estimate of F − F*."""
    source = rows.source
    root = np.ones(source.n_samples) if source.weight is None else np.sqrt(source.weight)
    scale = np.ones(source.n_features)
    if alpha > 0:
        scale = 1 / np.sqrt(rows.column_squares() + alpha)
    operator = _operator(rows, root, scale, alpha)
    columns, ending, gap = [], Ending.CONVERGED, 0.0
    for target in (root[:, None] * (source.y - rows.y_mean)).T:
        u, reason, _, _, normal_residual, norm, condition, _ = lsmr(
            operator,
            np.concatenate([target, np.zeros(operator.shape[0] - len(target))]),
            atol=TOLERANCE,
            btol=TOLERANCE,
            conlim=0,
            maxiter=MAXIMUM_ITERATIONS,
        )
        columns.append(scale * u)
        ending = Ending.UNSETTLED if reason == 7 else ending
        # ‖Aᵀr‖²/(2σ²S), where σ is the smallest singular value that LSMR has met.
        smallest = norm / condition if condition > 0 else 1.0
        gap += normal_residual**2 / (2 * smallest**2 * source.total_weight)
    return np.stack(columns, axis=1), ending, float(gap)


def _operator(
    rows: CentredRows, root: Float[Array, " n"], scale: Float[Array, " k"], alpha: float
) -> LinearOperator:
    """Give [A; √α I], or A without a penalty, times the diagonal matrix of ``scale``."""
    X, mean = rows.source.X, rows.x_mean
    n, k = X.shape
    penalised = k if alpha > 0 else 0

    def times(u: Array) -> Array:
        w = scale * u.ravel()
        return np.concatenate([root * (X @ w - mean @ w), sqrt(alpha) * w[:penalised]])

    def transposed(r: Array) -> Array:
        r = r.ravel()
        weighted = root * r[:n]
        w = X.T @ weighted - mean * weighted.sum()
        w[:penalised] += sqrt(alpha) * r[n:]
        return scale * w

    return LinearOperator((n + penalised, k), matvec=times, rmatvec=transposed, dtype=np.float64)
