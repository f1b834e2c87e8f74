"""Dense rows in an .npy file, read block by block where they lie: nothing is written anew."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from linnet.data.ahead import fetch
from linnet.data.batch import Batch
from linnet.data.block_file import Stamp
from linnet.errors import DataError, TableError
from linnet.types import Array

__all__ = ["ArrayFile"]


@final
@dataclass(frozen=True)
class ArrayFile:
    """Rows of an array in a file, of any real type, in C or F order; targets in memory.

    The values begin at byte ``start``. The blocks are ``rows`` rows each, the last fewer.
    """

    path: Path
    stamp: Stamp
    start: int
    shape: tuple[int, int]
    itemsize: int
    y: Array
    weight: Array | None
    rows: int

    @classmethod
    def of(cls, path: Path, y: Any, weight: Any, *, block_bytes: int) -> "ArrayFile":
        """Look at the header of the file, and whether the targets suit it."""
        stamp = Stamp.of(path)
        X = _mapped(path)
        if X.ndim != 2 or X.dtype.kind not in "biuf" or not len(X):
            raise TableError(
                f"{path}: the array is of type {X.dtype} and shape {X.shape}. Samples are a matrix "
                "of numbers, a row each, and at least one."
            )
        y, weight = np.asarray(y), None if weight is None else np.asarray(weight)
        for name, array in (("y", y), ("weight", weight)):
            if array is not None and array.shape[:1] != X.shape[:1]:
                raise DataError(
                    f"{name} has shape {array.shape}, but the array in {path} has {len(X)} rows. "
                    "Give one for each row."
                )
        rows = max(1, block_bytes // max(1, X.shape[1] * X.itemsize))
        return cls(path, stamp, X.offset, (X.shape[0], X.shape[1]), X.itemsize, y, weight, rows)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.shape[1]

    @property
    def n_values(self) -> int:
        """Number of values."""
        return self.shape[0] * self.shape[1]

    @property
    def n_bytes(self) -> int:
        """Bytes of all values."""
        return self.n_values * self.itemsize

    @property
    def total_weight(self) -> float:
        """Sum of the weights."""
        return float(len(self.y) if self.weight is None else self.weight.sum(dtype=np.float64))

    @property
    def starts(self) -> tuple[int, ...]:
        """Number of the first row of each block, and of all rows."""
        return (*range(0, self.shape[0], self.rows), self.shape[0])

    @property
    def identity(self) -> tuple[Any, ...]:
        """What tells the rows from any others: the file's size and last change; the targets."""
        return (str(self.path), self.stamp, self.y, self.weight)

    def read(self, number: int, *, whole: bool = True) -> Batch:
        """Map a block of rows, which is let go with the last array that lies in it.

        In F order a block is a piece of each column: to look at all of them would map most of the
        file, page by page, so they are read.
        """
        self.stamp.check(self.path)
        rows = slice(number * self.rows, (number + 1) * self.rows)
        # A view of the whole file costs no memory but for what is looked at.
        mapped = np.asarray(_mapped(self.path))
        X = mapped[rows]
        if whole and mapped.flags.c_contiguous:
            fetch(X)
        elif whole:
            X = self._read_columns(X, rows.start)
        return Batch(X, self.y[rows], None if self.weight is None else self.weight[rows])

    def _read_columns(self, mapped: Array, first: int) -> Array:
        """Read a block in F order from its first row on."""
        block = np.empty_like(mapped, order="F")
        with self.path.open("rb", buffering=0) as file:
            for number in range(block.shape[1]):
                file.seek(self.start + (number * self.shape[0] + first) * self.itemsize)
                file.readinto(block[:, number].data)
        return block


def _mapped(path: Path) -> np.memmap[Any, Any]:
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except (ValueError, OSError, EOFError) as error:
        raise TableError(f"{path}: cannot be read as an .npy file: {error}") from None
