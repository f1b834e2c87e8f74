"""Symbols of given frequencies as one large integer, kept within 63 bits (range ANS).

A symbol with frequency f and start s, the sum of those before it, of a total 2²⁴, is put on top
of state x by x ← 2²⁴ ⌊x/f⌋ + x mod f + s, which makes x larger by the factor 2²⁴/f. It comes off
again, last in, first out: the low 24 bits of x tell s ≤ x mod 2²⁴ < s + f. A state stays within
[2³¹, 2⁶³): its low 32 bits go out as a word before it would exceed that, and come in again when
it falls short. Symbols are put on in reverse, so that they come off in order.

Duda, "Asymmetric numeral systems", arXiv:1311.2540; Giesen's rANS with words of 32 bits.
"""

from bisect import bisect_right
from typing import Final

import numpy as np
from jaxtyping import Int, Int32, UInt32

from linnet.codes.frequencies import TOTAL_BITS
from linnet.types import Array

__all__ = ["LEAST_STATE", "WORD_BITS", "pop_symbols", "push_symbols"]

LEAST_STATE: Final = 1 << 31
WORD_BITS: Final = 32
_MASK: Final = (1 << TOTAL_BITS) - 1


def push_symbols(
    starts: UInt32[Array, " n"], widths: UInt32[Array, " n"], state: int
) -> tuple[int, UInt32[Array, " w"]]:
    """Put symbols on a state, the last first.

    Parameters
    ----------
    starts, widths
        Of each symbol: the frequencies before it, and its own.
    state : int
        From 2³¹ to below 2³².

    Returns
    -------
    tuple of int and array
        The state at the end, and the words in the order in which they come in again.
    """
    words: list[int] = []
    pairs = zip(reversed(starts.tolist()), reversed(widths.tolist()), strict=True)
    for start, width in pairs:
        if state >> (63 - TOTAL_BITS) >= width:
            words.append(state & 0xFFFFFFFF)
            state >>= WORD_BITS
        quotient, rest = divmod(state, width)
        state = (quotient << TOTAL_BITS) + rest + start
    return state, np.array(words[::-1], dtype=np.uint32)


def pop_symbols(
    frequencies: Int[Array, "n K"], words: UInt32[Array, " w"], state: int, position: int
) -> tuple[Int32[Array, " n"], int, int]:
    """Take symbols off a state.

    Parameters
    ----------
    frequencies
        Of each symbol's row.
    words
        The words; those before ``position`` are used up.
    state, position
        Where the symbols begin.

    Returns
    -------
    tuple of array, int and int
        The symbols, and state and position after them. A position beyond the words says that
        they were too few: the symbols mean nothing then.
    """
    ends = frequencies.cumsum(axis=1)
    symbols = np.zeros(len(ends), dtype=np.int32)
    for row, bounds in enumerate(ends):
        low = state & _MASK
        symbol = bisect_right(bounds, low)
        start = int(bounds[symbol - 1]) if symbol else 0
        state = (int(bounds[symbol]) - start) * (state >> TOTAL_BITS) + low - start
        symbols[row] = symbol
        if state < LEAST_STATE:
            if position >= len(words):
                return symbols, state, len(words) + 1
            state = (state << WORD_BITS) | int(words[position])
            position += 1
    return symbols, state, position
