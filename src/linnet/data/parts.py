"""A part of a table that is read in pieces: a file whose columns have types known beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

from linnet.data.stored import StoredFile
from linnet.data.tables import ArrowTable
from linnet.data.widening import ArrowType, widest

__all__ = ["Fault", "Parsed", "Part", "TypedColumn", "wider"]


@final
@dataclass(frozen=True)
class TypedColumn:
    """A column and its type.

    Parameters
    ----------
    name : str
        Its name.
    kind : pyarrow.DataType
        The type of its values, as its format holds them.
    through_text : bool
        Whether values in a text must be trimmed before they are of that type.
    """

    name: str
    kind: ArrowType
    through_text: bool = False


@final
@dataclass(frozen=True)
class Fault:
    """A row that cannot be read: its line in the file, and why."""

    line: int
    message: str


@final
@dataclass(frozen=True)
class Parsed:
    """A piece, parsed.

    Parameters
    ----------
    columns : pyarrow.Table
        The rows that can be read.
    n_rows : int
        How many rows there were, with those that cannot be read.
    bytes_read : int
        How many bytes of the file, as stored, end with this piece.
    faults : tuple of Fault
        The rows that cannot be read, in order.
    """

    columns: ArrowTable
    n_rows: int
    bytes_read: int
    faults: tuple[Fault, ...] = ()


@runtime_checkable
class Part(Protocol):
    """A file of the table."""

    @property
    def file(self) -> StoredFile:
        """The file."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns, in its own order."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, in sentences for the user."""
        ...

    @property
    def is_text(self) -> bool:
        """Whether the types of its columns are only known from its values."""
        ...

    @property
    def decimal_comma(self) -> bool:
        """Whether 3,5 may stand for 3.5."""
        ...

    def widened(self, first: TypedColumn, second: TypedColumn) -> TypedColumn:
        """Return the column that holds what another file and this one hold in it.

        Raises
        ------
        TableError
            If there is none.
        """
        ...

    def sampled(self, n_pieces: int) -> tuple[TypedColumn, ...]:
        """Find the types of the columns by a look at the first rows, and at some further on."""
        ...

    def pieces(self, columns: Sequence[TypedColumn]) -> Iterator[Any]:
        """Go through the file in pieces as they are stored."""
        ...

    def parse(self, piece: Any, columns: Sequence[TypedColumn]) -> Parsed:
        """Make of a piece these columns, of these types."""
        ...


def wider(first: TypedColumn, second: TypedColumn) -> TypedColumn:
    """Return the column that holds the values of both texts: text, if no narrower type does."""
    import pyarrow as pa

    kind = widest(first.kind, second.kind)
    return TypedColumn(
        first.name,
        pa.string() if kind is None else kind,
        first.through_text or second.through_text,
    )
