"""``linnet predict``: write what a model predicts for each row of a table."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import (
    Encoding,
    Header,
    Model,
    Query,
    Quiet,
    Reading,
    RowMemory,
    Separator,
    TableName,
)

__all__ = ["predict"]


def predict(
    *,
    model: Model,
    table: TableName = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File for the predictions: .csv, .tsv, .jsonl, .parquet or .arrow. "
            "Without it they are printed as CSV.",
        ),
    ] = None,
    sql: Query = None,
    memory: RowMemory = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    quiet: Quiet = False,
) -> None:
    """Predict each row of TABLE: the class and its probabilities, or a number."""
    from linnet.cli.named_rows import NamedRows
    from linnet.cli.predicting import predict_rows
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    reading = Reading(separator=separator, header=header, encoding=encoding)
    rows = NamedRows(table=table, query=sql, memory=memory, reading=reading)
    predict_rows(model, rows, output)
