"""Which columns of a design are combinations of others: what they would weigh is not determined.

As in R, columns are taken in order, and one that those before it already give is left out: its
weight counts as 0, and the weights of the others are those that go with that. Of the levels of a
category, which sum to the intercept's column of ones, the base level is left out so.
"""

from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.linalg import lapack

from linnet.types import Array

__all__ = ["LEAST_LEFT", "factor_if_regular", "independent_columns"]

LEAST_LEFT: Final = 1e-11
"""Share of a column's squares that must be left, less what others give of it.

The rounding of the sums behind it is below 1e-13; and a column of which 1e-11 is left has a
standard error 300,000 times as large as it would have by itself.
"""


def factor_if_regular(matrix: Float[Array, "d d"]) -> Float[Array, "d d"] | None:
    """Cholesky factor L of a matrix of unit diagonal; ``None`` where it is singular to rounding."""
    L, info = lapack.dpotrf(np.asfortranarray(matrix), lower=True, clean=True)
    if info != 0 or np.any(np.diagonal(L) ** 2 <= LEAST_LEFT):
        return None
    return L


def independent_columns(gram: Float[Array, "p p"], order: Int[Array, " p"]) -> Bool[Array, " p"]:
    """Find the columns that are no combination of those before them in ``order``.

    ``gram`` holds the products of columns of unit length, or of length 0.
    """
    if factor_if_regular(gram) is not None:
        return np.ones(len(gram), bool)
    kept = np.zeros(len(gram), bool)
    rows = np.zeros(gram.shape)
    rank = 0
    for j in order:
        past = rows[:rank, j]
        left = gram[j, j] - past @ past
        if left > LEAST_LEFT:
            kept[j] = True
            rows[rank] = (gram[j] - past @ rows[:rank]) / np.sqrt(left)
            rank += 1
    return kept
