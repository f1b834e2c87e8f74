"""Samples spread over a Dask cluster: functions go to where the rows lie, and sums come back."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import issparse, vstack

from linnet.data.batch import Batch
from linnet.data.dask_waiting import PATIENCE, Client, Future, awaited
from linnet.data.memory import MemorySource
from linnet.data.source import Fold
from linnet.errors import DataError, LinnetError
from linnet.types import Array

__all__ = ["DaskSource"]

FAN_IN: Final = 8
"""Sums that are added at a time, on a worker, into one."""


@final
@dataclass(frozen=True, eq=False)
class DaskSource:
    """Rows in partitions, each a batch that lies on a worker of a Dask cluster.

    Rows do not move. A pass sends its function once to each worker, and the sums of partitions
    are added on the workers, eight at a time in the order of the partitions, so that the total
    does not depend on which is ready first. What a lost worker held is computed again by Dask.

    Parameters
    ----------
    client : distributed.Client
        The connection to the cluster.
    partitions : tuple of futures
        Each of a :class:`~linnet.data.Batch`. Lost ones can be computed again where they are
        results of tasks, not where they were scattered.
    within : callable
        Gives the context in which a worker runs a function: a limit to its threads, for instance.
    patience : float
        Seconds to wait while the cluster has no worker.

    Raises
    ------
    DataError
        If there is no partition, or partitions differ in their number of columns.
    SourceLostError
        From every method, if the cluster cannot be reached any more.

    Examples
    --------
    >>> import numpy as np
    >>> from distributed import Client
    >>> rows = np.arange(12.0).reshape(6, 2)
    >>> with Client(processes=False, n_workers=1, dashboard_address=':0') as client:
    ...     parts = [client.submit(Batch, X, X[:, 0]) for X in (rows[:4], rows[4:])]
    ...     source = DaskSource(client, tuple(parts))
    ...     source.n_samples, source.fold(lambda batch: (batch.X.sum(axis=0),))
    (6, (array([30., 36.]),))
    """

    client: Client
    partitions: tuple[Future, ...]
    within: Callable[[], AbstractContextManager[Any]] = nullcontext
    patience: float = PATIENCE

    def __post_init__(self) -> None:
        if not self.partitions:
            raise DataError("There is no partition, and so no row. Give at least one.")

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return sum(size.rows for size in self._sizes)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self._sizes[0].columns

    @property
    def n_values(self) -> int:
        """Number of values stored."""
        return sum(size.values for size in self._sizes)

    @cached_property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return sum(size.weight for size in self._sizes)

    @property
    def room(self) -> int:
        """0: what a function keeps on a worker does not come back."""
        return 0

    @property
    def room_for_sums(self) -> int:
        """How many values sums may take: no limit is set to what this process holds."""
        return sys.maxsize

    def fold(self, function: Fold, *, tiled: bool = True) -> tuple[Array, ...]:
        """Sum ``function`` over the partitions, where they lie; only the total moves to here.

        It must not depend on anything that it changes: each worker has a copy.
        """
        of_partition = partial(_folded, function, tiled=tiled)
        (total,) = self._awaited(lambda: [self._added(self._map(of_partition))])
        # What came over the network may be read-only.
        return tuple(np.array(part) for part in total)

    def each(self, function: Callable[[Batch], Any]) -> list[Any]:
        """Return the results of ``function`` of every partition, in order."""
        return self._awaited(lambda: self._map(function))

    def mapped(self, function: Callable[[Batch], Batch]) -> "DaskSource":
        """Put ``function`` of each partition in its place, on its worker."""
        with self.client.as_current():
            return replace(self, partitions=tuple(self._map(function)))

    def without_empty(self) -> "DaskSource":
        """Leave out partitions that hold no row; the first if none does."""
        full = [
            future
            for future, size in zip(self.partitions, self._sizes, strict=True)
            if size.rows > 0
        ]
        return replace(self, partitions=tuple(full) or self.partitions[:1])

    def shuffled(self, random: np.random.Generator) -> Iterator[tuple[Batch, Int[Array, " n"]]]:
        """Each partition once, in random order, and a random order of its rows.

        They come here one at a time: each time all rows move through the network once.
        """
        for place in random.permutation(len(self.partitions)):
            (batch,) = self._awaited(partial(self.partitions.__getitem__, slice(place, place + 1)))
            yield batch, random.permutation(batch.n_samples)

    def rotated(self, basis: Float[Array, "p r"]) -> "DaskSource":
        """Put samples Bᵀx in place of x; with a 1 after x if B has k + 1 rows."""
        return self.mapped(partial(_rotated, basis=basis))

    def sample(self, random: np.random.Generator, size: int) -> MemorySource:
        """At most ``size`` rows, drawn without replacement and brought here.

        They are those that rows in memory would give for the same random numbers.
        """
        n = self.n_samples
        rows = np.arange(n) if size >= n else np.sort(random.choice(n, size, replace=False))
        starts = np.cumsum([0, *(size.rows for size in self._sizes)])
        bounds = pairwise(np.searchsorted(rows, starts).tolist())
        drawn = [
            (place, partial(_taken, rows=rows[first:last] - starts[place]))
            for place, (first, last) in enumerate(bounds)
            if last > first
        ]
        batches = self._awaited(
            lambda: self.client.map(
                _applied,
                [function for _, function in drawn],
                [self.partitions[place] for place, _ in drawn],
                [place for place, _ in drawn],
                pure=False,
                key="linnet-sample",
            )
        )
        return _joined(batches)

    @cached_property
    def _sizes(self) -> "list[_Size]":
        sizes: list[_Size] = self.each(_size)
        for place, size in enumerate(sizes):
            if size.columns != sizes[0].columns:
                raise DataError(
                    f"Partition {place} has {size.columns} columns but partition 0 has "
                    f"{sizes[0].columns}. All must have the same."
                )
        return sizes

    def _map(self, function: Callable[[Batch], Any]) -> list[Future]:
        """Start ``function`` on each partition."""
        from dask import config

        # The function is a task of its own: its arrays go to each worker once, from the scheduler
        # or from each other, and not along with every partition. Dask warns where they are large,
        # which is for those who do send them many times.
        with config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            sent = self.client.submit(_itself, partial(_inside, self.within, function), pure=False)
        count = len(self.partitions)
        return list(
            self.client.map(
                _applied, [sent] * count, self.partitions, range(count), pure=False, key="linnet"
            )
        )

    def _added(self, sums: list[Future]) -> Future:
        """Start to add sums up, in a tree of fixed shape."""
        while len(sums) > 1:
            groups = [sums[start : start + FAN_IN] for start in range(0, len(sums), FAN_IN)]
            sums = self.client.map(_sum, groups, pure=False, key="linnet-sum")
        return sums[0]

    def _awaited(self, submit: Callable[[], Sequence[Future]]) -> list[Any]:
        return awaited(self.client, submit, needed=self.partitions, patience=self.patience)


@final
@dataclass(frozen=True)
class _Size:
    """What is known of a partition here."""

    rows: int
    columns: int
    values: int
    weight: float


def _size(batch: Batch) -> _Size:
    rows = MemorySource(batch.X, batch.y, batch.weight)
    return _Size(rows.n_samples, rows.n_features, rows.n_values, rows.total_weight)


def _itself(function: Any) -> Any:
    return function


def _inside(
    within: Callable[[], AbstractContextManager[Any]],
    function: Callable[[Batch], Any],
    batch: Batch,
) -> Any:
    with within():
        return function(batch)


def _applied(function: Callable[[Batch], Any], batch: Batch, place: int) -> Any:
    """Call ``function``; an error says which partition it is about."""
    try:
        return function(batch)
    except LinnetError as error:
        raise type(error)(f"Partition {place} (the first is 0): {error}") from error


def _folded(function: Fold, batch: Batch, *, tiled: bool) -> tuple[Array, ...]:
    return MemorySource(batch.X, batch.y, batch.weight).fold(function, tiled=tiled)


def _sum(sums: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    # The first is copied: Dask may need it again.
    total = [part.copy() for part in sums[0]]
    for parts in sums[1:]:
        for sum_so_far, part in zip(total, parts, strict=True):
            np.add(sum_so_far, part, out=sum_so_far)
    return tuple(total)


def _rotated(batch: Batch, basis: Float[Array, "p r"]) -> Batch:
    rows = MemorySource(batch.X, batch.y, batch.weight).rotated(basis)
    return Batch(rows.X, rows.y, rows.weight)


def _taken(batch: Batch, rows: Int[Array, " n"]) -> Batch:
    weight = None if batch.weight is None else batch.weight[rows]
    return Batch(batch.X[rows], batch.y[rows], weight)


def _joined(batches: Sequence[Batch]) -> MemorySource:
    """Rows of all batches, in one."""
    rows = [batch.X for batch in batches]
    X = vstack(rows, format="csr") if any(map(issparse, rows)) else np.concatenate(rows)
    weight = None
    if any(batch.weight is not None for batch in batches):
        weight = np.concatenate(
            [np.ones(b.n_samples) if b.weight is None else b.weight for b in batches]
        )
    return MemorySource(X, np.concatenate([batch.y for batch in batches]), weight)
