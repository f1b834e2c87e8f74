"""Rows of a stream are held out at random while the others go by, and kept in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from scipy.sparse import vstack

from linnet.data import Batch, MemorySource
from linnet.types import Array

__all__ = ["HeldOut"]

MOST_ROWS: Final = 100_000
"""So many rows tell a loss to some thousandths of a bit: more would only take memory."""


@final
@dataclass
class HeldOut:
    """A random share of the rows that pass, the same for the same seed.

    Parameters
    ----------
    share : float
        The share, from 0 to below 1.
    seed : int
        Seed of the choice.
    """

    share: float
    seed: int
    _kept: list[Batch] = field(default_factory=list)

    @classmethod
    def of(cls, share: float, seed: int, *, rows: int, values: int, memory: int) -> "HeldOut":
        """Hold out a share of ``rows`` rows of ``values`` values in all, or less to be held."""
        most = min(MOST_ROWS, memory * rows / (8 * 8 * max(1, values)))
        return cls(min(share, most / max(1, rows)), seed)

    def others(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Give the rows that are not held out; those that are can be had at the end."""
        random = np.random.default_rng(self.seed)
        self._kept = []
        for batch in batches:
            held = random.random(batch.n_samples) < self.share
            if held.any():
                self._kept.append(_rows(batch, held))
                yield _rows(batch, ~held)
            else:
                yield batch

    def rows(self) -> MemorySource | None:
        """Return the rows held out; ``None`` where there are none."""
        if not self._kept:
            return None
        first = self._kept[0]
        join = np.concatenate if isinstance(first.X, np.ndarray) else vstack
        weights = [batch.weight for batch in self._kept if batch.weight is not None]
        X = join([batch.X for batch in self._kept])
        return MemorySource(
            X if isinstance(X, np.ndarray) else X.tocsr(),
            np.concatenate([batch.y for batch in self._kept]),
            np.concatenate(weights) if weights else None,
        )


def _rows(batch: Batch, which: Array) -> Batch:
    weight = None if batch.weight is None else batch.weight[which]
    return Batch(batch.X[which], batch.y[which], weight)
