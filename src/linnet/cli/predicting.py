"""Predictions for the rows of a table, as a table of their own."""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from linnet.cli.files import check_output
from linnet.cli.inputs import AnyModel, is_classifier, regression_of, rows_for
from linnet.cli.named_rows import NamedRows
from linnet.cli.tallying import encoded
from linnet.cli.terminal import note
from linnet.data.frames import as_table
from linnet.data.writing import write_tables
from linnet.estimators import load
from linnet.features.unseen import UnseenValues
from linnet.types import Array

__all__ = ["csv_text", "predict_rows", "predictions"]


def predict_rows(model_file: Path, rows: NamedRows, output: Path | None) -> None:
    """Predict each row, and write the predictions to a file or to standard output."""
    if output is not None:
        check_output(output, model_file, *rows.files)
    model = load(model_file)
    unseen = UnseenValues()
    parts = _parts(model, rows, unseen)
    if output is None:
        for number, columns in enumerate(parts):
            sys.stdout.write(csv_text(columns, header=number == 0))
    else:
        written = 0

        def counted() -> Iterator[dict[str, Array]]:
            nonlocal written
            for columns in parts:
                written += len(next(iter(columns.values())))
                yield columns

        write_tables(counted(), output)
        note(f"{written:,} predictions are in {output}")
    note(*[unseen.message] * bool(unseen.message))


def _parts(model: AnyModel, rows: NamedRows, unseen: UnseenValues) -> Iterator[dict[str, Array]]:
    for some in rows.some_at_a_time(model):
        design, strange = encoded(model, rows_for(model, some.features, some.data.origin))
        unseen.add(strange)
        yield predictions(model, design)


def predictions(model: AnyModel, design: Any) -> dict[str, Array]:
    """Return the columns to write: the prediction, and of a classifier every probability."""
    regression = regression_of(model)
    if not is_classifier(model):
        predicted = regression.predict(design)
        if predicted.ndim == 1:
            return {"prediction": predicted}
        return {f"prediction {i}": column for i, column in enumerate(predicted.T, start=1)}
    probabilities = regression.predict_proba(design)
    columns = {"prediction": model.classes_[probabilities.argmax(axis=1)]}
    pairs = zip(model.classes_, probabilities.T, strict=True)
    return columns | {f"p({label})": column for label, column in pairs}


def csv_text(columns: dict[str, Array], *, header: bool = True) -> str:
    """Write columns as CSV, below their names or without."""
    from pyarrow import csv

    stream = BytesIO()
    csv.write_csv(as_table(columns).columns, stream, csv.WriteOptions(include_header=header))
    return stream.getvalue().decode()
