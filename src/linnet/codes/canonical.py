"""The canonical code of given lengths: words ascend with length, then with the symbol.

The word of a symbol is the first Lⱼ bits of the Kraft sum Σ 2^(−L) of the symbols before it, so
that the lengths alone determine the code.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Int, UInt64

from linnet.types import Array

__all__ = ["WINDOW", "CanonicalOrder", "canonical_order", "canonical_words"]

WINDOW: Final = 64
"""Bits that are looked at together: the longest word that can be written or read."""


@final
@dataclass(frozen=True, eq=False)
class CanonicalOrder:
    """The words in their order.

    A word starts an interval of all bit strings that begin with it. Bit strings are compared
    by their first `WINDOW` bits, so the word of any is found by bisection.
    """

    symbols: Int[Array, " m"]
    widths: UInt64[Array, " m"]
    """Bits of each word."""
    starts: UInt64[Array, " m"]
    """Each word, followed by zeros up to `WINDOW` bits."""


def canonical_order(lengths: Int[Array, " q"]) -> CanonicalOrder:
    """Order the words of a prefix code, none above `WINDOW` bits."""
    symbols = _ordered_symbols(lengths)
    widths = lengths[symbols].astype(np.uint64)
    # The empty word, alone in its code, takes up 2⁶⁴: NumPy shifts that out, and it starts at 0.
    sizes = np.left_shift(np.uint64(1), np.uint64(WINDOW) - widths)
    # All sizes may sum to 2⁶⁴, but the sum before the last word does not.
    return CanonicalOrder(symbols, widths, np.cumsum(sizes, dtype=np.uint64) - sizes)


def canonical_words(lengths: Int[Array, " q"]) -> tuple[str | None, ...]:
    """Spell the words as strings of 0 and 1, whatever their length; None where there is none."""
    words: list[str | None] = [None] * lengths.size
    word = previous = 0
    for symbol in _ordered_symbols(lengths).tolist():
        length = int(lengths[symbol])
        word <<= length - previous
        words[symbol] = f"{word:0{length}b}" if length else ""
        word, previous = word + 1, length
    return tuple(words)


def _ordered_symbols(lengths: Int[Array, " q"]) -> Int[Array, " m"]:
    used = np.flatnonzero(lengths >= 0)
    return used[np.argsort(lengths[used], kind="stable")]
