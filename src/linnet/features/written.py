"""The precision to which numbers are written, and so that to which a code has to give them."""

from dataclasses import dataclass
from math import floor, log2, log10
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["WrittenNumbers", "written_precision"]

# Tables are written in powers of ten between these.
_COARSEST: Final = 6
_FINEST: Final = -9


@final
@dataclass(frozen=True)
class WrittenNumbers:
    """How numbers are written, of which some may follow others.

    Parameters
    ----------
    largest : float
        What the precision is not to exceed.
    power : int or None
        The largest power of ten that divides all; ``None`` if none does.
    size : float
        The largest of their sizes.
    """

    largest: float
    power: int | None
    size: float

    @classmethod
    def of(cls, numbers: Float[Array, " n"], variance: float) -> "WrittenNumbers":
        """Look at numbers, to be coded by a Gaussian code of this variance."""
        most = floor(log10(variance) / 2) if variance > 0 else _COARSEST
        largest = 10.0**most if variance > 0 else np.inf
        return cls(largest, _power(numbers, most), float(np.abs(numbers).max(initial=0.0)))

    def __add__(self, other: "WrittenNumbers") -> "WrittenNumbers":
        """Return how these numbers and others are written."""
        powers = (self.power, other.power)
        power = None if None in powers else min(each for each in powers if each is not None)
        return WrittenNumbers(self.largest, power, max(self.size, other.size))

    @property
    def precision(self) -> float:
        """The power of ten; if there is none, 2⁻²⁰ of the numbers' size."""
        if self.power is not None:
            return float(f"1e{self.power}")
        return min(2.0 ** (floor(log2(self.size)) - 20), self.largest)


def written_precision(targets: Float[Array, " n"], variance: float) -> float:
    """Find the precision to which numbers are written: the largest power of ten dividing all.

    It is at most the power of ten below √variance, for a Gaussian code is one only if the cells
    are small beside its width. Numbers that no power of ten divides have 2⁻²⁰ of their size.

    Examples
    --------
    >>> import numpy as np
    >>> written_precision(np.array([12.25, 3.5]), variance=4.0)
    0.01
    """
    return WrittenNumbers.of(targets, variance).precision


def _power(numbers: Float[Array, " n"], most: int) -> int | None:
    for power in range(min(_COARSEST, most), _FINEST - 1, -1):
        multiples = numbers * 10.0**-power
        # A decimal fraction is a float within a rounding of it.
        if np.allclose(multiples, np.rint(multiples), rtol=4 * np.finfo(float).eps, atol=0):
            return power
    return None
