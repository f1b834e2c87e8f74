"""Rows with their means taken out, never formed where that would copy or fill a sparse matrix."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.data import Batch, Matrix, MemorySource
from linnet.numeric import EPSILON
from linnet.types import Array

__all__ = ["CentredRows", "precision_of"]


@final
@dataclass(frozen=True)
class CentredRows:
    """Weighted rows as least squares sees them: A = √s (X − 1x̄ᵀ), Y = √s (y − 1ȳᵀ).

    Parameters
    ----------
    source : MemorySource
        The samples; targets of shape (n, m).
    x_mean, y_mean : array of shape (k,) and (m,)
        The means taken out; zeros for a model without intercept.
    is_centred : bool
        Whether there is an intercept.
    """

    source: MemorySource
    x_mean: Float[Array, " k"]
    y_mean: Float[Array, " m"]
    is_centred: bool

    @classmethod
    def of(cls, source: MemorySource, *, centre: bool) -> "CentredRows":
        """Take out the weighted means, in one pass; or nothing."""
        if not centre:
            return cls(
                source, np.zeros(source.n_features), np.zeros(source.y.shape[1]), is_centred=False
            )
        x_sum, y_sum = source.fold(lambda rows: (_sum(rows.X, rows), _sum(rows.y, rows)))
        S = source.total_weight
        return cls(source, x_sum / S, y_sum / S, is_centred=True)

    @property
    def offset(self) -> Float[Array, " k"]:
        """Length of what centring takes out of each column."""
        return np.abs(self.x_mean) * np.sqrt(self.source.total_weight)

    @property
    def precision(self) -> float:
        """Relative rounding of the values of X, from the type they came in."""
        return precision_of(self.source)

    def intercept(self, coef: Float[Array, "k m"]) -> Float[Array, " m"]:
        """B = ȳ − W x̄, the best for these weights."""
        return self.y_mean - self.x_mean @ coef

    def column_squares(self) -> Float[Array, " k"]:
        """Diagonal of AᵀA, of sparse rows."""

        def squares(rows: Batch) -> tuple[Array]:
            return (_sum(rows.X.multiply(rows.X).tocsr(), rows),)

        S = self.source.total_weight
        return (self.source.fold(squares)[0] - S * self.x_mean**2).clip(min=0)

    def target_squares(self) -> Float[Array, " m"]:
        """Diagonal of YᵀY."""
        squares = (self.source.y - self.y_mean) ** 2
        weight = self.source.weight
        return squares.sum(axis=0) if weight is None else weight @ squares

    def gram(self) -> tuple[Float[Array, "k k"], Float[Array, "k m"]]:
        """AᵀA and AᵀY."""

        def products(rows: Batch) -> tuple[Array, Array]:
            weighted = _weighted(rows.X, rows.weight)
            square = weighted.T @ rows.X
            return (
                square if isinstance(square, np.ndarray) else square.toarray(),
                np.asarray(weighted.T @ rows.y),
            )

        square, cross = self.source.fold(products)
        S = self.source.total_weight
        square -= S * np.outer(self.x_mean, self.x_mean)
        return square, cross - S * np.outer(self.x_mean, self.y_mean)

    def normal_residual(self, coef: Float[Array, "k m"]) -> Float[Array, "k m"]:
        """Aᵀ(Y − A Wᵀ): zero at the least-squares solution."""
        offset = self.intercept(coef)

        def products(rows: Batch) -> tuple[Array, Array]:
            residual = _weighted(rows.y - (rows.X @ coef + offset), rows.weight)
            return np.asarray(rows.X.T @ residual), residual.sum(axis=0)

        product, total = self.source.fold(products)
        return product - np.outer(self.x_mean, total)

    def mean_squares(self, coef: Float[Array, "k m"]) -> Float[Array, " m"]:
        """Mean squares of the residuals, by weight."""
        offset = self.intercept(coef)

        def squares(rows: Batch) -> tuple[Array]:
            residual = rows.y - (rows.X @ coef + offset)
            return (_sum(residual**2, rows),)

        return self.source.fold(squares)[0] / self.source.total_weight


def precision_of(source: MemorySource) -> float:
    """Relative rounding of the values of X, from the type they came in."""
    dtype = source.X.dtype
    return float(np.finfo(dtype).eps) if np.issubdtype(dtype, np.floating) else EPSILON


def _weighted(values: Matrix, weight: Float[Array, " n"] | None) -> Matrix:
    if weight is None:
        return values
    if isinstance(values, np.ndarray):
        return values * weight[:, None]
    return values.multiply(weight[:, None]).tocsr()


def _sum(values: Matrix, rows: Batch) -> Array:
    weight = np.ones(rows.n_samples) if rows.weight is None else rows.weight
    return np.asarray(values.T @ weight, dtype=np.float64)
