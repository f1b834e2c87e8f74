"""Numbers coded to a declared precision with a Gaussian: cells have probabilities, summing to 1."""

from math import ceil, log2, pi
from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.special import log_ndtr

from linnet.description.integer_codes import signed_bits
from linnet.types import Array

__all__ = ["cell_lengths", "coded_width"]

# A residual of 0 everywhere would ask for a Gaussian of no width. At this width, in cells, the cell
# in the middle has 95 % of the probability.
NARROWEST: Final = 0.25

# Beyond this width, in cells, a density times the cell is exact to 1e-13.
WIDE: Final = 2.0**20


def cell_lengths(residuals: Float[Array, " n"], width: float) -> Float[Array, " n"]:
    """Nats of residuals under a Gaussian of standard deviation ``width``, all in cells of size 1.

    −log(Φ((d + ½)/σ) − Φ((d − ½)/σ)), where d is the residual of the middle of a cell.
    """
    if width > WIDE:
        return 0.5 * (residuals / width) ** 2 + np.log(width) + 0.5 * np.log(2 * pi)
    d = np.abs(residuals)
    # Both ends in the lower tail, where log Φ keeps its digits.
    near, far = log_ndtr((0.5 - d) / width), log_ndtr((-0.5 - d) / width)
    return 0.0 - (near + np.log(-np.expm1(far - near)))


def coded_width(residuals: Float[Array, " n"]) -> tuple[float, int]:
    """Width of the Gaussian for some residuals, in cells, as it can be sent; and its bits.

    The root mean square is sent as a power of 2, to 2⁻ᶠ of an octave with f = ⌈½ log₂ n⌉. n numbers
    do not tell it better: the rounding costs less than 1/6 nat in all.
    """
    f = ceil(0.5 * log2(len(residuals)))
    width = max(NARROWEST, float(np.sqrt(np.mean(residuals**2))))
    place = round(log2(width) * 2**f)
    return 2.0 ** (place / 2**f), signed_bits(place)
