"""The progressive loss: each label's code length under a model that has not yet learnt from it.

Rows come one after another, and the model predicts each before it learns from it: the sum of
−log q(y|x) is the length of a code for all labels that whoever has the features can read, with
nothing else sent (the prequential principle). So it needs no rows held out.

References
----------
Dawid, "Statistical theory: the prequential approach", 1984.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.information.units import Information, nats_per
from linnet.types import Array

__all__ = ["Mark", "ProgressiveLoss"]

_NATS_PER_BIT: Final = nats_per("bits")


@final
@dataclass(frozen=True)
class Mark:
    """The progressive loss after so many rows.

    Parameters
    ----------
    rows : int
        Rows that were predicted.
    mean, since_last : float
        Bits a label, of all rows and of those since the last mark.
    """

    rows: int
    mean: float
    since_last: float

    def facts(self) -> dict[str, Any]:
        """Give it as a line of a log has it."""
        return {"rows": self.rows, "bits": self.mean, "bits_since_last": self.since_last}


@final
@dataclass(frozen=True)
class ProgressiveLoss:
    """Losses added up, with a mark each time that the number of rows has doubled.

    Parameters
    ----------
    rows : int
        Rows so far.
    weight, nats : float
        Their total weight, and the sum of their losses.
    marks : tuple of Mark
        After 1, 2, 4, … rows, or so many more as the step ends after.
    last : tuple of float
        Weight and nats at the last mark.

    Examples
    --------
    >>> rows, weight = np.array([1, 2, 4]), np.array([1, 1, 2])
    >>> loss = ProgressiveLoss().after(rows, weight, np.full(3, np.log(2)))
    >>> [(mark.rows, round(mark.mean, 3)) for mark in loss.marks]
    [(1, 1.0), (2, 1.0), (4, 0.75)]
    >>> loss.mean
    0.75 bits
    """

    rows: int = 0
    weight: float = 0.0
    nats: float = 0.0
    marks: tuple[Mark, ...] = ()
    last: tuple[float, float] = (0.0, 0.0)

    @property
    def mean(self) -> Information:
        """Bits a label."""
        bits = self.nats / self.weight / _NATS_PER_BIT if self.weight else float("nan")
        return Information(bits, "bits")

    def after(
        self, rows: Int[Array, " t"], weight: Float[Array, " t"], nats: Float[Array, " t"]
    ) -> "ProgressiveLoss":
        """Add steps: how many rows there are after each, what those of each weigh and lost."""
        if not len(rows):
            return self
        weights, losses = self.weight + np.cumsum(weight), self.nats + np.cumsum(nats)
        marks, last, mark = list(self.marks), self.last, self._next()
        while mark <= rows[-1]:
            step = int(np.searchsorted(rows, mark))
            now = (float(weights[step]), float(losses[step]))
            marks.append(Mark(int(rows[step]), _bits(now, (0.0, 0.0)), _bits(now, last)))
            last, mark = now, 1 << int(rows[step]).bit_length()
        return replace(
            self,
            rows=int(rows[-1]),
            weight=float(weights[-1]),
            nats=float(losses[-1]),
            marks=tuple(marks),
            last=last,
        )

    def _next(self) -> int:
        """Rows at which the next mark is due."""
        return 1 << self.rows.bit_length() if self.rows else 1


def _bits(now: tuple[float, float], before: tuple[float, float]) -> float:
    """Bits a label between two moments; of rows without weight none."""
    weight, nats = now[0] - before[0], now[1] - before[1]
    return nats / weight / _NATS_PER_BIT if weight > 0 else 0.0
