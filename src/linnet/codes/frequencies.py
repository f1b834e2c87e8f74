"""Integer frequencies from integer scores: the one place where probabilities become integers.

A row of q scores zⱼ, in units of 2⁻¹⁰ bits, gives frequencies of q + 1 symbols with sum 2²⁴. The
last symbol is the escape, for what none of the others stands for. With K = q + 1 and M = 2²⁴ − K,

    eⱼ = ⌊T[d mod 1024] / 2^⌊d/1024⌋⌋,  d = max z − zⱼ,  T[i] = 2³⁰ · 2^(−i/1024),
    R = ⌊2³⁸ M / Σ eⱼ⌋,  gⱼ = ⌊eⱼ R / 2³⁸⌋,

what is left of M goes to the first largest score, and fⱼ = gⱼ + 1: nothing is impossible, and the
escape has 1. So 2⁻²⁴ is the least probability, and K log₂e / 2²⁴ bits the price for it in a row
that is all but sure. R makes one division a row of what would be q; it lowers gⱼ by at most 1.
"""

from typing import Final

import numpy as np
from jaxtyping import Int, Int32

from linnet.codes.powers import FRACTION_BITS, powers_of_two
from linnet.types import Array

__all__ = ["MOST_SYMBOLS", "RECIPROCAL_BITS", "TOTAL_BITS", "frequencies"]

TOTAL_BITS: Final = 24
"""Frequencies sum to 2²⁴."""
RECIPROCAL_BITS: Final = 38
MOST_SYMBOLS: Final = 1 << 20
"""Beyond this many symbols a sixteenth of the frequencies would go to what never occurs."""


def frequencies(scores: Int32[Array, "n q"]) -> Int[Array, "n K"]:
    """Frequencies of the q symbols and of the escape, row by row.

    Examples
    --------
    >>> frequencies(np.array([[0, 0, -1024], [0, -40000, -40000]], dtype=np.int32))
    array([[ 6710887,  6710885,  3355443,        1],
           [16777213,        1,        1,        1]])
    """
    n, q = scores.shape
    total = (1 << TOTAL_BITS) - (q + 1)
    down = scores.max(axis=1, keepdims=True).astype(np.int64) - scores
    fraction = down & ((1 << FRACTION_BITS) - 1)
    # A shift by 64 or more means nothing, and 31 leaves 0 of any power.
    whole = np.minimum(down >> FRACTION_BITS, 31)
    e = powers_of_two().astype(np.int64)[fraction] >> whole
    reciprocal = (total << RECIPROCAL_BITS) // e.sum(axis=1, keepdims=True)
    f = np.ones((n, q + 1), dtype=np.int64)
    f[:, :q] += (e * reciprocal) >> RECIPROCAL_BITS
    f[np.arange(n), scores.argmax(axis=1)] += (1 << TOTAL_BITS) - f.sum(axis=1)
    return f
