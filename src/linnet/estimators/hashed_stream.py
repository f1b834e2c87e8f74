"""Rows of a scan, hashed as they come and gathered into blocks in which their order is drawn."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

import numpy as np
from jaxtyping import Int
from scipy.sparse import vstack

from linnet.data.batch import Batch
from linnet.data.streams import Chunk, in_even_chunks
from linnet.data.tables import ArrowColumn, Table, select_column
from linnet.errors import SettingError, TableError
from linnet.estimators.scanning import Scan
from linnet.features.columns import Task, TaskGuess, task_of
from linnet.features.first_pass import THREADS, check_finite, no_rows
from linnet.features.hashed_table import HashedTable
from linnet.features.hashing import HashingEncoder, hashing_settings
from linnet.features.labels import read_labels
from linnet.features.summaries import Role, summarise
from linnet.features.targets import (
    check_target,
    class_numbers,
    distinct_labels,
    known_rows,
    target_numbers,
    weights_of,
)
from linnet.parallel import in_order
from linnet.types import Array

__all__ = ["HashedBlock", "HashedStream", "task_of_stream"]

# A table is cut so that hashing has something to do on each thread, and no piece grows large.
_ROWS_AT_A_TIME: Final = 4096


@final
@dataclass(frozen=True)
class HashedBlock:
    """Some rows that are learnt from together, in an order drawn at random.

    Parameters
    ----------
    batch : Batch
        The rows, with the numbers of their classes; or, of shape (n, 1), with their targets.
    known : HashedTable
        What was known of the table when the last of them was encoded.
    classes : array of shape (q,)
        The classes known by then, sorted; none where targets are numbers.
    n_missing : int
        Rows left out before the end of the block, because their target is missing.
    rows_read : int
        Rows of the pass up to the end of the block, with those left out.
    """

    batch: Batch
    known: HashedTable
    classes: Array
    n_missing: int
    rows_read: int


@final
@dataclass(frozen=True)
class _Piece:
    """Rows to be encoded, with what is known by then."""

    table: Table
    rows: Array
    known: HashedTable
    classes: Array
    n_missing: int
    rows_read: int

    def block(self, waiting: list[Batch]) -> HashedBlock:
        """Join the rows of this piece to those that wait for it."""
        batch = _joined(waiting)
        return HashedBlock(batch, self.known, self.classes, self.n_missing, self.rows_read)


@final
@dataclass(frozen=True, kw_only=True)
class HashedStream:
    """The rows of a scan, made anew in each pass; the first learns what numbers are like.

    Parameters
    ----------
    data : Scan
        The rows, the target, and perhaps the classes.
    encoder : HashingEncoder
        Its settings are used.
    values : int
        Entries of a block, if it has more than a few rows: the bound of the shuffling.
    task : {"classification", "regression"}
        Whether targets are classes or numbers.
    """

    data: Scan
    encoder: HashingEncoder
    values: int
    task: Task

    def blocks(
        self, last: HashedBlock | None = None, *, epoch: int = 1, goes_on: bool = False
    ) -> Iterator[HashedBlock]:
        """Go through the rows, with what the ``last`` block knew if there was one.

        The first epoch goes on learning what numbers are like, and which classes there are. One
        that ``goes_on`` begins after the rows of the last block; those are read, and not hashed.

        Raises
        ------
        TableError
            If a row cannot be used, with file and row; or its label is not among the classes
            that were announced.
        SettingError
            If classes are to be learnt and the target is a number, or the other way round.
        """
        waiting: list[Batch] = []
        entries, classes = 0, np.empty(0, dtype=object)
        encode = partial(_encoded, task=self.task)
        pieces = self._pieces(last, epoch=epoch, goes_on=goes_on)
        for piece, batch in in_order(encode, pieces, THREADS):
            if len(classes) != len(piece.classes):
                waiting = [_renumbered(each, classes, piece.classes) for each in waiting]
            classes = piece.classes
            waiting.append(batch)
            entries += batch.X.nnz + batch.n_samples
            if entries >= self.values:
                yield piece.block(waiting)
                waiting, entries = [], 0
        if waiting:
            yield piece.block(waiting)

    def _pieces(
        self, last: HashedBlock | None, *, epoch: int, goes_on: bool
    ) -> Iterator[tuple[_Piece, str, str | None]]:
        data = self.data
        names, origin = data.stream.names, data.stream.origin
        header = no_rows(names, origin)
        target = select_column(header, data.target)
        weight = None if data.weight is None else select_column(header, data.weight)
        dropped = {select_column(header, name) for name in data.drop}
        features = [name for name in names if name not in {target, weight, *dropped}]
        if target == weight or target in dropped:
            raise SettingError(
                f"{target!r} is the target, so it can be neither dropped nor the weight."
            )
        if not features:
            raise TableError(f"{origin}: no column is left beside the target to predict it from.")
        columns = no_rows(features, origin)
        settings = hashing_settings(
            self.encoder, columns, categorical=data.categorical, text=data.text
        )
        known = None if last is None else last.known
        classes = self._announced() if last is None else last.classes
        used = [*features, target, *([] if weight is None else [weight])]
        done, n_missing = (last.rows_read, last.n_missing) if last and goes_on else (0, 0)
        n_rows = 0
        for chunk in _chunks(data, used):
            n_rows += chunk.table.n_rows
            if data.watcher is not None:
                data.watcher("reading", n_rows, chunk.bytes_read)
            if n_rows <= done:
                continue
            check_finite(chunk, used)
            table, rows = known_rows(chunk, target)
            n_missing += chunk.table.n_rows - table.n_rows
            if not table.n_rows:
                continue
            if known is None:
                self._check_task(table, target)
                known = HashedTable.of(table.only(features), settings)
            check_target(table, target, rows, self.task)
            if epoch == 1:
                known = known.seen(table)
                classes = self._found(classes, table, target)
            yield _Piece(table, rows, known, classes, n_missing, n_rows), target, weight

    def _announced(self) -> Array:
        if self.data.classes is None:
            return np.empty(0, dtype=object)
        return read_labels(np.asarray(self.data.classes), given=True).classes

    def _found(self, classes: Array, table: Table, target: str) -> Array:
        """Give the classes with those that turn up in further rows, if none were announced."""
        if self.data.classes is not None or self.task == "regression":
            return classes
        labels = distinct_labels(table.column(target))
        if not len(classes):
            return labels
        every = np.unique(np.concatenate([classes, labels]))
        return every if len(every) > len(classes) else classes

    def _check_task(self, table: Table, target: str) -> None:
        """Refuse a number where classes are to be learnt, and what is said to be a class."""
        data = self.data
        if self.task == "regression":
            if data.task == "classification" or data.classes is not None:
                raise SettingError(
                    f"{table.origin}, column {target!r}: the target is a class, because "
                    f"{_guess(data, table, target).reason}, and LinearRegression learns numbers. "
                    "Use SoftmaxRegression, or say task='regression'."
                )
            return
        guess = _guess(data, table, target)
        if guess.task == "regression":
            raise SettingError(
                f"{table.origin}, column {target!r}: the target is a number, because "
                f"{guess.reason}, and SoftmaxRegression learns classes. Use "
                "LinearRegression(solver=\"adagrad\"), or say task='classification'."
            )


def task_of_stream(data: Scan) -> TaskGuess:
    """Tell whether classes or numbers are to be predicted, and why: what the first rows hold.

    Raises
    ------
    TableError
        If there is no row with a target.
    """
    header = no_rows(data.stream.names, data.stream.origin)
    target = select_column(header, data.target)
    for chunk in _chunks(data, [target]):
        table, _ = known_rows(chunk, target)
        if table.n_rows:
            return _guess(data, table, target)
    raise TableError(
        f"{data.stream.origin}: it has no row with a target, and one at least is required."
    )


def _guess(data: Scan, table: Table, target: str) -> TaskGuess:
    """Guess the task from some rows, unless it is said."""
    if data.task != "auto":
        return TaskGuess(data.task, "task says so")
    if data.classes is not None:
        return TaskGuess("classification", "classes are announced")
    return task_of(summarise(target, table.column(target), role=Role.TARGET))


def _chunks(data: Scan, used: list[str]) -> Iterator[Chunk]:
    return in_even_chunks(data.stream.chunks(used), _ROWS_AT_A_TIME)


def _encoded(item: tuple[_Piece, str, str | None], task: Task) -> tuple[_Piece, Batch]:
    piece, target, weight = item
    table = piece.table
    column = table.column(target)
    y = target_numbers(column) if task == "regression" else _codes(piece, column, target)
    weights = None if weight is None else weights_of(table, weight, piece.rows)
    return piece, Batch(piece.known.encode(table), y, weights)


def _codes(piece: _Piece, column: ArrowColumn, target: str) -> Int[Array, " n"]:
    """Give the numbers of the labels' classes."""
    codes = class_numbers(column, piece.classes)
    if (codes < 0).any():
        place = int(np.argmax(codes < 0))
        raise TableError(
            f"{piece.table.origin}, column {target!r}, row {piece.rows[place]}: the label "
            f"{column[place].as_py()!s} is not among the {len(piece.classes)} classes announced. "
            "Name it with them, or leave them out: classes are then found as they come."
        )
    return codes


def _renumbered(batch: Batch, old: Array, new: Array) -> Batch:
    return replace(batch, y=np.searchsorted(new, old)[batch.y])


def _joined(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    weighed = batches[0].weight is not None
    return Batch(
        vstack([batch.X for batch in batches], format="csr"),
        np.concatenate([batch.y for batch in batches]),
        np.concatenate([batch.weight for batch in batches]) if weighed else None,
    )
