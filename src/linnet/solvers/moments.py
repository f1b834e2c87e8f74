"""Everything least squares needs of the rows, in one triangle that rows can be added to."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["Moments"]


@final
@dataclass(frozen=True)
class Moments:
    """R of the QR factorisation of the weighted rows √s [1, x, y].

    RᵀR holds every sum of products, but R keeps twice the digits that those sums would. Its
    first row is the means; below it stands the factor of the centred rows, without a centring
    that could cancel.

    Parameters
    ----------
    R : array of shape (1 + k + m, 1 + k + m)
        Upper triangular.
    n_features : int
        Number of features k.
    n_rows : int
        Number of rows so far, each of which has left some rounding in R.
    """

    R: Float[Array, "t t"]
    n_features: int
    n_rows: int

    @classmethod
    def empty(cls, n_features: int, n_targets: int) -> "Moments":
        """No rows yet."""
        size = 1 + n_features + n_targets
        return cls(np.zeros((size, size)), n_features, 0)

    def with_rows(
        self,
        X: Float[Array, "n k"],
        y: Float[Array, "n m"],
        weight: Float[Array, " n"] | None = None,
    ) -> "Moments":
        """Add rows; the old and the new are told apart by nothing afterwards."""
        rows = np.concatenate([np.ones((len(X), 1)), X, y], axis=1)
        if weight is not None:
            rows *= np.sqrt(weight)[:, None]
        R = np.linalg.qr(np.concatenate([self.R, rows]), mode="r")
        return Moments(np.asarray(R), self.n_features, self.n_rows + len(X))

    @property
    def n_targets(self) -> int:
        """Number of targets m."""
        return len(self.R) - 1 - self.n_features

    @property
    def total_weight(self) -> float:
        """Sum of the weights so far."""
        return float(self.R[0, 0] ** 2)

    @property
    def means(self) -> tuple[Float[Array, " k"], Float[Array, " m"]]:
        """Weighted means of the features and of the targets."""
        row = self.R[0] / self.R[0, 0]
        return row[1 : 1 + self.n_features], row[1 + self.n_features :]

    def mean_squared_residual(self, theta: Float[Array, "m p"]) -> Float[Array, " m"]:
        """Weighted mean of (y − W x − b)² over all rows, for Θ = [W b]."""
        k = self.n_features
        W, b = theta[:, :k], theta[:, k]
        residual = self.R[:, 1 + k :] - self.R[:, 1 : 1 + k] @ W.T - np.outer(self.R[:, 0], b)
        return (residual**2).sum(axis=0) / self.total_weight

    def rows(self, *, centred: bool) -> tuple[Float[Array, "t k"], Float[Array, "t m"]]:
        """Return a few rows with the same sums of products as all the rows added."""
        kept = self.R[1:] if centred else self.R
        return kept[:, 1 : 1 + self.n_features].copy(), kept[:, 1 + self.n_features :].copy()
