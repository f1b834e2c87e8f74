"""DuckDB answers queries over its own files, read-only, and over CSV, Parquet and JSON files."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final, TypeAlias, final
from uuid import NAMESPACE_OID, uuid4, uuid5

from linnet.data.queries import (
    ArrowBatch,
    Prepared,
    missing_driver,
    no_reading,
    quoted,
    table_names,
)

__all__ = ["MEMORY", "DuckDB"]

_Connection: TypeAlias = Any
"""A ``duckdb.DuckDBPyConnection``."""

MEMORY: Final = 10**9
# With less one thread cannot sort.
_LEAST_MEMORY: Final = 64 * 10**6
# What one thread takes to read text, whatever its limit.
_READING: Final = 48 * 10**6
# Of the memory, what may be held of an answer that is computed ahead.
_ANSWER_SHARE: Final = 32
_LARGEST_ANSWER: Final = 10**7
# DuckDB wants so much for each thread: more of them would not find their memory.
_MEMORY_OF_A_THREAD: Final = 125 * 10**6
_MOST_THREADS: Final = 4

_TABLES: Final = """
SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal
UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL
"""

_REWRITTEN: Final = {
    "HUGEINT": "{}::DOUBLE",
    "UHUGEINT": "{}::DOUBLE",
    "UBIGINT": "{}::DOUBLE",
    "INTERVAL": "epoch({}) / 3600",
    "TIME WITH TIME ZONE": "{}::TIME",
    "BIT": "{}::VARCHAR",
}


@final
@dataclass(frozen=True)
class DuckDB:
    """A DuckDB file; or, without a path, the files that a query names.

    Answers come in the order of insertion, so that each pass gives the same. What does not fit
    into its memory is put on disk while the pass runs.
    """

    path: str | None = None
    memory: int = MEMORY

    @property
    def name(self) -> str:
        """What error messages call it."""
        return self.path or "query of files"

    @property
    def taken(self) -> int:
        """Bytes that it takes in this process: its memory, or what reading takes at least."""
        return max(_READING, self.memory)

    def failures(self) -> tuple[type[Exception], ...]:
        """Return the exceptions of DuckDB, and those of reading its batches."""
        import pyarrow as pa

        try:
            import duckdb
        except ImportError:
            raise missing_driver("duckdb", self.name) from None
        return (duckdb.Error, pa.ArrowException, OSError)

    def tables(self) -> Mapping[str, str]:
        """Name the tables and views."""
        with self._connected() as connection:
            return table_names(connection.sql(_TABLES).fetchall(), "main")

    def prepare(self, query: str) -> Prepared:
        """Find the columns of a query."""
        import duckdb

        with self._connected() as connection:
            kinds = [statement.type for statement in connection.extract_statements(query)]
            if kinds != [duckdb.StatementType.SELECT]:
                raise no_reading(self.name)
            found = connection.sql(query)
            expressions = {
                name: _REWRITTEN.get(str(kind), "{}").format(quoted(name))
                for name, kind in zip(found.columns, found.types, strict=True)
            }
            prepared = Prepared(query, expressions, None)
            empty = connection.sql(f"{prepared.selecting(list(expressions))} LIMIT 0")
            return Prepared(query, expressions, empty.to_arrow_reader(1).schema)

    def batches(self, prepared: Prepared, names: Sequence[str], rows: int) -> Iterator[ArrowBatch]:
        """Give the rows, as they are computed."""
        with self._connected() as connection:
            yield from connection.sql(prepared.selecting(names)).to_arrow_reader(rows)

    @contextmanager
    def _connected(self) -> Iterator[_Connection]:
        import duckdb

        memory = max(_LEAST_MEMORY, self.memory)
        threads = min(_MOST_THREADS, os.cpu_count() or 1, max(1, memory // _MEMORY_OF_A_THREAD))
        settings = {
            "temp_directory": str(self._spill_folder()),
            "preserve_insertion_order": "true",
            # Nothing is to be fetched from the network while a query runs.
            "autoinstall_known_extensions": "false",
            # A name in a query is a table or a file, never a variable of this program.
            "python_enable_replacements": "false",
        }
        with duckdb.connect(
            self.path or ":memory:", read_only=self.path is not None, config=settings
        ) as connection:
            # Set, not configured: connections to one file must agree on how it is configured.
            connection.execute(f"SET memory_limit = '{memory}B'")
            connection.execute(f"SET threads = {threads}")
            answer = min(_LARGEST_ANSWER, memory // _ANSWER_SHARE)
            connection.execute(f"SET streaming_buffer_size = '{answer}B'")
            if threads == 1:
                # What is read ahead may take as much again as what is read.
                connection.execute("SET read_ahead_depth = 0")
            yield connection

    def _spill_folder(self) -> Path:
        # DuckDB makes the folder when it needs one, and removes it. Connections to one file share
        # their settings, and must agree on them; those without a file must not share a folder.
        whose = (
            uuid4() if self.path is None else uuid5(NAMESPACE_OID, str(Path(self.path).resolve()))
        )
        return Path(gettempdir(), f"linnet-{os.getpid()}-{whose.hex}")
