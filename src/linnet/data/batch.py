"""A batch: the rows of a table that are handled together, with their targets and weights."""

from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from linnet.errors import DataError
from linnet.types import Array

__all__ = ["Batch", "Matrix", "misplaced_entry"]

Matrix: TypeAlias = Any
"""Samples as rows (n×k): a NumPy array of any real dtype and order, or a SciPy CSR array."""


@final
@dataclass(frozen=True)
class Batch:
    """Rows ``X`` (n×k), their targets ``y``, and their weights (``None``: each counts once).

    Targets are labels, integers of shape (n,); or rows of numbers, of shape (n, m).
    """

    X: Matrix
    y: Array
    weight: Array | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return int(self.X.shape[0])

    def __sizeof__(self) -> int:
        """Bytes of all arrays: a scheduler asks before it moves a batch to another machine."""
        dense = isinstance(self.X, np.ndarray)
        parts = (self.X,) if dense else (self.X.data, self.X.indices, self.X.indptr)
        return sum(part.nbytes for part in (*parts, self.y, self.weight) if part is not None)

    def take(self, rows: slice | Array) -> "Batch":
        """Give these rows alone: views for a slice of dense rows, else copies."""
        weight = None if self.weight is None else self.weight[rows]
        return Batch(self.X[rows], self.y[rows], weight)


def misplaced_entry(row: int, column: int) -> DataError:
    """Make the error of an entry of a sparse row that names a column there is not."""
    return DataError(
        f"An entry in row {row} of the sparse matrix names column {column}, which it does not "
        "have. Its index arrays are corrupt: build it anew."
    )
