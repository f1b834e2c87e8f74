"""A table is named columns of one length, with where they came from and what was assumed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, TypeAlias, final

from linnet.errors import TableError

__all__ = ["ArrowColumn", "ArrowTable", "Table", "check_names", "name_list", "select_column"]

# PyArrow is imported only where it is used, so its types are known here by name alone.
ArrowTable: TypeAlias = Any
"""A ``pyarrow.Table``."""

ArrowColumn: TypeAlias = Any
"""A ``pyarrow.ChunkedArray``."""

_MOST_NAMES_SHOWN: Final = 20


@final
@dataclass(frozen=True)
class Table:
    """Named columns of one length.

    Every column is of one of few types: numbers, booleans, text, categories (dictionaries of
    text), dates, timestamps without zone (UTC), or null where nothing is known.

    Parameters
    ----------
    columns : pyarrow.Table
        The columns; missing values are nulls.
    origin : str
        Where they came from, as error messages name it: a file's path, or "table".
    notes : tuple of str
        What was assumed while reading, in sentences for the user.
    """

    columns: ArrowTable
    origin: str = "table"
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.columns.column_names)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.columns.num_rows)

    def column(self, name: str) -> ArrowColumn:
        """Return the column called ``name``, or raise TableError with the names there are."""
        return self.columns.column(select_column(self, name))

    def only(self, names: Sequence[str]) -> "Table":
        """Return the table of these columns, in this order."""
        return replace(self, columns=self.columns.select([select_column(self, n) for n in names]))

    def without(self, *names: str) -> "Table":
        """Return the table of all other columns."""
        return replace(
            self, columns=self.columns.drop_columns([select_column(self, n) for n in names])
        )


def select_column(table: Table, which: str | int) -> str:
    """Find a column by its name, or by its position where a file has no header.

    Parameters
    ----------
    table : Table
        Where to look.
    which : str or int
        A name; or a position, 1 for the first column and −1 for the last. A position may be
        written as text, as on a command line; a column of that very name comes first.

    Returns
    -------
    str
        The column's name.

    Raises
    ------
    TableError
        If there is no such column: the message shows the nearest names and all there are.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> table = as_table({"age": [31, 45], "income": [2100.0, 1800.0]})
    >>> select_column(table, "age"), select_column(table, -1)
    ('age', 'income')
    """
    names = table.names
    if isinstance(which, str) and which in names:
        return which
    position = _position(which)
    if position is None:
        near = get_close_matches(str(which), names, n=3)
        hint = f" Did you mean {name_list(near, 'or')}?" if near else ""
        raise TableError(
            f"{table.origin}: there is no column {which!r}.{hint} "
            f"The columns are {name_list(names)}."
        )
    if position == 0 or not -len(names) <= position <= len(names):
        raise TableError(
            f"{table.origin}: there is no column at position {position}; the {len(names)} columns "
            f"are counted from 1, or from the end as −1, −2, …: {name_list(names)}."
        )
    return names[position - 1 if position > 0 else position]


def check_names(names: Sequence[str], origin: str) -> None:
    """Raise TableError unless every name occurs once."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        places = "; ".join(f"{name!r} at positions {_positions(names, name)}" for name in twice[:5])
        raise TableError(
            f"{origin}: columns share a name: {places}. Rename them so that each name occurs once."
        )


def name_list(names: Sequence[str], joint: str = "and") -> str:
    """Write names as a sentence holds them: 'a', 'b' and 'c'.

    Examples
    --------
    >>> name_list(["a", "b", "c"])
    "'a', 'b' and 'c'"
    """
    shown = [repr(name) for name in names[:_MOST_NAMES_SHOWN]]
    if len(names) > _MOST_NAMES_SHOWN:
        shown.append(f"{len(names) - _MOST_NAMES_SHOWN} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {joint} {shown[-1]}"


def _position(which: str | int) -> int | None:
    try:
        return int(which)
    except ValueError:
        return None


def _positions(names: Sequence[str], name: str) -> str:
    return ", ".join(str(i) for i, other in enumerate(names, start=1) if other == name)
