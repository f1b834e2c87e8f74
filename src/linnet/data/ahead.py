"""While a block is worked on, one thread fetches the next from disk."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

import numpy as np

from linnet.types import Array

__all__ = ["ahead", "fetch"]

Result = TypeVar("Result")

# The smallest page of any system: a stride of it meets every page.
_PAGE_BYTES: Final = 4096


def ahead(jobs: Iterable[Callable[[], Result]]) -> Iterator[Result]:
    """Give the results of ``jobs`` in order, each worked out while the one before is in use.

    Parameters
    ----------
    jobs : iterable of functions
        They run in one thread, one after another. No more than one result waits.

    Examples
    --------
    >>> list(ahead(lambda n=n: n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    with ThreadPoolExecutor(1) as thread:
        waiting: Future[Result] | None = None
        for job in jobs:
            following = thread.submit(job)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def fetch(mapped: Array) -> None:
    """Read one byte of each page of a mapped array in C order, so that all are in memory.

    NumPy lets other threads run meanwhile. Python's ``mmap`` does not in every version: with
    ``MAP_POPULATE`` it would stop the whole program until the disk has answered.
    """
    if mapped.size:
        mapped.reshape(-1).view(np.uint8)[::_PAGE_BYTES].max()
