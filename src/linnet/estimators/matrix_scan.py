"""A matrix of samples on disk, libsvm or .npy, ready to be fitted without being held."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np

from linnet.data import Batch
from linnet.data.blocks import BlockSource
from linnet.data.budget import text_block_bytes
from linnet.data.frames import as_table
from linnet.data.journal import digest
from linnet.data.libsvm import LibsvmStream
from linnet.data.opening import is_libsvm_file
from linnet.data.stored import find_files
from linnet.errors import DataError, SettingError, TableError
from linnet.estimators.held_out import HeldOut
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.scan_folder import ScanFolder, blocks_or_passes
from linnet.features.columns import Task, task_of
from linnet.features.labels import class_codes, read_labels
from linnet.features.summaries import ColumnSummary, Nature, Role, summarise
from linnet.features.targets import classes_of
from linnet.types import Array

__all__ = ["MatrixScan", "Watcher", "is_array", "require_libsvm"]

Watcher: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how many rows are done with, and how many bytes were read."""

_ARRAY: Final = ".npy"


@final
@dataclass(frozen=True, kw_only=True)
class MatrixScan:
    """What :func:`linnet.scan` gives for a matrix: nothing is read before a model is fitted to it.

    Parameters
    ----------
    path : str, path or sequence of these
        The file of the samples, .npy; or files, or a pattern, of libsvm.
    labels : path or None
        The .npy file of the targets; ``None`` of libsvm, where they begin each line.
    task : {"auto", "classification", "regression"}
        What is to be predicted.
    folder : ScanFolder
        Where rows of text go.
    validation, seed : float and int
        Share of the rows to hold out, of up to 100,000, and the seed of their choice.
    watcher : function
        Told of progress in reading.
    """

    path: Any
    labels: Path | None
    task: Literal["auto", "classification", "regression"]
    folder: ScanFolder
    validation: float = 0.0
    seed: int = 0
    watcher: Watcher | None = field(default=None, compare=False)

    @property
    def origin(self) -> str:
        """What the user calls the samples."""
        return str(self.path)

    @property
    def names(self) -> tuple[str, ...]:
        """None: columns of a matrix have numbers."""
        return ()

    @property
    def target(self) -> str:
        """What the user calls the targets."""
        return "label" if self.labels is None else str(self.labels)

    @property
    def n_bytes(self) -> int:
        """Size as stored."""
        return sum(file.size for file in find_files(self.path))

    @contextmanager
    def prepared(self) -> Iterator[PreparedRows]:
        """Give the rows: those of .npy where they lie, those of libsvm in blocks."""
        is_libsvm = self.labels is None
        read = self._read_libsvm if self.labels is None else partial(self._read_array, self.labels)
        files = tuple((file.name, file.size, file.changed) for file in find_files(self.path))
        settings = (version("linnet"), self.task, self.validation, self.seed)
        with self.folder.prepared(
            read, fingerprint=digest(files, settings), is_told_apart=is_libsvm
        ) as rows:
            yield rows

    def _read_libsvm(self, folder: Path, memory: int) -> PreparedRows:
        seen = _Labels(self.origin)
        block = text_block_bytes(self.folder.memory)
        stream = LibsvmStream.open(self.path, block_bytes=block, see=seen.add)
        task, reason = seen.task(self.task)
        classes = classes_of(seen.summary, self.origin) if task == "classification" else None
        rows, values = stream.n_samples, 2 * stream.n_values
        held = HeldOut.of(self.validation, self.seed, rows=rows, values=values, memory=memory)

        size = self.n_bytes

        def coded() -> Iterator[Batch]:
            read = 0
            for batch in stream.batches():
                y = batch.y[:, None] if classes is None else class_codes(batch.y, classes)
                read += len(y)
                if self.watcher is not None:
                    self.watcher("encoding", read, size * read // rows)
                yield Batch(batch.X, y)

        source, notes = blocks_or_passes(lambda: held.others(coded()), folder, memory)
        return PreparedRows(
            source=source,
            task=task,
            reason=reason,
            classes=classes,
            notes=notes,
            held_out=held.rows(),
        )

    def _read_array(self, labels: Path, folder: Path, memory: int) -> PreparedRows:
        del folder
        if self.folder.dask is not None or self.validation:
            raise SettingError(
                f"{self.origin}: rows of an .npy file are gone through where they lie: they are "
                "neither given to a cluster nor held out. Fit a Dask array, or take rows out first."
            )
        y = _array(labels)
        seen = _Labels(str(labels))
        classes, codes = None, y.reshape(len(y), -1)
        width = codes.shape[1]
        task: Task = "regression"
        reason = "there are several targets"
        if width == 1:
            seen.add(codes[:, 0])
            task, reason = seen.task(self.task)
        if task == "classification":
            found = read_labels(codes[:, 0])
            classes, codes = found.classes, found.codes
        source = BlockSource.of_array(self.path, codes, memory=memory // 2)
        for number, batch in enumerate(source.batches()):
            _check_finite(batch, source.stored.starts[number], self.origin)
        return PreparedRows(
            source=source, task=task, reason=reason, classes=classes, n_targets=width
        )


def is_array(table: object) -> bool:
    """Tell whether the name is that of an .npy file."""
    return isinstance(table, str | os.PathLike) and os.fspath(table).lower().endswith(_ARRAY)


def require_libsvm(table: object) -> None:
    """Raise a SettingError unless files are libsvm: others need the name of their target."""
    for file in find_files(table):
        if not is_libsvm_file(file):
            raise SettingError(
                f"{file.name}: say which column is to be predicted, with target='…' (--target). "
                "Only files of libsvm have theirs at the beginning of each line."
            )


@final
class _Labels:
    """What is known of labels seen so far."""

    def __init__(self, origin: str) -> None:
        self.summary: ColumnSummary = _summary(np.empty(0))
        self._origin = origin

    def add(self, labels: Array) -> None:
        """Look at labels of further rows, numbers that are finite or text."""
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            row = self.summary.n_rows + int(np.argmin(np.isfinite(labels))) + 1
            raise TableError(f"{self._origin}: the label of sample {row} is not a finite number.")
        found = _summary(labels)
        known = self.summary.n_rows > 0
        self.summary = self.summary.merged(found, self._origin) if known else found

    def task(self, wanted: str) -> tuple[Task, str]:
        """Say what is to be predicted, and why."""
        if wanted == "regression":
            return "regression", "task='regression' says so"
        if wanted == "classification":
            if self.summary.nature is Nature.NUMBER and not self.summary.is_whole:
                raise TableError(
                    f"{self._origin}: labels with fractions are no classes. Classes are whole "
                    "numbers; for a number that is measured set task='regression'."
                )
            return "classification", "task='classification' says so"
        guess = task_of(self.summary)
        return guess.task, guess.reason


def _summary(labels: Array) -> ColumnSummary:
    return summarise("label", as_table({"label": labels}).column("label"), role=Role.TARGET)


def _array(path: Path) -> Array:
    try:
        y = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TableError(f"{path}: cannot be read as an .npy file of targets: {error}.") from None
    if y.ndim not in (1, 2) or not len(y):
        raise TableError(f"{path}: the array has shape {y.shape}; one target a row is needed.")
    return y


def _check_finite(batch: Batch, first: int, origin: str) -> None:
    X = batch.X
    if not isinstance(X, np.ndarray) or X.dtype.kind != "f" or np.isfinite(X).all():
        return
    row, column = np.argwhere(~np.isfinite(X))[0]
    raise DataError(
        f"{origin}: the value in row {first + row}, column {column}, counted from 0, is "
        f"{X[row, column]}. Leave such rows out, or fill them in."
    )
