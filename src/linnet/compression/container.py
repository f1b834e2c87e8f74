"""A compressed table: all columns in a learned order, and what tells how to read them.

    4 bytes  "lnt" and the format's version, 1
    8 bytes  BLAKE2b of the rest
    1 byte   what it was: 1 lines of text, 2 an Arrow table, 3 bytes
    numbers  rows, columns, size of what tells how cells stood, texts
    bytes    how cells stood; all texts
    of each column, in the order of coding:
        numbers  which column it is, size of its model, size of its data
        bytes    model and data
    4 bytes  CRC-32 of what the decoder must get

So every byte is checked before it is believed, and what comes of it afterwards.
"""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, final

import numpy as np

from linnet.codes.fields import Fields, number
from linnet.compression.account import ColumnAccount, TableAccount
from linnet.compression.cells import Cells
from linnet.compression.coding import CodedCells, chosen_ways, code_column, read_column
from linnet.compression.order import learn_order
from linnet.compression.predictors import Known
from linnet.compression.sections import TextReader, TextWriter
from linnet.engine import limited_blas
from linnet.errors import DataError, DataTypeError

__all__ = [
    "Contents",
    "Kind",
    "Progress",
    "checked",
    "pack_table",
    "unpack_table",
    "values_check",
]

_MAGIC: Final = b"lnt"
_VERSION: Final = 1
_DIGEST: Final = 8

Progress = Callable[[str, int, int], None]
"""Is told the column begun, how many are done, and how many there are."""


class Kind(IntEnum):
    """What was compressed."""

    LINES = 1
    ARROW = 2
    BYTES = 3


@final
@dataclass(frozen=True, eq=False)
class Contents:
    """What a compressed table holds.

    Parameters
    ----------
    kind : Kind
        What it was.
    n_rows : int
        Rows.
    columns : list of Cells
        The cells.
    names : tuple of str
        Of columns, for the account.
    about : bytes
        How the cells stood, by numbers.
    texts : tuple of bytes
        And by texts.
    check : int
        CRC-32 of all that is to come back.
    """

    kind: Kind
    n_rows: int
    columns: list[Cells]
    about: bytes
    texts: tuple[bytes, ...]
    check: int
    names: tuple[str, ...] = ()


def pack_table(contents: Contents, progress: Progress | None = None) -> tuple[bytes, TableAccount]:
    """Compress a table, and give an account of its bytes."""
    with limited_blas(1):
        texts = TextWriter()
        texts.write(contents.texts)
        coded, order = _coded(contents, progress, texts)
    about = number(len(contents.about)) + contents.about
    stored = texts.to_bytes()
    parts = [
        bytes([contents.kind]),
        number(contents.n_rows) + number(len(coded)) + number(len(contents.texts)) + about,
        number(len(texts.parts)) + number(len(stored)) + stored,
    ]
    for j, column in zip(order, coded, strict=True):
        parts += [number(j), number(len(column.model)), number(len(column.data))]
        parts += [column.model, column.data]
    parts.append(contents.check.to_bytes(4, "little"))
    body = b"".join(parts)
    data = _MAGIC + bytes([_VERSION]) + _digest(body) + body
    names = [contents.names[j] for j in order]
    accounts = [
        ColumnAccount(
            name=name,
            coder=column.coder,
            alone=column.alone,
            data=len(column.data),
            model=len(column.model),
            given=tuple(names[p] for p in column.parents),
        )
        for name, column in zip(names, coded, strict=True)
    ]
    account = TableAccount(
        rows=contents.n_rows, columns=tuple(accounts), texts=len(stored), total=len(data)
    )
    return data, account


def unpack_table(data: Any) -> Contents:
    """Read a compressed table.

    Raises
    ------
    DataError
        If this is none, or bytes were altered or lost.
    """
    fields = Fields(_checked_body(data))
    kind = fields.take(1)[0]
    if kind not in set(Kind):
        raise DataError(
            f"The compressed table is of kind {kind}, which this linnet does not know. Install a "
            "newer linnet."
        )
    n_rows, d, count = fields.number(), fields.number(), fields.number()
    about = bytes(fields.take(fields.number()))
    every = fields.number()
    texts = TextReader.of(Fields(fields.take(fields.number())), every)
    own = tuple(texts.read(count))
    columns: dict[int, Cells] = {}
    known: list[Known] = []
    with limited_blas(1):
        for _ in range(d):
            j, model, size = fields.number(), fields.number(), fields.number()
            parts = Fields(fields.take(model)), Fields(fields.take(size))
            columns[j] = read_column(*parts, texts, known, n_rows)
    check = int.from_bytes(fields.take(4), "little")
    fields.close()
    if sorted(columns) != list(range(d)):
        raise DataError(
            "The compressed table names a column twice. It was made by other means: compress it "
            "again."
        )
    return Contents(Kind(kind), n_rows, [columns[j] for j in range(d)], about, own, check)


def checked(content: bytes, check: int, crc: int = 0) -> bytes:
    """Return what was decoded if it is what was encoded.

    Raises
    ------
    DataError
        If not: the file is intact, so that the fault is here.
    """
    if zlib.crc32(content, crc) != check:
        raise DataError(
            "The table that was decoded is not the one that was compressed, though its bytes are "
            "intact. Please report it, with the file and what linnet.show_versions() says."
        )
    return content


def _coded(
    contents: Contents, progress: Progress | None, texts: TextWriter
) -> tuple[list[CodedCells], list[int]]:
    ways = [chosen_ways(cells) for cells in contents.columns]
    plain = [j for j, each in enumerate(ways) if not each]
    some = [j for j, each in enumerate(ways) if each]
    first = learn_order([Known(*ways[j][0]) for j in some])
    order = [some[i] for i in first.columns] + plain
    candidates = [*first.candidates, *([()] * len(plain))]
    known: list[Known] = []
    coded = []
    for done, (j, others) in enumerate(zip(order, candidates, strict=True)):
        if progress is not None:
            progress(contents.names[j], done, len(order))
        coded.append(code_column(contents.columns[j], ways[j], known, list(others), texts))
    return coded, order


def _checked_body(data: Any) -> memoryview:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise DataTypeError(
            f"data is a {type(data).__name__}. Give bytes, as compress_table returns."
        )
    data = bytes(data)
    if data[:3] != _MAGIC:
        raise DataError(
            "This is no compressed table: it does not begin as those do. Give what compress_table "
            "or linnet compress wrote."
        )
    if len(data) < 4 + _DIGEST or (data[3] == _VERSION and _digest(data[12:]) != data[4:12]):
        raise DataError(
            "The compressed table was damaged or truncated: its checksum is wrong. Take an intact "
            "copy, or compress it again."
        )
    if data[3] != _VERSION:
        raise DataError(
            f"The compressed table has format {data[3]}, but this linnet reads format {_VERSION}. "
            "Install a newer linnet, or take an intact copy."
        )
    return memoryview(data)[4 + _DIGEST :]


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def values_check(columns: list[Cells]) -> int:
    """CRC-32 of the texts of all cells, by their ranks, where there are no lines to check."""
    crc = 0
    for cells in columns:
        order = np.argsort(np.array(cells.texts, dtype=object), kind="stable")
        ranks = np.empty(len(order), dtype="<i4")
        ranks[order] = np.arange(len(order))
        crc = zlib.crc32(b"\0".join(cells.texts[i] for i in order), crc)
        crc = zlib.crc32(ranks[cells.codes].tobytes(), crc)
    return crc
