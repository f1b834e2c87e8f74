"""A column of a file becomes a coded column, in a file of its own."""

from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any, final

import numpy as np

from linnet.cli.files import check_output
from linnet.cli.inputs import AnyModel, is_classifier, read_input, regression_of, rows_for
from linnet.cli.options import Reading
from linnet.cli.targets import (
    Target,
    find_target,
    libsvm_target,
    require_some_target,
    table_target,
)
from linnet.cli.terminal import note, say, say_json
from linnet.codes.column import column_sizes
from linnet.data.atomic import atomic_write
from linnet.data.libsvm import LibsvmData
from linnet.errors import SettingError
from linnet.estimators import TableModel, encode_labels, encode_numbers, load
from linnet.estimators.label_codec import coded_lengths
from linnet.estimators.label_values import label_block
from linnet.features.columns import Task
from linnet.features.written import written_precision
from linnet.reports import CodedAccount, coded_text
from linnet.types import Array

__all__ = [
    "Encoded",
    "encode_table",
    "precision_of",
    "read_column",
    "respelt",
    "target_name",
    "whole_column",
]


@final
@dataclass(frozen=True)
class Encoded:
    """What was encoded, to be told."""

    model: Path
    table: Path
    output: Path
    account: CodedAccount
    precision: float | None

    def tell(self) -> None:
        """Print the account as text."""
        say(coded_text(self.account))

    def tell_json(self) -> None:
        """Print the account as JSON."""
        files = {"model": self.model, "table": self.table, "output": self.output}
        about = {name: str(path) for name, path in files.items()}
        say_json(about | {"precision": self.precision} | self.account.to_dict())


def encode_table(
    model_file: Path,
    table_file: Path,
    output: Path,
    reading: Reading,
    *,
    target: str | None,
    precision: float | None,
) -> Encoded:
    """Encode the target column of a file, and write it to another, whole or not at all."""
    check_output(output, model_file, table_file)
    model = load(model_file)
    if is_classifier(model) and precision is not None:
        raise SettingError(
            "--precision is for numbers, and the model predicts classes, which are kept as they "
            "are. Leave it out."
        )
    found, n, rows = read_column(model, table_file, reading, target)
    cost = None
    if is_classifier(model):
        coded, lengths, cost = _labels(model, rows, whole_column(respelt(found, model), n, None))
    else:
        if precision is None:
            precision = precision_of(model, found.values)
        coded, lengths = _numbers(model, rows, whole_column(found, n, np.nan), precision)
    with atomic_write(output) as temporary:
        temporary.write_bytes(coded)
    note(f"the column {found.name!r} is in {output}")
    account = CodedAccount(
        rows=n,
        escaped=n - len(lengths),
        sizes=column_sizes(coded),
        model_bytes=model_file.stat().st_size,
        cross_entropy=float(lengths.mean()) if len(lengths) else 0.0,
        precision_cost=cost,
    )
    return Encoded(model_file, table_file, output, account, precision)


def read_column(
    model: AnyModel, file: Path, reading: Reading, target: str | None
) -> tuple[Target, int, Any]:
    """Read the targets that are known, the number of rows, and the features."""
    task: Task = "classification" if is_classifier(model) else "regression"
    data = read_input(file, reading, regression_of(model).n_features_in_)
    if isinstance(data, LibsvmData):
        return libsvm_target(data, task), len(data.y), rows_for(model, data.X, str(file))
    found = table_target(data, find_target(data, target or target_name(model)), task)
    require_some_target(len(found.rows), found.name, str(file))
    return found, data.n_rows, rows_for(model, data, str(file))


def target_name(model: AnyModel) -> str | None:
    """Name of the column that a model of tables predicts."""
    return model.target if isinstance(model, TableModel) else None


def _labels(model: AnyModel, rows: Any, y: Array) -> tuple[bytes, Array, float | None]:
    """Code labels; give besides the model's code lengths of those that it knows, in bits.

    And by how much integer frequencies lengthen them, in the mean.
    """
    symbols = label_block(y, model.classes_).symbols
    known = np.flatnonzero(symbols < len(model.classes_))
    if not len(known) and any(label is not None for label in y):
        strange = next(label for label in y if label is not None)
        note(
            f"the model knows none of the labels, such as {str(strange)!r}: each costs 24 bits and "
            f"itself. Its classes are {', '.join(map(repr, map(str, model.classes_[:5])))}"
            + (", …" if len(model.classes_) > 5 else "")
        )
    lengths = -model.predict_log_proba(rows)[known, symbols[known]] / log(2)
    integer = coded_lengths(model, rows, y)[known]
    cost = float((integer - lengths).mean()) if len(known) else None
    return encode_labels(model, rows, y), lengths, cost


def _numbers(model: Any, rows: Any, y: Array, precision: float) -> tuple[bytes, Array]:
    coded = encode_numbers(model, rows, y, precision=precision)
    known = ~np.isnan(y)
    lengths = model.code_lengths(rows, np.where(known, y, 0.0), precision=precision)
    return coded, np.asarray(lengths)[known]


def precision_of(model: AnyModel, values: Array) -> float:
    """Find the precision of the numbers of a file, and tell it."""
    variance = float(np.max(regression_of(model).residual_variance_))
    precision = written_precision(values, variance)
    note(f"numbers are kept to {precision:g}; choose otherwise with --precision")
    return precision


def respelt(target: Target, model: AnyModel) -> Target:
    """Read numbers as text if the model's classes are text."""
    if model.classes_.dtype.kind not in "OU" or target.values.dtype.kind in "OU":
        return target
    note("labels were read as text, like the model's classes")
    return replace(target, values=np.array([str(each) for each in target.values], dtype=object))


def whole_column(target: Target, n: int, missing: Any) -> Array:
    """Targets of all rows, those included that have none."""
    if len(target.rows) == n:
        return target.values
    column = np.full(n, missing, dtype=object if missing is None else np.float64)
    column[target.rows] = target.values
    return column
