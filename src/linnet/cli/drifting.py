"""Two tables are read and compared, and their drift is told."""

from dataclasses import dataclass
from math import isinf
from pathlib import Path
from typing import Any, Final, final

from linnet.cli.inputs import read_columns
from linnet.cli.options import Reading
from linnet.cli.terminal import note, say, say_json
from linnet.data.tables import Table, name_list, select_column
from linnet.reports import to_json_value
from linnet.reports.drift import ColumnDrift, Drift, measure_drift
from linnet.reports.numbers_in_words import count, percent

__all__ = ["DriftRequest", "show_drift"]

# A p-value of this or less is what people call significant.
_SIGNIFICANT: Final = 0.05
_MOST_NAMED: Final = 5


@final
@dataclass(frozen=True, kw_only=True)
class DriftRequest:
    """How two tables are to be read and compared."""

    columns: tuple[str, ...]
    bins: int
    permutations: int
    seed: int
    reading: Reading


def show_drift(first: Path, second: Path, request: DriftRequest, *, as_json: bool) -> None:
    """Print how far each column of the second table is from that of the first."""
    tables = [_chosen(read_columns(path, request.reading), request) for path in (first, second)]
    drift = measure_drift(
        *tables, bins=request.bins, permutations=request.permutations, seed=request.seed
    )
    note(*_notes(drift))
    if as_json:
        say_json(to_json_value(drift.to_dict()))
        return
    say(_facts(drift))
    say(_table(drift))
    for line in _remarks(drift):
        say(line)


def _chosen(table: Table, request: DriftRequest) -> Table:
    if not request.columns:
        return table
    names = [select_column(table, which) for which in request.columns]
    return table.only(list(dict.fromkeys(names)))


def _notes(drift: Drift) -> list[str]:
    notes = [
        f"{origin}: {name_list(names)} {'is' if len(names) == 1 else 'are'} in this table alone"
        for origin, names in ((drift.first, drift.only_first), (drift.second, drift.only_second))
        if names
    ]
    notes += [
        f"{column.name!r}: {column.pair.unlike[0]} in the first table, {column.pair.unlike[1]} in "
        "the second; both are compared as texts"
        for column in drift.columns
        if column.pair.unlike
    ]
    notes += [
        f"{column.name!r}: {count(column.pair.joined, 'rare value')} are counted together"
        for column in drift.columns
        if column.pair.joined
    ]
    if drift.finest_p > _SIGNIFICANT:
        notes.append(
            f"for {count(len(drift.columns), 'column')} no adjusted p-value can be below "
            f"{drift.finest_p:.2g}: give more --permutations"
        )
    return notes


def _facts(drift: Drift) -> Any:
    grid = _grid()
    grid.add_row("first", f"{drift.first}: {count(drift.rows[0], 'row')}")
    grid.add_row("second", f"{drift.second}: {count(drift.rows[1], 'row')}")
    return grid


def _table(drift: Drift) -> Any:
    grid = _grid("column", "kind")
    for header in ("symbols", "bits", "by chance", "p", "KL, bits"):
        grid.add_column(header, justify="right")
    grid.add_column("largest change", overflow="fold")
    for column in drift.columns:
        test = column.test
        grid.add_row(
            column.name,
            str(column.pair.kind),
            f"{len(column.pair.symbols):,}",
            f"{float(test.divergence):.6f}",
            f"{float(test.by_chance):.6f}",
            f"{column.adjusted:.4f}",
            "infinite" if isinf(column.extra) else f"{float(column.extra):.4f}",
            _change(column),
        )
    return grid


def _change(column: ColumnDrift) -> str:
    symbol, before, after = column.change
    return f"{symbol}: {percent(before)} → {percent(after)}" if before != after else "none"


def _remarks(drift: Drift) -> list[str]:
    told = [
        f"{column.name}: only in the second table: {_some(column.new)}"
        for column in drift.columns
        if column.new
    ]
    told.append(
        "bits: Jensen–Shannon divergence, what a value tells of its table. KL: bits a value more "
        "for the second table in the code of the first."
    )
    told.append(
        f"p: permutation test with {count(drift.permutations, 'permutation')}, seed {drift.seed}, "
        f"adjusted for {count(len(drift.columns), 'column')} (Holm). It takes rows for independent."
    )
    return told


def _some(symbols: list[str]) -> str:
    shown = ", ".join(symbols[:_MOST_NAMED])
    rest = len(symbols) - _MOST_NAMED
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def _grid(*headers: str) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD if headers else None, show_header=bool(headers), pad_edge=False)
    for header in headers or ("", ""):
        grid.add_column(header, overflow="fold")
    return grid
