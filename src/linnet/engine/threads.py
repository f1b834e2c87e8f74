"""How many threads the native engine, and BLAS beside it, may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Final

from threadpoolctl import ThreadpoolController

from linnet.errors import SettingError

__all__ = ["limited_blas", "limited_threads", "thread_count"]

_LIMIT: Final[ContextVar[int | None]] = ContextVar("limit", default=None)


def thread_count() -> int:
    """Threads of the next pass: the limit in force, else as many as the processors allowed.

    ``OMP_NUM_THREADS`` lowers it, as it does for BLAS. Results are the same for every number.
    """
    limit = _LIMIT.get()
    return _processors() if limit is None else limit


@contextmanager
def limited_threads(limit: int | None) -> Iterator[None]:
    """Use at most ``limit`` threads inside; ``None`` leaves things as they are.

    Examples
    --------
    >>> with limited_threads(1):
    ...     thread_count()
    1
    """
    if limit is not None and limit < 1:
        raise SettingError(f"A limit of {limit} threads: it must be at least 1.")
    token = _LIMIT.set(_LIMIT.get() if limit is None else limit)
    try:
        yield
    finally:
        _LIMIT.reset(token)


@contextmanager
def limited_blas(limit: int) -> Iterator[None]:
    """Let BLAS use at most ``limit`` threads inside, in the whole process."""
    with _controller().limit(limits=limit):
        yield


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def _processors() -> int:
    # Counts what containers and schedulers allow, not what the machine has.
    from joblib import cpu_count

    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    allowed = int(cpu_count())
    return min(allowed, int(wanted)) if wanted.isdigit() and int(wanted) > 0 else allowed
