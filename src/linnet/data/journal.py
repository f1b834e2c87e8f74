"""Passes over the data are written down: a fit that was killed repeats none that it had finished.

A solver is a fixed sequence of decisions on the sums that its passes give. With those sums on disk,
each under a digest of what was summed over what, a fit that begins anew takes at once the way it
had gone, to the last bit, and goes on from there. Whatever changes, the data, a setting or a
version, changes the digests, and the pass is made: a journal can be of no use, but not do harm.

The journal is one file that only grows. A record cut off or damaged ends what is read of it.
"""

import json
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import IO, Any, Final, final

import numpy as np

from linnet.data.atomic import atomic_write
from linnet.data.held_folder import held
from linnet.types import Array

__all__ = ["NOTE_EVERY", "PASSES", "Journal", "digest"]

NOTE_EVERY: Final = 30.0
"""Seconds between two notes of what takes long."""

PASSES: Final = "passes.journal"
"""Name of the file."""

_MARK: Final = b"LNJ1"
_NUMBER_BYTES: Final = 4
# Sums that take more, 128 MiB, are formed again: a fit would fill the disk with its factors.
_LARGEST: Final = 2**24
_UNFINISHED: Final = "pass.unfinished"


@final
class Journal:
    """Sums of passes, kept in a folder.

    Parameters
    ----------
    folder : path
        Where the journal is kept; it is made if it is not there.
    data : str
        What tells the data from any other: part of every digest.
    seconds : float
        How often a pass that takes long is noted while it runs.

    Raises
    ------
    DataError
        If another process is keeping a journal there.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with Journal.opened(Path(folder), data="three numbers") as journal:
    ...         journal.add("a sum", (np.array(6.0),))
    ...     with Journal.opened(Path(folder), data="three numbers") as journal:
    ...         journal.find("a sum")
    (array(6.),)
    """

    def __init__(self, folder: Path, *, data: str, seconds: float = NOTE_EVERY) -> None:
        self._held = ExitStack()
        self._held.enter_context(held(folder))
        self._folder = folder
        self._data = data
        self._seconds = seconds
        self._file: IO[bytes] = (folder / PASSES).open("a+b")
        self._records = self._read()
        self._noted = monotonic()

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, *, data: str, seconds: float = NOTE_EVERY) -> Iterator["Journal"]:
        """Give the journal of a folder, and close it at the end."""
        journal = cls(folder, data=data, seconds=seconds)
        try:
            yield journal
        finally:
            journal.close()

    def __len__(self) -> int:
        return len(self._records)

    def key(self, *what: Any) -> str:
        """Digest of what is done: the function, with its arguments, and the data."""
        return digest(self._data, *what)

    def find(self, key: str) -> tuple[Array, ...] | None:
        """Return the sums noted under ``key``, if they are there."""
        record = self._records.get(key)
        return None if record is None else _read_sums(self._file, record)

    def add(self, key: str, sums: tuple[Array, ...]) -> None:
        """Note the sums of a pass; they outlive the process from here."""
        if sum(part.size for part in sums) > _LARGEST:
            return
        written, record = _record(key, sums)
        end = self._file.seek(0, os.SEEK_END)
        self._file.write(written)
        self._file.flush()
        self._records[key] = replace(record, start=end + record.start)
        self._settle()

    def unfinished(self, key: str) -> tuple[int, tuple[Array, ...]]:
        """Return how many blocks of this pass are summed already, and their sums."""
        path = self._folder / _UNFINISHED
        if not path.exists():
            return 0, ()
        with path.open("rb") as file:
            record = _read_record(file)
            if record is None or record.key != key:
                return 0, ()
            return record.blocks, _read_sums(file, record)

    def note(self, key: str, blocks: int, sums: tuple[Array, ...]) -> None:
        """Note how far a pass has come, if the last note is old enough."""
        if monotonic() - self._noted < self._seconds:
            return
        with atomic_write(self._folder / _UNFINISHED) as path:
            path.write_bytes(_record(key, sums, blocks)[0])
        self._noted = monotonic()

    def close(self) -> None:
        """Close the file, and let go of the folder; another process may then go on."""
        self._file.close()
        self._held.close()

    def _settle(self) -> None:
        # What is flushed survives the process; to survive a power cut it must reach the disk.
        if monotonic() - self._noted >= self._seconds:
            os.fsync(self._file.fileno())
            self._noted = monotonic()

    def _read(self) -> dict[str, "_Record"]:
        """Find the records, and cut off what a killed process left of its last."""
        records: dict[str, _Record] = {}
        self._file.seek(0)
        whole = 0
        while (record := _read_record(self._file)) is not None:
            records[record.key] = record
            whole = self._file.tell()
        self._file.truncate(whole)
        return records


