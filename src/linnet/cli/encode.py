"""``linnet encode``: write a column of a table in the bits that a model needs for it."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Json, Model, Quiet, Reading, Separator, TableFile

__all__ = ["encode"]


def encode(
    *,
    model: Model,
    table: TableFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File for the coded column.", show_default=False)
    ],
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="Column to encode, if its name is not that of the fit."
        ),
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(
            help="To which numbers are kept, for a regression, such as 0.01. Without it, that to "
            "which they are written."
        ),
    ] = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Encode the target column of TABLE, which MODEL predicts from the others.

    linnet decode gives it back, from the same model and the other columns.
    """
    from linnet.cli.encoding import encode_table
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    reading = Reading(separator=separator, header=header, encoding=encoding)
    account = encode_table(model, table, output, reading, target=target, precision=precision)
    if as_json:
        account.tell_json()
    elif not quiet:
        account.tell()
