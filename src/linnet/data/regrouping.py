"""Batches of any size become blocks of a wanted one; no row is copied that need not be."""

from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Int

from linnet.data.batch import Batch
from linnet.types import Array

__all__ = ["regrouped"]


def regrouped(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    """Give the rows of ``batches``, in order, as lists of pieces that make up one block each.

    Parameters
    ----------
    batches : iterable of Batch
        Rows, dense or CSR.
    size : int
        Bytes that a block may take. A row that takes more is a block of its own.
    """
    pieces: list[Batch] = []
    filled = 0
    for batch in batches:
        ends = _ends(batch)
        start = 0
        while start < batch.n_samples:
            stop = int(np.searchsorted(ends, ends[start] + size - filled, side="right")) - 1
            if not pieces:
                stop = max(stop, start + 1)
            if stop > start:
                whole = start == 0 and stop == batch.n_samples
                pieces.append(batch if whole else batch.take(slice(start, stop)))
                filled += int(ends[stop] - ends[start])
                start = stop
            if start < batch.n_samples:
                yield pieces
                pieces, filled = [], 0
    if pieces:
        yield pieces


def _ends(batch: Batch) -> Int[Array, " ends"]:
    """Bytes of the first r rows, for r = 0 to n."""
    n = batch.n_samples
    beside = sum(a.nbytes for a in (batch.y, batch.weight) if a is not None) // max(1, n)
    rows = np.arange(n + 1, dtype=np.int64)
    if isinstance(batch.X, np.ndarray):
        return rows * (batch.X.shape[1] * batch.X.itemsize + beside)
    X = batch.X
    of_value, of_row = X.data.itemsize + X.indices.itemsize, X.indptr.itemsize + beside
    return (X.indptr - X.indptr[0]).astype(np.int64) * of_value + rows * of_row
