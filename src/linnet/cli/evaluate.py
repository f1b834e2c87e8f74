"""``linnet evaluate``: tell how good a model is on a table whose targets are known."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import (
    CardFile,
    Encoding,
    Header,
    Json,
    Model,
    Query,
    Quiet,
    Reading,
    ReportFile,
    RowMemory,
    Separator,
    TableName,
)

__all__ = ["evaluate"]


def evaluate(
    *,
    model: Model,
    table: TableName = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="Column with the target, if its name is not that of the fit."
        ),
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Column that says how often a row counts.")
    ] = None,
    report: ReportFile = None,
    card: CardFile = None,
    training: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="Table of training, to which the report compares the columns of TABLE.",
        ),
    ] = None,
    sql: Query = None,
    memory: RowMemory = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell how well MODEL predicts TABLE, in nats and bits. A table of any size takes one pass.

    Where no label of TABLE is known to the model, spaces around the labels and one full stop at
    their end are ignored, if all labels are known then.
    """
    from linnet.cli.evaluating import EvaluationRequest, evaluate_table
    from linnet.cli.named_rows import NamedRows
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    request = EvaluationRequest(
        model=model,
        rows=NamedRows(
            table=table,
            query=sql,
            memory=memory,
            reading=Reading(separator=separator, header=header, encoding=encoding),
        ),
        target=target,
        weight=weight,
        training=training,
        reports=tuple(file for file in (report, card) if file is not None),
    )
    evaluate_table(request, as_json=as_json)
