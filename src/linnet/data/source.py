"""A source of samples: all that fitting needs is the sum of a function over its batches."""

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from linnet.data.batch import Batch
from linnet.types import Array

__all__ = ["Fold", "Source", "added", "sum_over"]

Fold = Callable[[Batch], tuple[Array, ...]]
"""A function of a batch whose parts add up over batches.

Where it may run elsewhere, or its sums be kept, it is a ``functools.partial`` of a function of a
module: it can be pickled, and told from others by its arguments.
"""


@runtime_checkable
class Source(Protocol):
    """Samples that can be passed over again and again, wherever they are stored."""

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        ...

    @property
    def n_features(self) -> int:
        """Number of columns of ``X``."""
        ...

    @property
    def n_values(self) -> int:
        """Number of values stored: n·k, or the non-zeros of a sparse source."""
        ...

    @property
    def total_weight(self) -> float:
        """Sum of the sample weights S; the number of rows where none are given."""
        ...

    @property
    def room(self) -> int:
        """How many values, of all rows together, may be kept beside the samples."""
        ...

    @property
    def room_for_sums(self) -> int:
        """How many values the sums over all rows, and what is made of them, may take."""
        ...

    def fold(self, function: Fold, *, tiled: bool = True) -> tuple[Array, ...]:
        """Sum ``function`` over the batches, part by part, in a fixed order.

        With ``tiled`` batches are small enough for their products to fit the cache. Without it
        they may be as large as they are stored: ``function`` goes through them in small steps.
        """
        ...

    def shuffled(self, random: np.random.Generator) -> Iterator[tuple[Batch, Int[Array, " n"]]]:
        """Each row once: batches as they are stored, and the order in which to take their rows.

        The batches too come in random order. No row is copied: who goes through them takes each
        from where it lies.
        """
        ...

    def rotated(self, basis: Float[Array, "p r"]) -> "Source":
        """Put samples Bᵀx in place of x, held densely; x gets a 1 if B has k + 1 rows."""
        ...

    def sample(self, random: np.random.Generator, size: int) -> "Source":
        """At most ``size`` rows drawn without replacement; all rows, in order, if that covers."""
        ...


def sum_over(batches: Iterator[Batch], function: Fold) -> tuple[Array, ...]:
    """Sum ``function`` over ``batches`` in their order, in float64."""
    total: tuple[Array, ...] = ()
    for batch in batches:
        total = added(total, function(batch))
    return total


def added(total: tuple[Array, ...], parts: tuple[Array, ...]) -> tuple[Array, ...]:
    """Add the parts of a batch to the sums so far, in place; those of the first begin them."""
    if not total:
        # A copy: the sum is built in place, and a part may be a view of the caller's array.
        return tuple(np.array(part, dtype=np.float64) for part in parts)
    for sum_so_far, part in zip(total, parts, strict=True):
        np.add(sum_so_far, part, out=sum_so_far)
    return total
