"""What counts as a distribution: nothing is clipped or normalised, and an error names the row."""

from operator import index
from typing import Final, SupportsFloat, SupportsIndex

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from linnet.errors import DataError, DataTypeError, SettingError
from linnet.types import Array

__all__ = ["SUM_TOLERANCE", "distributions", "probabilities", "same_shape", "scores"]

# Probabilities are often computed in float32 (ε = 1.2e-7). There a softmax summed pairwise, as
# NumPy and the GPU libraries sum, is off by less than 1e-7 for up to 500,000 classes; ten times
# that is allowed. A sum that is off by δ moves the measures by about δ and no more.
SUM_TOLERANCE: Final = 1e-6
"""How far from 1 the probabilities of one row may sum."""


def distributions(values: ArrayLike, name: str, axis: int = -1) -> Float[Array, "*batch q"]:
    """Check that every row along ``axis`` is a distribution, and move that axis to the end.

    Raises
    ------
    DataError
        If a row has a negative or NaN entry, or does not sum to 1 within `SUM_TOLERANCE`.
    """
    P = _rows(values, name, axis)
    _check_entries(P >= 0, P, name, "A probability is at least 0.")
    total = P.sum(axis=-1)
    wrong = ~(np.abs(total - 1) <= SUM_TOLERANCE)
    if wrong.any():
        row = _first(wrong)
        raise DataError(
            f"{_row_name(name, row)} sums to {float(total[row])!r}. The probabilities of a row "
            f"must sum to 1 within {SUM_TOLERANCE:g}: divide counts by their sum, and give "
            "the axis of the classes if it is not the last."
        )
    return P


def scores(values: ArrayLike, name: str, axis: int = -1) -> Float[Array, "*batch q"]:
    """Check that the softmax of every row along ``axis`` exists, and move that axis to the end.

    A score of −∞ is a probability of 0.

    Raises
    ------
    DataError
        If a row has a score of NaN or +∞, or none above −∞.
    """
    Z = _rows(values, name, axis)
    _check_entries(
        np.less(Z, np.inf), Z, name, "A score is a finite number, or −inf for probability 0."
    )
    empty = np.isneginf(Z.max(axis=-1))
    if empty.any():
        raise DataError(
            f"{_row_name(name, _first(empty))} has −inf as every score, so no class has a "
            "probability. At least one score of a row must be finite."
        )
    return Z


def probabilities(values: ArrayLike | SupportsFloat, name: str) -> Float[Array, "*shape"]:
    """Check that every entry is a probability, whatever the others are."""
    p = _numbers(values, name)
    wrong = ~((p >= 0) & (p <= 1 + SUM_TOLERANCE))
    if wrong.any():
        position = _first(wrong)
        where = f"[{', '.join(map(str, position))}]" if position else ""
        raise DataError(
            f"{name}{where} is {float(p[position])!r}. A probability lies between 0 and 1."
        )
    return p


def same_shape(
    first: Float[Array, "..."], first_name: str, second: Float[Array, "..."], second_name: str
) -> None:
    """Check that two arguments cover the same rows and one alphabet."""
    if first.shape != second.shape:
        raise DataError(
            f"{first_name} has shape {first.shape} but {second_name} has shape {second.shape} "
            "(axis of the classes last). Both must have the same rows and one alphabet: give a "
            "symbol that never occurs probability 0, and repeat a row with numpy.broadcast_to."
        )


def _numbers(values: ArrayLike | SupportsFloat, name: str) -> Float[Array, "*shape"]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise DataError(
            f"{name} is no rectangular array ({error}). Give every row the same number of classes."
        ) from error
    if array.dtype.kind not in "buif":
        raise DataTypeError(
            f"{name} holds values of type {array.dtype}. Give a dense array of real numbers."
        )
    return array.astype(np.float64, copy=False)


def _rows(values: ArrayLike, name: str, axis: int) -> Float[Array, "*batch q"]:
    array = _numbers(values, name)
    if not array.ndim:
        raise DataError(
            f"{name} is the single number {array}. Give an array with an axis of classes."
        )
    array = np.moveaxis(array, _axis(axis, name, array.ndim), -1)
    if not array.shape[-1]:
        raise DataError(
            f"{name} has shape {np.shape(values)}: no classes along axis {axis}. "
            "An alphabet has at least one symbol."
        )
    return array


def _axis(axis: object, name: str, dimensions: int) -> int:
    if not isinstance(axis, SupportsIndex):
        raise DataTypeError(f"axis is {axis!r}. Give one integer.")
    position = index(axis)
    if not -dimensions <= position < dimensions:
        raise SettingError(
            f"axis is {axis} but {name} has {dimensions} axes. "
            f"Give an integer from {-dimensions} to {dimensions - 1}."
        )
    return position


def _check_entries(
    right: Bool[Array, "*batch q"], values: Float[Array, "*batch q"], name: str, need: str
) -> None:
    if not right.all():
        *row, column = _first(~right)
        seen = float(values[(*row, column)])
        raise DataError(f"{_row_name(name, tuple(row))} has {seen!r} at position {column}. {need}")


def _first(wrong: ArrayLike) -> tuple[int, ...]:
    """Index of the first True; () for a single one."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), np.shape(wrong)))


def _row_name(name: str, row: tuple[int, ...]) -> str:
    if not row:
        return name
    return f"{name}, row {row[0] if len(row) == 1 else row},"
