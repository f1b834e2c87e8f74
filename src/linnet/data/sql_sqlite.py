"""SQLite types each value by itself: here every column gets the one type that all its values fit.

A view of the query tells the names and declared types of its columns; one pass over the rows then
counts, for each column, how many values are stored as what.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, final

from linnet.data.missing import MISSING
from linnet.data.queries import ArrowBatch, Prepared, no_reading, quoted
from linnet.errors import TableError

__all__ = ["SQLite"]

_ArrowType: TypeAlias = Any
"""A ``pyarrow.DataType``."""

# How long to wait for a program that writes, in seconds.
_PATIENCE: Final = 5.0
# SQLite returns at most 2,000 values in a row, and there are as many counts a column as below.
_COLUMNS_COUNTED_AT_ONCE: Final = 200

_MISSING_LIST: Final = ", ".join(f"'{text}'" for text in MISSING)
_IS_MISSING: Final = f"typeof({{0}}) = 'text' AND trim({{0}}) IN ({_MISSING_LIST})"
# Adding no days moves 31 February to March: only what stays as it was is a date.
_COUNTS: Final = {
    "integer": "typeof({0}) = 'integer'",
    "real": "typeof({0}) = 'real'",
    "text": "typeof({0}) = 'text'",
    "blob": "typeof({0}) = 'blob'",
    "missing": _IS_MISSING,
    "bit": "typeof({0}) = 'integer' AND {0} IN (0, 1)",
    "date": "typeof({0}) = 'text' AND length({0}) = 10 AND date({0}, '+0 days') = {0}",
    "instant": "typeof({0}) = 'text' "
    "AND datetime(substr({0}, 1, 19), '+0 days') = replace(substr({0}, 1, 19), 'T', ' ') "
    "AND (length({0}) = 19 OR length({0}) BETWEEN 21 AND 26 "
    "AND substr({0}, 20, 1) = '.' AND substr({0}, 21) NOT GLOB '*[^0-9]*')",
}


@final
@dataclass(frozen=True)
class SQLite:
    """An SQLite file, read by Python's own module."""

    path: str

    @property
    def name(self) -> str:
        """What error messages call it."""
        return self.path

    @property
    def taken(self) -> int:
        """Bytes that asking takes in this process: hardly any."""
        return 0

    def failures(self) -> tuple[type[Exception], ...]:
        """Return SQLite's exceptions, and Arrow's for a value that no longer has its type."""
        import pyarrow as pa

        return (sqlite3.Error, pa.ArrowException)

    def tables(self) -> Mapping[str, str]:
        """Name the tables and views."""
        with self._connected() as connection:
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            )
            return {name: quoted(name) for (name,) in found}

    def prepare(self, query: str) -> Prepared:
        """Find the columns of a query, and by one pass over its rows their types."""
        import pyarrow as pa

        with self._connected() as connection:
            declared = _declared(connection, query, self.name)
            counts, n_rows = _counted(connection, query, list(declared))
        found = {
            name: _column(name, kind, counts[name], self.name) for name, kind in declared.items()
        }
        return Prepared(
            query,
            {name: expression for name, (expression, _, _) in found.items()},
            pa.schema([(name, kind) for name, (_, kind, _) in found.items()]),
            n_rows,
            tuple(note for _, _, note in found.values() if note),
        )

    def batches(self, prepared: Prepared, names: Sequence[str], rows: int) -> Iterator[ArrowBatch]:
        """Give ``rows`` rows at a time."""
        import pyarrow as pa

        kinds = [prepared.schema.field(name).type for name in names]
        with self._connected() as connection:
            cursor = connection.execute(prepared.selecting(names))
            while batch := cursor.fetchmany(rows):
                columns = zip(*batch, strict=True)
                arrays = [_array(v, kind) for v, kind in zip(columns, kinds, strict=True)]
                yield pa.record_batch(arrays, names=list(names))

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        address = f"{Path(self.path).absolute().as_uri()}?mode=ro"
        # Passes may begin in one thread and go on in another, never in two at once.
        connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE, check_same_thread=False)
        with closing(connection):
            yield connection


