"""A state goes through the rows of a source in random order, and is changed by each batch.

So stochastic descent reads its rows. A source that notes sums also notes where such a walk stands.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from linnet.data.batch import Batch
from linnet.data.source import Source
from linnet.types import Array

__all__ = ["Stride", "WalkableSource", "walk_through"]

Stride: TypeAlias = Callable[[Batch, Array, tuple[Array, ...]], tuple[Array, ...]]
"""Changes a state, arrays of float64, by the rows of a batch, taken in an order.

Where the walk is to be noted, it is a ``functools.partial`` of a function of a module.
"""


@runtime_checkable
class WalkableSource(Protocol):
    """A source that has its own way to be walked through."""

    def walked(
        self, stride: Stride, state: tuple[Array, ...], random: np.random.Generator
    ) -> tuple[Array, ...]:
        """Give the state after all batches, and leave ``random`` where they leave it."""
        ...


def walk_through(
    source: Source, stride: Stride, state: tuple[Array, ...], random: np.random.Generator
) -> tuple[Array, ...]:
    """Give the state after all batches of ``source``, in the order that ``random`` draws.

    Examples
    --------
    >>> from linnet.data import MemorySource
    >>> source = MemorySource(np.array([[1.0], [2.0]]), np.zeros(2))
    >>> add = lambda batch, order, state: (np.asarray(state[0] + batch.X[order].sum()),)
    >>> walk_through(source, add, (np.array(10.0),), np.random.default_rng(0))
    (array(13.),)
    """
    if isinstance(source, WalkableSource):
        return source.walked(stride, state, random)
    for batch, order in source.shuffled(random):
        state = stride(batch, order, state)
    return state
