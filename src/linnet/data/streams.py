"""A stream of tables: a table too large to be held, given a chunk of rows after another."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, final, runtime_checkable

from linnet.data.tables import Table

__all__ = ["Chunk", "TableStream", "in_even_chunks"]


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


def in_even_chunks(chunks: Iterable[Chunk], rows: int) -> Iterator[Chunk]:
    """Give chunks of so many rows, the last of each file fewer.

    Where they begin depends on the files alone: not on how many bytes are read at a time, which
    may be others each time that a stream is opened.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> chunks = [Chunk(as_table({"x": list(range(n))}), first_row=1) for n in (2, 3, 2)]
    >>> [even.table.n_rows for even in in_even_chunks(chunks, 4)]
    [4, 3]
    """
    left: Chunk | None = None
    for chunk in chunks:
        if left is not None and left.table.origin != chunk.table.origin:
            yield left
            left = None
        whole = chunk if left is None else _joined(left, chunk)
        left = None
        for start in range(0, whole.table.n_rows, rows):
            part = _part(whole, start, rows)
            if part.table.n_rows == rows:
                yield part
            else:
                left = part
    if left is not None:
        yield left


def _part(chunk: Chunk, start: int, rows: int) -> Chunk:
    table = replace(chunk.table, columns=chunk.table.columns.slice(start, rows))
    return replace(chunk, table=table, first_row=chunk.first_row + start)


def _joined(first: Chunk, second: Chunk) -> Chunk:
    """Put the rows of one chunk before those of the next, in columns of one piece."""
    import pyarrow as pa

    both = pa.concat_tables([first.table.columns, second.table.columns])
    columns = both.unify_dictionaries().combine_chunks()
    return replace(second, table=replace(second.table, columns=columns), first_row=first.first_row)
