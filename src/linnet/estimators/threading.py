"""How many threads the linear algebra of a fit may use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from linnet.engine import limited_blas, limited_threads

__all__ = ["threads"]

# Below this many multiply-adds a pass, threads cost more than they gain, and much more where other
# work keeps a core busy: BLAS waits for the slowest of its threads at every small product.
SMALL_PASS: Final = 2e7


@contextmanager
def threads(n_jobs: int | None, multiply_adds: float) -> Iterator[None]:
    """Limit the threads of the linear algebra inside.

    Parameters
    ----------
    n_jobs : int or None
        Number of threads; −1 for all there are. ``None``: one for a small problem, else all.
    multiply_adds : float
        Work of one pass over the data, as far as BLAS does it.
    """
    # The native engine knows by itself when a problem is small.
    asked = None if n_jobs is None or n_jobs == -1 else n_jobs
    if n_jobs is None and multiply_adds < SMALL_PASS:
        n_jobs = 1
    if n_jobs is None or n_jobs == -1:
        yield
        return
    with limited_blas(n_jobs), limited_threads(asked):
        yield
