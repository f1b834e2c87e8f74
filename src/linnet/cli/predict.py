"""``linnet predict``: write what a model predicts for each row of a table."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Model, Quiet, Reading, Separator

__all__ = ["predict"]


def predict(
    *,
    model: Model,
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="CSV (any separator), gzip, Parquet, Arrow, JSON lines or libsvm; a pattern, or "
            "an address.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File for the predictions: .csv, .tsv, .jsonl, .parquet or .arrow. "
            "Without it they are printed as CSV.",
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Read the table some rows at a time, in a process of this size, such as 1GB. So "
            "are patterns, addresses, and tables too large for the machine.",
        ),
    ] = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    quiet: Quiet = False,
) -> None:
    """Predict each row of TABLE: the class and its probabilities, or a number."""
    from linnet.cli.predicting import predict_table
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    reading = Reading(separator=separator, header=header, encoding=encoding)
    predict_table(model, table, output, reading, memory)
