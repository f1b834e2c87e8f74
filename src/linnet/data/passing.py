"""Samples that are kept nowhere: every pass asks for their batches anew."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass
from functools import partial
from itertools import islice
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data.batch import Batch, Matrix
from linnet.data.memory import MemorySource
from linnet.data.source import Fold, Source, sum_over
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["PassingSource", "drawn", "fold_over", "gathered", "most_rows", "rotated_over", "spare"]

# Rows in memory, as a sample or rotated, take up to a quarter of it; what is kept beside the
# samples another.
_SHARE: Final = 4


@final
@dataclass(frozen=True)
class PassingSource:
    """Batches that a function gives again and again, for each pass over the samples.

    Parameters
    ----------
    begin : function
        Gives all batches, in the same order each time: ``begin()`` is called for each pass.
    n_samples, n_features, n_values : int
        Number of rows, of columns, and of values stored: n·k, or the non-zeros of CSR.
    total_weight : float
        Sum of the weights; the number of rows where there are none.
    memory : int
        Bytes that may be used.

    Examples
    --------
    >>> import numpy as np
    >>> def begin():
    ...     for start in (0, 2, 4):
    ...         yield Batch(np.arange(start, start + 2.0).reshape(2, 1), np.zeros(2))
    >>> source = PassingSource(
    ...     begin, n_samples=6, n_features=1, n_values=6, total_weight=6.0, memory=2**20
    ... )
    >>> source.fold(lambda rows: (rows.X.sum(axis=0),))
    (array([15.]),)
    """

    begin: Callable[[], Iterable[Batch]]
    _: KW_ONLY
    n_samples: int
    n_features: int
    n_values: int
    total_weight: float
    memory: int

    @property
    def room(self) -> int:
        """How many values may be kept beside the samples: a quarter of the memory."""
        return spare(self.memory)

    @property
    def room_for_sums(self) -> int:
        """How many values sums may take: as many as fill the memory."""
        return self.memory // 8

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Give the batches that hold rows, from number ``start`` on.

        Raises
        ------
        DataError
            If they are not as many rows, or columns, as in the first pass.
        """
        return islice(self._checked(), start, None)

    def fold(self, function: Fold, *, tiled: bool = True) -> tuple[Array, ...]:
        """Sum ``function`` over the batches, in order; see `batches` for what it raises."""
        return fold_over(self.batches(), function, tiled=tiled)

    def shuffled(self, random: np.random.Generator) -> Iterator[tuple[Batch, Int[Array, " n"]]]:
        """Batches in the order in which they come, and a random order of the rows of each."""
        for batch in self.batches():
            yield batch, random.permutation(batch.n_samples)

    def sample(self, random: np.random.Generator, size: int) -> MemorySource:
        """At most ``size`` rows without replacement, as many as fit a quarter of the memory."""
        # A value and its column take 12 bytes; a target and a weight 8 each.
        size = min(size, most_rows(self.memory, self.n_samples, 12 * self.n_values))
        rows = drawn(random, self.n_samples, size)
        return gathered(_taken(self.batches(), rows))

    def rotated(self, basis: Float[Array, "p r"]) -> Source:
        """Put samples Bᵀx in place of x; in memory if they fit, else worked out in each pass."""
        return rotated_over(self, self.batches, basis, self.memory)

    def _checked(self) -> Iterator[Batch]:
        seen = 0
        for batch in self.begin():
            seen += batch.n_samples
            if batch.X.shape[1] != self.n_features:
                raise self._changed(f"a batch of {batch.X.shape[1]} columns", self.n_features)
            if seen > self.n_samples:
                raise self._changed(f"at least {seen:,} rows", self.n_samples)
            if batch.n_samples:
                yield batch
        if seen != self.n_samples:
            raise self._changed(f"{seen:,} rows", self.n_samples)

    def _changed(self, found: str, expected: int) -> DataError:
        return DataError(
            f"This pass over the data gave {found}, where an earlier one gave {expected:,}. Files "
            "and tables must stay as they are while a model is fitted: begin again."
        )


def fold_over(batches: Iterator[Batch], function: Fold, *, tiled: bool) -> tuple[Array, ...]:
    """Sum ``function`` over batches, or over their tiles, in order."""
    return sum_over(_tiles(batches) if tiled else batches, function)


def spare(memory: int) -> int:
    """How many float64 values may be kept beside samples."""
    return memory // _SHARE // 8


def most_rows(memory: int, n_samples: int, stored: int) -> int:
    """How many of n rows, whose features take ``stored`` bytes, may be held; at least one."""
    each = 16 + stored // max(1, n_samples)
    return max(1, memory // _SHARE // each)


def drawn(random: np.random.Generator, n: int, size: int) -> Int[Array, " s"]:
    """Draw ``size`` of n numbers, each set with the same probability, and put them in order.

    The memory taken is proportional to ``size`` and not to n, which NumPy's ``choice`` needs.
    """
    if 2 * size >= n:
        return np.sort(random.choice(n, min(size, n), replace=False))
    rows = np.empty(0, dtype=np.int64)
    # What is drawn twice is drawn again: a round leaves less than half to do.
    while len(rows) < size:
        rows = np.union1d(rows, random.integers(n, size=size - len(rows)))
    return rows


def gathered(parts: Iterable[tuple[Batch, Int[Array, " r"]]]) -> MemorySource:
    """Copy rows of batches into memory, as one source."""
    taken = [batch.take(rows) for batch, rows in parts]
    weights = [batch.weight for batch in taken if batch.weight is not None]
    return MemorySource(
        _stacked([batch.X for batch in taken]),
        np.concatenate([batch.y for batch in taken]),
        np.concatenate(weights) if weights else None,
    )


def rotated_over(
    source: Source, batches: Callable[[], Iterator[Batch]], basis: Float[Array, "p r"], memory: int
) -> Source:
    """Give a source of samples Bᵀx: held if they fit a quarter of the memory, else passing."""
    r = basis.shape[1]
    at_once = max(1, memory // (2 * _SHARE * basis.itemsize * max(1, r)))
    rotated = PassingSource(
        partial(_rotated, batches, basis, at_once),
        n_samples=source.n_samples,
        n_features=r,
        n_values=source.n_samples * r,
        total_weight=source.total_weight,
        memory=memory,
    )
    if source.n_samples > most_rows(memory, source.n_samples, rotated.n_values * basis.itemsize):
        return rotated
    return gathered((batch, np.arange(batch.n_samples)) for batch in rotated.batches())


def _rotated(
    batches: Callable[[], Iterator[Batch]], basis: Float[Array, "p r"], at_once: int
) -> Iterator[Batch]:
    for batch in batches():
        for start in range(0, batch.n_samples, at_once):
            some = batch.take(slice(start, start + at_once))
            held = MemorySource(some.X, some.y, some.weight).rotated(basis)
            yield Batch(held.X, held.y, held.weight)


def _taken(
    batches: Iterator[Batch], rows: Int[Array, " s"]
) -> Iterator[tuple[Batch, Int[Array, " r"]]]:
    """Say which of the rows, numbered through all batches, lie in which batch."""
    start = 0
    for batch in batches:
        stop = start + batch.n_samples
        first, last = np.searchsorted(rows, [start, stop])
        if last > first:
            yield batch, rows[first:last] - start
        start = stop


def _tiles(batches: Iterator[Batch]) -> Iterator[Batch]:
    for batch in batches:
        yield from MemorySource(batch.X, batch.y, batch.weight).tiles()


def _stacked(parts: list[Matrix]) -> Matrix:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    from scipy.sparse import vstack

    return vstack(parts, format="csr")
