"""``linnet suspects``: list the rows of a table from the longest code for their label down."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Json, Model, Quiet, Reading, Separator, TableFile

__all__ = ["suspects"]


def suspects(
    *,
    model: Model,
    table: TableFile,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="Column with the label, if its name is not that of the fit."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Number of rows to show.")] = 20,
    cross_fit: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            min=2,
            help="Code each row with the model refitted, at its own settings, to the other K − 1 "
            "of K parts of TABLE. For a table that the model was fitted to.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the parts of --cross-fit.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File for all rows in this order: .csv, .tsv, .jsonl, .parquet or .arrow.",
        ),
    ] = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List rows of TABLE from the longest code down: likely mislabelled rows first.

    A label's code, −log2 of its probability under MODEL, is long where the model is sure of
    another class. Rows count from 1, without the header. On rows that the model was fitted to
    give --cross-fit 5: it has learnt their wrong labels too.
    """
    from linnet.cli.suspecting import SuspectRequest, list_suspects
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    request = SuspectRequest(
        model=model,
        table=table,
        target=target,
        top=top,
        cross_fit=cross_fit,
        seed=seed,
        output=output,
        reading=Reading(separator=separator, header=header, encoding=encoding),
    )
    list_suspects(request, as_json=as_json)
