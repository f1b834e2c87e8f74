"""A stream of tables: a table too large to be held, given a chunk of rows after another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

from linnet.data.tables import Table

__all__ = ["Chunk", "TableStream"]


@final
@dataclass(frozen=True)
class Chunk:
    """Some rows that follow one another.

    Parameters
    ----------
    table : Table
        The rows. Its ``origin`` is the file, or query, that they stand in.
    first_row : int
        Number, in that file, of the first of them; the file's first row of values is 1.
    bytes_read : int
        Bytes of the whole stream, as stored, that have been read when these rows are given.
    """

    table: Table
    first_row: int = 1
    bytes_read: int = 0


@runtime_checkable
class TableStream(Protocol):
    """Rows of named columns that can be gone through again and again, in the same order.

    A column has the same type in every chunk: number (int64 or float64), boolean, text, category
    (its dictionary may differ from chunk to chunk), date, timestamp; or null where nothing is
    known in the whole stream.
    """

    @property
    def origin(self) -> str:
        """What error messages call the stream: the pattern of its files, or its query."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed while reading, or skipped, in sentences for the user."""
        ...

    @property
    def n_bytes(self) -> int | None:
        """Size as stored; ``None`` where that is not known beforehand, as of a query."""
        ...

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[Chunk]:
        """Give all rows, in order; only these columns, if any are named.

        Raises
        ------
        TableError
            If a row cannot be read, with file and line; or the data have changed since the
            stream was opened.
        """
        ...
