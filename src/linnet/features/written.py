"""The precision to which numbers are written, and so that to which a code has to give them."""

from math import floor, log2, log10
from typing import Final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["written_precision"]

# Tables are written in powers of ten between these.
_COARSEST: Final = 6
_FINEST: Final = -9


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
    most = floor(log10(variance) / 2) if variance > 0 else _COARSEST
    for power in range(min(_COARSEST, most), _FINEST - 1, -1):
        multiples = targets * 10.0**-power
        # A decimal fraction is a float within a rounding of it.
        if np.allclose(multiples, np.rint(multiples), rtol=4 * np.finfo(float).eps, atol=0):
            return float(f"1e{power}")
    size = float(np.abs(targets).max())
    finest = 2.0 ** (floor(log2(size)) - 20)
    return min(finest, 10.0**most) if variance > 0 else finest
