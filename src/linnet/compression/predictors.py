"""What a decoded column tells about later ones: which of few levels its cells are in.

Levels follow from the decoded column itself: each number for itself where there are few; else
equal shares of the sorted numbers; of texts the commonest, and one level for the others.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int64, UInt8

from linnet.compression.alphabet import Alphabet, Way
from linnet.types import Array

__all__ = ["MOST_LEVELS", "Known"]

MOST_LEVELS: Final = 32


@final
@dataclass(frozen=True, eq=False)
class Known:
    """A column that a decoder knows.

    Parameters
    ----------
    alphabet : Alphabet
        What its numbers stand for.
    values : array of shape (n,)
        The numbers.
    """

    alphabet: Alphabet
    values: Int64[Array, " n"]

    @cached_property
    def quantities(self) -> Float[Array, " n"] | None:
        """Numbers, if cells are such."""
        return self.alphabet.quantities(self.values)

    @cached_property
    def levels(self) -> UInt8[Array, " n"]:
        """Level of each row, from 0 on."""
        if self.alphabet.way is Way.TEXTS:
            return np.minimum(self.values, MOST_LEVELS - 1).astype(np.uint8)
        ordered = np.sort(self.values)
        n = len(ordered)
        firsts = ordered[np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))]
        if len(firsts) > MOST_LEVELS:
            places = np.arange(MOST_LEVELS) * n // MOST_LEVELS
            firsts = np.unique(np.append(ordered[places], np.arange(self.alphabet.odd + 1)))
            firsts = firsts[: 2 * MOST_LEVELS]
        return (np.searchsorted(firsts, self.values, side="right") - 1).clip(0).astype(np.uint8)

    @cached_property
    def n_levels(self) -> int:
        """Number of levels."""
        return int(self.levels.max(initial=0)) + 1
