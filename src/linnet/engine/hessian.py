"""The whole Hessian of a linear model over one batch: Σᵢ sᵢ ∇²ℓᵢ ⊗ x̃ᵢx̃ᵢᵀ.

Its symmetries leave a second moment Σᵢ cᵢ x̃ᵢx̃ᵢᵀ for each pair of scores a ≤ b, whose weights cᵢ
are the entries (a, b) of the curvatures sᵢ ∇²ℓᵢ. All of them are added up in one reading.
"""

from typing import Any, Final

import numpy as np
from jaxtyping import Float, Shaped

from linnet.data import Batch, Matrix
from linnet.engine import native
from linnet.engine.choice import engine_name
from linnet.losses import Loss
from linnet.types import Array

__all__ = ["hessian_pass", "length_pass", "second_moment_pass"]

# Values a tile of rows or curvatures may hold: 16 MiB.
TILE_VALUES: Final = 2**21


def hessian_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    columns: int | None = None,
    *,
    precise: bool = True,
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ in the first ``columns`` columns of Θ, r: of shape (m, r, m, r)."""
    m, width = theta.shape
    r = width if columns is None else columns
    first, second = np.triu_indices(m)
    moments = _Moments(len(first), r, precise=precise)
    rows = max(64, TILE_VALUES // max(m * m, width))
    for start in range(0, batch.n_samples, rows):
        X = batch.X[start : start + rows]
        curvature = loss.hessian(_scores(X, theta.astype(moments.dtype)))
        if batch.weight is not None:
            curvature = curvature * batch.weight[start : start + rows, None, None]
        moments.add(X, width, curvature[:, first, second].T)
    hessian = np.empty((m, r, m, r))
    for a, b, moment in zip(first, second, moments.sums(), strict=True):
        hessian[a, :, b, :] = hessian[b, :, a, :] = moment
    return (hessian,)


def second_moment_pass(batch: Batch, p: int, *, precise: bool = True) -> tuple[Array]:
    """Σᵢ sᵢ x̃ᵢx̃ᵢᵀ, where x̃ has p entries, a 1 among them if that is one more than x has."""
    moments = _Moments(1, p, precise=precise)
    weight = np.ones(batch.n_samples) if batch.weight is None else batch.weight
    rows = max(64, TILE_VALUES // p)
    for start in range(0, batch.n_samples, rows):
        moments.add(batch.X[start : start + rows], p, weight[None, start : start + rows])
    return (moments.sums()[0],)


def length_pass(batch: Batch, p: int) -> tuple[Array, Array]:
    """Σᵢ tᵢ² and Σᵢ tᵢ where tᵢ = sᵢ ‖x̃ᵢ‖², and x̃ has p entries as above."""
    X = batch.X.astype(np.float64)
    squares = np.einsum("nk,nk->n", X, X) if isinstance(X, np.ndarray) else X.power(2).sum(axis=1)
    lengths = np.asarray(squares).ravel() + (p - batch.X.shape[1])
    if batch.weight is not None:
        lengths = lengths * batch.weight
    return np.asarray(lengths @ lengths), np.asarray(lengths.sum())


class _Moments:
    """Σᵢ cᵢ x̃ᵢx̃ᵢᵀ in the first r entries of x̃, for each of several rows of weights c.

    Products are in float64 if ``precise``, else in float32; sums over tiles are in float64.
    """

    def __init__(self, sets: int, r: int, *, precise: bool) -> None:
        self.dtype = np.dtype(np.float64 if precise else np.float32)
        self._r = r
        # The native engine takes whole vectors: zeros fill the last.
        vector = native.VECTOR_BYTES // self.dtype.itemsize
        padded = -(-r // vector) * vector
        self._sums = np.zeros((sets, padded, padded))

    def add(self, X: Matrix, p: int, weights: Float[Array, "c n"]) -> None:
        """Add rows x, to which a 1 is appended where p is one more than they have entries."""
        rows = np.zeros((X.shape[0], self._sums.shape[1]), self.dtype)
        k = min(X.shape[1], self._r)
        rows[:, :k] = _dense(X if k == X.shape[1] else X[:, :k])
        if X.shape[1] < min(p, self._r):
            rows[:, X.shape[1]] = 1
        weights = np.ascontiguousarray(weights, self.dtype)
        if engine_name() == "native":
            native.add_moments(rows, weights, self._sums)
            return
        for i, weight in enumerate(weights):
            self._sums[i] += rows.T @ (rows * weight[:, None])

    def sums(self) -> Float[Array, "c r r"]:
        """Give the matrices, both halves of each."""
        upper = np.triu(self._sums[:, : self._r, : self._r])
        return upper + np.triu(upper, 1).transpose(0, 2, 1)


def _scores(X: Matrix, theta: Float[Array, "m p"]) -> Float[Array, "n m"]:
    k = X.shape[1]
    Z: Array = _dense(X).astype(theta.dtype, copy=False) @ theta[:, :k].T
    return Z.astype(np.float64) + (theta[:, k] if theta.shape[1] > k else 0.0)


def _dense(X: Matrix) -> Shaped[Any, "n k"]:
    return X if isinstance(X, np.ndarray) else X.toarray()
