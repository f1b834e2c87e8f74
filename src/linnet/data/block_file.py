"""Blocks of rows in one file, and an index beside it that is written last.

The file holds the arrays of a block after another, each at a multiple of 64 bytes: X in C order,
or the values, columns and row pointers of CSR; then targets and weights. The index, in JSON, says
for each block where its arrays lie, and the checksum of its bytes. A writer that is killed leaves
no index, so that nothing opens.
"""

import json
import mmap
import os
import sys
import zlib
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from scipy.sparse import csr_array

from linnet.data.ahead import fetch
from linnet.data.atomic import atomic_write
from linnet.data.batch import Batch, Matrix
from linnet.errors import TableError
from linnet.types import Array

__all__ = ["ALIGNMENT", "DATA", "INDEX", "Block", "BlockFile", "Stamp", "StoredArray"]

DATA: Final = "rows.blocks"
INDEX: Final = "rows.json"
FORMAT: Final = "linnet blocks 1"
ALIGNMENT: Final = 64
"""Bytes of a cache line, and of the longest vector of any processor in use."""


@final
@dataclass(frozen=True)
class StoredArray:
    """Where in the file an array begins, its type in NumPy's letters, and its shape."""

    start: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def end(self) -> int:
        """Where in the file it ends."""
        return self.start + self.count * np.dtype(self.dtype).itemsize


@final
@dataclass(frozen=True)
class Block:
    """Bytes ``start`` to ``end`` of the file: some rows, as the arrays of their batch.

    ``arrays`` has ``X``, or ``data``, ``indices`` and ``indptr``; ``y``; and ``weight`` if rows
    are weighed. ``is_sorted`` says of CSR whether columns rise in each row.
    """

    start: int
    end: int
    check: int
    is_sorted: bool
    arrays: dict[str, StoredArray]

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return self.arrays["y"].shape[0]

    @property
    def n_values(self) -> int:
        """Number of values stored of X."""
        return self.arrays["X" if "X" in self.arrays else "data"].count


@final
@dataclass(frozen=True)
class Stamp:
    """Size and time of last change of a file: where they are the same, the file is."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Look at a file."""
        try:
            status = path.stat()
        except OSError as error:
            raise TableError(f"{path}: cannot be read: {error.strerror}.") from None
        return cls(status.st_size, status.st_mtime_ns)

    def check(self, path: Path) -> None:
        """Refuse a file that has changed: to go on in a file cut off would crash the process."""
        if Stamp.of(path) != self:
            raise TableError(
                f"{path}: the file has changed since it was opened. Leave it alone while it is in "
                "use, and begin again."
            )


