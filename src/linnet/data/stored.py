"""Stored files, here or far away: found by path, pattern or address, and watched for changes."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, TypeAlias, final

from linnet.errors import DataTypeError, MissingDependencyError, TableError

__all__ = ["StoredFile", "find_files"]

_FileSystem: TypeAlias = Any
"""A ``pyarrow.fs.FileSystem``."""

_PATTERN: Final = frozenset("*?[")


@final
@dataclass(frozen=True)
class StoredFile:
    """A file as it was when it was found.

    Parameters
    ----------
    name : str
        What error messages call it: its path or address.
    system : pyarrow.fs.FileSystem
        Where it is stored.
    path : str
        Its path there.
    size : int
        Its size in bytes.
    changed : int or None
        When it was last changed, in nanoseconds; None where the system does not say.
    """

    name: str
    system: _FileSystem
    path: str
    size: int
    changed: int | None

    def open(self) -> Any:
        """Open it for reading at any place; raises TableError if that fails."""
        try:
            return self.system.open_input_file(self.path)
        except OSError as error:
            raise TableError(f"{self.name}: cannot be read: {error}.") from None

    def require_unchanged(self) -> None:
        """Raise TableError if the file is no longer what it was when it was found."""
        info = self.system.get_file_info(self.path)
        if (info.size, info.mtime_ns) != (self.size, self.changed):
            found = f"now {info.size:,} bytes" if info.size is not None else "now gone"
            raise TableError(
                f"{self.name}: the file has changed since it was opened (then {self.size:,} bytes, "
                f"{found}). All passes must see the same rows: open the table anew once the file "
                "is complete."
            )


def find_files(paths: object) -> list[StoredFile]:
    """Find the files that a path, a pattern, an address or a list of them names.

    Parameters
    ----------
    paths : str, path, or sequence of them
        With ``*``, ``?`` or ``[…]`` a pattern (``**`` is any folders), whose files come in the
        order of their names; with ``://`` an address, such as ``s3://bucket/part-*.parquet``.

    Raises
    ------
    TableError
        If nothing matches, or a file is missing, a folder, or empty.
    MissingDependencyError
        If an address needs a package that is not installed.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    if not isinstance(given, Sequence) or not all(isinstance(p, str | os.PathLike) for p in given):
        raise DataTypeError(
            f"A path, a pattern such as 'data/*.csv', or a list of them is needed, not {paths!r}."
        )
    if not given:
        raise TableError("The list of files is empty: name at least one.")
    return [file for path in given for file in _matching(os.fspath(path))]


def _matching(path: str) -> Iterator[StoredFile]:
    from pyarrow import fs

    if "://" in path:
        yield from _remote(path)
        return
    system = fs.LocalFileSystem()
    names = [path]
    if _is_pattern(path) and not Path(path).exists():
        # Path.glob takes no pattern that starts at the root.
        names = sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        names = [name for name in names if system.get_file_info(name).is_file]
    if not names:
        raise TableError(f"{path}: no file matches. Check the path, and the folder it starts from.")
    for name in names:
        yield _stored(name, system, name)


def _remote(address: str) -> Iterator[StoredFile]:
    from pyarrow import fs

    scheme, _, rest = address.partition("://")
    folder = rest
    while _is_pattern(folder):
        folder = folder.rpartition("/")[0]
    system, root = _file_system(f"{scheme}://{folder}")
    if folder == rest:
        yield _stored(address, system, root)
        return
    pattern = f"{root.rstrip('/')}/{rest[len(folder) :].lstrip('/')}"
    selector = fs.FileSelector(root, recursive=pattern.count("/") > root.rstrip("/").count("/") + 1)
    found = sorted(
        info.path
        for info in system.get_file_info(selector)
        if info.is_file and fnmatchcase(info.path.lstrip("/"), pattern.lstrip("/"))
    )
    if not found:
        raise TableError(f"{address}: no file matches. Check the address.")
    for path in found:
        yield _stored(f"{scheme}://{path}", system, path)


def _file_system(address: str) -> tuple[_FileSystem, str]:
    import pyarrow as pa
    from pyarrow import fs

    try:
        return fs.FileSystem.from_uri(address)
    except (pa.ArrowException, OSError) as error:
        reason = error
    scheme, _, rest = address.partition("://")
    try:
        import fsspec
    except ImportError:
        raise MissingDependencyError(
            f"{address}: PyArrow alone cannot reach it ({reason}). Install fsspec, and what it "
            f"needs for {scheme}://, and try again: pip install linnet[remote]."
        ) from None
    try:
        found = fsspec.filesystem(scheme)
    except (ImportError, ValueError) as error:
        raise MissingDependencyError(f"{address}: it cannot be reached: {error}.") from None
    return fs.PyFileSystem(fs.FSSpecHandler(found)), rest


def _stored(name: str, system: _FileSystem, path: str) -> StoredFile:
    from pyarrow import fs

    try:
        info = system.get_file_info(path)
    except OSError as error:
        raise TableError(f"{name}: cannot be read: {error}.") from None
    if info.type == fs.FileType.NotFound:
        raise TableError(f"{name}: there is no such file. Check the path.")
    if info.type == fs.FileType.Directory:
        raise TableError(f"{name}: this is a folder; name a file in it, or all: '{name}/*.csv'.")
    if not info.size:
        raise TableError(f"{name}: the file is empty: there is nothing in it to read.")
    return StoredFile(name, system, path, info.size, info.mtime_ns)


def _is_pattern(path: str) -> bool:
    return not _PATTERN.isdisjoint(path)
