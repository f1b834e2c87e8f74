"""A prefix code over symbols 0 … q − 1: its words, what they cost, and symbols as bytes."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Int, UInt
from numpy.typing import ArrayLike

from linnet.codes.canonical import WINDOW, canonical_words
from linnet.codes.frame import pack, unpack
from linnet.codes.huffman import huffman_lengths
from linnet.codes.lengths import checked_lengths, kraft_sum, mean_length, redundancy
from linnet.errors import DataError, DataTypeError, SettingError
from linnet.information import Information
from linnet.types import Array

__all__ = ["HuffmanCode"]


@final
@dataclass(frozen=True, eq=False)
class HuffmanCode:
    """The canonical prefix code whose words have given lengths.

    `HuffmanCode.of` finds the lengths with the least mean for counts or probabilities; others,
    such as those of `shannon_lengths`, can be given. The lengths determine the words, so they
    are all that a decoder must be told.

    Parameters
    ----------
    lengths : array of shape (q,)
        Bits of the word of each symbol; −1 for a symbol without one.

    Raises
    ------
    DataError
        If no prefix code has these lengths, or no symbol has a word.

    Examples
    --------
    >>> code = HuffmanCode.of([5, 2, 1, 0])
    >>> code.words
    ('0', '10', '11', None)
    >>> code.mean_length([0.625, 0.25, 0.125, 0.0])
    1.375 bits
    >>> data = code.encode([0, 1, 0, 2])
    >>> code.decode(data)
    array([0, 1, 0, 2], dtype=uint8)
    """

    lengths: Int[Array, " q"]

    def __post_init__(self) -> None:
        lengths = checked_lengths(self.lengths)
        if (lengths < 0).all():
            raise DataError("No symbol has a word. Give at least one symbol a length of 0 or more.")
        if kraft_sum(lengths) > 1:
            raise DataError(
                f"No prefix code has these lengths: Σ 2^−L is {float(kraft_sum(lengths)):g}, and "
                "must be at most 1. Make some words longer."
            )
        lengths.flags.writeable = False
        object.__setattr__(self, "lengths", lengths)

    @classmethod
    def of(cls, weights: ArrayLike, *, max_length: Any = None) -> "HuffmanCode":
        """Make the code with the least mean length.

        Its mean L satisfies H ≤ L < H + 1 bits, where H is the entropy, if there is no limit.

        Parameters
        ----------
        weights : array of shape (q,)
            Counts or probabilities of the symbols: only their ratios matter. A symbol of weight
            0 gets no word; a symbol that alone has a weight gets the empty word.
        max_length : int, optional
            Most bits that a word may have.

        Returns
        -------
        HuffmanCode

        Raises
        ------
        DataError
            If a weight is negative, NaN or infinite, or none is positive.
        SettingError
            If there are more than 2^max_length symbols of positive weight.

        References
        ----------
        Cover & Thomas, *Elements of Information Theory*, 2nd ed., section 5.6.

        Examples
        --------
        >>> HuffmanCode.of([8, 4, 2, 1, 1]).lengths
        array([1, 2, 3, 4, 4])
        >>> HuffmanCode.of([8, 4, 2, 1, 1], max_length=3).lengths
        array([1, 3, 3, 3, 3])
        """
        return cls(huffman_lengths(weights, max_length=max_length))

    @cached_property
    def words(self) -> tuple[str | None, ...]:
        """Word of each symbol, in 0 and 1; None for a symbol without one."""
        return canonical_words(self.lengths)

    @property
    def kraft_sum(self) -> Fraction:
        """Share Σⱼ 2^(−Lⱼ) of all bit strings that the words take up: 1 if none could be added."""
        return kraft_sum(self.lengths)

    def mean_length(self, p: ArrayLike) -> Information:
        """Mean bits of a word when symbols occur with probabilities ``p``.

        Parameters
        ----------
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
        """
        return mean_length(self.lengths, p)

    def redundancy(self, p: ArrayLike) -> Information:
        """Mean bits above the entropy of ``p``, never negative.

        Parameters
        ----------
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
        """
        return redundancy(self.lengths, p)

    def encode(self, symbols: Any) -> bytes:
        """Write symbols as bytes that `decode` reads.

        Parameters
        ----------
        symbols : array of shape (n,), or bytes
            Integers from 0 to q − 1 of any type, each with a word.

        Returns
        -------
        bytes
            The words, and besides about 15 bytes and 0.0025 bits per symbol: a checksum, a mark
            of the code, n, and where the words can be read from side by side.

        Raises
        ------
        DataError
            If a symbol has no word: the message names it and its position.
        SettingError
            If the code has words of more than 64 bits.
        """
        self._check_width()
        return pack(self._checked_symbols(symbols), self.lengths)

    def decode(self, data: Any) -> UInt[Array, " n"]:
        """Read the symbols that `encode` of a code with the same lengths wrote.

        Parameters
        ----------
        data : bytes
            All that `encode` returned, and nothing else.

        Returns
        -------
        array of shape (n,)
            Of the smallest unsigned type that holds q − 1.

        Raises
        ------
        DataError
            If bytes were changed, added or lost, or another code wrote them.
        SettingError
            If the code has words of more than 64 bits.
        """
        self._check_width()
        if not isinstance(data, bytes | bytearray | memoryview):
            raise DataTypeError(f"data is a {type(data).__name__}. Give bytes, as encode returns.")
        return unpack(bytes(data), self.lengths)

    def _check_width(self) -> None:
        longest = int(self.lengths.max())
        if longest > WINDOW:
            raise SettingError(
                f"The longest word has {longest} bits; words of up to {WINDOW} can be written. "
                "Make the code with HuffmanCode.of(weights, max_length=32): that lengthens the "
                "mean by next to nothing."
            )

    def _checked_symbols(self, symbols: Any) -> UInt[Array, " n"]:
        if isinstance(symbols, bytes | bytearray):
            symbols = np.frombuffer(symbols, dtype=np.uint8)
        values = np.asarray(symbols)
        if values.size and values.dtype.kind not in "bui":
            raise DataTypeError(
                f"symbols hold values of type {values.dtype}. Give integers from 0 to "
                f"{self.lengths.size - 1}: numpy.unique(..., return_inverse=True) numbers others."
            )
        if values.ndim != 1:
            raise DataError(f"symbols have shape {values.shape}. Give an array of one axis.")
        if values.size and not 0 <= int(values.min()) <= int(values.max()) < self.lengths.size:
            outside = (values < 0) | (values >= self.lengths.size)
            position = int(np.argmax(outside))
            raise DataError(
                f"symbols[{position}] is {values[position]}, but the code has the symbols 0 to "
                f"{self.lengths.size - 1}. Make a code for all symbols that occur."
            )
        small = values.astype(np.min_scalar_type(self.lengths.size - 1), copy=False)
        self._check_words(small)
        return small

    def _check_words(self, symbols: UInt[Array, " n"]) -> None:
        missing = self.lengths < 0
        if not missing.any():
            return
        without = missing.take(symbols)
        if without.any():
            position = int(np.argmax(without))
            raise DataError(
                f"symbols[{position}] is {symbols[position]}, which has no word in this code: its "
                "weight was 0. Give every symbol that may occur a positive weight."
            )
