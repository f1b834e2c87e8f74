"""``linnet compress``: write a whole table in few bytes, each column given those before it."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Json, Quiet

__all__ = ["compress"]


def compress(
    *,
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            help="CSV (any separator) or any other text, also compressed; Parquet or Arrow.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File for the compressed table.", show_default=False),
    ],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compress TABLE without loss: text comes back to the last byte, Parquet to its values.

    linnet decompress gives it back; it needs nothing but the file.
    """
    from linnet.cli.compressing import compress_file
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    compressed = compress_file(table, output, shown=not quiet and not as_json)
    if as_json:
        compressed.tell_json()
    elif not quiet:
        compressed.tell()
