"""Labelled samples: some of the rows of whatever holds them, and rows that tell nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse
from sklearn.utils import _safe_indexing

from linnet.data.frames import as_table
from linnet.data.plain import plain_table
from linnet.data.tables import Table
from linnet.errors import DataError, DataTypeError
from linnet.features.labels import class_codes, is_missing, read_labels
from linnet.types import Array

__all__ = ["Labelled", "blank_rows", "count_rows", "label_array", "labelled", "take_rows"]


@final
@dataclass(frozen=True)
class Labelled:
    """Samples, the class number of each, and the alphabet that these numbers are of."""

    X: Any
    codes: Int[Array, " n"]
    classes: Array

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def labels(self) -> Array:
        """The labels themselves, of shape (n,)."""
        return self.classes[self.codes]

    def take(self, rows: Int[Array, " m"]) -> "Labelled":
        """Return some of the rows."""
        return Labelled(take_rows(self.X, rows), self.codes[rows], self.classes)


def labelled(X: Any, y: Any, classes: ArrayLike | None = None) -> Labelled:
    """Check samples and labels; the alphabet is that given, or of these labels.

    Raises
    ------
    DataError
        If there is not one label for each row, or a label is not among the classes.
    """
    X = as_table(X) if isinstance(X, Mapping) else X
    y = label_array(y, count_rows(X))
    known = read_labels(y if classes is None else np.asarray(classes), given=classes is not None)
    codes = class_codes(y, known.classes)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise DataError(
            f"y has the label {y[row]!s} in row {row}, which is not among the "
            f"{len(known.classes)} classes given. Name every class that can occur."
        )
    return Labelled(X, codes, known.classes)


def label_array(y: Any, n: int, name: str = "y") -> Array:
    """Check that there is one label for each of ``n`` rows, and at least one row.

    Raises
    ------
    DataError
        If there are more or fewer, or none, or one is missing.
    """
    labels = np.asarray(y)
    if labels.ndim != 1 or len(labels) != n:
        raise DataError(
            f"{name} has shape {labels.shape} beside {n} rows of features. Give one label for each "
            "row."
        )
    if n == 0:
        raise DataError("There is no row, so there is nothing to code.")
    if labels.dtype.kind in "fO":
        missing = np.array([is_missing(label) for label in labels])
        if missing.any():
            raise DataError(
                f"{name} has no label in row {np.argmax(missing)}, and in {missing.sum()} rows in "
                "all. Leave these rows out."
            )
    return labels


def count_rows(X: Any) -> int:
    """Count the rows.

    Raises
    ------
    DataTypeError
        If ``X`` holds no rows at all.
    """
    if isinstance(X, Table):
        return X.n_rows
    shape: Any = getattr(X, "shape", (len(X),) if isinstance(X, list | tuple) else ())
    if len(shape) == 0:
        raise DataTypeError(
            f"X is {X!r}. Give one row of features for each label: an array, a sparse matrix, a "
            "data frame, a table or a list."
        )
    return int(shape[0])


def take_rows(X: Any, rows: Int[Array, " m"]) -> Any:
    """Return these rows, in this order, in the same kind of container."""
    if isinstance(X, Table):
        # Made plain again, for a category may have lost some of its levels.
        return plain_table(X.columns.take(rows), X.origin, X.notes)
    sparse: bool = issparse(X)
    return csr_matrix(X)[rows] if sparse else _safe_indexing(X, rows)


def blank_rows(X: Any) -> Any:
    """Return as many rows that tell nothing: zeros, as many features as numbers have, or one."""
    if isinstance(X, np.ndarray) and X.dtype.kind in "buif":
        return np.zeros(X.shape)
    sparse: bool = issparse(X)
    return csr_matrix(X.shape) if sparse else np.zeros((count_rows(X), 1))
