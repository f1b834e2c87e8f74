"""The whole Hessian of a linear model over one batch: Σᵢ sᵢ ∇²ℓᵢ ⊗ x̃ᵢx̃ᵢᵀ.

Its symmetries leave a matrix of weighted sums, a row for each pair of scores a ≤ b and a column
for each pair of features j ≤ l. That matrix is one product of two tall matrices: the curvatures,
and the products x̃ⱼx̃ₗ. Where scores are few, a product of features for each pair of scores is
cheaper, because the products of pairs of features need not be formed.
"""

from typing import Final

import numpy as np
from jaxtyping import Float

from linnet.data import Batch, Matrix
from linnet.engine.reference import scores
from linnet.losses import Loss
from linnet.types import Array

__all__ = ["hessian_pass", "second_moment_pass"]

# Values a tile of products or curvatures may hold: 16 MiB.
TILE_VALUES: Final = 2**21
# Measured: forming a product of two features takes as long as some 60 multiply-adds in BLAS, and
# weighting the rows by a curvature as long as some 20.
COST_OF_PAIR: Final = 60
COST_OF_WEIGHTING: Final = 20


def hessian_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], columns: int | None = None
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ in the first ``columns`` columns of Θ, r: of shape (m, r, m, r)."""
    m, width = theta.shape
    p = width if columns is None else columns
    of_pairs = p * (p + 1) // 2 * (COST_OF_PAIR + m * (m + 1) // 2)
    of_blocks = m * (m + 1) // 2 * p * (COST_OF_WEIGHTING + p)
    add_rows = _add_by_pairs if of_pairs < of_blocks else _add_by_blocks
    hessian = np.zeros((m, p, m, p))
    rows = max(64, TILE_VALUES // max(m * m, p * (p + 1) // 2 if of_pairs < of_blocks else p))
    for start in range(0, batch.n_samples, rows):
        X = batch.X[start : start + rows]
        curvature = loss.hessian(scores(X, theta))
        if batch.weight is not None:
            curvature = curvature * batch.weight[start : start + rows, None, None]
        add_rows(hessian, _with_intercept(X, width)[:, :p], curvature)
    for a in range(m):
        for b in range(a):
            hessian[a, :, b, :] = hessian[b, :, a, :].T
    return (hessian,)


def second_moment_pass(batch: Batch, p: int) -> tuple[Array]:
    """Σᵢ sᵢ x̃ᵢx̃ᵢᵀ, where x̃ has p entries, a 1 among them if that is one more than x has."""
    X = _with_intercept(batch.X, p)
    weighted = X if batch.weight is None else X * batch.weight[:, None]
    return (weighted.T @ X,)


def _add_by_pairs(
    hessian: Float[Array, "m p m p"], X: Float[Array, "n p"], curvature: Float[Array, "n m m"]
) -> None:
    """Add the blocks of score pairs a ≤ b: one product for each a."""
    n, p = X.shape
    products = np.empty((n, p * (p + 1) // 2))
    first, second = np.triu_indices(p)
    start = 0
    for j in range(p):
        np.multiply(X[:, j:], X[:, j, None], out=products[:, start : start + p - j])
        start += p - j
    for a in range(len(hessian)):
        sums = curvature[:, a, a:].T @ products
        hessian[a, first, a:, second] += sums.T
        below = first != second
        hessian[a, second[below], a:, first[below]] += sums[:, below].T


def _add_by_blocks(
    hessian: Float[Array, "m p m p"], X: Float[Array, "n p"], curvature: Float[Array, "n m m"]
) -> None:
    """Add the blocks of score pairs a ≤ b: one product for each pair."""
    m = len(hessian)
    for a in range(m):
        for b in range(a, m):
            hessian[a, :, b, :] += X.T @ (X * curvature[:, a, b, None])


def _with_intercept(X: Matrix, p: int) -> Float[Array, "n p"]:
    """Give the rows densely, in float64, and with a 1 at the end if the model has an intercept."""
    dense = np.ones((X.shape[0], p))
    dense[:, : X.shape[1]] = X if isinstance(X, np.ndarray) else X.toarray()
    return dense