@final
@dataclass(frozen=True)
class _Record:
    """Where in a file the numbers of some sums begin, and what they are the sums of."""

    key: str
    blocks: int
    shapes: tuple[tuple[int, ...], ...]
    start: int

    @property
    def size(self) -> int:
        """Bytes of all numbers."""
        return 8 * sum(int(np.prod(shape)) for shape in self.shapes)


def digest(*parts: Any) -> str:
    """SHA-256 of arrays, numbers, texts, functions of modules, and data classes of these.

    Raises
    ------
    TypeError
        If a part is of another kind, whose content cannot be told.
    """
    summed = sha256()
    for part in parts:
        _feed(summed.update, part)
    return summed.hexdigest()


def _feed(update: Callable[[bytes], None], part: Any) -> None:
    if isinstance(part, partial):
        _feed(update, part.func)
        _feed(update, part.args)
        _feed(update, tuple(sorted(part.keywords.items())))
    elif isinstance(part, np.ndarray):
        update(f"array {part.dtype.str} {part.shape} ".encode())
        update(part.tobytes())
    elif isinstance(part, tuple | list):
        update(f"{len(part)} parts ".encode())
        for each in part:
            _feed(update, each)
    elif is_dataclass(part) and not isinstance(part, type):
        update(f"{type(part).__qualname__} ".encode())
        _feed(update, tuple((each.name, getattr(part, each.name)) for each in fields(part)))
    elif part is None or isinstance(part, str | bytes | int | float | np.generic):
        update(f"{type(part).__name__} {part!r} ".encode())
    elif callable(part) and "<" not in part.__qualname__:
        update(f"{part.__module__}.{part.__qualname__} ".encode())
    else:
        raise TypeError(f"{part!r} cannot be told from others by its content.")


def _record(key: str, sums: tuple[Array, ...], blocks: int = 0) -> tuple[bytes, _Record]:
    shapes = tuple(part.shape for part in sums)
    head = json.dumps({"key": key, "blocks": blocks, "shapes": shapes}).encode()
    values = b"".join(np.ascontiguousarray(part, dtype="<f8").tobytes() for part in sums)
    check = zlib.crc32(values, zlib.crc32(head)).to_bytes(_NUMBER_BYTES, "little")
    start = _MARK + len(head).to_bytes(_NUMBER_BYTES, "little") + head
    return start + values + check, _Record(key, blocks, shapes, len(start))


def _read_record(file: IO[bytes]) -> _Record | None:
    """Read the next record; ``None`` where none follows, or a broken one."""
    if file.read(len(_MARK)) != _MARK:
        return None
    head = file.read(int.from_bytes(file.read(_NUMBER_BYTES), "little"))
    try:
        content = json.loads(head)
        shapes = tuple(tuple(int(size) for size in shape) for shape in content["shapes"])
        record = _Record(str(content["key"]), int(content["blocks"]), shapes, file.tell())
    except (ValueError, KeyError, TypeError):
        return None
    values, check = file.read(record.size), file.read(_NUMBER_BYTES)
    is_right = int.from_bytes(check, "little") == zlib.crc32(values, zlib.crc32(head))
    return record if len(check) == _NUMBER_BYTES and is_right else None


def _read_sums(file: IO[bytes], record: _Record) -> tuple[Array, ...]:
    file.seek(record.start)
    return tuple(
        np.frombuffer(file.read(8 * int(np.prod(shape))), dtype="<f8").reshape(shape).copy()
        for shape in record.shapes
    )
