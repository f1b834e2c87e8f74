"""``linnet decode``: give a column back that ``linnet encode`` wrote."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Model, Quiet, Reading, Separator, TableFile

__all__ = ["decode"]


def decode(
    *,
    model: Model,
    table: TableFile,
    coded: Annotated[Path, typer.Argument(metavar="FILE", help="A file that linnet encode wrote.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File for the column: .csv, .tsv, .jsonl, .parquet or .arrow. Without it, it is "
            "printed as CSV.",
        ),
    ] = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    quiet: Quiet = False,
) -> None:
    """Decode FILE, with the MODEL that encoded it and the other columns in TABLE."""
    from linnet.cli.decoding import decode_table
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    reading = Reading(separator=separator, header=header, encoding=encoding)
    decode_table(model, table, coded, output, reading)
