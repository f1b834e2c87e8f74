"""A table as users give it to an encoder, found fit to be encoded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse

from linnet.data.frames import as_table
from linnet.data.tables import Table
from linnet.errors import DataError, DataTypeError, TableError

__all__ = ["check_input_names", "given_table"]


def given_table(X: Any) -> Table:
    """Make a Table of at least one row of what a user gives.

    Raises
    ------
    DataTypeError
        If it is a sparse matrix, or nothing that a table can be made of.
    TableError
        If it has no row, or its columns cannot be used.
    """
    if issparse(X):
        raise DataTypeError(
            "Sparse data was passed, but a table has dense columns. A sparse matrix needs no "
            "encoder: fit the model to it directly."
        )
    table = as_table(X)
    if table.n_rows == 0:
        raise TableError(
            f"{table.origin}: found 0 sample(s) (shape=(0, {len(table.names)})) while a minimum "
            "of 1 is required."
        )
    return table


def check_input_names(input_features: Any, columns: Sequence[str], *, named: bool) -> None:
    """Raise DataError unless these are the names of the columns that an encoder was fitted to."""
    names = np.asarray(input_features, dtype=object)
    if len(names) != len(columns):
        raise DataError(
            "input_features should have length equal to number of features "
            f"({len(columns)}), got {len(names)}"
        )
    if named and list(names) != list(columns):
        raise DataError("input_features is not equal to feature_names_in_")
