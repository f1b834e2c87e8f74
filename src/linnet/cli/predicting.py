"""Predictions for the rows of a file, as a table of their own."""

import sys
from io import BytesIO
from pathlib import Path
from typing import Any

from linnet.cli.files import check_output
from linnet.cli.inputs import AnyModel, is_classifier, read_input, regression_of, rows_for
from linnet.cli.options import Reading
from linnet.cli.terminal import note
from linnet.data.frames import as_table
from linnet.data.libsvm import LibsvmData
from linnet.data.writing import write_table
from linnet.estimators import load
from linnet.types import Array

__all__ = ["csv_text", "predict_table", "predictions"]


def predict_table(
    model_file: Path, table_file: Path, output: Path | None, reading: Reading
) -> None:
    """Predict each row of a file, and write the predictions to a file or to standard output."""
    if output is not None:
        check_output(output, model_file, table_file)
    model = load(model_file)
    data = read_input(table_file, reading, regression_of(model).n_features_in_)
    features = data.X if isinstance(data, LibsvmData) else data
    columns = predictions(model, rows_for(model, features, str(table_file)))
    if output is None:
        sys.stdout.write(csv_text(columns))
    else:
        write_table(columns, output)
        note(f"{len(columns['prediction']):,} predictions are in {output}")


def predictions(model: AnyModel, rows: Any) -> dict[str, Array]:
    """Return the columns to write: the prediction, and of a classifier every probability."""
    if not is_classifier(model):
        predicted = model.predict(rows)
        if predicted.ndim == 1:
            return {"prediction": predicted}
        return {f"prediction {i}": column for i, column in enumerate(predicted.T, start=1)}
    probabilities = model.predict_proba(rows)
    columns = {"prediction": model.classes_[probabilities.argmax(axis=1)]}
    pairs = zip(model.classes_, probabilities.T, strict=True)
    return columns | {f"p({label})": column for label, column in pairs}


def csv_text(columns: dict[str, Array]) -> str:
    """Write columns as CSV."""
    from pyarrow import csv

    stream = BytesIO()
    csv.write_csv(as_table(columns).columns, stream)
    return stream.getvalue().decode()
