"""PostgreSQL answers in Arrow's own format, row by row as it finds them, in a read-only session."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final
from urllib.parse import urlsplit

from linnet.data.queries import ArrowBatch, Prepared, missing_driver, quoted, table_names

__all__ = ["PostgreSQL"]

_Cursor: TypeAlias = Any
"""A ``adbc_driver_postgresql.dbapi.Cursor``."""

_BATCH_BYTES: Final = 4_000_000

_TABLES: Final = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' ORDER BY 1, 2
"""

_HOURS: Final = "(extract(epoch FROM {}) / 3600)::float8"
_REWRITTEN: Final = {
    **dict.fromkeys(("int2", "int4", "int8", "bool", "text", "varchar"), "{}"),
    **dict.fromkeys(("float4", "float8", "date", "time", "timestamp", "timestamptz"), "{}"),
    # What a column must not hold is passed as it is, for the message to name it.
    **dict.fromkeys(("bytea", "record"), "{}"),
    "numeric": "{}::float8",
    "money": "{}::numeric::float8",
    "oid": "{}::int8",
    "interval": _HOURS,
    "timetz": "{}::time",
}


@final
@dataclass(frozen=True)
class PostgreSQL:
    """A PostgreSQL server, named by ``postgresql://user@host/database``."""

    address: str

    @property
    def name(self) -> str:
        """What error messages call it: the address without password and settings."""
        parts = urlsplit(self.address)
        user, at, host = parts.netloc.rpartition("@")
        return f"postgresql://{user.partition(':')[0]}{at}{host}{parts.path}"

    @property
    def taken(self) -> int:
        """Bytes that asking takes in this process: hardly any."""
        return 0

    def failures(self) -> tuple[type[Exception], ...]:
        """Return the exceptions of the driver, and those of reading its batches."""
        import pyarrow as pa

        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise missing_driver("adbc-driver-postgresql", self.name) from None
        return (dbapi.Error, pa.ArrowException, OSError)

    def tables(self) -> Mapping[str, str]:
        """Name the tables and views that are no part of PostgreSQL itself."""
        with self._connected() as cursor:
            cursor.execute(_TABLES)
            return table_names(cursor.fetchall(), "public")

    def prepare(self, query: str) -> Prepared:
        """Find the columns of a query."""
        with self._connected() as cursor:
            found = cursor.adbc_execute_schema(query)
            expressions = {field.name: _expression(field) for field in found}
            if len(expressions) < len(found):
                return Prepared(query, expressions, found)
            prepared = Prepared(query, expressions, None)
            plain = cursor.adbc_execute_schema(prepared.selecting(list(expressions)))
            return Prepared(query, expressions, plain)

    def batches(self, prepared: Prepared, names: Sequence[str], rows: int) -> Iterator[ArrowBatch]:
        """Give the rows as they arrive; batches are of some megabytes, whatever ``rows`` is."""
        del rows
        from adbc_driver_postgresql import StatementOptions

        with self._connected() as cursor:
            size = StatementOptions.BATCH_SIZE_HINT_BYTES.value
            cursor.adbc_statement.set_options(**{size: str(_BATCH_BYTES)})
            cursor.execute(prepared.selecting(names))
            with cursor.fetch_record_batch() as reader:
                yield from reader

    @contextmanager
    def _connected(self) -> Iterator[_Cursor]:
        from adbc_driver_postgresql import dbapi

        with closing(dbapi.connect(self.address)) as connection, closing(connection.cursor()) as it:
            it.execute("SET default_transaction_read_only = on")
            connection.commit()
            yield it


def _expression(field: Any) -> str:
    kind = (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    # An array's name begins with _. All others, as enumerations and addresses, are read as text.
    as_it_is = "{}" if kind.startswith("_") else "{}::text"
    return _REWRITTEN.get(kind, as_it_is).format(quoted(field.name))
