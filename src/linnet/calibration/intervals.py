"""Wilson's interval for a share: what a bin of a reliability diagram can be off by chance."""

from statistics import NormalDist
from typing import Any

import numpy as np
from jaxtyping import Float

from linnet.errors import SettingError
from linnet.types import Array

__all__ = ["normal_quantile", "wilson_interval"]


def wilson_interval(
    share: Float[Array, "*shape"], n: Float[Array, "*shape"], confidence: float = 0.95
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Give the ends of Wilson's interval for shares found among n rows.

    It is the set of shares p at which the share found lies within z √(p(1 − p)/n) of p.

    References
    ----------
    Brown, Cai and DasGupta, *Interval Estimation for a Binomial Proportion*, Statistical Science
    16 (2001), section 3.1.1.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = wilson_interval(np.array([0.9]), np.array([10.0]))
    >>> f"{low[0]:.4f} to {high[0]:.4f}"
    '0.5958 to 0.9821'
    """
    square = normal_quantile(confidence) ** 2 / n
    middle = (share + square / 2) / (1 + square)
    margin = np.sqrt(square * share * (1 - share) + square**2 / 4) / (1 + square)
    # Rounding must not carry an end past 0 or 1, nor past the share itself.
    low = np.minimum(share, np.maximum(0.0, middle - margin))
    return low, np.maximum(share, np.minimum(1.0, middle + margin))


def normal_quantile(confidence: Any) -> float:
    """How many standard deviations hold that share of a normal distribution.

    Raises
    ------
    SettingError
        If ``confidence`` is not between 0 and 1.
    """
    if not (isinstance(confidence, float | np.floating) and 0 < confidence < 1):
        raise SettingError(
            f"confidence={confidence!r}: it must be a number between 0 and 1, such as 0.95."
        )
    return NormalDist().inv_cdf((1 + float(confidence)) / 2)
