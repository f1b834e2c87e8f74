"""``linnet decompress``: give a table back that ``linnet compress`` wrote."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Quiet

__all__ = ["decompress"]


def decompress(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file that linnet compress wrote.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="File for the table. What was text comes back as it was, byte for byte; what was "
            "Parquet or Arrow is written as the suffix says: .parquet, .arrow, .csv, .tsv, .jsonl.",
            show_default=False,
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Decompress FILE."""
    from linnet.cli.decompressing import decompress_file
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    decompress_file(file, output)
