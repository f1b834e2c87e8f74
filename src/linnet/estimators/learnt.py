"""What was learnt from the rows of a stream so far: where the steps stand, and what they told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from linnet.engine import Iterate
from linnet.estimators.hashed_stream import HashedBlock
from linnet.estimators.progressive import ProgressiveLoss
from linnet.estimators.progressive_errors import ProgressiveErrors
from linnet.estimators.target_spread import TargetSpread
from linnet.solvers.schedules import Schedule

__all__ = ["Learnt", "Pace"]


@final
@dataclass(frozen=True)
class Pace:
    """How long the steps are, found out from the first block, and how that changes."""

    learning_rate: float
    schedule: Schedule


@final
@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What was learnt from the rows so far.

    Parameters
    ----------
    block : HashedBlock
        What is known of the table and the classes; its rows are no longer there.
    iterate : Iterate or None
        The parameters; None while all targets are the same, and nothing is to be learnt.
    pace : Pace or None
        The steps, once one was taken.
    epoch : int
        Number of the pass, from 1.
    losses : tuple of ProgressiveLoss or of ProgressiveErrors
        Of each pass, what its rows lost before they were learnt from. Those of later passes were
        seen before.
    spread : TargetSpread or None
        Of numbers, how far they spread.
    random : mapping
        State of the generator that draws the order of the rows to come.
    values : int
        Most entries of a block.
    """

    block: HashedBlock
    iterate: Iterate | None
    pace: Pace | None
    epoch: int
    losses: tuple[ProgressiveLoss, ...] | tuple[ProgressiveErrors, ...]
    spread: TargetSpread | None = None
    random: Mapping[str, Any] = field(default_factory=dict)
    values: int = 0

    @property
    def progressive(self) -> ProgressiveLoss | ProgressiveErrors:
        """What the labels, or numbers, cost when they were new."""
        return self.losses[0]
