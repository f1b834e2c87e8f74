"""Arguments and options that several commands share."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias, final

import typer

__all__ = [
    "CardFile",
    "Encoding",
    "Header",
    "Json",
    "Model",
    "Query",
    "Quiet",
    "Reading",
    "ReportFile",
    "RowMemory",
    "Separator",
    "TableFile",
    "TableName",
    "TaskName",
    "UnitName",
]

TableFile: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="TABLE", help="CSV (any separator), gzip, Parquet, Arrow, JSON lines or libsvm."
    ),
]
TableName: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="[TABLE]",
        help="CSV (any separator), gzip, Parquet, Arrow, JSON lines or libsvm; a pattern such as "
        "'data/*.csv', or an address. With --sql, a database, if the query needs one.",
    ),
]
Query: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--sql", help="Query that gives the rows: over files, or over the database TABLE names."
    ),
]
RowMemory: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Read the table some rows at a time, in a process of this size, such as 1GB. So are "
        "patterns, addresses, queries, and tables too large for the machine.",
    ),
]
Model: TypeAlias = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A file that linnet fit wrote.")
]
Separator: TypeAlias = Annotated[
    str | None,
    typer.Option(help="What stands between fields; found out if not given. 'tab' for a tab."),
]
Header: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the first row names the columns; found out."
    ),
]
Encoding: TypeAlias = Annotated[str, typer.Option(help="Encoding of text.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
ReportFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        help="Page to write, which needs no network: report.html. It shows rows of the table."
    ),
]
CardFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Model card to write, without rows of the table: card.md; or all as .json."),
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="No notes, no progress, no summary.")
]


class TaskName(StrEnum):
    """What is to be predicted: a class, a number, or whichever the target suggests."""

    AUTO = "auto"
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class UnitName(StrEnum):
    """Unit of an amount of information."""

    BITS = "bits"
    NATS = "nats"


@final
@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is to be read, where that is not to be found out."""

    separator: str | None = None
    header: bool | None = None
    encoding: str = "utf-8"

    @property
    def field_separator(self) -> str | None:
        r"""The separator itself, where its name was given: shells make a tab hard to type."""
        return "\t" if self.separator in {"tab", "\\t"} else self.separator
