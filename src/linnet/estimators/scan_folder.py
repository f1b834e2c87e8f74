"""The folder of a scan: rows are encoded into it once, gone through there, and found again."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias, final

import numpy as np

from linnet.data import Batch, Source
from linnet.data.blocks import BlockSource
from linnet.data.budget import memory_for_data, uncounted
from linnet.data.journal import NOTE_EVERY, PASSES, Journal, digest
from linnet.data.journalled import JournalledSource
from linnet.data.passing import PassingSource
from linnet.errors import DiskFullError, SettingError
from linnet.estimators.kept_rows import PreparedRows, forget_rows, keep_rows, kept_rows
from linnet.estimators.on_dask import blocks_on_workers

__all__ = ["EXACT_FIT", "STREAM_FIT", "ReadRows", "ScanFolder", "blocks_or_passes"]

ReadRows: TypeAlias = Callable[[Path, int], PreparedRows]
"""Reads rows into a folder, with so many bytes of memory."""

EXACT_FIT: Final = PASSES
"""File that a checkpoint of encoded rows has."""

STREAM_FIT: Final = "learnt.checkpoint"
"""File that a checkpoint of rows learnt from as they come has."""

# Left free on the disk of the cache.
_DISK_LEFT: Final = 0.05


@final
@dataclass(frozen=True, kw_only=True)
class ScanFolder:
    """Where encoded rows go, and how passes over them are made.

    Parameters
    ----------
    memory : int
        Budget in bytes.
    cache, checkpoint : path or None
        Folders for the encoded rows and for the journal of a fit.
    besides : int
        What of the budget a database takes, in bytes.
    dask : str, distributed.Client or None
        The cluster whose workers are to hold the rows.
    note_every : float
        Seconds after which a checkpoint notes again what takes long.
    """

    memory: int
    cache: Path | None
    checkpoint: Path | None
    dask: Any
    besides: int = 0
    note_every: float = NOTE_EVERY

    @property
    def for_data(self) -> int:
        """Bytes of the budget that are left for the data."""
        return memory_for_data(self.memory, self.besides)

    @contextmanager
    def prepared(
        self, read: ReadRows, *, fingerprint: str, is_told_apart: bool
    ) -> Iterator[PreparedRows]:
        """Give the rows; those of the same fingerprint again, where they are there.

        Parameters
        ----------
        read : function
            Reads the rows into a folder.
        fingerprint : str
            What tells the rows, as they are read, from others.
        is_told_apart : bool
            Whether it does: nothing tells what a query gives from what it gave before.
        """
        if self.checkpoint is not None and (self.checkpoint / STREAM_FIT).exists():
            raise SettingError(
                f"{self.checkpoint}: the checkpoint there is of rows learnt from as they come, and "
                "this fit encodes them first. Name another folder."
            )
        with ExitStack() as stack:
            folder = self.cache or (self.checkpoint and self.checkpoint / "rows")
            if folder is None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="linnet-")))
            memory, note = self.for_data, uncounted(self.memory, self.besides)
            rows = kept_rows(folder, fingerprint, memory) if is_told_apart else None
            if rows is None:
                folder.mkdir(parents=True, exist_ok=True)
                forget_rows(folder)
                rows = read(folder, memory)
                if is_told_apart and isinstance(rows.source, BlockSource):
                    keep_rows(folder, fingerprint, rows, memory)
            rows = rows if note is None else replace(rows, notes=(*rows.notes, note))
            journal = self._journal(rows.source, fingerprint if is_told_apart else None)
            if self.dask is not None and isinstance(rows.source, BlockSource):
                workers = blocks_on_workers(folder, self.dask, memory // 2)
                rows = replace(rows, source=stack.enter_context(workers))
            if journal is not None:
                source = JournalledSource(rows.source, stack.enter_context(journal))
                rows = replace(rows, source=source)
            yield rows

    def _journal(
        self, source: Source, fingerprint: str | None
    ) -> AbstractContextManager[Journal] | None:
        """Give the journal of these very rows; none where nothing tells them from others."""
        if self.checkpoint is None:
            return None
        data = fingerprint
        if isinstance(source, BlockSource):
            data = digest(fingerprint, source.stored.identity)
        if data is None:
            return None
        return Journal.opened(self.checkpoint, data=data, seconds=self.note_every)


def blocks_or_passes(
    begin: Callable[[], Iterator[Batch]], folder: Path, memory: int
) -> tuple[Source, tuple[str, ...]]:
    """Write rows into blocks; where the disk has no room, give them as they come, with a note."""
    free = shutil.disk_usage(folder)
    limit = int(free.free - _DISK_LEFT * free.total)
    try:
        return BlockSource.write(begin(), folder, memory=memory // 2, limit=limit), ()
    except DiskFullError as error:
        note = f"every pass reads the table again: {error}"
        return _without_cache(begin, memory), (note,)


def _without_cache(begin: Callable[[], Iterator[Batch]], memory: int) -> PassingSource:
    """Count the rows, and give them as a source that makes them anew for each pass."""
    samples, features, values, weight = 0, 0, 0, 0.0
    for batch in begin():
        samples += batch.n_samples
        features = batch.X.shape[1]
        values += batch.X.size if isinstance(batch.X, np.ndarray) else batch.X.nnz
        weight += batch.n_samples if batch.weight is None else float(batch.weight.sum())
    return PassingSource(
        begin,
        n_samples=samples,
        n_features=features,
        n_values=values,
        total_weight=weight,
        memory=memory,
    )
