"""Models back from files: the one place that knows every kind of model."""

import os
from typing import Any

from linnet.errors import ModelFileError
from linnet.estimators.linear import LinearRegression
from linnet.estimators.ridge_regression import Ridge
from linnet.estimators.saving import read_model
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.table_model import TableModel

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> SoftmaxRegression | LinearRegression | TableModel:
    """Load a model that ``save`` or the command line wrote. No code in the file is run.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    SoftmaxRegression, LinearRegression or TableModel
        The fitted model: a TableModel, which takes tables, where one was saved.

    Raises
    ------
    ModelFileError
        If the file is no model, is truncated, was altered, or is of a newer format.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression, load
    >>> X, y = load_iris(return_X_y=True)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "iris.linnet")
    ...     SoftmaxRegression().fit(X, y).save(path)
    ...     model = load(path)
    >>> model.predict(X[:2])
    array([0, 0])
    """
    kind, state = read_model(path)
    kinds: dict[str, Any] = {
        each.__name__: each for each in (SoftmaxRegression, LinearRegression, Ridge, TableModel)
    }
    if kind not in kinds:
        raise ModelFileError(
            f"{path}: holds a model of the kind {kind!r}, which this linnet does not know. Install "
            "a newer linnet."
        )
    try:
        return kinds[kind].from_state(state)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelFileError(
            f"{path}: its description does not fit its kind ({error!r}). Save the model again."
        ) from error
