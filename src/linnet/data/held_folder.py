"""A folder is held by one process at a time, and let go with that process, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from linnet.errors import DataError

__all__ = ["held"]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder inside the ``with`` block; it is made if it is not there.

    Nothing is written into it: what is held is the folder itself. Without such locks, as on
    Windows, two fits must be kept apart by hand.

    Raises
    ------
    DataError
        If another process holds it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, held(Path(folder)):
    ...     list(Path(folder).iterdir())
    []
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(
                f"{folder}: another fit is keeping its checkpoints there. Wait for its end, or "
                "give this one a folder of its own."
            ) from None
        yield
    finally:
        os.close(opened)
