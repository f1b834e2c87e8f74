"""A source whose passes are written to a journal, and not made again where they stand there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from linnet.data.batch import Batch
from linnet.data.derived import DerivedSource
from linnet.data.journal import Journal
from linnet.data.source import Fold, Source, added
from linnet.data.walking import Stride, walk_through
from linnet.types import Array

__all__ = ["JournalledSource"]


@runtime_checkable
class _InBlocks(Protocol):
    """A source that can be read from any of its blocks on."""

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Give the blocks from number ``start`` on, in order."""
        ...


@final
@dataclass(frozen=True)
class JournalledSource(DerivedSource):
    """The samples of another source; sums over them are noted in a journal, and taken from it.

    So are walks through them in random order, with where they leave the generator. A pass over
    blocks is noted also while it runs, so that not even a long one is lost.

    Parameters
    ----------
    source : Source
        The samples.
    journal : Journal
        Where sums are noted.
    """

    journal: Journal

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return self.source.total_weight

    @property
    def room(self) -> int:
        """0: what is kept in memory would be lost with the process."""
        return 0

    def fold(self, function: Fold, *, tiled: bool = True) -> tuple[Array, ...]:
        """Sum ``function`` over the batches, unless the journal knows the sums."""
        try:
            key = self.journal.key(function)
        except TypeError:
            # A function made on the spot, which nothing tells from others.
            return self.source.fold(function, tiled=tiled)
        sums = self.journal.find(key)
        if sums is None:
            sums = self._sum(function, key, tiled=tiled)
            self.journal.add(key, sums)
        return sums

    def shuffled(self, random: np.random.Generator) -> Iterator[tuple[Batch, Int[Array, " n"]]]:
        """Each row once, in random order."""
        return self.source.shuffled(random)

    def walked(
        self, stride: Stride, state: tuple[Array, ...], random: np.random.Generator
    ) -> tuple[Array, ...]:
        """Give the state after all batches, unless the journal knows it."""
        try:
            drawn = json.dumps(random.bit_generator.state)
            key = self.journal.key(stride, state, drawn)
        except TypeError:
            # A function made on the spot, or a generator whose state is no text.
            return walk_through(self.source, stride, state, random)
        noted = self.journal.find(key)
        if noted is None:
            state = self._walk(stride, state, random, key)
            self.journal.add(key, (_as_numbers(random), *state))
            return state
        _restore(random, noted[0])
        return noted[1:]

    def sample(self, random: np.random.Generator, size: int) -> Source:
        """At most ``size`` rows; their passes cost little and are not noted."""
        return self.source.sample(random, size)

    def rotated(self, basis: Float[Array, "p r"]) -> Source:
        """Put samples Bᵀx in place of x."""
        return self.source.rotated(basis)

    def _sum(self, function: Fold, key: str, *, tiled: bool) -> tuple[Array, ...]:
        if not isinstance(self.source, _InBlocks):
            return self.source.fold(function, tiled=tiled)
        blocks, sums = self.journal.unfinished(key)
        for number, batch in enumerate(self.source.batches(blocks), start=blocks + 1):
            sums = added(sums, function(batch))
            self.journal.note(key, number, sums)
        return sums

    def _walk(
        self, stride: Stride, state: tuple[Array, ...], random: np.random.Generator, key: str
    ) -> tuple[Array, ...]:
        done, noted = self.journal.unfinished(key)
        state = noted or state
        # Batches that are done with are gone by all the same: their orders are to be drawn.
        for number, (batch, order) in enumerate(self.source.shuffled(random), start=1):
            if number > done:
                state = stride(batch, order, state)
                self.journal.note(key, number, state)
        return state


def _as_numbers(random: np.random.Generator) -> Float[Array, " bytes"]:
    """State of a generator as numbers that float64 holds exactly: the bytes of its text."""
    text = json.dumps(random.bit_generator.state).encode()
    return np.frombuffer(text, dtype=np.uint8).astype(np.float64)


def _restore(random: np.random.Generator, numbers: Float[Array, " bytes"]) -> None:
    random.bit_generator.state = json.loads(numbers.astype(np.uint8).tobytes())
