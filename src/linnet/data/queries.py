"""A query is asked of a database column by column, each written so that it has a plain type."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, final, runtime_checkable

from linnet.errors import MissingDependencyError, TableError

__all__ = [
    "ArrowBatch",
    "ArrowSchema",
    "Database",
    "Prepared",
    "cause",
    "missing_driver",
    "no_reading",
    "quoted",
    "table_names",
]

ArrowBatch: TypeAlias = Any
"""A ``pyarrow.RecordBatch``."""

ArrowSchema: TypeAlias = Any
"""A ``pyarrow.Schema``."""


@final
@dataclass(frozen=True)
class Prepared:
    """A query that its database has understood.

    Parameters
    ----------
    query : str
        What was asked.
    expressions : mapping of str to str
        For each column of the answer, in order, the SQL that gives it in its type.
    schema : pyarrow.Schema
        Types of these expressions.
    n_rows : int or None
        Number of rows, where it had to be counted.
    notes : tuple of str
        What was assumed about the columns, in sentences for the user.
    """

    query: str
    expressions: Mapping[str, str]
    schema: ArrowSchema
    n_rows: int | None = None
    notes: tuple[str, ...] = ()

    def selecting(self, names: Sequence[str]) -> str:
        """Return the SQL that gives these columns alone."""
        columns = ", ".join(f"{self.expressions[name]} AS {quoted(name)}" for name in names)
        # The query may end in a comment: the bracket stands on a line of its own.
        return f"SELECT {columns} FROM (\n{self.query}\n) AS answer"


@runtime_checkable
class Database(Protocol):
    """What is asked: it connects anew for every pass, and only reads."""

    @property
    def name(self) -> str:
        """What error messages call it; never with a password."""
        ...

    @property
    def taken(self) -> int:
        """Bytes that asking takes in this process, beside the answer."""
        ...

    def failures(self) -> tuple[type[Exception], ...]:
        """Exceptions by which the driver tells that something went wrong.

        Raises
        ------
        MissingDependencyError
            If there is no driver.
        """
        ...

    def tables(self) -> Mapping[str, str]:
        """Names of tables and views, each with the SQL that names it."""
        ...

    def prepare(self, query: str) -> Prepared:
        """Find the columns of a query; whatever the driver raises is passed on."""
        ...

    def batches(self, prepared: Prepared, names: Sequence[str], rows: int) -> Iterator[ArrowBatch]:
        """Give the rows of these columns, about ``rows`` at a time."""
        ...


def quoted(name: str) -> str:
    """Write a name as SQL does.

    Examples
    --------
    >>> print(quoted('the "best" bird'))
    "the ""best"" bird"
    """
    return '"' + name.replace('"', '""') + '"'


def table_names(rows: Sequence[tuple[str, str]], default_schema: str) -> dict[str, str]:
    """Name tables given by schema and name; those of the default schema by name alone."""
    return {
        name if schema == default_schema else f"{schema}.{name}": f"{quoted(schema)}.{quoted(name)}"
        for schema, name in rows
    }


def cause(error: Exception) -> str:
    """Return a database's message on one line, without the pointer below a place in the query."""
    told = str(error).partition("Query was:")[0]
    lines = [line.strip() for line in told.splitlines() if line.strip(" ^")]
    return " ".join(lines).rstrip(".")


def missing_driver(package: str, wanted: str) -> MissingDependencyError:
    """Return the error that says which package is needed to read ``wanted``."""
    return MissingDependencyError(
        f"To read {wanted}, the package {package} is needed, and it is not installed: "
        "pip install 'linnet[sql]'."
    )


def no_reading(name: str) -> TableError:
    """Return the error for a statement that is not one query."""
    return TableError(
        f"{name}: what is asked must be one query that reads (SELECT …); nothing is ever "
        "written. Make the change in the database itself, then ask for the rows."
    )
