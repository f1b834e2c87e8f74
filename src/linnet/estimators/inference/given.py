"""Rows as users give them to ``inference``: in memory, and with the columns of the fit."""

from typing import Any

from linnet.data import Matrix
from linnet.data.dask_collections import is_collection
from linnet.errors import SettingError
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.matrix_scan import MatrixScan
from linnet.estimators.scanning import Scan
from linnet.estimators.validation import check_features

__all__ = ["check_in_memory", "memory_rows"]


def memory_rows(model: Any, X: Any) -> Matrix:
    """Rows of finite numbers with the features that a fitted model knows.

    Raises
    ------
    SettingError
        If they are not in memory.
    DataError
        If they have another shape or other names, or are not finite.
    """
    check_in_memory(X)
    return check_features(model, X, reset=False)


def check_in_memory(X: Any) -> None:
    """Raise a SettingError for a scan or a Dask collection."""
    if isinstance(X, Scan | MatrixScan | PreparedRows) or is_collection(X):
        raise SettingError(
            "inference takes rows in memory, and this is a scan or a Dask collection. Give an "
            "array or a table; a sample of the rows, and a model fitted to that sample, will do."
        )