@final
@dataclass(frozen=True)
class BlockFile:
    """Blocks as their index describes them; each is mapped into memory only when read."""

    path: Path
    stamp: Stamp
    n_features: int
    total_weight: float
    blocks: tuple[Block, ...]

    @classmethod
    def open(cls, folder: Path) -> "BlockFile":
        """Open the blocks in ``folder``, after a look whether they are as they were written."""
        path = folder / DATA
        content = _read_index(folder / INDEX)
        try:
            blocks = tuple(_block(each) for each in content["blocks"])
            written = Stamp(int(content["size"]), int(content["mtime_ns"]))
            counts = int(content["n_features"]), float(content["total_weight"])
        except (KeyError, TypeError, ValueError):
            raise _damaged(folder / INDEX, "is not an index of blocks") from None
        stamp = Stamp.of(path)
        ends = [0, *(block.end for block in blocks)]
        in_order = all(block.start >= end for block, end in zip(blocks, ends, strict=False))
        if stamp.size != written.size or ends[-1] != stamp.size or not in_order:
            raise _damaged(path, f"has {stamp.size:,} bytes where {written.size:,} were written")
        file = cls(path, stamp, *counts, blocks)
        # A copy has a time of its own, and may be good.
        if stamp != written:
            file.verify()
        return file

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Number of the first row of each block, and of all rows."""
        return (0, *accumulate(block.n_samples for block in self.blocks))

    @cached_property
    def n_values(self) -> int:
        """Number of values stored."""
        return sum(block.n_values for block in self.blocks)

    @property
    def n_bytes(self) -> int:
        """Bytes of all blocks."""
        return self.stamp.size

    @property
    def identity(self) -> tuple[int, ...]:
        """What tells the rows from any others: the checksum of each block."""
        return tuple(block.check for block in self.blocks)

    def save_index(self) -> None:
        """Write the index: from here on the blocks can be opened."""
        content = {
            "format": FORMAT,
            "byteorder": sys.byteorder,
            "size": self.stamp.size,
            "mtime_ns": self.stamp.mtime_ns,
            "n_features": self.n_features,
            "total_weight": self.total_weight,
            "blocks": [asdict(block) for block in self.blocks],
        }
        with atomic_write(self.path.with_name(INDEX)) as temporary:
            temporary.write_text(json.dumps(content), encoding="utf-8")

    def verify(self) -> None:
        """Compare the bytes of every block with its checksum."""
        with self.path.open("rb") as file:
            for number, block in enumerate(self.blocks):
                file.seek(block.start)
                if zlib.crc32(file.read(block.end - block.start)) != block.check:
                    raise _damaged(self.path, f"is damaged in block {number}")

    def read(self, number: int, *, whole: bool = True) -> Batch:
        """Map a block, which is let go with the last array that lies in it.

        Targets and weights are copied: who keeps them beside scores then keeps no block. With
        ``whole`` its pages are fetched at once, else only those that are looked at.
        """
        self.stamp.check(self.path)
        block = self.blocks[number]
        start = block.start - block.start % mmap.ALLOCATIONGRANULARITY
        with self.path.open("rb") as file:
            if whole and sys.platform == "linux":
                os.posix_fadvise(file.fileno(), start, block.end - start, os.POSIX_FADV_WILLNEED)
            mapped = mmap.mmap(
                file.fileno(), block.end - start, access=mmap.ACCESS_READ, offset=start
            )
        if whole:
            fetch(np.frombuffer(mapped, np.uint8))
        arrays = {
            name: _array(mapped, stored, stored.start - start)
            for name, stored in block.arrays.items()
        }
        y, weight = arrays["y"].copy(), arrays.get("weight")
        return Batch(self._matrix(block, arrays), y, None if weight is None else weight.copy())

    def _matrix(self, block: Block, arrays: dict[str, Array]) -> Matrix:
        if "X" in arrays:
            return arrays["X"]
        parts = arrays["data"], arrays["indices"], arrays["indptr"]
        X = csr_array(parts, shape=(block.n_samples, self.n_features))
        # Noted when written: to find it out anew would take a reading of all columns.
        X.has_sorted_indices = block.is_sorted
        return X


def _array(mapped: mmap.mmap, stored: StoredArray, start: int) -> Array:
    array = np.frombuffer(mapped, stored.dtype, stored.count, start)
    return array.reshape(stored.shape)


def _read_index(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise TableError(
            f"{path}: there is no index, so no blocks were written here, or not to their end. "
            "Write them (again)."
        ) from None
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}.") from None
    except ValueError:
        raise _damaged(path, "is not JSON") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _damaged(path, f"does not say that it is of format {FORMAT!r}")
    if content.get("byteorder") != sys.byteorder:
        raise _damaged(path, "was written on a machine with the other order of bytes")
    return content


def _block(content: dict[str, Any]) -> Block:
    arrays = {
        str(name): StoredArray(
            int(each["start"]), str(np.dtype(each["dtype"]).str), tuple(map(int, each["shape"]))
        )
        for name, each in content["arrays"].items()
    }
    block = Block(
        int(content["start"]),
        int(content["end"]),
        int(content["check"]),
        bool(content["is_sorted"]),
        arrays,
    )
    if any(a.start < block.start or a.end > block.end for a in arrays.values()):
        raise ValueError("An array lies outside of its block.")
    return block


def _damaged(path: Path, what: str) -> TableError:
    return TableError(f"{path}: {what}. Remove the folder and write the blocks again.")
