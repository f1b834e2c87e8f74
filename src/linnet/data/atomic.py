"""A file is written whole or not at all: first under a temporary name beside it, then renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_write"]


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the folder of ``path``, which replaces ``path`` at the end.

    If the body raises anything, ``KeyboardInterrupt`` included, the temporary file is removed and
    what stood at ``path`` before stays as it was. A link is followed; a device or pipe such as
    ``/dev/stdout`` cannot be replaced and is written directly.

    Parameters
    ----------
    path : str or path
        Where the finished file shall stand. Its folder must exist.

    Yields
    ------
    pathlib.Path
        A name not yet taken: open it for writing, and close it before the block ends.

    Raises
    ------
    OSError
        If the folder does not exist or cannot be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     target = Path(folder, "numbers.txt")
    ...     with atomic_write(target) as temporary:
    ...         _ = temporary.write_text("1 2 3")
    ...     target.read_text()
    '1 2 3'
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file() and not target.is_dir():
        yield target
        return
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    # Without this a power cut after the rename can leave the new name with old or no content.
    with path.open("rb+") as file:
        os.fsync(file.fileno())
