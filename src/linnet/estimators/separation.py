"""Which classes a direction separates, where a fit without penalty has no minimum."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float

from linnet.data import MemorySource, Source
from linnet.engine import scores
from linnet.types import Array

__all__ = ["SeparatedPair", "Separation", "separation_along"]

# The direction is as near to one of separation as the fit has come; what is this small beside
# the largest margin is a row on the boundary.
ON_THE_BOUNDARY: Final = 1e-3
PAIRS_NAMED: Final = 4


@final
@dataclass(frozen=True)
class SeparatedPair:
    """Two classes, and how many of their rows are told apart for certain.

    Parameters
    ----------
    first, second : label
        The classes.
    rows, total : int
        Rows of either class off the boundary, each on its own class's side; and rows of either.
    """

    first: Any
    second: Any
    rows: int
    total: int

    def __str__(self) -> str:
        share = "all" if self.rows == self.total else f"{self.rows:,} of"
        return f"{self.first} from {self.second} ({share} {self.total:,} rows)"


@final
@dataclass(frozen=True, eq=False)
class Separation:
    """A direction along which the loss falls for ever, and what it tells apart.

    However far W and b go along it, the scores of every row's own class fall behind those of no
    other, and for some rows they run ahead: those rows' probabilities go to 1.

    Parameters
    ----------
    coef : array of shape (m, k)
        The direction in the weights W, of length 1 with ``intercept``.
    intercept : array of shape (m,)
        The direction in the intercepts b.
    pairs : tuple of SeparatedPair
        Pairs of classes of which it tells rows apart. Empty where targets are distributions, and
        where the rows are not in memory.
    """

    coef: Float[Array, "m k"]
    intercept: Float[Array, " m"]
    pairs: tuple[SeparatedPair, ...]

    def __str__(self) -> str:
        named = "; ".join(str(pair) for pair in self.pairs[:PAIRS_NAMED])
        more = len(self.pairs) - PAIRS_NAMED
        return named + (f"; and {more} more pairs" if more > 0 else "")


def separation_along(source: Source, classes: Array, direction: Float[Array, "m p"]) -> Separation:
    """Find the pairs of classes that a direction of separation tells apart.

    The pairs are found for rows in memory alone: the margins of all rows are compared.
    """
    direction = direction / np.linalg.norm(direction)
    k = source.n_features
    free = direction[:, k] if direction.shape[1] > k else np.zeros(len(direction))
    pairs: list[SeparatedPair] = []
    if isinstance(source, MemorySource) and source.y.ndim == 1:
        targets, weight = source.y, source.weight
        U = scores(source.X, direction)
        if len(classes) == 2:
            U = np.pad(U, ((0, 0), (1, 0)))
        least = ON_THE_BOUNDARY * float(np.abs(U).max())
        counts = np.ones(len(U), bool) if weight is None else weight > 0
        for a, b in combinations(range(len(classes)), 2):
            of_first, of_second = counts & (targets == a), counts & (targets == b)
            ahead = U[:, a] - U[:, b]
            margins = np.concatenate([ahead[of_first], -ahead[of_second]])
            apart = int((margins > least).sum())
            if apart and margins.min() > -least:
                first, second = classes[[a, b]].tolist()
                pairs.append(SeparatedPair(first, second, apart, len(margins)))
    return Separation(direction[:, :k], free, tuple(pairs))
