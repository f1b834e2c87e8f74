"""The rows that a database answers to a query are a stream of tables."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final, final

from linnet.data.plain import plain_table
from linnet.data.queries import ArrowBatch, Database, Prepared, cause, quoted
from linnet.data.sql_duckdb import MEMORY, DuckDB
from linnet.data.sql_postgresql import PostgreSQL
from linnet.data.sql_sqlite import SQLite
from linnet.data.streams import Chunk
from linnet.data.tables import Table, check_names, name_list, select_column
from linnet.errors import DataTypeError, SettingError, TableError

__all__ = ["QueryStream", "open_query"]

_SERVERS: Final = ("postgresql://", "postgres://")
_SHOWN: Final = 60
_MOST_ROWS: Final = 65_536
_LEAST_ROWS: Final = 2_048
# Some chunks are there at once: as they came, in plain types, and encoded, which is wider.
_BYTES_OF_A_VALUE: Final = 8
_CHUNK_SHARE: Final = 16


def open_query(
    query: str,
    *,
    database: str | os.PathLike[str] | None = None,
    rows: int | None = None,
    memory: int = MEMORY,
) -> "QueryStream":
    r"""Open the answer to a query as a stream of tables, to be gone through again and again.

    Every pass asks the query anew, and holds some chunks of its answer in memory. So a query
    has to give the same rows each time: one that samples at random needs a seed, and one with
    ``LIMIT`` an ``ORDER BY``. Apart from that their order does not matter to a fit. Nothing is
    ever written.

    Parameters
    ----------
    query : str
        A query in the database's own SQL; or, without a space in it, the name of a table.
    database : str, path or None
        A DuckDB file or an SQLite file, which their first bytes reveal; or the address of a
        PostgreSQL server, ``postgresql://user@host/database``. None asks DuckDB about files
        that the query names: ``SELECT * FROM 'data/*.parquet'``.
    rows : int, optional
        Most rows in a chunk; by default 65,536, or what a share of the memory has room for.
    memory : int
        Bytes that DuckDB may take to sort, group and join, at least 64 MB; the rest goes to disk.
        Its own program comes on top. With less than 250 MB it has one thread, and reads nothing
        ahead.

    Returns
    -------
    QueryStream
        The answer, a `TableStream`. Decimals are floats; times of day and intervals are hours.
        In SQLite, where a column may mix types, one pass at the start finds the type that all its
        values fit.

    Raises
    ------
    TableError
        If the database cannot be opened, is locked, or does not understand the query; if there
        is no such table; or, during a pass, if the database fails or its rows have changed.
    MissingDependencyError
        If the driver is not installed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> folder = TemporaryDirectory()
    >>> file = Path(folder.name, "birds.csv")
    >>> _ = file.write_text("bird,grams\nlinnet,19.5\nwren,9.0\nlinnet,20.5\n")
    >>> stream = open_query(f"SELECT bird, grams / 1000 AS kg FROM '{file}' WHERE grams > 10")
    >>> stream.names
    ('bird', 'kg')
    >>> [chunk.table.columns.to_pydict() for chunk in stream.chunks()]
    [{'bird': ['linnet', 'linnet'], 'kg': [0.0195, 0.0205]}]

    A table of an SQLite file, named alone:

    >>> import sqlite3
    >>> connection = sqlite3.connect(Path(folder.name, "birds.db"))
    >>> with connection:
    ...     _ = connection.execute("CREATE TABLE nests (eggs)")
    ...     _ = connection.executemany("INSERT INTO nests VALUES (?)", [(4,), (None,), (5,)])
    >>> connection.close()
    >>> nests = open_query("nests", database=Path(folder.name, "birds.db"))
    >>> [chunk.table.columns.to_pydict() for chunk in nests.chunks(["eggs"])]
    [{'eggs': [4, None, 5]}]
    >>> folder.cleanup()
    """
    if not isinstance(query, str):
        raise DataTypeError(f"A query is a text, but {type(query).__name__} was given.")
    if rows is not None and rows < 1:
        raise SettingError(f"rows is {rows}, but a chunk holds at least one row.")
    chosen = _database(database, memory)
    text = query.strip().rstrip("; \t\n")
    origin = _origin(text, chosen)
    if not text:
        raise TableError(f"{origin}: the query is empty. Write SELECT …, or the name of a table.")
    prepared = _prepared(text, chosen, origin)
    check_names(list(prepared.schema.names), origin)
    # Columns of lists, records or bytes are refused before any row is read.
    empty = plain_table(prepared.schema.empty_table(), origin, prepared.notes)
    if rows is None:
        room = memory // (_BYTES_OF_A_VALUE * _CHUNK_SHARE * max(1, len(empty.names)))
        rows = min(_MOST_ROWS, max(_LEAST_ROWS, room))
    return QueryStream(origin, chosen, prepared, rows, empty)


@final
@dataclass(frozen=True)
class QueryStream:
    """The answer to a query, asked anew in every pass.

    Parameters
    ----------
    origin : str
        What error messages call it.
    database : Database
        Who is asked.
    prepared : Prepared
        What is asked.
    rows : int
        Most rows in a chunk.
    empty : Table
        The columns, without rows.
    counted : list of int
        Number of rows, as soon as it is known.
    """

    origin: str
    database: Database
    prepared: Prepared
    rows: int
    empty: Table
    counted: list[int] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if self.prepared.n_rows is not None:
            self.counted.append(self.prepared.n_rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.empty.names)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed about the columns."""
        return self.empty.notes

    @property
    def taken(self) -> int:
        """Bytes that the database takes in this process, beside the rows."""
        return self.database.taken

    @property
    def n_bytes(self) -> int | None:
        """Never known beforehand."""
        return None

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[Chunk]:
        """Give all rows, in order; only these columns, if any are named.

        Raises
        ------
        TableError
            If there is no such column; if the database fails in the middle of the pass; or if
            there are more or fewer rows than in the first complete pass.
        """
        names = [select_column(self.empty, name) for name in columns or self.names]
        n_rows = 0
        for batch in self._batches(names):
            table = plain_table(_wide(batch), self.origin)
            yield Chunk(table, first_row=n_rows + 1)
            n_rows += table.n_rows
        self.counted.append(n_rows)
        if n_rows != self.counted[0]:
            raise TableError(
                f"{self.origin}: this pass gave {n_rows:,} rows, but the first one "
                f"{self.counted[0]:,}. The data have changed meanwhile, or the query draws rows "
                "at random. Open the query again when nobody writes, or store its answer."
            )

    def _batches(self, names: Sequence[str]) -> Iterator[ArrowBatch]:
        n_rows = 0
        try:
            for batch in self.database.batches(self.prepared, names, self.rows):
                for start in range(0, batch.num_rows, self.rows):
                    piece = batch.slice(start, self.rows)
                    yield piece
                    n_rows += piece.num_rows
        except self.database.failures() as error:
            raise TableError(
                f"{self.origin}: the database failed after {n_rows:,} rows: {cause(error)}. "
                "See that it runs and that its data are as they were, then start again."
            ) from error


