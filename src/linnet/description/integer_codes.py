"""Lengths, in bits, of codes for whole numbers that need nothing to be agreed on beforehand."""

from math import comb
from typing import Any, Final

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray
from scipy.special import betaln

__all__ = ["elias_delta_bits", "signed_bits", "sparse_integers_bits"]

# Up to here the number of choices itself is computed, which takes about a millisecond.
EXACT_CHOICES: Final = 1000


def elias_delta_bits(number: int) -> int:
    """Bits of a whole number from 1 in Elias' delta code.

    ⌊log₂ n⌋ + 2⌊log₂(⌊log₂ n⌋ + 1)⌋ + 1: a number of N digits is sent as the number N, itself in
    Elias' gamma code, and its digits after the first.

    References
    ----------
    Elias 1975, "Universal codeword sets and representations of the integers", IEEE Transactions
    on Information Theory 21.

    Examples
    --------
    >>> [elias_delta_bits(n) for n in (1, 2, 4, 1000)]
    [1, 4, 5, 16]
    """
    digits = number.bit_length()
    return digits - 1 + 2 * (digits.bit_length() - 1) + 1


def signed_bits(number: int) -> int:
    """Bits of any whole number: 0, 1, −1, 2, −2, … are sent as 1, 2, 3, 4, 5, … .

    Examples
    --------
    >>> [signed_bits(n) for n in (0, 1, -1)]
    [1, 4, 4]
    """
    return elias_delta_bits(2 * number if number > 0 else 1 - 2 * number)


def sparse_integers_bits(numbers: Int[NDArray[Any], " m"]) -> int:
    """Bits of m whole numbers, many of them small or 0, where m is known.

    Of their number z other than 0 and the sum S of their sizes, each in Elias' delta code, follow
    which they are, one of C(m, z); how S is shared among them, one of C(S − 1, z − 1); and z signs.
    Each choice is sent as its place in a list of all (enumerative coding), in whole bits. It takes
    about as much as the best code for independent numbers of which some are 0 and the sizes of the
    rest are geometrically distributed, and no parameter need be sent.

    References
    ----------
    Cover 1973, "Enumerative source encoding", IEEE Transactions on Information Theory 19.

    Examples
    --------
    >>> import numpy as np
    >>> sparse_integers_bits(np.zeros(1000, dtype=int))
    1
    >>> sparse_integers_bits(np.array([0, 3, 0, -1]))
    15
    """
    sizes = np.abs(numbers)
    total, m, z = int(sizes.sum()), len(numbers), int(np.count_nonzero(sizes))
    if z == 0:
        return elias_delta_bits(1)
    places = _whole_bits(m, z)
    shares = _whole_bits(total - 1, z - 1)
    # S is at least z, so that the rest is sent.
    return elias_delta_bits(z + 1) + elias_delta_bits(total - z + 1) + places + shares + z


def _whole_bits(n: int, k: int) -> int:
    """⌈log₂ C(n, k)⌉: bits of one of so many choices."""
    if min(k, n - k) <= EXACT_CHOICES:
        return (comb(n, k) - 1).bit_length()
    # C(n, k) = 1 / ((n + 1) B(n − k + 1, k + 1)). Its logarithm is known to a few parts in 10¹².
    return int(np.ceil((-np.log(n + 1) - betaln(n - k + 1, k + 1)) / np.log(2)))
