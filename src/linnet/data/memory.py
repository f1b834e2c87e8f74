"""Samples held in memory: arrays or CSR, passed over in tiles that fit the cache."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data.batch import Batch, Matrix
from linnet.data.source import Fold, sum_over
from linnet.data.used_columns import in_used_columns
from linnet.types import Array

__all__ = ["MemorySource"]

# A tile of 2^19 float64 values is 4 MiB: large enough for BLAS to run at speed, small enough
# that data of another dtype are never converted whole.
TILE_VALUES: Final = 2**19
MINIMUM_TILE_ROWS: Final = 64
# Beside the samples so many values may be kept, 32 MiB, or so large a share of theirs.
KEPT_VALUES: Final = 2**22
KEPT_SHARE: Final = 0.1


@final
@dataclass(frozen=True)
class MemorySource:
    """Rows ``X`` (n×k, dense of any real dtype and order, or CSR), targets and weights.

    Nothing is copied: a tile is a view of the caller's arrays.
    """

    X: Matrix
    y: Array
    weight: Array | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return int(self.X.shape[1])

    @property
    def n_values(self) -> int:
        """Number of values stored."""
        return int(self.X.size if isinstance(self.X, np.ndarray) else self.X.nnz)

    @cached_property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return float(self.n_samples if self.weight is None else self.weight.sum())

    @property
    def room(self) -> int:
        """How many values may be kept beside the samples."""
        return max(KEPT_VALUES, int(KEPT_SHARE * self.n_values))

    @property
    def room_for_sums(self) -> int:
        """How many values sums may take: no limit is set to what lies in memory."""
        return sys.maxsize

    @property
    def tile_rows(self) -> int:
        """Rows that are handled at a time."""
        values_per_row = 1 + self.n_values // max(1, self.n_samples)
        return max(MINIMUM_TILE_ROWS, TILE_VALUES // values_per_row)

    def fold(self, function: Fold, *, tiled: bool = True) -> tuple[Array, ...]:
        """Sum ``function`` over the tiles, in order; or give it all rows at once."""
        whole = iter([Batch(self.X, self.y, self.weight)])
        return sum_over(self.tiles() if tiled else whole, function)

    def shuffled(self, random: np.random.Generator) -> Iterator[tuple[Batch, Int[Array, " n"]]]:
        """All rows, and a random order in which to take them."""
        yield Batch(self.X, self.y, self.weight), random.permutation(self.n_samples)

    def sample(self, random: np.random.Generator, size: int) -> "MemorySource":
        """At most ``size`` rows, drawn without replacement."""
        if size >= self.n_samples:
            return self
        rows = self._rows(np.sort(random.choice(self.n_samples, size, replace=False)))
        return MemorySource(rows.X, rows.y, rows.weight)

    def rotated(self, basis: Float[Array, "p r"]) -> "MemorySource":
        """Put samples Bᵀx in place of x; with a 1 after x if B has k + 1 rows."""
        X = self.X if basis.dtype == np.float64 else self.X.astype(basis.dtype, copy=False)
        rotated = np.asarray(X @ basis[: self.n_features], dtype=basis.dtype)
        if len(basis) > self.n_features:
            rotated += basis[-1]
        return MemorySource(rotated, self.y, self.weight)

    def without_empty_columns(self) -> "MemorySource":
        """Leave out the columns that no row of a sparse matrix has an entry in.

        Vectors of a number a column are then short where the rows are few.
        """
        if isinstance(self.X, np.ndarray):
            return self
        X, _ = in_used_columns(self.X)
        return MemorySource(X, self.y, self.weight)

    def tiles(self) -> Iterator[Batch]:
        """All rows in order, a tile at a time."""
        # One tile covers the data: spare CSR the copy that slicing would make.
        if self.n_samples <= self.tile_rows:
            yield Batch(self.X, self.y, self.weight)
            return
        for start in range(0, self.n_samples, self.tile_rows):
            yield self._rows(slice(start, start + self.tile_rows))

    def _rows(self, rows: slice | Array) -> Batch:
        return Batch(self.X, self.y, self.weight).take(rows)
