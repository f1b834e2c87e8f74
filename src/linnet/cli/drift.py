"""``linnet drift``: how far the columns of one table are from those of another."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Json, Quiet, Reading, Separator, TableFile

__all__ = ["drift"]


def drift(
    *,
    first: TableFile,
    second: Annotated[
        Path, typer.Argument(metavar="OTHER", help="A table with columns of the same names.")
    ],
    column: Annotated[
        list[str] | None,
        typer.Option("--column", "-c", help="Compare this column alone; may be given repeatedly."),
    ] = None,
    bins: Annotated[
        int, typer.Option(help="Ranges for numbers and dates, of equally many rows.", min=2)
    ] = 20,
    permutations: Annotated[
        int, typer.Option(help="How often rows are dealt out anew to tell chance.", min=1)
    ] = 9999,
    seed: Annotated[int, typer.Option(help="Seed of that.", min=0)] = 0,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Tell in bits how far each column of OTHER is from that of TABLE, and if it may be chance."""
    from linnet.cli.drifting import DriftRequest, show_drift
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    request = DriftRequest(
        columns=tuple(column or ()),
        bins=bins,
        permutations=permutations,
        seed=seed,
        reading=Reading(separator=separator, header=header, encoding=encoding),
    )
    show_drift(first, second, request, as_json=as_json)
