"""What a compressed table costs, column by column, against other programs."""

from collections.abc import Mapping
from typing import Any, Final

from linnet.compression.account import ColumnAccount, TableAccount

__all__ = ["compressed_text"]

_MOST_NAMED: Final = 3


def compressed_text(account: TableAccount, others: Mapping[str, int]) -> Any:
    """Lay an account out: bits of a row for each column, then totals.

    Returns
    -------
    rich.console.Group
        To be printed by rich.
    """
    from rich.console import Group
    from rich.text import Text

    totals = {
        "values": sum(each.data for each in account.columns),
        "models": sum(each.model for each in account.columns),
        "texts": account.texts,
        "compressed": account.total,
    }
    lines = [f"{name:<10} {size:>12,} bytes" for name, size in totals.items()]
    lines += [
        f"{name:<10} {size:>12,} bytes{_times(size, account.total)}"
        for name, size in others.items()
    ]
    text = Text("\n".join(lines))
    if not account.columns:
        return Group(Text("No column is coded: the file is shorter as bytes (LZMA)."), text)
    return Group(_grid(account), text)


def _times(size: int, total: int) -> str:
    return f", {size / total:.2f} times as many"


def _grid(account: TableAccount) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("column", overflow="fold")
    for header in ("alone", "given others", "model"):
        grid.add_column(header, justify="right")
    grid.add_column("coder", overflow="fold")
    grid.add_column("given", overflow="fold")
    for each in account.columns:
        sizes = [_bits(size, account.rows) for size in (each.alone, each.data, each.model)]
        grid.add_row(each.name, *sizes, each.coder, _given(each))
    grid.caption = "bits a row, in the order of coding"
    grid.caption_justify = "left"
    return grid


def _bits(size: float, rows: int) -> str:
    return f"{8 * size / max(1, rows):.3f}"


def _given(column: ColumnAccount) -> str:
    named = ", ".join(column.given[:_MOST_NAMED])
    more = len(column.given) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named
