"""``linnet account``: tell what a column of a table costs in real bits, and why."""

from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Json, Model, Quiet, Reading, Separator, TableFile

__all__ = ["account"]


def account(
    *,
    model: Model,
    table: TableFile,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="Column to account for, if its name is not that of the fit."
        ),
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(
            help="To which numbers are written, for a regression, such as 0.01. Without it, that "
            "to which they are written in the table."
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="Share of samples whose interval is to hold the truth.")
    ] = 0.95,
    resamples: Annotated[int, typer.Option(help="Samples drawn from the rows.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell what the target column of TABLE costs in real bits, given MODEL and the other columns.

    From the uniform code to the file that linnet encode would write, with intervals.
    """
    from linnet.cli.accounting import account_for_table
    from linnet.cli.terminal import hush, say, say_json

    if quiet:
        hush()
    reading = Reading(separator=separator, header=header, encoding=encoding)
    report = account_for_table(
        model,
        table,
        reading,
        target=target,
        precision=precision,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    if as_json:
        say_json({"model": str(model), "table": str(table)} | report.to_dict())
    else:
        say(str(report))
