"""A coded column becomes a column again, in a table of its own."""

import sys
from pathlib import Path

from linnet.cli.encoding import target_name
from linnet.cli.files import check_output
from linnet.cli.inputs import is_classifier, read_input, regression_of, rows_for
from linnet.cli.options import Reading
from linnet.cli.predicting import csv_text
from linnet.cli.terminal import note
from linnet.data.libsvm import LibsvmData
from linnet.data.writing import write_table
from linnet.errors import DataError
from linnet.estimators import decode_labels, decode_numbers, load
from linnet.types import Array

__all__ = ["decode_table"]


def decode_table(
    model_file: Path, table_file: Path, coded_file: Path, output: Path | None, reading: Reading
) -> None:
    """Decode a file, and write the column to another, or to standard output as CSV."""
    if output is not None:
        check_output(output, model_file, table_file, coded_file)
    model = load(model_file)
    coded = coded_file.read_bytes()
    data = read_input(table_file, reading, regression_of(model).n_features_in_)
    features = data.X if isinstance(data, LibsvmData) else data
    rows = rows_for(model, features, str(table_file))
    decoder = decode_labels if is_classifier(model) else decode_numbers
    try:
        column: Array = decoder(model, rows, coded)
    except DataError as error:
        raise DataError(f"{coded_file}: {error}") from error
    columns = {target_name(model) or "label": column}
    if output is None:
        sys.stdout.write(csv_text(columns))
    else:
        write_table(columns, output)
        note(f"{len(column):,} rows are in {output}")
