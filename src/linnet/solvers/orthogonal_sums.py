"""The triangular factor of columns nearly dependent, found by sums over the rows alone.

A Gram matrix tells columns apart down to some 10⁻⁵ of their length. What is left of a column there
is computed from the rows, as x − Q c, and brought to unit length: its own Gram matrix then tells
as much again. So each pass over the rows wins four digits or more, and two or three reach the
rounding of the data, as QR does; but nothing is kept except sums, which may be formed anywhere.
It is Cholesky QR (Fukaya et al. 2020, "Shifted Cholesky QR for computing the QR factorization of
ill-conditioned matrices"), with pivots in place of a shift.
"""

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack, solve_triangular

from linnet.numeric import EPSILON
from linnet.solvers.normal_equations import NormalEquations
from linnet.solvers.pivoting import ROUNDINGS, column_scale
from linnet.solvers.streamed_rows import StreamedRows
from linnet.types import Array

__all__ = ["LARGEST_DEPARTURE", "factor_by_passes"]

MAXIMUM_PASSES: Final = 10
# How far from orthonormal the columns of Q may be at the end; corrections contract by as much.
LARGEST_DEPARTURE: Final = 0.05


def factor_by_passes(rows: StreamedRows, equations: NormalEquations) -> Float[Array, "r k"]:
    """R with A = QR, where QᵀQ = I to a few per cent, and R to rounding.

    Columns of which nothing but rounding is left, beside others, have no row of their own.

    Parameters
    ----------
    rows : StreamedRows
        About the mean, or about nothing for a model without intercept.
    equations : NormalEquations
        Of the same rows.
    """
    squares = np.diagonal(equations.gram)
    offset = np.abs(equations.x_mean) * np.sqrt(equations.total_weight)
    unit = 1 / np.sqrt(np.where(squares > 0, squares, 1.0))
    T, R = np.diag(unit), np.diag(1 / unit)
    gram = _gram(rows, equations, T)
    first = np.sqrt(np.diagonal(gram).clip(min=0))
    scale, noise = column_scale(first / unit, offset, equations.precision)
    smallest = ROUNDINGS * np.sqrt(rows.source.n_samples) * EPSILON + noise
    origin = np.arange(len(T))
    # What is left of each column, beside its own length.
    left = np.divide(1.0, first, out=np.zeros_like(first), where=scale > 0)
    for _ in range(MAXIMUM_PASSES):
        lengths = np.sqrt(np.diagonal(gram).clip(min=0))
        left = left * lengths
        kept = np.flatnonzero(left > smallest[origin])
        T, R = T[:, kept] / lengths[kept], R[kept] * lengths[kept, None]
        gram = gram[np.ix_(kept, kept)] / np.outer(lengths[kept], lengths[kept])
        M, order, is_settled = _triangle(gram, equations.rounding)
        T = solve_triangular(M, T[:, order].T, trans="T", check_finite=False).T
        R, left, origin = M @ R[order], left[kept][order], origin[kept][order]
        if is_settled:
            break
        gram = _gram(rows, equations, T)
    return R


def _gram(rows: StreamedRows, equations: NormalEquations, T: Array) -> Float[Array, "r r"]:
    """Sum (A T)ᵀ(A T) over the rows."""
    k, r = T.shape
    directions = np.zeros((rows.width, r + 1))
    directions[:k, :r] = T
    directions[-1, :r] = (rows.centre[:k] - equations.x_mean) @ T
    directions[-1, r] = 1
    products = rows.direction_products(directions)
    if not equations.x_mean.any():
        return products[:r, :r]
    missed = products[:r, r]
    return products[:r, :r] - np.outer(missed, missed) / products[r, r]


def _triangle(
    gram: Float[Array, "r r"], rounding: float
) -> tuple[Float[Array, "r r"], Array, bool]:
    """Triangle M, an order, and whether Q M⁻¹ is orthonormal then, of the columns Q in that order.

    Below the pivots that the sums can tell M is the identity: columns have others taken out of
    them, but are not turned among themselves.
    """
    r = len(gram)
    M = np.eye(r)
    if r == 0:
        return M, np.arange(0), True
    error = rounding * r + r * (r + 1) * EPSILON
    factor, order, rank, _ = lapack.dpstrf(
        np.asfortranarray(gram), lower=0, tol=error / LARGEST_DEPARTURE
    )
    M[:rank] = np.triu(factor)[:rank]
    inverse, _ = lapack.dtrtri(M)
    is_settled = rank == r and float((inverse**2).sum()) * error <= LARGEST_DEPARTURE
    return M, order - 1, is_settled
