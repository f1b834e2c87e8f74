"""``linnet export``: write a model for other places than linnet."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Model, Quiet

__all__ = ["export"]


def export(
    *,
    model: Model,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write: .onnx, .sql or .py. SQL and Python are printed without it.",
        ),
    ] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Write a query that predicts a table in DuckDB.")
    ] = False,
    python: Annotated[
        bool,
        typer.Option("--python", help="Write a Python module that needs nothing but math."),
    ] = False,
    table: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="SQL: the table, or the file that DuckDB is to read."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="SQL: give this column of the table too; may be given repeatedly.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write MODEL as an ONNX graph, as a SQL query, or as Python source without dependencies."""
    from linnet.cli.exporting import ExportRequest, export_model
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    request = ExportRequest(
        output=output, sql=sql, python=python, table=table, keep=tuple(keep or ())
    )
    export_model(model, request)