def _wide(batch: ArrowBatch) -> ArrowBatch:
    """Return the columns as a table, all integers as int64 and all floats as float64."""
    import pyarrow as pa
    from pyarrow import types

    table = pa.Table.from_batches([batch])
    for i, column in enumerate(table.schema):
        if types.is_integer(column.type) and not types.is_uint64(column.type):
            table = table.set_column(i, column.name, table.column(i).cast(pa.int64()))
        elif types.is_floating(column.type):
            table = table.set_column(i, column.name, table.column(i).cast(pa.float64()))
    return table


def _database(given: str | os.PathLike[str] | None, memory: int) -> Database:
    if given is None:
        return DuckDB(memory=memory)
    path = os.fspath(given)
    if path.startswith(_SERVERS):
        return PostgreSQL(path)
    advice = (
        "Give a DuckDB or SQLite file, postgresql://user@host/database, or nothing for a query "
        "of CSV, Parquet or JSON files."
    )
    if "://" in path:
        kind = path.partition("://")[0]
        raise TableError(f"{kind}://…: databases of this kind cannot be asked. {advice}")
    if not Path(path).exists():
        raise TableError(f"{path}: there is no such database. {advice}")
    try:
        with Path(path).open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise TableError(f"{path}: cannot be read ({error.strerror}). {advice}") from None
    if head == b"SQLite format 3\0":
        return SQLite(path)
    if head[8:12] == b"DUCK":
        return DuckDB(path, memory)
    raise TableError(f"{path}: this is neither a DuckDB nor an SQLite file. {advice}")


def _origin(text: str, database: Database) -> str:
    line = " ".join(text.split())
    shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
    return f"{database.name}, {shown!r}"


def _prepared(text: str, database: Database, origin: str) -> Prepared:
    failures = database.failures()
    try:
        tables = database.tables()
    except failures as error:
        raise TableError(
            f"{database.name}: cannot be opened: {cause(error)}. See that the database is sound "
            "and running, and that no other program holds it for writing."
        ) from error
    query = _statement(text, database, tables, origin)
    try:
        return database.prepare(query)
    except failures as error:
        known = f" {_there_are(tables)}" if tables else ""
        raise TableError(f"{origin}: {cause(error)}.{known}") from error


def _statement(text: str, database: Database, tables: Mapping[str, str], origin: str) -> str:
    """Return the query; that of all rows, where a table is named."""
    if text in tables:
        return f"SELECT * FROM {tables[text]}"
    if len(text.split()) > 1:
        return text
    same = [table for name, table in tables.items() if name.casefold() == text.casefold()]
    if len(same) == 1:
        return f"SELECT * FROM {same[0]}"
    if isinstance(database, DuckDB) and database.path is None:
        return f"SELECT * FROM {quoted(text)}"
    near = get_close_matches(text, list(tables), n=3)
    hint = f" Did you mean {name_list(near, 'or')}?" if near else ""
    raise TableError(f"{origin}: there is no such table.{hint} {_there_are(tables)}")


def _there_are(tables: Mapping[str, str]) -> str:
    return f"The tables are {name_list(list(tables))}." if tables else "It holds no table at all."
