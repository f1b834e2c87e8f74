"""What the calculus takes as a point: a dense array of real numbers of the expected shape."""

from typing import SupportsFloat

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.errors import DataError, DataTypeError
from linnet.types import Array

__all__ = ["constant", "matrix", "numbers", "precision", "vector"]


def numbers(values: ArrayLike | SupportsFloat, name: str) -> Float[Array, "..."]:
    """Read ``values`` as float64."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"{name} is no rectangular array ({error}). Give rows of one length."
        ) from error
    if array.dtype.kind not in "buif":
        raise DataTypeError(
            f"{name} holds values of type {array.dtype}. Give a dense array of real numbers."
        )
    return array.astype(np.float64, copy=False)


def precision(values: object) -> float:
    """Distance from 1 to its neighbour in the type that ``values`` were computed in."""
    kind = np.asarray(values).dtype
    return float(np.finfo(kind if kind.kind == "f" else np.float64).eps)


def vector(values: ArrayLike, name: str, size: int | None = None) -> Float[Array, " n"]:
    """Read a vector, of ``size`` entries if that is known."""
    array = numbers(values, name)
    if array.ndim != 1 or not array.size or size not in (None, array.size):
        need = "at least one entry" if size is None else f"{size} entries"
        raise DataError(f"{name} has shape {array.shape}. Give a vector of {need}.")
    return array


def matrix(values: ArrayLike, name: str, columns: int | None = None) -> Float[Array, "q k"]:
    """Read a matrix, with the number of ``columns`` if that is known."""
    array = numbers(values, name)
    if array.ndim != 2 or not array.size or columns not in (None, array.shape[1]):
        need = "at least one column" if columns is None else f"{columns} columns"
        raise DataError(f"{name} has shape {array.shape}. Give a matrix with {need}.")
    return array


def constant(values: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Copy ``values`` for a node to keep: neither the caller nor anyone else can change them."""
    kept = values.copy()
    kept.setflags(write=False)
    return kept
