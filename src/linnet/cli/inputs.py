"""What the commands read: a table, or a libsvm file, which holds features and target in one."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_matrix

from linnet.cli.options import Reading
from linnet.cli.terminal import note
from linnet.data.frames import as_table
from linnet.data.libsvm import LibsvmData, read_libsvm
from linnet.data.reading import read_table, table_format
from linnet.data.tables import Table, name_list
from linnet.errors import SettingError, TableError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel
from linnet.features import HashingEncoder
from linnet.features.hashed_table import HashedKind
from linnet.features.quantities import NumberEncoder, number_values
from linnet.types import Array

__all__ = [
    "AnyModel",
    "Features",
    "columns_of",
    "is_classifier",
    "number_columns_of",
    "read_columns",
    "read_input",
    "regression_of",
    "rows_for",
]

AnyModel: TypeAlias = SoftmaxRegression | LinearRegression | TableModel
"""What `linnet.load` gives."""

Features: TypeAlias = Table | csr_matrix
"""Rows of features: a table that an encoder reads, or a matrix."""


def read_input(path: Path, reading: Reading, n_features: int | None = None) -> Table | LibsvmData:
    """Read a file and tell what was assumed.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    reading : Reading
        How to read it.
    n_features : int, optional
        Number of features that a libsvm file is to have.
    """
    if table_format(path) == "libsvm":
        return read_libsvm(path, n_features)
    table = read_table(
        path,
        separator=reading.field_separator,
        header=reading.header,
        encoding=reading.encoding,
    )
    note(*table.notes)
    if table.n_rows == 0:
        raise TableError(f"{path}: the table has no row below its header.")
    return table


def read_columns(path: Path, reading: Reading) -> Table:
    """Read a file as a table; of a libsvm file the label is the only column."""
    data = read_input(path, reading)
    return as_table({"label": data.y}, str(path)) if isinstance(data, LibsvmData) else data


def regression_of(model: AnyModel) -> SoftmaxRegression | LinearRegression:
    """Return the regression itself, without the encoder before it."""
    return model.estimator_ if isinstance(model, TableModel) else model


def is_classifier(model: AnyModel) -> bool:
    """Tell whether a model predicts classes."""
    return isinstance(regression_of(model), SoftmaxRegression)


def columns_of(model: AnyModel) -> list[str] | None:
    """Name the columns that a model reads; ``None`` if it takes them by their places."""
    if not isinstance(model, TableModel):
        named = getattr(model, "feature_names_in_", None)
        return None if named is None else [str(name) for name in named]
    encoder = model.encoder_
    if isinstance(encoder, HashingEncoder):
        return list(encoder.kinds_)
    return [each.name for each in encoder.encoders_]


def number_columns_of(model: AnyModel) -> list[str]:
    """Name the columns that a model takes numbers from, as far as it knows their names."""
    if not isinstance(model, TableModel):
        return columns_of(model) or []
    encoder = model.encoder_
    if isinstance(encoder, HashingEncoder):
        return [name for name, kind in encoder.kinds_.items() if kind is HashedKind.NUMBER]
    return [each.name for each in encoder.encoders_ if isinstance(each, NumberEncoder)]


def rows_for(model: AnyModel, features: Features, origin: str) -> Table | csr_matrix | Array:
    """Return rows as the model takes them.

    Raises
    ------
    TableError
        If the columns are not those of the model.
    """
    if isinstance(model, TableModel):
        if isinstance(features, Table):
            return features
        raise SettingError(
            f"{origin}: it is a libsvm file, but the model was fitted to a table with named "
            "columns. Give a table with the same columns."
        )
    return _numbers(model, features) if isinstance(features, Table) else features


def _numbers(model: SoftmaxRegression | LinearRegression, table: Table) -> Array:
    """Columns of numbers as the matrix of a model that was fitted without an encoder."""
    k = model.n_features_in_
    names = list(getattr(model, "feature_names_in_", table.names[:k]))
    lacking = [name for name in names if name not in table.names]
    if lacking or len(names) < k:
        raise TableError(
            f"{table.origin}: the model needs {k} columns of numbers"
            + (f", and of them {name_list(lacking)} are lacking" if lacking else "")
            + f". The columns are {name_list(table.names)}."
        )
    return np.column_stack(
        [number_values(table.column(name), name, table.origin) for name in names]
    )