def _declared(connection: sqlite3.Connection, query: str, name: str) -> dict[str, str]:
    # Only what reads can be made a view. It is held apart from the file, which is not written.
    try:
        connection.execute(f"CREATE TEMP VIEW answer AS {query}")
    except sqlite3.ProgrammingError:
        raise no_reading(name) from None
    except sqlite3.OperationalError as error:
        first = query.split(maxsplit=1)[0].upper()
        if "syntax error" in str(error) and first not in {"SELECT", "WITH", "VALUES"}:
            raise TableError(f"{no_reading(name)} ({error})") from None
        raise
    found = connection.execute("PRAGMA temp.table_info(answer)")
    return {column: declared.upper() for _, column, declared, *_ in found}


def _counted(
    connection: sqlite3.Connection, query: str, names: Sequence[str]
) -> tuple[dict[str, dict[str, int]], int]:
    """Count, for each column, the values of each kind; and the rows."""
    counts: dict[str, dict[str, int]] = {}
    n_rows = 0
    for start in range(0, len(names), _COLUMNS_COUNTED_AT_ONCE):
        group = names[start : start + _COLUMNS_COUNTED_AT_ONCE]
        wanted = ", ".join(
            f"count(*) FILTER (WHERE {condition.format(quoted(name))})"
            for name in group
            for condition in _COUNTS.values()
        )
        (answer,) = connection.execute(f"SELECT count(*), {wanted} FROM (\n{query}\n)")
        n_rows = answer[0]
        for i, name in enumerate(group):
            own = answer[1 + i * len(_COUNTS) : 1 + (i + 1) * len(_COUNTS)]
            counts[name] = dict(zip(_COUNTS, own, strict=True))
    return counts, n_rows


def _column(
    name: str, declared: str, counts: Mapping[str, int], origin: str
) -> tuple[str, _ArrowType, str]:
    """Return a column's SQL, its type, and what was assumed, if anything."""
    import pyarrow as pa

    column = quoted(name)
    numbers, texts = counts["integer"] + counts["real"], counts["text"]
    if counts["blob"]:
        raise TableError(
            f"{origin}, column {name!r}: it holds raw bytes (BLOB) in {counts['blob']:,} rows, but "
            "a column must hold numbers, text or dates. Leave it out, or CAST it in the query."
        )
    if not numbers:
        return column, _kind_of_texts(declared, counts), ""
    if texts > counts["missing"]:
        note = (
            f"Column {name!r} holds {numbers:,} numbers and {texts:,} texts: all are read as text."
        )
        return f"CAST({column} AS TEXT)", pa.string(), note
    note = f"Column {name!r}: {texts:,} texts such as 'NA' are read as missing." if texts else ""
    known = f"CASE WHEN {_IS_MISSING.format(column)} THEN NULL ELSE {column} END"
    expression = known if texts else column
    if not counts["real"]:
        is_truth = declared.startswith("BOOL") and counts["bit"] == numbers
        return expression, pa.bool_() if is_truth else pa.int64(), note
    if counts["integer"]:
        as_real = f"WHEN typeof({column}) = 'integer' THEN CAST({column} AS REAL)"
        expression = f"CASE {as_real} ELSE {expression} END"
    return expression, pa.float64(), note


def _kind_of_texts(declared: str, counts: Mapping[str, int]) -> _ArrowType:
    import pyarrow as pa

    texts = counts["text"]
    if not texts:
        return pa.null()
    if declared == "DATE" and counts["date"] == texts:
        return pa.date32()
    if declared.startswith(("DATETIME", "TIMESTAMP")) and counts["instant"] == texts:
        return pa.timestamp("us")
    return pa.string()


def _array(values: Sequence[Any], kind: _ArrowType) -> Any:
    import pyarrow as pa
    from pyarrow import types

    if types.is_boolean(kind):
        return pa.array(values, pa.int64()).cast(kind)
    if types.is_temporal(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)
