"""Sparse rows in those columns alone that one of them has an entry in."""

import numpy as np
from jaxtyping import Int
from scipy.sparse import csr_matrix

from linnet.data.batch import Matrix
from linnet.types import Array

__all__ = ["in_used_columns"]


def in_used_columns(X: Matrix) -> tuple[csr_matrix, Int[Array, " u"]]:
    """Give sparse rows without the columns that are empty, and which columns are left, in order.

    Where rows are few and columns many, what belongs to the columns is then small.

    Examples
    --------
    >>> rows, used = in_used_columns(csr_matrix([[0, 0, 3], [0, 5, 0]]))
    >>> rows.toarray(), used
    (array([[0, 3],
           [5, 0]]), array([1, 2]))
    """
    is_used = np.zeros(X.shape[1], dtype=bool)
    is_used[X.indices] = True
    used = np.flatnonzero(is_used)
    places = np.cumsum(is_used, dtype=X.indices.dtype) - 1
    rows = csr_matrix((X.data, places[X.indices], X.indptr), shape=(X.shape[0], len(used)))
    # Columns keep their order.
    rows.has_canonical_format = X.has_canonical_format
    return rows, used
