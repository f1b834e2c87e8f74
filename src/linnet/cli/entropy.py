"""``linnet entropy``: how much information the columns of a table, or a text, hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linnet.cli.options import Encoding, Header, Json, Reading, Separator, UnitName
from linnet.errors import SettingError

if TYPE_CHECKING:
    from linnet.data.symbols import SymbolKind

__all__ = ["entropy"]


def entropy(
    *,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A table: CSV (any separator), gzip, Parquet, Arrow, JSON lines or libsvm. With "
            "--bytes, --chars or --words a text.",
        ),
    ],
    column: Annotated[
        str | None,
        typer.Option("--column", "-c", help="Show the values of one column, by name or position."),
    ] = None,
    by_bytes: Annotated[
        bool, typer.Option("--bytes", help="Code the file's bytes, whatever they are.")
    ] = False,
    by_characters: Annotated[
        bool, typer.Option("--chars", help="Code the characters of a text.")
    ] = False,
    by_words: Annotated[
        bool, typer.Option("--words", help="Code the words of a text, and what stands between.")
    ] = False,
    code_of: Annotated[
        Path | None,
        typer.Option(metavar="OTHER", help="Also encode the text with the code of this one."),
    ] = None,
    unit: Annotated[
        UnitName | None, typer.Option(help="Unit of a table's amounts; both by default.")
    ] = None,
    top: Annotated[int, typer.Option(help="Most values or symbols to show.", min=1)] = 20,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    as_json: Json = False,
) -> None:
    """Show the entropy of a table's columns, or code a text by its bytes, characters or words."""
    kind = _kind(by_bytes=by_bytes, by_characters=by_characters, by_words=by_words)
    if kind is not None:
        from linnet.cli.texts import TextRequest, measure_text

        table_only = {"--column": column, "--unit": unit, "--separator": separator}
        _refuse(table_only | {"--header": header}, "is about a table, but FILE is read as a text")
        if kind == "bytes" and encoding != "utf-8":
            raise SettingError("--encoding is of no use with --bytes: they are coded as they are.")
        request = TextRequest(
            kind=kind, encoding=encoding, code_of=code_of, top=top, as_json=as_json
        )
        measure_text(file, request)
        return
    _refuse({"--code-of": code_of}, "is about texts: give --bytes, --chars or --words too")
    from linnet.cli.measuring import measure_column, measure_table

    reading = Reading(separator=separator, header=header, encoding=encoding)
    if column is None:
        measure_table(file, reading, unit, as_json=as_json)
    else:
        measure_column(file, column, reading, unit, top=top, as_json=as_json)


def _kind(*, by_bytes: bool, by_characters: bool, by_words: bool) -> "SymbolKind | None":
    """Return what a text is to be parted into; None if the file is a table."""
    if by_bytes + by_characters + by_words > 1:
        raise SettingError("--bytes, --chars and --words are different codes. Give one of them.")
    if by_bytes:
        return "bytes"
    if by_characters:
        return "characters"
    return "words" if by_words else None


def _refuse(options: dict[str, object], because: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise SettingError(f"{name} {because}.")
