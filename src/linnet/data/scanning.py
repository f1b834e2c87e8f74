"""Files too large to be held, one or many, are opened as one table that is read in chunks."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, final

from linnet.data.missing import typed_column
from linnet.data.opening import TextSettings, open_parts
from linnet.data.parts import Fault, Parsed, Part, TypedColumn, wider
from linnet.data.plain import plain_table
from linnet.data.stored import StoredFile, find_files
from linnet.data.streams import Chunk
from linnet.data.tables import Table, name_list, select_column
from linnet.errors import SettingError, TableError
from linnet.parallel import in_order

__all__ = ["ScannedTables", "open_tables"]

# Decompressing or reading goes on beside them: with more, memory grows sooner than speed.
_WORKERS: Final = 2
_MOST_SAMPLED: Final = 50
_PIECES: Final = 64
_MOST_PIECES_OF_A_FILE: Final = 16
_MOST_SHOWN: Final = 5


def open_tables(
    paths: Any,
    *,
    separator: str | None = None,
    header: bool | None = None,
    encoding: str = "utf-8",
    on_error: str = "raise",
    block_bytes: int = 1 << 23,
) -> "ScannedTables":
    r"""Open files as one table that is read in chunks, again and again.

    The first rows of every file (of 50, if there are more), and some further on, tell the types:
    integers give way to floats, dates to timestamps, any other mixture to text. A column that is
    empty in all of them is read to its end beforehand, which takes a pass over the files.

    Parameters
    ----------
    paths : str, path, or sequence of them
        Files of delimited text (also compressed by gzip, bzip2, xz or zstd), JSON lines, Parquet
        or Arrow: a path; a pattern such as ``'data/*.csv'``, whose files come in the order of
        their names; an address with ``://``; or a list of these. All must be of one format, and
        have the same columns, in any order.
    separator, header, encoding
        As for `linnet.data.reading.read_table`. What the first file tells goes for all.
    on_error : {"raise", "skip"}
        Whether a row of text that cannot be read is an error, or left out and told in ``notes``.
        Which rows are left out does not depend on the columns asked for.
    block_bytes : int
        How many bytes are read at a time. Text takes some 25 times as much in memory: three blocks
        and their tables at once, and what PyArrow keeps for the next.

    Returns
    -------
    ScannedTables
        The table, a `TableStream`. Its chunks are those of the files, in order.

    Raises
    ------
    TableError
        If a file cannot be found or read, or its columns are not those of the others.
    SettingError
        If a setting is out of its range.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for day in ("1", "2"):
    ...         _ = Path(folder, f"day{day}.csv").write_text(f"bird,grams\nlinnet,{day}\nwren,?\n")
    ...     stream = open_tables(f"{folder}/day*.csv")
    ...     [chunk.table.columns.to_pydict()["grams"] for chunk in stream.chunks()]
    [[1, None], [2, None]]
    """
    if on_error not in {"raise", "skip"}:
        raise SettingError(f"on_error must be 'raise' or 'skip', not {on_error!r}.")
    if not isinstance(block_bytes, int) or block_bytes < 1:
        raise SettingError(f"block_bytes must be a positive integer, not {block_bytes!r}.")
    files = find_files(paths)
    text = TextSettings(separator, header, encoding, block_bytes)
    parts = open_parts(files, text)
    _require_same_columns(parts)
    origin = os.fspath(paths) if isinstance(paths, str | os.PathLike) else _several(files)
    stream = ScannedTables(origin, parts, _common_types(parts), skip=on_error == "skip")
    return stream.with_empty_columns_settled()


@final
@dataclass
class _Skipped:
    """The rows left out in the pass that met most of them."""

    count: int = 0
    first: tuple[str, ...] = ()


@final
@dataclass(frozen=True)
class ScannedTables:
    """A table in files, of types found beforehand."""

    origin: str
    parts: tuple[Part, ...]
    columns: tuple[TypedColumn, ...]
    skip: bool
    skipped: _Skipped = field(default_factory=_Skipped)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the first file."""
        return tuple(column.name for column in self.columns)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed while reading, or skipped, in sentences for the user."""
        notes = list(dict.fromkeys(note for part in self.parts for note in part.notes))
        if self.skipped.count:
            more = self.skipped.count - len(self.skipped.first)
            shown = "; ".join(self.skipped.first) + (f"; and {more:,} more" if more else "")
            notes.append(f"rows left out because they cannot be read: {shown}")
        return tuple(notes)

    @property
    def n_bytes(self) -> int:
        """Size of all files as stored."""
        return sum(part.file.size for part in self.parts)

    @property
    def identity(self) -> tuple[tuple[str, int, int | None], ...]:
        """What tells the files from others, or from what they were: name, size, last change."""
        files = (part.file for part in self.parts)
        return tuple((file.name, file.size, file.changed) for file in files)

    def chunks(self, columns: Sequence[str] | None = None) -> Iterator[Chunk]:
        """Give all rows, in order; only these columns, if any are named."""
        wanted = self.names if columns is None else self._select(columns)
        found = self.columns if self.skip else tuple(c for c in self.columns if c.name in wanted)
        read, row, current, skipped = 0, 1, self.parts[0], _Skipped()
        for part, parsed in self._parsed(found or self.columns[:1]):
            if part is not current:
                read, row, current = read + current.file.size, 1, part
            self._judge(part, parsed.faults, skipped)
            table = Table(parsed.columns.select(wanted), part.file.name)
            if table.n_rows:
                yield Chunk(table, row, read + parsed.bytes_read)
            row += parsed.n_rows

    def with_empty_columns_settled(self) -> "ScannedTables":
        """Look through all rows for the type of the columns that were empty in all samples."""
        import pyarrow as pa

        unknown = [column for column in self.columns if pa.types.is_null(column.kind)]
        if not unknown or not all(part.is_text for part in self.parts):
            return self
        settled = {column.name: column for column in unknown}
        texts = tuple(TypedColumn(column.name, pa.string()) for column in unknown)
        for part, parsed in self._parsed(texts):
            for name, so_far in settled.items():
                found = typed_column(parsed.columns.column(name), decimal_comma=part.decimal_comma)
                settled[name] = wider(so_far, TypedColumn(name, found.type, through_text=True))
        return replace(self, columns=tuple(settled.get(c.name, c) for c in self.columns))

    def _select(self, columns: Sequence[str]) -> list[str]:
        import pyarrow as pa

        empty = Table(pa.table({name: pa.nulls(0) for name in self.names}), self.origin)
        return [select_column(empty, name) for name in columns]

    def _parsed(self, columns: tuple[TypedColumn, ...]) -> Iterator[tuple[Part, Parsed]]:
        def parse(item: tuple[Part, Any]) -> tuple[Part, Parsed]:
            part, piece = item
            parsed = part.parse(piece, columns)
            plain = plain_table(parsed.columns, part.file.name).columns
            return part, replace(parsed, columns=plain)

        yield from in_order(parse, self._pieces(columns), _WORKERS)

    def _pieces(self, columns: tuple[TypedColumn, ...]) -> Iterator[tuple[Part, Any]]:
        for part in self.parts:
            part.file.require_unchanged()
            for piece in part.pieces(columns):
                yield part, piece
            # What was added or cut off meanwhile is not to go unnoticed either.
            part.file.require_unchanged()

    def _judge(self, part: Part, faults: tuple[Fault, ...], skipped: _Skipped) -> None:
        """Raise for the first faulty row, or count it."""
        for fault in faults:
            place = f"{part.file.name}, line {fault.line}"
            if not self.skip:
                raise TableError(f"{place}: {fault.message}")
            skipped.count += 1
            if len(skipped.first) < _MOST_SHOWN:
                skipped.first += (f"{place} ({fault.message.split('. ')[0]})",)
        if skipped.count > self.skipped.count:
            self.skipped.count, self.skipped.first = skipped.count, skipped.first


def _several(files: Sequence[StoredFile]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"


def _require_same_columns(parts: Sequence[Part]) -> None:
    expected = parts[0]
    for part in parts[1:]:
        lacking = [name for name in expected.names if name not in part.names]
        added = [name for name in part.names if name not in expected.names]
        told = [f"it lacks {name_list(lacking)}"] if lacking else []
        told += [f"it has {name_list(added)} besides"] if added else []
        if told:
            raise TableError(
                f"{part.file.name}: its columns are not those of {expected.file.name}: "
                f"{' and '.join(told)}. Files of one table need the same columns, in any order."
            )


def _common_types(parts: Sequence[Part]) -> tuple[TypedColumn, ...]:
    """Find the types that hold what the files hold, as far as samples of them tell."""
    step = max(1, len(parts) / _MOST_SAMPLED)
    chosen = [parts[int(i * step)] for i in range(min(len(parts), _MOST_SAMPLED))]
    n_pieces = min(_MOST_PIECES_OF_A_FILE, max(2, _PIECES // len(chosen)))
    found = {column.name: column for column in chosen[0].sampled(n_pieces)}
    for part in chosen[1:]:
        for column in part.sampled(n_pieces):
            found[column.name] = part.widened(found[column.name], column)
    return tuple(found.values())
