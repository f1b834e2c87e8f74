"""The space that rows span: with more features than rows, all that a penalised fit can use of them.

A part of w orthogonal to every row changes no score and costs penalty, so the best weights are
combinations of rows: W = V Qᵀ, where the columns of Q are an orthonormal basis of the rows of X.
Then ‖W‖ = ‖V‖ and XWᵀ = LVᵀ with L = XQ, of n columns at most. From the eigenvectors U of
XXᵀ = U S² Uᵀ come L = US and Q = XᵀUS⁻¹.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float
from scipy.linalg import eigh

from linnet.numeric import EPSILON
from linnet.types import Array

__all__ = ["RowSpace"]

# Columns that are converted to float64 at a time: 16 MiB.
BLOCK_VALUES: Final = 2**21


@final
@dataclass(frozen=True)
class RowSpace:
    """The row space of a dense matrix, which is not copied.

    Parameters
    ----------
    X : array of shape (n, k)
        Any real type.
    rows : array of shape (n, r)
        L, the rows in the coordinates of Q.
    mixing : array of shape (n, r)
        US⁻¹, so that Q = Xᵀ times it.
    """

    X: Array
    rows: Float[Array, "n r"]
    mixing: Float[Array, "n r"]

    @classmethod
    def of(cls, X: Array) -> "RowSpace | None":
        """Find it by the eigenvectors of XXᵀ; directions lost in its rounding are left out.

        ``None`` where nothing is left, as of zeros, or where XXᵀ overflows.
        """
        gram = np.zeros((len(X), len(X)))
        with np.errstate(over="ignore", invalid="ignore"):
            for _, block in _blocks(X):
                gram += block @ block.T
        if not np.all(np.isfinite(gram)):
            return None
        squares, U = eigh(gram, check_finite=False)
        n, k = X.shape
        kept = squares > (n + 10 * sqrt(k)) * EPSILON * squares[-1]
        if not np.any(kept):
            return None
        lengths = np.sqrt(squares[kept])
        return cls(X, U[:, kept] * lengths, U[:, kept] / lengths)

    def coordinates(self, W: Float[Array, "m k"]) -> Float[Array, "m r"]:
        """V = WQ: the part of W that the rows see."""
        products = np.zeros((len(W), len(self.X)))
        for columns, block in _blocks(self.X):
            products += W[:, columns] @ block.T
        return products @ self.mixing

    def weights(self, V: Float[Array, "m r"]) -> Float[Array, "m k"]:
        """W = VQᵀ."""
        combinations = V @ self.mixing.T
        W = np.empty((len(V), self.X.shape[1]))
        for columns, block in _blocks(self.X):
            W[:, columns] = combinations @ block
        return W


def _blocks(X: Array) -> Iterator[tuple[slice, Float[Array, "n b"]]]:
    """Give some columns at a time, in float64."""
    size = max(1, BLOCK_VALUES // max(1, len(X)))
    for start in range(0, X.shape[1], size):
        columns = slice(start, start + size)
        yield columns, X[:, columns].astype(np.float64, copy=False)
