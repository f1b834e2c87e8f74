"""The passes of a linear model over one batch, in NumPy: they define what is right.

Parameters are one matrix Θ (m×p): a row for each score, holding the k weights and, where the
model has an intercept, its intercept last (p = k + 1, else p = k). All sums are in float64,
whatever the dtype of the data, and each pass returns plain sums over the rows of the batch,
so that the passes over several batches add up.
"""

import numpy as np
from jaxtyping import Float

from linnet.data import Batch, Matrix
from linnet.data.used_columns import in_used_columns
from linnet.losses import Loss
from linnet.types import Array

__all__ = [
    "gradient_pass",
    "hessian_diagonal_pass",
    "hessian_product_pass",
    "hessian_products_pass",
    "intercept_pass",
    "scores",
    "slope_pass",
    "value_pass",
]


def scores(X: Matrix, theta: Float[Array, "m p"]) -> Float[Array, "n m"]:
    """Scores Z = XWᵀ + b of each row."""
    k = X.shape[1]
    W, b = theta[:, :k], theta[:, k:]
    if not isinstance(X, np.ndarray) and X.format == "csr" and X.nnz < k:
        # SciPy copies all weights; those of the columns that occur will do.
        X, used = in_used_columns(X)
        W = W[:, used]
    Z: Float[Array, "n m"] = _float64(X) @ W.T
    if b.shape[1]:
        Z += b[:, 0]
    return Z


def value_pass(loss: Loss, batch: Batch, theta: Float[Array, "m p"]) -> tuple[Array]:
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ)."""
    value = loss.value(scores(batch.X, theta), batch.y)
    return (_weighted_sum(value, batch.weight),)


def gradient_pass(loss: Loss, batch: Batch, theta: Float[Array, "m p"]) -> tuple[Array, Array]:
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ) and its gradient Σᵢ sᵢ ∇ℓᵢ x̃ᵢᵀ, where x̃ is x with a 1 for the intercept."""
    value, residual = loss.value_and_gradient(scores(batch.X, theta), batch.y)
    return (
        _weighted_sum(value, batch.weight),
        _outer_sum(residual, batch, with_intercept=theta.shape[1] > batch.X.shape[1]),
    )


def hessian_product_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], direction: Float[Array, "m p"]
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ times ``direction``: Σᵢ sᵢ (∇²ℓᵢ D x̃ᵢ) x̃ᵢᵀ."""
    curved = loss.hessian_product(scores(batch.X, theta), scores(batch.X, direction))
    return (_outer_sum(curved, batch, with_intercept=theta.shape[1] > batch.X.shape[1]),)


def hessian_products_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], directions: Float[Array, "d m p"]
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ times each of ``directions``."""
    products = [hessian_product_pass(loss, batch, theta, direction)[0] for direction in directions]
    return (np.stack(products) if products else np.zeros_like(directions),)


def intercept_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"]
) -> tuple[Array, Array, Array]:
    """Σᵢ sᵢ ℓᵢ with its gradient (m) and Hessian (m×m) in the intercepts alone."""
    Z = scores(batch.X, theta)
    value, residual = loss.value_and_gradient(Z, batch.y)
    weight = np.ones(len(Z)) if batch.weight is None else batch.weight
    return (
        np.asarray(weight @ value),
        weight @ residual,
        loss.hessian_sum(Z, weight),
    )


def hessian_diagonal_pass(loss: Loss, batch: Batch, theta: Float[Array, "m p"]) -> tuple[Array]:
    """Diagonal of the Hessian of Σᵢ sᵢ ℓᵢ, in the shape of Θ."""
    curvature = loss.hessian_diagonal(scores(batch.X, theta))
    with_intercept = theta.shape[1] > batch.X.shape[1]
    squared = Batch(_squared(batch.X), batch.y, batch.weight)
    return (_outer_sum(curvature, squared, with_intercept=with_intercept),)


def slope_pass(loss: Loss, batch: Batch, direction: Float[Array, "m p"]) -> tuple[Array, Array]:
    """Slope of Σᵢ sᵢ ℓᵢ at infinity along ``direction``, and along the opposite direction."""
    U = scores(batch.X, direction)
    return (
        _weighted_sum(loss.slope_at_infinity(U, batch.y), batch.weight),
        _weighted_sum(loss.slope_at_infinity(-U, batch.y), batch.weight),
    )


def _weighted_sum(values: Float[Array, " n"], weight: Float[Array, " n"] | None) -> Array:
    return np.asarray(values.sum() if weight is None else weight @ values)


def _outer_sum(
    residual: Float[Array, "n m"], batch: Batch, *, with_intercept: bool
) -> Float[Array, "m p"]:
    """Σᵢ sᵢ rᵢ x̃ᵢᵀ, the shape of Θ."""
    if batch.weight is not None:
        residual = residual * batch.weight[:, None]
    # XᵀR and not RᵀX: SciPy multiplies a sparse matrix from the left.
    in_weights = (_float64(batch.X).T @ residual).T
    if not with_intercept:
        return in_weights
    return np.concatenate([in_weights, residual.sum(axis=0)[:, None]], axis=1)


def _float64(X: Matrix) -> Matrix:
    """Return the same matrix in float64, without a copy where it is float64 already."""
    return X if X.dtype == np.float64 else X.astype(np.float64)


def _squared(X: Matrix) -> Matrix:
    """Every value squared."""
    X = _float64(X)
    return X**2 if isinstance(X, np.ndarray) else X.power(2)
