"""The probabilities that Hessian products need, kept; and thinned where few of them count.

A probability near 0 or 1 has no curvature ŷ(1 − ŷ). Late in fits with little penalty most are, and
products that visit the others alone take a fraction of the time.
"""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias, final

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from linnet.data import Batch
from linnet.types import Array

__all__ = ["Curvatures", "KeptCurvature", "thinned"]

# Rows that tell how many would be left: so few take no time beside a product.
SAMPLE: Final = 512
# A pair of a row and a class takes some times as long as in a product with all of them.
FEW: Final = 0.15
# No more than this share of all curvature is dropped.
NEGLIGIBLE: Final = 1e-3
ROWS_AT_ONCE: Final = 4096


@final
@dataclass(frozen=True)
class KeptCurvature:
    """What all Hessian products over a batch have in common, if there is something.

    Parameters
    ----------
    values : array of shape (m, n), sparse array of shape (n, m) or None
        Probabilities of all classes and rows, or those that count.
    of_dense : bool
        Whether the batch is dense, so that a product can visit those alone that count.
    """

    values: Array | csr_array | None
    of_dense: bool

    @classmethod
    def of(cls, batch: Batch, values: Array | None) -> "KeptCurvature":
        """Keep what was worked out for a batch."""
        return cls(values, isinstance(batch.X, np.ndarray))

    def thinned(self, droppable: float) -> "KeptCurvature":
        """Leave out what may be dropped, where that saves time: see :func:`thinned`."""
        if not self.of_dense or not isinstance(self.values, np.ndarray):
            return self
        few = thinned(self.values, droppable)
        return self if few is None else replace(self, values=few)


Curvatures: TypeAlias = list[KeptCurvature]
"""What Hessians have in common, batch by batch; nothing where it was too much to be kept."""


def thinned(probabilities: Float[Array, "m n"], droppable: float) -> csr_array | None:
    """Return the probabilities of curvature, row by row; ``None`` where too many have some.

    Parameters
    ----------
    probabilities : array of shape (m, n)
        Of each class and row.
    droppable : float
        The sum of ŷ(1 − ŷ) over the classes that may be dropped, in the mean over rows.

    Returns
    -------
    pairs : sparse array of shape (n, m)
        Those that count, or ``None``.
    """
    m, n = probabilities.shape
    some = probabilities[:, :: max(1, n // SAMPLE)].astype(np.float64)
    curvatures = np.sort((some * (1 - some)).ravel())
    mean = np.cumsum(curvatures) / some.shape[1]
    dropped = int(np.searchsorted(mean, min(droppable, NEGLIGIBLE * float(mean[-1]))))
    if curvatures.size - dropped > FEW * curvatures.size:
        return None
    least = curvatures[dropped] if dropped < curvatures.size else np.inf
    starts, classes, values = [np.zeros(1, np.int64)], [], []
    for start in range(0, n, ROWS_AT_ONCE):
        P = np.ascontiguousarray(probabilities[:, start : start + ROWS_AT_ONCE].T)
        counts = least <= P * (1 - P)
        rows, columns = np.nonzero(counts)
        starts.append(starts[-1][-1] + np.cumsum(np.bincount(rows, minlength=len(P))))
        classes.append(columns.astype(np.int32))
        values.append(P[counts])
    data = np.concatenate(values), np.concatenate(classes), np.concatenate(starts)
    return csr_array(data, shape=(n, m))
