"""Rows to fit a model to, or to judge it by: features, targets, weights, and what was left out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float, Int

from linnet.cli.inputs import Features, read_input
from linnet.cli.options import Reading, TaskName
from linnet.cli.targets import (
    Target,
    check_finite,
    find_target,
    libsvm_target,
    require_some_target,
    require_some_weight,
    table_target,
    table_weight,
)
from linnet.data.frames import as_table
from linnet.data.libsvm import LibsvmData
from linnet.data.plain import plain_table
from linnet.data.tables import ArrowColumn, Table, select_column
from linnet.errors import SettingError, TableError
from linnet.features.columns import Task, infer_task
from linnet.types import Array

__all__ = ["ColumnChoice", "Samples", "read_samples", "read_samples_like", "samples_like"]


@final
@dataclass(frozen=True, kw_only=True)
class ColumnChoice:
    """Which column is the target, which the weight; what to drop, and what to take as what."""

    target: str | None
    weight: str | None = None
    drop: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class Samples:
    """Rows with their targets.

    Attributes
    ----------
    origin : str
        The file.
    features : Table or csr_matrix
        Features of all rows, also of those without a target.
    target : Target
        The targets that are known, and whose they are.
    weight : array of shape (m,) or None
        How often each row with a target counts.
    task : str
        "classification" or "regression".
    reason : str
        Why, in words that follow "because".
    notes : tuple of str
        What was assumed when reading.
    text, categorical : tuple of str
        Columns whose words are to be used, and those whose numbers are codes.
    weight_name : str or None
        The column of weights.
    """

    origin: str
    features: Features
    target: Target
    weight: Float[Array, " m"] | None
    task: Task
    reason: str
    notes: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    weight_name: str | None = None

    @property
    def size(self) -> int:
        """Number of rows with a target."""
        return len(self.target.rows)

    def require_some(self) -> None:
        """Raise TableError if no target is known, or no row has weight."""
        require_some_target(self.size, self.target.name, self.origin)
        if self.weight is not None and self.weight_name is not None:
            require_some_weight(float(self.weight.sum()), self.weight_name, self.origin)

    def take(self, places: Int[Array, " a"]) -> "Samples":
        """Return some of the rows with a target."""
        rows = self.target.rows[places]
        target = Target(self.target.name, np.arange(len(rows)), self.target.values[places], 0)
        weight = None if self.weight is None else self.weight[places]
        return replace(self, features=_take(self.features, rows), target=target, weight=weight)


def read_samples(
    path: Path, reading: Reading, columns: ColumnChoice, task: TaskName = TaskName.AUTO
) -> Samples:
    """Read rows to fit a model to.

    Raises
    ------
    TableError
        If the file cannot be read, a column is not there, or a number is infinite.
    SettingError
        If columns are named for a libsvm file, which has no names.
    """
    data = read_input(path, reading)
    if isinstance(data, LibsvmData):
        return _libsvm_samples(data, columns, task)
    name = find_target(data, columns.target)
    weight = None if columns.weight is None else select_column(data, columns.weight)
    others = dict.fromkeys([*([] if weight is None else [weight]), *_found(data, columns.drop)])
    if name in others:
        raise SettingError(f"{name!r} is the target, so it can be neither dropped nor the weight.")
    features = data.without(name, *others)
    if not features.names:
        raise TableError(f"{path}: no column is left beside the target to predict it from.")
    check_finite(features)
    chosen, reason = _task(data.column(name), task)
    target = table_target(data, name, chosen)
    samples = Samples(
        origin=str(path),
        features=features,
        target=target,
        weight=None if weight is None else table_weight(data, weight, target.rows),
        weight_name=weight,
        task=chosen,
        reason=reason,
        notes=data.notes,
        text=_found(data, columns.text),
        categorical=_found(data, columns.categorical),
    )
    samples.require_some()
    return samples


def read_samples_like(
    path: Path,
    reading: Reading,
    columns: ColumnChoice,
    task: Task,
    n_features: int | None = None,
) -> Samples:
    """Read rows to judge a fitted model by; columns that it does not know do not matter.

    Parameters
    ----------
    path, reading
        The file, and how to read it.
    columns : ColumnChoice
        Target and weight.
    task : str
        The model's task.
    n_features : int, optional
        Number of features of a model that takes libsvm files.
    """
    samples = samples_like(read_input(path, reading, n_features), columns, task)
    samples.require_some()
    return samples


def samples_like(
    data: Table | LibsvmData, columns: ColumnChoice, task: Task, *, first_row: int = 1
) -> Samples:
    """Take targets and weights out of rows of a file; all of them may be missing, or zero.

    Parameters
    ----------
    data : Table or LibsvmData
        Rows of a file, or all of them.
    columns, task
        As for `read_samples_like`.
    first_row : int
        Number, in the file, of the first row.
    """
    told = "the model says so"
    if isinstance(data, LibsvmData):
        return Samples(
            origin=data.origin,
            features=data.X,
            target=libsvm_target(data, task, first_row=first_row),
            weight=None,
            task=task,
            reason=told,
        )
    name = find_target(data, columns.target)
    target = table_target(data, name, task, first_row=first_row)
    weight = None if columns.weight is None else select_column(data, columns.weight)
    return Samples(
        origin=data.origin,
        features=data,
        target=target,
        weight=None
        if weight is None
        else table_weight(data, weight, target.rows, first_row=first_row),
        weight_name=weight,
        task=task,
        reason=told,
        notes=data.notes,
    )


def _libsvm_samples(data: LibsvmData, columns: ColumnChoice, task: TaskName) -> Samples:
    if columns != ColumnChoice(target=None):
        raise SettingError(
            f"{data.origin}: a libsvm file has no named columns; its target comes first on each "
            "line. Leave out --target, --weight, --drop, --text and --categorical."
        )
    chosen, reason = _task(as_table({"label": data.y}).column("label"), task)
    return Samples(
        origin=data.origin,
        features=data.X,
        target=libsvm_target(data, chosen),
        weight=None,
        task=chosen,
        reason=reason,
    )


def _found(table: Table, wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(select_column(table, name) for name in wanted)


def _task(target: ArrowColumn, wanted: TaskName) -> tuple[Task, str]:
    if wanted is TaskName.AUTO:
        guess = infer_task(target)
        return guess.task, guess.reason
    task: Task = "regression" if wanted is TaskName.REGRESSION else "classification"
    return task, "--task says so"


def _take(features: Features, rows: Int[Array, " a"]) -> Features:
    if not isinstance(features, Table):
        return features[rows]
    # Made plain again, for a category may have lost some of its levels.
    return plain_table(features.columns.take(rows), features.origin, features.notes)
