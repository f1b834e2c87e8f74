"""``linnet entropy``: how much information the columns of a table hold."""

from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Json, Reading, Separator, TableFile, UnitName

__all__ = ["entropy"]


def entropy(
    *,
    table: TableFile,
    column: Annotated[
        str | None,
        typer.Option("--column", "-c", help="Show the values of one column, by name or position."),
    ] = None,
    unit: Annotated[
        UnitName | None, typer.Option(help="Unit of the amounts; both by default.")
    ] = None,
    top: Annotated[int, typer.Option(help="Most values to show.", min=1)] = 20,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    as_json: Json = False,
) -> None:
    """Show the entropy of each column of TABLE, or the ideal code of one column's values."""
    from linnet.cli.measuring import measure_column, measure_table

    reading = Reading(separator=separator, header=header, encoding=encoding)
    if column is None:
        measure_table(table, reading, unit, as_json=as_json)
    else:
        measure_column(table, column, reading, unit, top=top, as_json=as_json)
