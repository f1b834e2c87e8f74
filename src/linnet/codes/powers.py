"""Powers of two in integers: 2³⁰ · 2^(−i/1024) for i from 0 to 1023, the same on every machine.

They are part of the format of coded columns. Floating-point powers may differ in the last bit
between machines, so these come from square roots of integers: r ← ⌊√(2¹²⁸ r)⌋ halves an exponent.
"""

from functools import cache
from math import isqrt
from typing import Final

import numpy as np
from jaxtyping import UInt32

from linnet.types import Array

__all__ = ["FRACTION_BITS", "POWER_BITS", "powers_of_two"]

FRACTION_BITS: Final = 10
"""Scores are whole multiples of 2⁻¹⁰ bits."""
POWER_BITS: Final = 30
"""The first power, that of 0, is 2³⁰."""
# Far more than is kept, so that no chain of ten roots and products errs in a bit that counts.
_WORKING_BITS: Final = 128


@cache
def powers_of_two() -> UInt32[Array, " 1024"]:
    """Return the table, rounded to the nearest integers.

    Examples
    --------
    >>> powers_of_two()[[0, 512, 1023]]
    array([1073741824,  759250125,  537234444], dtype=uint32)
    """
    size = 1 << FRACTION_BITS
    one = 1 << _WORKING_BITS
    root = one >> 1
    for _ in range(FRACTION_BITS):
        root = isqrt(root << _WORKING_BITS)
    powers = [one]
    for _ in range(size - 1):
        powers.append(powers[-1] * root >> _WORKING_BITS)
    dropped = _WORKING_BITS - POWER_BITS
    rounded = [(power + (1 << (dropped - 1))) >> dropped for power in powers]
    table = np.array(rounded, dtype=np.uint32)
    table.flags.writeable = False
    return table
