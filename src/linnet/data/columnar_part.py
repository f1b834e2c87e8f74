"""Parquet and Arrow files too large to be held are read in batches, only the columns wanted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, final

from linnet.data.columnar import columnar_damage_told
from linnet.data.parts import Parsed, TypedColumn
from linnet.data.plain import plain_table
from linnet.data.stored import StoredFile
from linnet.data.widening import ArrowType, widest
from linnet.errors import TableError

__all__ = ["ColumnarPart", "open_columnar"]

_LEAST_ROWS: Final = 1 << 10
_MOST_ROWS: Final = 1 << 20
_BYTES_PER_VALUE: Final = 8


@final
@dataclass(frozen=True)
class ColumnarPart:
    """A Parquet file, or an Arrow file or stream.

    Parameters
    ----------
    file : StoredFile
        The file.
    format_name : str
        "Parquet" or "Arrow", for errors.
    columns : tuple of TypedColumn
        Its columns, of the types that linnet knows.
    batches : function of a file and the names of columns
        Gives its record batches, each with how many bytes of the file are read.
    """

    file: StoredFile
    format_name: str
    columns: tuple[TypedColumn, ...]
    batches: Callable[[StoredFile, list[str]], Iterator[tuple[Any, int]]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns, in its own order."""
        return tuple(column.name for column in self.columns)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed: nothing."""
        return ()

    @property
    def is_text(self) -> bool:
        """Whether the types of its columns are only known from its values: no."""
        return False

    @property
    def decimal_comma(self) -> bool:
        """Whether 3,5 may stand for 3.5: never."""
        return False

    def widened(self, first: TypedColumn, second: TypedColumn) -> TypedColumn:
        """Return the column that holds what another file and this one hold in it."""
        kind = widest(first.kind, second.kind)
        if kind is None:
            raise TableError(
                f"{self.file.name}, column {first.name!r}: it holds {second.kind}, but "
                f"{first.kind} in the files before. Write the files with one type for it."
            )
        return TypedColumn(first.name, kind)

    def sampled(self, n_pieces: int) -> tuple[TypedColumn, ...]:  # noqa: ARG002
        """Return the columns: their types are their own."""
        return self.columns

    def pieces(self, columns: Sequence[TypedColumn]) -> Iterator[tuple[Any, int]]:
        """Go through the file batch by batch."""
        with columnar_damage_told(self.file.name, self.format_name):
            yield from self.batches(self.file, [column.name for column in columns])

    def parse(self, piece: tuple[Any, int], columns: Sequence[TypedColumn]) -> Parsed:
        """Make of a batch these columns, of these types."""
        import pyarrow as pa

        batch, bytes_read = piece
        with columnar_damage_told(self.file.name, self.format_name):
            raw = pa.Table.from_batches([batch])
            raw.validate(full=True)
            plain = plain_table(raw.select([c.name for c in columns]), self.file.name).columns
            values = [
                _cast(column, wanted.kind)
                for column, wanted in zip(plain.columns, columns, strict=True)
            ]
        return Parsed(pa.table(values, names=plain.column_names), batch.num_rows, bytes_read)


def open_columnar(file: StoredFile, format_: str, block_bytes: int) -> ColumnarPart:
    """Open a Parquet file, an "arrow file" or an "arrow stream".

    Raises
    ------
    TableError
        If the file is damaged, or a column is of no type that linnet knows.
    """
    from pyarrow import ipc, parquet

    name = "Parquet" if format_ == "parquet" else "Arrow"
    with columnar_damage_told(file.name, name), file.open() as raw:
        if format_ == "parquet":
            schema = parquet.ParquetFile(raw).schema_arrow
            batches: Any = partial(_parquet_batches, block_bytes)
        elif format_ == "arrow file":
            schema, batches = ipc.open_file(raw).schema, _file_batches
        else:
            schema, batches = ipc.open_stream(raw).schema, _stream_batches
        empty = plain_table(schema.empty_table(), file.name).columns
    columns = tuple(TypedColumn(f.name, _of_stream(f.type)) for f in empty.schema)
    return ColumnarPart(file, name, columns, batches)


def _of_stream(kind: ArrowType) -> ArrowType:
    """Return the type that a stream gives for a plain one: its numbers have 64 bits."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_uint64(kind) or types.is_floating(kind):
        return pa.float64()
    return pa.int64() if types.is_integer(kind) else kind


def _cast(column: Any, kind: ArrowType) -> Any:
    # What counts is that it is a category: the type of its codes is its chunk's own.
    from pyarrow import types

    if column.type == kind or (types.is_dictionary(kind) and types.is_dictionary(column.type)):
        return column
    # Integers beyond 2⁵³ lose their last digits on the way to floats, as they do everywhere.
    return column.cast(kind, safe=not types.is_floating(kind))


def _parquet_batches(
    block_bytes: int, file: StoredFile, names: list[str]
) -> Iterator[tuple[Any, int]]:
    from pyarrow import parquet

    rows = block_bytes // (_BYTES_PER_VALUE * max(1, len(names)))
    with file.open() as raw:
        found = parquet.ParquetFile(raw)
        total, seen = max(1, found.metadata.num_rows), 0
        for batch in found.iter_batches(
            batch_size=min(max(rows, _LEAST_ROWS), _MOST_ROWS), columns=names
        ):
            seen += batch.num_rows
            yield batch, file.size * seen // total


def _file_batches(file: StoredFile, names: list[str]) -> Iterator[tuple[Any, int]]:
    from pyarrow import ipc

    with file.open() as raw:
        schema = ipc.open_file(raw).schema
        raw.seek(0)
        wanted = sorted(schema.get_field_index(name) for name in names)
        found = ipc.open_file(raw, options=ipc.IpcReadOptions(included_fields=wanted))
        for i in range(found.num_record_batches):
            batch = found.get_batch(i)
            yield batch, file.size * (i + 1) // found.num_record_batches


def _stream_batches(file: StoredFile, names: list[str]) -> Iterator[tuple[Any, int]]:
    from pyarrow import ipc

    # One ahead, to know the last: an end mark follows it.
    with file.open() as raw:
        held: tuple[Any, int] | None = None
        for batch in ipc.open_stream(raw):
            if held is not None:
                yield held
            held = batch.select(names), raw.tell()
        if held is not None:
            yield held[0], file.size
