"""Samples in blocks on disk, of which two or three at a time are in memory."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from linnet.data.ahead import ahead
from linnet.data.array_file import ArrayFile
from linnet.data.batch import Batch
from linnet.data.block_file import BlockFile
from linnet.data.block_writing import write_blocks
from linnet.data.memory import MemorySource
from linnet.data.passing import drawn, fold_over, gathered, most_rows, rotated_over, spare
from linnet.data.source import Fold, Source
from linnet.errors import SettingError
from linnet.types import Array

__all__ = ["BlockSource", "StoredBlocks"]

# The block in use, the one that is fetched, and the one that is about to be let go.
BLOCKS_IN_MEMORY: Final = 3
BLOCK_SHARE: Final = 8
# From here on a block is as fast to read as a larger one.
LARGEST_BLOCK: Final = 64 * 2**20


@runtime_checkable
class StoredBlocks(Protocol):
    """Rows on disk that can be mapped into memory some at a time."""

    @property
    def n_features(self) -> int:
        """Number of columns."""
        ...

    @property
    def n_values(self) -> int:
        """Number of values stored."""
        ...

    @property
    def n_bytes(self) -> int:
        """Bytes that the features take, and perhaps more."""
        ...

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        ...

    @property
    def starts(self) -> tuple[int, ...]:
        """Number of the first row of each block, and of all rows."""
        ...

    @property
    def identity(self) -> tuple[Any, ...]:
        """What tells the rows from any others."""
        ...

    def read(self, number: int, *, whole: bool = True) -> Batch:
        """Map a block; with ``whole`` fetch it at once, else only what is looked at."""
        ...


@final
@dataclass(frozen=True)
class BlockSource:
    """Rows stored in blocks; each is mapped into memory while it is in use, and let go after.

    While a block is in use one thread fetches the next. Sums go through the blocks in order.

    Parameters
    ----------
    stored : StoredBlocks
        The rows; see `write`, `open` and `of_array`.
    memory : int
        Bytes that may be used.

    Examples
    --------
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> batch = Batch(np.arange(6.0).reshape(3, 2), np.array([0, 1, 1]))
    >>> with TemporaryDirectory() as folder:
    ...     _ = BlockSource.write([batch, batch], folder, memory=2**20)
    ...     source = BlockSource.open(folder, memory=2**20)
    ...     source.n_samples, source.fold(lambda rows: (rows.X.sum(axis=0),))
    (6, (array([12., 18.]),))
    """

    stored: StoredBlocks
    memory: int

    @classmethod
    def write(
        cls,
        batches: Iterable[Batch],
        folder: str | os.PathLike[str],
        *,
        memory: int,
        limit: int | None = None,
    ) -> "BlockSource":
        """Write rows into a folder, and give them as a source.

        Parameters
        ----------
        batches : iterable of Batch
            The rows: all dense, or all CSR; all with weights, or none.
        folder : str or path
            Where they are kept; it is made if it is not there. Blocks in it are replaced.
        memory : int
            Bytes that may be used. A block takes an eighth of them, at most 64 MiB; a single row
            may take more.
        limit : int or None
            Bytes that the blocks may take on disk.

        Raises
        ------
        DiskFullError
            If the disk is full or ``limit`` is reached: nothing written is left.
        DataError
            If there is no row, or the batches are not alike: the message names the batch.
        """
        blocks = write_blocks(batches, Path(folder), block_bytes=_block_bytes(memory), limit=limit)
        return cls(blocks, memory)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, memory: int) -> "BlockSource":
        """Open rows that were written before.

        Parameters
        ----------
        folder : str or path
            Where they are kept.
        memory : int
            Bytes that may be used.

        Raises
        ------
        TableError
            If they were not written to their end, or have been cut off or altered since.
        SettingError
            If their blocks are too large for ``memory``.
        """
        blocks = BlockFile.open(Path(folder))
        needed = BLOCKS_IN_MEMORY * max(block.end - block.start for block in blocks.blocks)
        if needed > memory:
            raise SettingError(
                f"{folder}: the blocks there are for more memory: reading them takes "
                f"{needed:,} bytes, and memory={memory:,}. Allow more, or write them again."
            )
        return cls(blocks, memory)

    @classmethod
    def of_array(
        cls, path: str | os.PathLike[str], y: Any, weight: Any = None, *, memory: int
    ) -> "BlockSource":
        """Take the rows of an array in an .npy file where they lie, without a copy.

        Parameters
        ----------
        path : str or path
            File with the matrix X (n×k), of any real type, in C or F order.
        y : array of shape (n,) or (n, m)
            The targets.
        weight : array of shape (n,), optional
            The weights.
        memory : int
            Bytes that may be used.

        Raises
        ------
        TableError
            If the file is not an .npy file of a matrix of numbers.
        DataError
            If targets or weights are not as many as rows.
        """
        blocks = ArrayFile.of(Path(path), y, weight, block_bytes=_block_bytes(memory))
        return cls(blocks, memory)

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.stored.starts[-1]

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.stored.n_features

    @property
    def n_values(self) -> int:
        """Number of values stored."""
        return self.stored.n_values

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return self.stored.total_weight

    @property
    def room(self) -> int:
        """How many values may be kept beside the samples: a quarter of the memory."""
        return spare(self.memory)

    @property
    def room_for_sums(self) -> int:
        """How many values sums may take: as many as fill the memory."""
        return self.memory // 8

    def batches(self, start: int = 0) -> Iterator[Batch]:
        """Give the blocks from number ``start`` on, in order."""
        return self._read(range(start, len(self.stored.starts) - 1))

    def fold(self, function: Fold, *, tiled: bool = True) -> tuple[Array, ...]:
        """Sum ``function`` over the blocks, or their tiles, in order."""
        return fold_over(self.batches(), function, tiled=tiled)

    def shuffled(self, random: np.random.Generator) -> Iterator[tuple[Batch, Int[Array, " n"]]]:
        """Blocks in random order, and a random order of the rows of each."""
        for batch in self._read(random.permutation(len(self.stored.starts) - 1).tolist()):
            yield batch, random.permutation(batch.n_samples)

    def sample(self, random: np.random.Generator, size: int) -> MemorySource:
        """At most ``size`` rows without replacement, as many as fit a quarter of the memory.

        Only the pages that hold them are read.
        """
        size = min(size, most_rows(self.memory, self.n_samples, self.stored.n_bytes))
        return gathered(self._holding(drawn(random, self.n_samples, size)))

    def rotated(self, basis: Float[Array, "p r"]) -> Source:
        """Put samples Bᵀx in place of x; in memory if they fit, else worked out in each pass."""
        return rotated_over(self, self.batches, basis, self.memory)

    def _read(self, numbers: Iterable[int]) -> Iterator[Batch]:
        return ahead(partial(self.stored.read, number) for number in numbers)

    def _holding(self, rows: Int[Array, " s"]) -> Iterator[tuple[Batch, Int[Array, " r"]]]:
        """Map each block that holds some of the rows, and say where in it they are."""
        starts = np.array(self.stored.starts)
        cuts = np.searchsorted(rows, starts)
        for number in np.flatnonzero(np.diff(cuts)).tolist():
            inside = rows[cuts[number] : cuts[number + 1]] - starts[number]
            yield self.stored.read(number, whole=False), inside


def _block_bytes(memory: int) -> int:
    if memory < 1:
        raise SettingError(f"memory={memory}: give a number of bytes above zero.")
    return min(LARGEST_BLOCK, memory // BLOCK_SHARE)
