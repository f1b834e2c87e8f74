"""Numbers as arrays, as plain bits, and as whole numbers without a sign: what their coder needs."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from linnet.codes.bits import bits_at, to_bytes, write_bits
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["number_array", "plain_from", "plain_to_bytes", "signed", "unsigned"]


def number_array(y: Any) -> Float[Array, " n"]:
    """Numbers as float64 of one axis, NaN for missing ones.

    Raises
    ------
    DataError
        If they are no numbers, one is infinite, or they have more than one column.
    """
    try:
        numbers = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"y must be numbers: {error}. For labels use encode_labels.") from error
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.ndim != 1:
        raise DataError(f"y has shape {numbers.shape}. Give one number for each row of X.")
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(infinite.argmax())
        raise DataError(
            f"y contains {numbers[row]:g} in row {row}: an infinite number has no cell. Give NaN "
            "where it is missing."
        )
    return numbers


def plain_to_bytes(values: Array, width: int) -> bytes:
    """Write each value in ``width`` bits, highest bit first, filled up to a byte."""
    if not (len(values) and width):
        return b""
    stream = np.zeros(-(-len(values) * width // 64), dtype=np.uint64)
    write_bits(stream, 0, values, np.full(len(values), width, dtype=np.uint64))
    return to_bytes(stream, len(values) * width)


def plain_from(stream: Array, count: int, width: int) -> Int[Array, " n"]:
    """Read values of ``width`` bits."""
    if not width:
        return np.zeros(count, dtype=np.int64)
    places = np.arange(count, dtype=np.uint64) * np.uint64(width)
    return (bits_at(stream, places) >> np.uint64(64 - width)).astype(np.int64)


def unsigned(values: Int[Array, " n"]) -> Int[Array, " n"]:
    """0, −1, 1, −2, … as 0, 1, 2, 3, …."""
    return np.where(values >= 0, 2 * values, -2 * values - 1)


def signed(value: int) -> int:
    """0, 1, 2, 3, … as 0, −1, 1, −2, …."""
    return value // 2 if value % 2 == 0 else -(value + 1) // 2
