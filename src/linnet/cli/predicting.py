"""Predictions for the rows of a file, as a table of their own."""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from linnet.cli.files import check_output
from linnet.cli.inputs import AnyModel, is_classifier, read_input, regression_of, rows_for
from linnet.cli.options import Reading
from linnet.cli.scanning import is_beyond_memory
from linnet.cli.terminal import note
from linnet.data.budget import memory_budget, return_freed_memory, text_block_bytes
from linnet.data.frames import as_table
from linnet.data.libsvm import LibsvmData, LibsvmStream
from linnet.data.reading import table_format
from linnet.data.scanning import open_tables
from linnet.data.stored import find_files
from linnet.data.writing import write_tables
from linnet.estimators import load
from linnet.types import Array

__all__ = ["csv_text", "predict_table", "predictions"]


def predict_table(
    model_file: Path, table: str, output: Path | None, reading: Reading, memory: str | None = None
) -> None:
    """Predict each row of files, and write the predictions to a file or to standard output."""
    if output is not None:
        check_output(output, model_file, Path(table))
    model = load(model_file)
    if memory is None and not is_beyond_memory((table,)):
        parts = iter([_whole(model, Path(table), reading)])
    else:
        if output is not None:
            check_output(output, *(Path(file.name) for file in find_files(table)))
        parts = _in_chunks(model, table, reading, memory)
    if output is None:
        for number, columns in enumerate(parts):
            sys.stdout.write(csv_text(columns, header=number == 0))
        return
    rows = 0

    def counted() -> Iterator[dict[str, Array]]:
        nonlocal rows
        for columns in parts:
            rows += len(next(iter(columns.values())))
            yield columns

    write_tables(counted(), output)
    note(f"{rows:,} predictions are in {output}")


def _whole(model: AnyModel, table: Path, reading: Reading) -> dict[str, Array]:
    data = read_input(table, reading, regression_of(model).n_features_in_)
    features = data.X if isinstance(data, LibsvmData) else data
    return predictions(model, rows_for(model, features, str(table)))


def _in_chunks(
    model: AnyModel, table: str, reading: Reading, memory: str | None
) -> Iterator[dict[str, Array]]:
    """Predict some rows at a time; a part of each block of text is read while others are used."""
    block = text_block_bytes(memory_budget(memory))
    return_freed_memory()
    path = Path(table)
    if path.is_file() and table_format(path) == "libsvm":
        k = regression_of(model).n_features_in_
        for batch in LibsvmStream.open(path, k, block_bytes=block).batches():
            yield predictions(model, rows_for(model, batch.X, table))
        return
    stream = open_tables(
        table,
        separator=reading.field_separator,
        header=reading.header,
        encoding=reading.encoding,
        block_bytes=block,
    )
    note(*stream.notes)
    for chunk in stream.chunks():
        yield predictions(model, rows_for(model, chunk.table, chunk.table.origin))


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


def csv_text(columns: dict[str, Array], *, header: bool = True) -> str:
    """Write columns as CSV, below their names or without."""
    from pyarrow import csv

    stream = BytesIO()
    csv.write_csv(as_table(columns).columns, stream, csv.WriteOptions(include_header=header))
    return stream.getvalue().decode()
