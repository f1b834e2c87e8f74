"""JSON lines too many to be held are read in blocks of lines, of types found beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

from linnet.data.jsonl import kind_of_value, read_json_lines, record_of
from linnet.data.parts import Fault, Parsed, TypedColumn
from linnet.data.row_ends import last_row_end
from linnet.data.stored import StoredFile
from linnet.data.tables import ArrowTable
from linnet.data.text_blocks import TextBlock, further_pieces, text_blocks
from linnet.data.widening import ArrowType, widest
from linnet.errors import TableError

__all__ = ["JsonPart", "open_json_lines"]

_HEAD_BYTES: Final = 1 << 20
_PIECES: Final = 8
_ADVICE: Final = "Mend the line, or leave out such lines with on_error='skip'."


@final
@dataclass(frozen=True)
class JsonPart:
    """A file of JSON lines.

    Parameters
    ----------
    file : StoredFile
        The file.
    columns : tuple of TypedColumn
        The keys that occur in the lines looked at, and the types of their values.
    names : tuple of str
        The keys that occur there in any file of the table.
    encoding : str
        Its encoding.
    block_bytes : int
        How much is parsed at a time.
    """

    file: StoredFile
    columns: tuple[TypedColumn, ...]
    names: tuple[str, ...]
    encoding: str
    block_bytes: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed: nothing."""
        return ()

    @property
    def is_text(self) -> bool:
        """Whether values are written without their types: no."""
        return False

    @property
    def decimal_comma(self) -> bool:
        """Whether 3,5 may stand for 3.5: never."""
        return False

    def widened(self, first: TypedColumn, second: TypedColumn) -> TypedColumn:
        """Return the column that holds what another file and this one hold under a key."""
        return _wider(self.file.name, first, second)

    def sampled(self, n_pieces: int) -> tuple[TypedColumn, ...]:  # noqa: ARG002
        """Return a column for each key of the table: null where this file does not hold it."""
        import pyarrow as pa

        known = {column.name: column for column in self.columns}
        return tuple(known.get(name, TypedColumn(name, pa.null())) for name in self.names)

    def pieces(self, columns: Sequence[TypedColumn]) -> Iterator[TextBlock]:  # noqa: ARG002
        """Go through the file in blocks of whole lines."""
        return _blocks(self.file, self.encoding, self.block_bytes)

    def parse(self, piece: TextBlock, columns: Sequence[TypedColumn]) -> Parsed:
        """Make of a block these columns, of these types."""
        import pyarrow as pa

        # A key that was not seen beforehand is told, unless only some keys are asked for.
        strict = len(columns) == len(self.names)
        try:
            table = _parse(piece.data, columns, strict=strict)
        except pa.ArrowException as error:
            good, faults = _sorted_out(piece, columns, strict=strict)
            if not faults:
                raise TableError(
                    f"{self.file.name}, from line {piece.first_line} on: cannot be read as JSON "
                    f"lines: {error}."
                ) from None
            rows = _parse(good, columns, strict=strict)
            return Parsed(rows, rows.num_rows + len(faults), piece.bytes_read, faults)
        return Parsed(table, table.num_rows, piece.bytes_read)


def open_json_lines(
    files: Sequence[StoredFile], can_seek: Sequence[bool], encoding: str, block_bytes: int
) -> tuple[JsonPart, ...]:
    """Find the keys of each file, and the types of their values, in some of its lines.

    Raises
    ------
    TableError
        If one of those lines is no JSON object, or a key holds values of different kinds.
    """
    found = [
        _keys(file, encoding, _PIECES if seek else 0)
        for file, seek in zip(files, can_seek, strict=True)
    ]
    names = tuple(dict.fromkeys(column.name for columns in found for column in columns))
    return tuple(
        JsonPart(file, columns, names, encoding, block_bytes)
        for file, columns in zip(files, found, strict=True)
    )


def _keys(file: StoredFile, encoding: str, n_pieces: int) -> tuple[TypedColumn, ...]:
    head = next(_blocks(file, encoding, _HEAD_BYTES)).data
    known: dict[str, TypedColumn] = {}
    for rows in (head, *further_pieces(file, n_pieces, _HEAD_BYTES)):
        table = read_json_lines(rows, file.name).columns
        for name, kind in zip(table.column_names, table.schema.types, strict=True):
            column = TypedColumn(name, kind)
            known[name] = _wider(file.name, known.get(name, column), column)
    return tuple(known.values())


def _blocks(file: StoredFile, encoding: str, block_bytes: int) -> Iterator[TextBlock]:
    row_end = partial(last_row_end, separator=",", quoted=False)
    blocks = text_blocks(file, encoding=encoding, block_bytes=block_bytes, row_end=row_end)
    return (block for block in blocks if block.data.strip())


def _wider(name: str, first: TypedColumn, second: TypedColumn) -> TypedColumn:
    import pyarrow as pa
    from pyarrow import types

    kind = widest(first.kind, second.kind)
    if kind is None and all(
        types.is_timestamp(each.kind) or types.is_string(each.kind) for each in (first, second)
    ):
        kind = pa.string()
    if kind is None:
        raise TableError(
            f"{name}: {first.name!r} holds values of type {second.kind}, but of type {first.kind} "
            "before. A key must hold one kind of value."
        )
    return replace(first, kind=kind)


def _parse(data: bytes, columns: Sequence[TypedColumn], *, strict: bool) -> ArrowTable:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    schema = pa.schema([(column.name, column.kind) for column in columns])
    if not data.strip():
        return schema.empty_table()
    return arrow_json.read_json(
        pa.BufferReader(data),
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=arrow_json.ParseOptions(
            explicit_schema=schema,
            unexpected_field_behavior="error" if strict else "ignore",
        ),
    )


def _sorted_out(
    block: TextBlock, columns: Sequence[TypedColumn], *, strict: bool
) -> tuple[bytes, tuple[Fault, ...]]:
    """Return the lines that fit the types, and the others as faults."""
    kinds = {column.name: column.kind for column in columns}
    good: list[bytes] = []
    faults: list[Fault] = []
    for number, line in enumerate(block.data.split(b"\n"), start=block.first_line):
        if not line.strip():
            continue
        trouble = _trouble(line, kinds, strict=strict)
        if trouble is None:
            good.append(line)
        else:
            faults.append(Fault(number, f"{trouble} {_ADVICE}"))
    return b"\n".join(good), tuple(faults)


def _trouble(line: bytes, kinds: dict[str, ArrowType], *, strict: bool) -> str | None:
    try:
        record = record_of(line, "")
    except TableError as error:
        return str(error).removeprefix(": ")
    for key, value in record.items():
        if key not in kinds:
            if strict:
                return f"{key!r} occurs in none of the lines that were looked at beforehand."
        elif not _fits(value, kinds[key]):
            return (
                f"{key!r} holds {kind_of_value(value)} ({value!r}), but values of type "
                f"{kinds[key]} in the lines that were looked at beforehand."
            )
    return None


def _fits(value: object, kind: ArrowType) -> bool:
    import pyarrow as pa
    from pyarrow import types

    if value is None:
        return True
    if isinstance(value, bool) or types.is_boolean(kind):
        return isinstance(value, bool) and types.is_boolean(kind)
    if isinstance(value, float) and not types.is_floating(kind):
        return False
    if isinstance(value, int | float) == (types.is_string(kind) or types.is_timestamp(kind)):
        return False
    try:
        pa.array([value]).cast(kind, safe=not types.is_floating(kind))
    except (pa.ArrowException, OverflowError):
        return False
    return True
