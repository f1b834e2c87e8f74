"""Lengths of code words: which are possible, which are ideal, and what they cost on average.

An alphabet of q symbols is numbered from 0. A code is given by the length of each symbol's word
in bits; `NO_WORD` marks a symbol that has none, because it never occurs.
"""

import math
from fractions import Fraction
from typing import Final

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from linnet.errors import DataError, DataTypeError
from linnet.information import Information
from linnet.information.distributions import distributions
from linnet.information.measures import divergence_terms
from linnet.types import Array

__all__ = [
    "NO_WORD",
    "checked_lengths",
    "kraft_sum",
    "mean_length",
    "prefix_code_exists",
    "redundancy",
    "shannon_lengths",
]

NO_WORD: Final = -1
"""Length of the word of a symbol that has none: 0 is the length of the empty word."""


def kraft_sum(lengths: ArrayLike) -> Fraction:
    """Share of all bit strings that the words take up: Σⱼ 2^(−Lⱼ), exactly.

    Parameters
    ----------
    lengths : array of shape (q,)
        Bits of each word; −1 for a symbol without one.

    Returns
    -------
    Fraction
        1 for a code to which no word can be added.

    Raises
    ------
    DataError
        If a length is below −1.

    Examples
    --------
    >>> kraft_sum([1, 2, 3, 3])
    Fraction(1, 1)
    >>> kraft_sum([2, 2, -1])
    Fraction(1, 2)
    """
    L = checked_lengths(lengths)
    sizes, counts = np.unique(L[L >= 0], return_counts=True)
    longest = int(sizes[-1]) if sizes.size else 0
    words = zip(sizes.tolist(), counts.tolist(), strict=True)
    return Fraction(sum(count << (longest - size) for size, count in words), 1 << longest)


def prefix_code_exists(lengths: ArrayLike) -> bool:
    """Whether words of these lengths exist, none the beginning of another.

    They do exactly if Σⱼ 2^(−Lⱼ) ≤ 1 (Kraft's inequality).

    Parameters
    ----------
    lengths : array of shape (q,)
        Bits of each word; −1 for a symbol without one.

    Returns
    -------
    bool

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., theorem 5.2.1.

    Examples
    --------
    >>> prefix_code_exists([1, 2, 3, 3]), prefix_code_exists([1, 2, 2, 2])
    (True, False)
    """
    return kraft_sum(lengths) <= 1


def shannon_lengths(p: ArrayLike) -> Int[Array, " q"]:
    """Ideal lengths rounded up to whole bits: Lⱼ = ⌈log₂ 1/pⱼ⌉.

    They satisfy Kraft's inequality, and H(P) ≤ Σⱼ pⱼ Lⱼ < H(P) + 1.

    Parameters
    ----------
    p : array of shape (q,)
        Probabilities, summing to 1 within 1e-6.

    Returns
    -------
    int array of shape (q,)
        Bits; −1 for a symbol of probability 0.

    Raises
    ------
    DataError
        If ``p`` is not one distribution.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., section 5.4.

    Examples
    --------
    >>> shannon_lengths([0.5, 0.3, 0.2, 0.0])
    array([ 1,  2,  3, -1])
    """
    P = _distribution(p)
    # p = m·2^e with ½ ≤ m < 1, so that ⌈−log₂ p⌉ is 1 − e for every m: no logarithm is rounded.
    _, exponents = np.frexp(P)
    # A sum a little above 1 may hold a p a little above 1: its word is empty all the same.
    return np.where(P > 0, np.maximum(1 - exponents.astype(np.int64), 0), NO_WORD)


def mean_length(lengths: ArrayLike, p: ArrayLike) -> Information:
    """Mean bits of a word, Σⱼ pⱼ Lⱼ, when symbols occur with probabilities ``p``.

    Parameters
    ----------
    lengths : array of shape (q,)
        Bits of each word; −1 for a symbol without one.
    p : array of shape (q,)
        Probabilities, summing to 1 within 1e-6.

    Returns
    -------
    Information
        In bits per symbol; ``inf`` if a symbol with pⱼ > 0 has no word.

    Raises
    ------
    DataError
        If ``p`` is not one distribution over the code's symbols.

    Examples
    --------
    >>> mean_length([1, 2, 2], [0.5, 0.25, 0.25])
    1.5 bits
    """
    L, P = _over_one_alphabet(lengths, p)
    used = P > 0
    if (L[used] < 0).any():
        return Information(math.inf, "bits")
    return Information(float((P[used] * L[used]).sum()), "bits")


def redundancy(lengths: ArrayLike, p: ArrayLike) -> Information:
    """Mean bits above the entropy: Σⱼ pⱼ Lⱼ − H(P), never negative.

    With qⱼ = 2^(−Lⱼ) it is Σⱼ pⱼ log₂(pⱼ/qⱼ): the divergence from what the code assumes, and
    more where the words leave bit strings unused.

    Parameters
    ----------
    lengths : array of shape (q,)
        Bits of each word; −1 for a symbol without one.
    p : array of shape (q,)
        Probabilities, summing to 1 within 1e-6.

    Returns
    -------
    Information
        In bits per symbol; ``inf`` if a symbol with pⱼ > 0 has no word.

    Raises
    ------
    DataError
        If ``p`` is not one distribution over the code's symbols, or no prefix code has these
        lengths.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., section 5.4.

    Examples
    --------
    >>> redundancy([1, 2, 2], [0.5, 0.25, 0.25])
    0.0 bits
    >>> print(f"{redundancy([1, 1], [0.9, 0.1]):.4f}")
    0.5310 bits
    """
    L, P = _over_one_alphabet(lengths, p)
    unused = 1 - kraft_sum(L)
    if unused < 0:
        raise DataError(
            f"No prefix code has these lengths: Σ 2^−L is {float(1 - unused):g}, and must be at "
            "most 1. Make some words longer."
        )
    log_q = np.where(L < 0, -np.inf, -math.log(2) * L)
    # Σ p log(p/q) = Σ (p log(p/q) − p + q) + (1 − Σ q), and no term on the right is negative.
    nats = divergence_terms(P, np.exp(log_q), log_q).sum() + float(unused)
    return Information(float(nats), "nats").to("bits")


def checked_lengths(lengths: ArrayLike) -> Int[Array, " q"]:
    """Copy lengths as integers; DataError or DataTypeError if they are none."""
    L = np.array(lengths)
    if L.size and L.dtype.kind not in "iu":
        raise DataTypeError(f"lengths hold values of type {L.dtype}. Give whole numbers of bits.")
    if L.ndim != 1:
        raise DataError(f"lengths have shape {L.shape}. Give one length for each symbol.")
    L = L.astype(np.int64)
    if (L < NO_WORD).any():
        symbol = int(np.argmax(L < NO_WORD))
        raise DataError(
            f"lengths[{symbol}] is {L[symbol]}. A length is at least 0, or {NO_WORD} for a symbol "
            "without a word."
        )
    return L


def _distribution(p: ArrayLike) -> Float[Array, " q"]:
    P = distributions(p, "p")
    if P.ndim != 1:
        raise DataError(f"p has shape {P.shape}. Give one distribution: a code is made for one.")
    return P


def _over_one_alphabet(
    lengths: ArrayLike, p: ArrayLike
) -> tuple[Int[Array, " q"], Float[Array, " q"]]:
    L, P = checked_lengths(lengths), _distribution(p)
    if L.size != P.size:
        raise DataError(
            f"The code has {L.size} symbols but p has {P.size}. Both must cover one alphabet: give "
            "a symbol that never occurs probability 0."
        )
    return L, P
