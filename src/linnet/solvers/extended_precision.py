"""Sums of products in twice the working precision, from float64 operations alone.

The error of a float64 sum or product is itself a float64, and can be had exactly: TwoSum of
Knuth and TwoProduct of Dekker. Carrying the errors along gives the result as if computed with
106 bits and rounded at the end; Ogita, Rump and Oishi (2005), "Accurate sum and dot product".
It needs no 80-bit hardware, so it gives the same digits on every machine.
"""

from typing import Final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["residual_of_product", "two_product"]

# Dekker's constant 2^27 + 1 splits 53 bits into halves whose products are exact.
SPLITTER: Final = 2.0**27 + 1


def residual_of_product(
    target: Float[Array, "n m"], A: Float[Array, "n k"], B: Float[Array, "k m"]
) -> Float[Array, "n m"]:
    """``target − A B``, with a relative error of about 10⁻¹⁶ even where it all but cancels."""
    residual = np.empty_like(target)
    for column in range(B.shape[1]):
        products, errors = two_product(A, B[:, column])
        terms = np.concatenate([target[:, column, None], -products], axis=1)
        high, low = _two_sum_reduce(terms)
        residual[:, column] = high + (low - errors.sum(axis=1))
    return residual


def two_product(
    a: Float[Array, "*left"], b: Float[Array, "*right"]
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Give the products, rounded, and their exact rounding errors."""
    product = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _split(a: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Cut each number into two of 26 bits whose sum it is."""
    scaled = SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _two_sum_reduce(terms: Float[Array, "n t"]) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    """Sum each row by halves: the rounded sum, and the sum of the rounding errors."""
    low = np.zeros(len(terms))
    while terms.shape[1] > 1:
        half = terms.shape[1] // 2
        a, b = terms[:, :half], terms[:, half : 2 * half]
        total = a + b
        b_used = total - a
        low += ((a - (total - b_used)) + (b - b_used)).sum(axis=1)
        terms = np.concatenate([total, terms[:, 2 * half :]], axis=1)
    return terms[:, 0], low
