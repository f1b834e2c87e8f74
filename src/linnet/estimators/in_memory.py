"""Which rows lie in memory: what some fits need, for they take parts of them."""

from typing import Any

from linnet.data.dask_collections import is_collection
from linnet.errors import DataTypeError
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.scanning import Scan

__all__ = ["check_in_memory"]


def check_in_memory(X: Any, what: str) -> None:
    """Raise a DataTypeError for rows that lie elsewhere."""
    if isinstance(X, Scan | MatrixScan | PreparedRows) or is_collection(X):
        raise DataTypeError(
            f"{what} takes rows in memory: an array, sparse matrix or data frame. A scan or Dask "
            "collection is for fit of SoftmaxRegression and LinearRegression."
        )
