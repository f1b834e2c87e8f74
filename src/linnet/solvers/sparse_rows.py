"""Sums of products of sparse rows, which are never shifted nor filled.

Beside a dense tile (:mod:`linnet.solvers.shifted_rows`) it is the other kind of rows that a batch
may hold; both give the same sums. Here c = 0, for x − c would have no zeros left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.data import Batch, MemorySource
from linnet.types import Array

__all__ = ["SparseRows"]


@final
@dataclass(frozen=True)
class SparseRows:
    """Weighted rows z = √s [x, y − d, 1] ∈ Rᵖ, p = k + m + 1.

    Parameters
    ----------
    source : MemorySource
        Samples as CSR; targets of shape (n, m).
    centre : array of shape (k + m,)
        Zeros, and d.
    """

    source: MemorySource
    centre: Float[Array, " t"]

    @property
    def longest_sum(self) -> int:
        """Additions that follow one another, at most, in any sum of products."""
        n = self.source.n_samples
        return min(n, self.source.tile_rows) + n // self.source.tile_rows + 1

    def products(self) -> Float[Array, "p p"]:
        """Σ z zᵀ; not finite where a value is not, or its square."""
        k, p = self.source.n_features, len(self.centre) + 1
        total = np.zeros((p, p))
        with np.errstate(invalid="ignore", over="ignore"):
            for tile, others in self._tiles():
                weighted = tile.X if tile.weight is None else tile.X.multiply(tile.weight[:, None])
                weighted = weighted.tocsr()
                total[:k, :k] += (weighted.T @ tile.X).toarray()
                total[:k, k:] += weighted.T @ others
                total[k:, k:] += others.T @ _weighted(others, tile)
        total[k:, :k] = total[:k, k:].T
        return total

    def residual_products(
        self, directions: Float[Array, "p j"]
    ) -> tuple[Float[Array, "f j"], Float[Array, " j"]]:
        """Σ z eᵀ over the features and the 1, and Σ e², for e = Vᵀz."""
        k, width = self.source.n_features, directions.shape[1]
        total, squares = np.zeros((k + 1, width)), np.zeros(width)
        for tile, others in self._tiles():
            E = tile.X @ directions[:k] + others @ directions[k:]
            weighted = _weighted(E, tile)
            total[:k] += tile.X.T @ weighted
            total[k] += weighted.sum(axis=0)
            squares += np.einsum("nj,nj->j", E, weighted)
        return total, squares

    def direction_products(self, directions: Float[Array, "p j"]) -> Float[Array, "j j"]:
        """Σ e eᵀ, for e = Vᵀz."""
        k = self.source.n_features
        total = np.zeros((directions.shape[1], directions.shape[1]))
        for tile, others in self._tiles():
            E = tile.X @ directions[:k] + others @ directions[k:]
            total += E.T @ _weighted(E, tile)
        return total

    def _tiles(self) -> Iterator[tuple[Batch, Float[Array, "n o"]]]:
        """Give the rows a tile after another, and [y − d, 1]."""
        k = self.source.n_features
        for tile in self.source.tiles():
            others = np.ones((tile.n_samples, len(self.centre) + 1 - k))
            np.subtract(tile.y, self.centre[k:], out=others[:, :-1])
            yield tile, others


def _weighted(values: Float[Array, "n j"], rows: Batch) -> Float[Array, "n j"]:
    return values if rows.weight is None else values * rows.weight[:, None]
