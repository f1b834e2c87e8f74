"""Rows of a stream of tables, encoded: one pass to learn how, then batches as often as needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, final, get_args

import numpy as np
from sklearn.base import clone

from linnet.data.batch import Batch
from linnet.data.streams import Chunk, TableStream
from linnet.data.tables import select_column
from linnet.errors import SettingError, TableError
from linnet.features.columns import Task, TaskGuess, task_of
from linnet.features.design import dense_matrix, sparse_matrix
from linnet.features.encoder import TableEncoder
from linnet.features.first_pass import (
    THREADS,
    check_finite,
    merge_summaries,
    no_rows,
    summarise_table,
)
from linnet.features.settings import EncoderSettings, checked_settings
from linnet.features.summaries import ColumnSummary, Role, summarise
from linnet.features.targets import (
    WantedTask,
    check_target,
    class_numbers,
    classes_of,
    known_rows,
    target_numbers,
    weights_of,
)
from linnet.parallel import in_order
from linnet.types import Array

__all__ = ["BATCH_VALUES", "EncodedRows", "Progress"]

Progress: TypeAlias = Callable[[int, int], None]
"""Is told, now and then, how many rows of a pass are done, and how many bytes were read."""

# A batch of 2^21 float64 values is 16 MiB; the threads hold a few of them.
BATCH_VALUES: Final = 2**21
_LEAST_ROWS: Final = 64


@final
@dataclass(frozen=True, kw_only=True)
class EncodedRows:
    """The rows of a stream as a linear model takes them, made anew in each pass.

    Rows without a target are left out, and the encoder knows nothing of them.

    Parameters
    ----------
    stream : TableStream
        The table, a chunk of rows after another.
    encoder : TableEncoder
        Fitted to the stream.
    target : str
        The column to predict.
    weight : str or None
        The column that says how often each row counts.
    task : {"classification", "regression"}
        What is predicted.
    reason : str
        Why, in words that follow "because".
    classes : array of shape (q,) or None
        The classes, sorted; None for a regression.
    n_samples, n_missing : int
        Number of rows with a target, and without.
    total_weight : float
        Sum of the weights; the number of rows where none are given.
    batch_values : int
        A batch holds no more values than that, if it has more than a few rows.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> class Whole:
    ...     origin, names, notes, n_bytes = "fruit", ("size", "sort"), (), None
    ...     def chunks(self, columns=None):
    ...         yield Chunk(as_table({"size": [1.0, 2.0, 3.0], "sort": ["fig", None, "plum"]}))
    >>> rows = EncodedRows.of(Whole(), target="sort")
    >>> rows.classes, rows.n_samples, rows.n_missing
    (array(['fig', 'plum'], dtype=object), 2, 1)
    >>> batch = next(rows.batches())
    >>> batch.X.tolist(), batch.y.tolist()
    ([[-1.0], [1.0]], [0, 1])
    """

    stream: TableStream
    encoder: TableEncoder
    target: str
    weight: str | None
    task: Task
    reason: str
    classes: Array | None
    n_samples: int
    n_missing: int
    total_weight: float
    batch_values: int = BATCH_VALUES

    @classmethod
    def of(
        cls,
        stream: TableStream,
        *,
        target: str | int,
        task: str = "auto",
        weight: str | int | None = None,
        drop: Sequence[str | int] = (),
        encoder: TableEncoder | None = None,
        known_classes: Any = None,
        progress: Progress | None = None,
    ) -> "EncodedRows":
        """Make the first pass: fit the encoder, infer the task and find the classes.

        Parameters
        ----------
        stream : TableStream
            The table.
        target : str or int
            The column to predict: its name, or its position from 1.
        task : {"auto", "classification", "regression"}
            What to predict; "auto" infers it from the target.
        weight : str or int, optional
            A column that says how often each row counts.
        drop : sequence of str or int
            Columns not to be used.
        encoder : TableEncoder, optional
            Its settings are used, and it is left as it is.
        known_classes : array of shape (q,), optional
            The classes, if they are known beforehand.
        progress : callable, optional
            Called with the numbers of rows done and of bytes read.

        Raises
        ------
        TableError
            If there is no such column, no target is known, a number is infinite, a weight is no
            number from 0, or a target does not fit the task: with file and row.
        SettingError
            If a setting is out of range, or two contradict each other.
        """
        roles = _roles(stream, target, weight, drop)
        wanted = _wanted_task(task, known_classes)
        settings_of = TableEncoder() if encoder is None else clone(encoder)
        settings = checked_settings(
            settings_of.get_params(deep=False), no_rows(roles.features, stream.origin)
        )
        look = _FirstLook(roles, settings, wanted)
        found = look.through(stream, progress)
        guess = _guess(found.target, wanted, known_classes)
        classes = None
        if guess.task == "classification":
            classes = classes_of(found.target, stream.origin, known_classes)
        return cls(
            stream=stream,
            encoder=settings_of.fit_summaries(found.features, stream.origin),
            target=roles.target,
            weight=roles.weight,
            task=guess.task,
            reason=guess.reason,
            classes=classes,
            n_samples=found.target.n_known,
            n_missing=found.target.n_missing,
            total_weight=found.weight,
        )

    @property
    def n_features(self) -> int:
        """Number of columns of the design matrix."""
        return len(self.encoder.mean_)

    @property
    def is_sparse(self) -> bool:
        """Whether the design matrix of every batch is CSR, or of every one an array."""
        return bool(self.encoder.sparse_)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed while reading, and what the encoder has to tell."""
        return (*self.stream.notes, *self.encoder.notes_)

    def batches(self, progress: Progress | None = None) -> Iterator[Batch]:
        """Go through the stream again, and give its rows in order.

        Parameters
        ----------
        progress : callable, optional
            Called with the numbers of rows done and of bytes read.

        Yields
        ------
        Batch
            X is a float64 array or a csr_matrix of shape (n, p), the same of the two in all
            batches; y are int64 class numbers of shape (n,), or numbers of shape (n, 1).

        Raises
        ------
        TableError
            If the stream is no longer what it was in the first pass.
        """
        n_samples, n_rows = 0, 0
        for piece, batch in in_order(self._encoded, self._pieces(), THREADS):
            n_rows += piece.table.n_rows
            if progress is not None:
                progress(n_rows, piece.bytes_read)
            if batch is not None:
                n_samples += batch.n_samples
                yield batch
        if n_samples != self.n_samples:
            raise TableError(
                f"{self.stream.origin}: it had {self.n_samples} rows with a target when it was "
                f"first gone through, and now has {n_samples}. Fit again, and leave the data "
                "as they are meanwhile."
            )

    def _pieces(self) -> Iterator[Chunk]:
        """Give the columns that are used, in chunks whose design matrix is not too large."""
        used = [encoder.name for encoder in self.encoder.encoders_]
        columns = [*used, self.target, *([] if self.weight is None else [self.weight])]
        width = len(columns) if self.is_sparse else self.n_features
        size = max(_LEAST_ROWS, self.batch_values // width)
        for chunk in self.stream.chunks(columns):
            for start in range(0, chunk.table.n_rows, size):
                part = replace(chunk.table, columns=chunk.table.columns.slice(start, size))
                yield replace(chunk, table=part, first_row=chunk.first_row + start)

    def _encoded(self, piece: Chunk) -> tuple[Chunk, Batch | None]:
        table, rows = known_rows(piece, self.target)
        if not table.n_rows:
            return piece, None
        parts = [e.encode(table.column(e.name), table.origin) for e in self.encoder.encoders_]
        matrix = (sparse_matrix if self.is_sparse else dense_matrix)(parts, table.n_rows)
        weight = None if self.weight is None else weights_of(table, self.weight, rows)
        column = table.column(self.target)
        if self.classes is None:
            return piece, Batch(matrix, target_numbers(column), weight)
        codes = class_numbers(column, self.classes)
        if (codes < 0).any():
            place = int(np.argmax(codes < 0))
            raise TableError(
                f"{table.origin}, column {self.target!r}, row {rows[place]}: the label "
                f"{column[place].as_py()!s} was not there when the classes were collected."
            )
        return piece, Batch(matrix, codes, weight)


@final
@dataclass(frozen=True)
class _Roles:
    """Which column is the target, which the weight, and which are left to predict from."""

    target: str
    weight: str | None
    features: tuple[str, ...]

    @property
    def used(self) -> list[str]:
        """All of them, as the first pass reads them."""
        return [*self.features, self.target, *([] if self.weight is None else [self.weight])]


@final
@dataclass(frozen=True)
class _Found:
    """What is known of the rows gone through."""

    target: ColumnSummary
    features: Mapping[str, ColumnSummary]
    weight: float
    bytes_read: int

    def merged(self, other: "_Found", origin: str) -> "_Found":
        """Return what is known of these rows and the ``other`` ones, which follow them."""
        return _Found(
            self.target.merged(other.target, origin),
            merge_summaries(self.features, other.features, origin),
            self.weight + other.weight,
            other.bytes_read,
        )


@final
@dataclass(frozen=True)
class _FirstLook:
    """Finds out what a first pass has to: see `EncodedRows.of`."""

    roles: _Roles
    settings: EncoderSettings
    task: WantedTask

    def through(self, stream: TableStream, progress: Progress | None) -> _Found:
        """Go through the stream."""
        total: _Found | None = None
        for found in in_order(self._at, stream.chunks(self.roles.used), THREADS):
            total = found if total is None else total.merged(found, stream.origin)
            if progress is not None:
                progress(total.target.n_rows, total.bytes_read)
        if total is None or not total.target.n_rows:
            raise TableError(f"{stream.origin}: it has no row, and one at least is required.")
        place = f"{stream.origin}, column"
        if not total.target.n_known:
            raise TableError(
                f"{place} {self.roles.target!r}: the target is missing in every row. Name another "
                "column as the target."
            )
        if not total.weight > 0:
            raise TableError(
                f"{place} {self.roles.weight!r}: the weight is zero in every row: nothing is left "
                "to fit."
            )
        return total

    def _at(self, chunk: Chunk) -> _Found:
        check_finite(chunk, self.roles.used)
        target = self.roles.target
        table, rows = known_rows(chunk, target)
        check_target(table, target, rows, self.task)
        weight = self.roles.weight
        return _Found(
            summarise(target, chunk.table.column(target), table.origin, role=Role.TARGET),
            summarise_table(table, self.roles.features, self.settings) if table.n_rows else {},
            float(table.n_rows if weight is None else weights_of(table, weight, rows).sum()),
            chunk.bytes_read,
        )


def _roles(
    stream: TableStream, target: str | int, weight: str | int | None, drop: Sequence[str | int]
) -> _Roles:
    table = no_rows(stream.names, stream.origin)
    name = select_column(table, target)
    counts = None if weight is None else select_column(table, weight)
    dropped = {select_column(table, column) for column in drop}
    if name == counts or name in dropped:
        raise SettingError(f"{name!r} is the target, so it can be neither dropped nor the weight.")
    features = tuple(n for n in stream.names if n not in {name, counts, *dropped})
    if not features:
        raise TableError(
            f"{stream.origin}: no column is left beside the target to predict it from."
        )
    return _Roles(name, counts, features)


def _wanted_task(task: str, known_classes: Any) -> WantedTask:
    tasks: tuple[WantedTask, ...] = ("auto", *get_args(Task))
    found = [each for each in tasks if each == task]
    if not found:
        raise SettingError(f"task must be 'auto', 'classification' or 'regression', not {task!r}.")
    if known_classes is None:
        return found[0]
    if found[0] == "regression":
        raise SettingError("task='regression' predicts numbers: give no known_classes.")
    return "classification"


def _guess(target: ColumnSummary, wanted: WantedTask, known_classes: Any) -> TaskGuess:
    if wanted == "auto":
        return task_of(target)
    reason = "task says so" if known_classes is None else "its classes are given"
    return TaskGuess(wanted, reason)
