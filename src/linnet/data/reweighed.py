"""The rows of another source, those of each class with a weight of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import final

import numpy as np
from jaxtyping import Float, Int

from linnet.data.batch import Batch
from linnet.data.derived import DerivedSource
from linnet.data.source import Fold, Source
from linnet.data.walking import Stride, walk_through
from linnet.types import Array

__all__ = ["ReweighedSource"]


@final
@dataclass(frozen=True)
class ReweighedSource(DerivedSource):
    """Samples whose weights are multiplied by a factor for each class.

    Parameters
    ----------
    source : Source
        The samples; their targets are positions of classes.
    factors : array of shape (q,)
        What the weight of each class's rows is multiplied by.
    """

    factors: Float[Array, " q"]

    @cached_property
    def total_weight(self) -> float:
        """Sum of the weights."""
        (total,) = self.fold(_weight, tiled=False)
        return float(total)

    @property
    def room(self) -> int:
        """How many values may be kept beside the samples."""
        return self.source.room

    def fold(self, function: Fold, *, tiled: bool = True) -> tuple[Array, ...]:
        """Sum ``function`` over the batches."""
        return self.source.fold(partial(_then, function, factors=self.factors), tiled=tiled)

    def shuffled(self, random: np.random.Generator) -> Iterator[tuple[Batch, Int[Array, " n"]]]:
        """Each row once, in random order."""
        for batch, order in self.source.shuffled(random):
            yield _reweighed(batch, self.factors), order

    def walked(
        self, stride: Stride, state: tuple[Array, ...], random: np.random.Generator
    ) -> tuple[Array, ...]:
        """Give the state after all batches."""
        reweighing = partial(_stride, stride, self.factors)
        return walk_through(self.source, reweighing, state, random)

    def sample(self, random: np.random.Generator, size: int) -> Source:
        """At most ``size`` rows."""
        return ReweighedSource(self.source.sample(random, size), self.factors)

    def rotated(self, basis: Float[Array, "p r"]) -> Source:
        """Put samples Bᵀx in place of x."""
        return ReweighedSource(self.source.rotated(basis), self.factors)


def _then(function: Fold, batch: Batch, *, factors: Float[Array, " q"]) -> tuple[Array, ...]:
    return function(_reweighed(batch, factors))


def _stride(
    stride: Stride,
    factors: Float[Array, " q"],
    batch: Batch,
    order: Int[Array, " n"],
    state: tuple[Array, ...],
) -> tuple[Array, ...]:
    return stride(_reweighed(batch, factors), order, state)


def _reweighed(batch: Batch, factors: Float[Array, " q"]) -> Batch:
    weight = factors[batch.y]
    return Batch(batch.X, batch.y, weight if batch.weight is None else weight * batch.weight)


def _weight(batch: Batch) -> tuple[Array]:
    return (np.asarray(batch.n_samples if batch.weight is None else batch.weight.sum()),)
