"""The information in the columns of a table, each value coded by how often it occurs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from jaxtyping import Int

from linnet.cli.inputs import read_columns
from linnet.cli.options import Reading, UnitName
from linnet.cli.terminal import say, say_json
from linnet.data.tables import ArrowColumn, select_column
from linnet.information import Information, entropy, uniform_code
from linnet.reports import to_json_value
from linnet.reports.numbers_in_words import count
from linnet.types import Array, Unit

__all__ = ["ColumnInformation", "column_information", "measure_column", "measure_table"]

_BOTH: Final[tuple[Unit, ...]] = ("nats", "bits")


@final
@dataclass(frozen=True, eq=False)
class ColumnInformation:
    """Values of a column, and how often each occurs.

    Attributes
    ----------
    name : str
        The column's name.
    values : list of str
        The distinct values that are known, the commonest first.
    counts : array of shape (m,)
        Rows of each.
    missing : int
        Rows whose value is not known; they are left out.
    """

    name: str
    values: list[str]
    counts: Int[Array, " m"]
    missing: int

    @property
    def entropy(self) -> Information:
        """H = −Σ p log p of the shares p of the values, in nats."""
        if not len(self.counts):
            return Information(0.0, "nats")
        return Information(float(entropy(self.counts / self.counts.sum())), "nats")

    @property
    def uniform(self) -> Information:
        """The code that knows only which values there are, in nats."""
        return uniform_code(max(1, len(self.counts)))

    @property
    def redundancy(self) -> float:
        """1 − H/log m: the share of the uniform code that is saved; 0 for a single value."""
        return 1 - self.entropy / self.uniform if self.uniform > 0 else 0.0

    def to_dict(self, units: tuple[Unit, ...]) -> dict[str, Any]:
        """Return all but the values as strict JSON holds it."""
        amounts: dict[str, Any] = {
            unit: {
                "entropy": float(self.entropy.to(unit)),
                "uniform_code": float(self.uniform.to(unit)),
            }
            for unit in units
        }
        return {
            "column": self.name,
            "distinct": len(self.values),
            "missing": self.missing,
            **amounts,
            "redundancy": self.redundancy,
        }


def column_information(name: str, column: ArrowColumn) -> ColumnInformation:
    """Count the values of a column."""
    import pyarrow as pa
    from pyarrow import types

    known = column.drop_null()
    if types.is_dictionary(known.type):
        known = known.cast(known.type.value_type)
    counted = pa.chunked_array([known.value_counts()]) if len(known) else None
    if counted is None:
        return ColumnInformation(name, [], np.zeros(0, dtype=np.int64), len(column))
    pairs = sorted((-each["counts"], str(each["values"])) for each in counted.to_pylist())
    counts = np.array([-negative for negative, _ in pairs])
    return ColumnInformation(name, [value for _, value in pairs], counts, column.null_count)


def measure_table(path: Path, reading: Reading, unit: UnitName | None, *, as_json: bool) -> None:
    """Print the entropy of every column of a file."""
    table = read_columns(path, reading)
    columns = [column_information(name, table.column(name)) for name in table.names]
    if as_json:
        described = [column.to_dict(_units(unit)) for column in columns]
        say_json(to_json_value({"table": str(path), "rows": table.n_rows, "columns": described}))
    else:
        say(_columns_text(columns, _units(unit)))


def measure_column(
    path: Path, wanted: str, reading: Reading, unit: UnitName | None, *, top: int, as_json: bool
) -> None:
    """Print the commonest values of a column with their probabilities and ideal code lengths."""
    table = read_columns(path, reading)
    name = select_column(table, wanted)
    column = column_information(name, table.column(name))
    units = _units(unit)
    if as_json:
        values = [_value(column, place, units) for place in range(min(top, len(column.values)))]
        about = {"table": str(path), "rows": table.n_rows}
        say_json(to_json_value(about | column.to_dict(units) | {"values": values}))
    else:
        say(_columns_text([column], units))
        say(_values_text(column, units, top))


def _units(unit: UnitName | None) -> tuple[Unit, ...]:
    return _BOTH if unit is None else (unit.value,)


def _value(column: ColumnInformation, place: int, units: tuple[Unit, ...]) -> dict[str, Any]:
    share = float(column.counts[place] / column.counts.sum())
    length = Information(0.0 - float(np.log(share)), "nats")
    return {
        "value": column.values[place],
        "rows": int(column.counts[place]),
        "probability": share,
        **{f"code_length_in_{unit}": float(length.to(unit)) for unit in units},
    }


def _columns_text(columns: list[ColumnInformation], units: tuple[Unit, ...]) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("column", overflow="fold")
    headers = ["distinct", "missing", *(f"H, {unit}" for unit in units)]
    for header in [*headers, *(f"log m, {unit}" for unit in units), "redundancy"]:
        grid.add_column(header, justify="right")
    for column in columns:
        grid.add_row(
            column.name,
            f"{len(column.values):,}",
            f"{column.missing:,}",
            *(f"{float(column.entropy.to(unit)):.4f}" for unit in units),
            *(f"{float(column.uniform.to(unit)):.4f}" for unit in units),
            f"{100 * column.redundancy:.1f} %",
        )
    return grid


def _values_text(column: ColumnInformation, units: tuple[Unit, ...], top: int) -> Any:
    from rich import box
    from rich.table import Table as Grid

    shown = min(top, len(column.values))
    rest = len(column.values) - shown
    caption = f"and {count(rest, 'value')} more: --top shows them" if rest else None
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, caption=caption, caption_justify="left")
    grid.add_column("value", overflow="fold")
    for header in ["rows", "probability", *(f"code, {unit}" for unit in units)]:
        grid.add_column(header, justify="right")
    for place in range(shown):
        value = _value(column, place, units)
        lengths = (f"{value[f'code_length_in_{unit}']:.4f}" for unit in units)
        grid.add_row(value["value"], f"{value['rows']:,}", f"{value['probability']:.6f}", *lengths)
    return grid
