"""Which classes a direction separates, where a fit without penalty has no minimum."""

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float

from linnet.data import Batch, Source
from linnet.engine import scores
from linnet.types import Array

__all__ = ["SeparatedPair", "Separation", "separation_along"]

# The direction is as near to one of separation as the fit has come; what is this small beside
# the usual margin, over so many rows, is a row on the boundary.
ON_THE_BOUNDARY: Final = 1e-3
SAMPLED_ROWS: Final = 2**16
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
        Pairs of classes of which it tells rows apart. Empty where targets are distributions.
    """

    coef: Float[Array, "m k"]
    intercept: Float[Array, " m"]
    pairs: tuple[SeparatedPair, ...]

    def __str__(self) -> str:
        named = "; ".join(str(pair) for pair in self.pairs[:PAIRS_NAMED])
        more = len(self.pairs) - PAIRS_NAMED
        return named + (f"; and {more} more pairs" if more > 0 else "")


def separation_along(source: Source, classes: Array, direction: Float[Array, "m p"]) -> Separation:
    """Find the pairs of classes that a direction of separation tells apart."""
    direction = direction / np.linalg.norm(direction)
    k = source.n_features
    free = direction[:, k] if direction.shape[1] > k else np.zeros(len(direction))
    sample = source.sample(np.random.default_rng(0), SAMPLED_ROWS)
    (squares,) = sample.fold(partial(_square_scores, direction=direction))
    least = ON_THE_BOUNDARY * float(np.sqrt(squares / max(1, sample.n_samples)))
    apart, wrong, total = source.fold(partial(_rows_apart, direction=direction, least=least))
    labels = classes.tolist()
    pairs = [
        SeparatedPair(labels[a], labels[b], int(apart[a, b]), int(total[a, b]))
        for a, b in combinations(range(len(classes)), 2)
        if apart[a, b] and not wrong[a, b]
    ]
    return Separation(direction[:, :k], free, tuple(pairs))


def _square_scores(batch: Batch, *, direction: Float[Array, "m p"]) -> tuple[Array]:
    """Sum, over the rows, of the largest squared score along ``direction``."""
    return (np.asarray((scores(batch.X, direction) ** 2).max(axis=1).sum()),)


def _rows_apart(
    batch: Batch, *, direction: Float[Array, "m p"], least: float
) -> tuple[Array, Array, Array]:
    """For pairs of classes: rows off the boundary on their own side, rows on the other, all."""
    U = scores(batch.X, direction)
    if U.shape[1] == 1:
        U = np.pad(U, ((0, 0), (1, 0)))
    q = U.shape[1]
    counted = np.ones(len(U), bool) if batch.weight is None else batch.weight > 0
    rows = np.flatnonzero(counted) if batch.y.ndim == 1 else np.empty(0, dtype=int)
    own = batch.y[rows] if len(rows) else np.empty(0, dtype=int)
    margins = U[rows, own][:, None] - U[rows]
    sums = []
    for those in (margins > least, margins <= -least, np.ones((len(rows), q), bool)):
        of_class = np.zeros((q, q))
        np.add.at(of_class, own, those.astype(float))
        # A pair's rows are those of either class.
        sums.append(of_class + of_class.T)
    return sums[0], sums[1], sums[2]
