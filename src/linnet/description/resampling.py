"""Sums over rows, and over samples drawn from them with replacement: a bootstrap of many rows.

Everything that is measured on the same rows follows from the same draws, so that differences have
intervals of their own. A draw needs to say how often each row came up, which takes too long for a
million rows; so these are dealt at random into 4,096 groups of equal size, and groups are drawn.
The sum of a group varies as that of so many rows does, and 4,096 of them tell by how much, to
within 2 %.

Intervals are basic: from 2v − v*(high) to 2v − v*(low), with quantiles of the values v* of draws.
For draws miss v much as v misses the truth.

References
----------
Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, section 5.2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from linnet.errors import SettingError
from linnet.estimators.validation import check_count
from linnet.numeric import xlogx
from linnet.reports import Estimate
from linnet.types import Array

__all__ = ["Resampled", "check_confidence", "resampled"]

_MOST_GROUPS: Final = 4096
# Counts of groups and of classes that are drawn and worked on at once: 8 MB of float64.
_CHUNK: Final = 1 << 20


@final
@dataclass(frozen=True)
class Resampled:
    """Sums of columns over all rows, and over draws of as many rows.

    Attributes
    ----------
    whole : array of shape (1, c)
        Sums over the rows as they are.
    draws : array of shape (b, c)
        Sums over each draw.
    confidence : float
        Share of samples whose interval is to hold the truth.
    """

    whole: Float[Array, "1 c"]
    draws: Float[Array, "b c"]
    confidence: float

    def estimate(
        self,
        measure: Callable[[Float[Array, "d c"]], Float[Array, " d"]],
        least: float = -np.inf,
        most: float = np.inf,
    ) -> Estimate:
        """Estimate what ``measure`` makes of the sums, which lies between ``least`` and ``most``.

        Where it has no value for some draws the interval is without end.
        """
        value = float(measure(self.whole)[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = measure(self.draws)
        if not (np.isfinite(value) and np.isfinite(drawn).all()):
            return Estimate(value, least, most)
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail]).tolist()
        # Where nearly all draws lie on one side, as for an entropy at its most, 2v − v* passes v.
        below, above = min(value, 2 * value - high), max(value, 2 * value - low)
        return Estimate(value, max(least, below), min(most, above))


def resampled(
    columns: Float[Array, "n c"],
    classes: Int[Array, " n"] | None = None,
    *,
    confidence: float,
    resamples: int,
    seed: Any,
) -> Resampled:
    """Draw rows with replacement, ``resamples`` times, and sum their columns.

    With ``classes``, the number of each row's class, there is one more column: Σ m log₂ m, where m
    is how often each class came up.
    """
    rng = np.random.default_rng(seed)
    groups = _groups(len(columns), rng)
    members = _indicator(groups)
    sums = members @ columns
    tables = None if classes is None else members @ _indicator(classes).T.tocsr()
    width = len(sums) + (0 if tables is None else tables.shape[1])
    draws = []
    left = resamples
    while left > 0:
        size = min(left, max(1, _CHUNK // width))
        times = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=size)
        draws.append(_with_classes(times.astype(np.float64), sums, tables))
        left -= size
    whole = _with_classes(np.ones((1, len(sums))), sums, tables)
    return Resampled(whole, np.concatenate(draws), confidence)


def check_confidence(confidence: Any, resamples: Any) -> None:
    """Raise a SettingError unless intervals can be made so."""
    is_number = isinstance(confidence, int | float | np.number)
    if not is_number or not 0 < confidence < 1:
        raise SettingError(f"confidence={confidence!r}: it must lie between 0 and 1, as 0.95.")
    check_count(resamples, "resamples")


def _groups(n: int, rng: Any) -> Int[Array, " n"]:
    if n <= _MOST_GROUPS:
        return np.arange(n)
    return rng.permutation(np.arange(n) % _MOST_GROUPS)


def _indicator(places: Int[Array, " n"]) -> Any:
    """Sparse matrix with a 1 for each row, in the line of its place."""
    n = len(places)
    entries = (np.ones(n), (places, np.arange(n)))
    return csr_array(entries, shape=(int(places.max(initial=-1)) + 1, n))


def _with_classes(times: Float[Array, "d g"], sums: Float[Array, "g c"], tables: Any) -> Array:
    drawn = times @ sums
    if tables is None:
        return drawn
    counts = (tables.T @ times.T).T
    return np.column_stack([drawn, xlogx(counts).sum(axis=1) / log(2)])
