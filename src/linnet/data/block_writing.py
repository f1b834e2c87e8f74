"""Batches become blocks on disk: all of them and their index, or nothing."""

import errno
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, final

import numpy as np

from linnet.data.atomic import atomic_write
from linnet.data.batch import Batch
from linnet.data.block_file import ALIGNMENT, DATA, INDEX, Block, BlockFile, Stamp, StoredArray
from linnet.data.regrouping import regrouped
from linnet.errors import DataError, DiskFullError
from linnet.types import Array

__all__ = ["write_blocks"]

_FULL: Final = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
# Columns and row pointers take four bytes while they fit.
_LARGEST_INT32: Final = 2**31 - 1


def write_blocks(
    batches: Iterable[Batch], folder: Path, *, block_bytes: int, limit: int | None = None
) -> BlockFile:
    """Write rows into ``folder``, in blocks of about ``block_bytes``.

    Raises
    ------
    DiskFullError
        If the disk is full, or the blocks would take more than ``limit`` bytes.
    DataError
        If there is no row; or batches differ in columns, kind, or whether they have weights.
    """
    with _all_or_nothing(folder):
        with atomic_write(folder / DATA) as temporary, temporary.open("wb") as file:
            writer = _Writer(file, sys.maxsize if limit is None else limit, str(folder))
            for pieces in regrouped(writer.checked(batches), block_bytes):
                writer.write(pieces)
        if not writer.blocks:
            raise DataError("The batches hold no row. Give at least one.")
        path = folder / DATA
        written = BlockFile(
            path, Stamp.of(path), writer.n_features, writer.total_weight, tuple(writer.blocks)
        )
        written.save_index()
    return written


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    _remove_from(folder)
    try:
        yield
    except BaseException as error:
        _remove_from(folder)
        if is_new:
            folder.rmdir()
        if isinstance(error, OSError) and error.errno in _FULL:
            raise DiskFullError(
                f"{folder}: the disk is full ({error.strerror}); what was written is removed. Free "
                "some space, name a folder on another disk, or do without the cache."
            ) from None
        raise


def _remove_from(folder: Path) -> None:
    # The index first: blocks without one do not open.
    for name in (INDEX, DATA):
        for path in (folder / name, *folder.glob(f".{name}.*.partial")):
            path.unlink(missing_ok=True)


@final
@dataclass
class _Writer:
    """An open file of blocks, and what its index will say."""

    file: IO[bytes]
    limit: int
    folder: str
    blocks: list[Block] = field(default_factory=list)
    n_features: int = 0
    total_weight: float = 0.0
    at: int = 0
    check: int = 0

    def checked(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Give the batches, if each is like the first, and add up their weights."""
        like = None
        for number, batch in enumerate(batches):
            layout = _layout(batch, number)
            like = like or layout
            if layout != like:
                raise DataError(
                    f"Batch {number} has {', '.join(layout)}, but batch 0 has {', '.join(like)}. "
                    "All batches must be alike."
                )
            self.n_features = int(batch.X.shape[1])
            weight = batch.weight
            self.total_weight += float(
                batch.n_samples if weight is None else weight.sum(dtype=np.float64)
            )
            yield batch

    def write(self, pieces: list[Batch]) -> None:
        """Write the pieces as one block."""
        self._pad()
        start, self.check = self.at, 0
        is_sorted = True
        if isinstance(pieces[0].X, np.ndarray):
            arrays = {"X": self._write([piece.X for piece in pieces])}
        else:
            arrays = self._write_csr(pieces)
            is_sorted = all(piece.X.has_sorted_indices for piece in pieces)
        arrays["y"] = self._write([piece.y for piece in pieces])
        if pieces[0].weight is not None:
            arrays["weight"] = self._write([np.asarray(piece.weight) for piece in pieces])
        self.blocks.append(Block(start, self.at, self.check, is_sorted, arrays))

    def _write_csr(self, pieces: list[Batch]) -> dict[str, StoredArray]:
        inside = [slice(piece.X.indptr[0], piece.X.indptr[-1]) for piece in pieces]
        lengths = np.concatenate([np.diff(piece.X.indptr) for piece in pieces])
        ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        index = np.int32 if max(self.n_features, ends[-1]) <= _LARGEST_INT32 else np.int64
        pairs = list(zip(pieces, inside, strict=True))
        return {
            "data": self._write([piece.X.data[part] for piece, part in pairs]),
            "indices": self._write([piece.X.indices[part] for piece, part in pairs], index),
            "indptr": self._write([ends], index),
        }

    def _write(self, parts: list[Array], dtype: type | None = None) -> StoredArray:
        """Write arrays one after another, as one."""
        self._pad()
        start = self.at
        common = np.dtype(dtype or np.result_type(*parts)).newbyteorder("=")
        for part in parts:
            self._put(np.ascontiguousarray(part, common).reshape(-1).view(np.uint8))
        shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
        return StoredArray(start, common.str, shape)

    def _pad(self) -> None:
        self._put(np.zeros(-self.at % ALIGNMENT, np.uint8))

    def _put(self, content: Array) -> None:
        if self.at + content.nbytes > self.limit:
            raise DiskFullError(
                f"{self.folder}: the rows take more than the {self.limit:,} bytes allowed; what "
                "was written is removed. Allow more, or do without the cache."
            )
        self.file.write(content.data)
        self.check = zlib.crc32(content.data, self.check)
        self.at += content.nbytes


def _layout(batch: Batch, number: int) -> tuple[str, ...]:
    """Say what all batches must have in common."""
    X, y, weight = batch.X, batch.y, batch.weight
    is_dense = isinstance(X, np.ndarray)
    if not is_dense and getattr(X, "format", None) != "csr":
        raise DataError(f"Batch {number}: X is {type(X).__name__}, not an array or a CSR matrix.")
    for name, array in (("X", X), ("y", y), ("weight", weight)):
        if array is not None and (array.dtype.kind not in "biuf" or len(array.shape) > 2):
            raise DataError(
                f"Batch {number}: {name} is of type {array.dtype} and shape {array.shape}. It must "
                "be numbers, in at most two dimensions."
            )
        if array is not None and array.shape[0] != X.shape[0]:
            raise DataError(
                f"Batch {number}: {name} has {array.shape[0]} rows, but X has {X.shape[0]}."
            )
    return (
        "dense rows" if is_dense else "CSR rows",
        f"{X.shape[1]} columns",
        f"targets of shape (n{''.join(f', {m}' for m in y.shape[1:])})",
        "no weights" if weight is None else "weights",
    )
