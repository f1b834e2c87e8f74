"""Rows are held out at random, from each class its share, and the same ones for the same seed."""

import numpy as np
from jaxtyping import Int

from linnet.types import Array

__all__ = ["hold_out"]


def hold_out(
    n: int, share: float, seed: int, labels: Array | None = None
) -> tuple[Int[Array, " a"], Int[Array, " b"]]:
    """Part n rows into those to fit and those to hold out.

    With labels every class keeps a row to fit, so that no held-out label is unknown, and gives
    its share of the others, to within a row.

    Parameters
    ----------
    n : int
        Number of rows.
    share : float
        Share of the rows to hold out, from 0 to below 1; rounded down to whole rows, and to
        what the classes can give.
    seed : int
        Seed of the generator.
    labels : array of shape (n,), optional
        The classes of the rows.

    Returns
    -------
    tuple of two arrays
        Rows to fit and rows to hold out, each in ascending order.

    Examples
    --------
    >>> fitted, held_out = hold_out(6, 0.5, seed=0, labels=np.array([1, 1, 2, 2, 2, 2]))
    >>> len(fitted), len(held_out)
    (3, 3)
    """
    order = np.random.default_rng(seed).permutation(n)
    if labels is not None:
        _, codes = np.unique(labels, return_inverse=True)
        codes = codes.reshape(-1)[order]
        _, first = np.unique(codes, return_index=True)
        may_go = np.ones(n, dtype=bool)
        may_go[first] = False
        # A stable sort by class keeps the random order within each.
        order = order[may_go][np.argsort(codes[may_go], kind="stable")]
    # Row i goes where the running total i·m/k of m rows among k passes a whole number: evenly
    # spread. In integers, so that it is m rows exactly.
    k = len(order)
    m = min(int(n * share), k)
    totals = np.arange(k + 1) * m // max(k, 1)
    held = np.sort(order[np.diff(totals) > 0])
    return np.setdiff1d(np.arange(n), held), held
