"""The shortest code: lengths whose mean no prefix code beats, with or without a limit.

Without a limit the two lightest trees are joined until one is left (Huffman). With words of at
most D bits, items are paired D − 1 times into packages (package-merge). Weights are added in
float64: exactly, so long as counts total less than 2⁵³/D, and to the last bits otherwise.
"""

from operator import index
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from linnet.codes.lengths import NO_WORD
from linnet.errors import DataError, DataTypeError, SettingError
from linnet.types import Array

__all__ = ["huffman_lengths"]


def huffman_lengths(weights: ArrayLike, *, max_length: Any = None) -> Int[Array, " q"]:
    """Lengths of the prefix code with the least Σⱼ weightⱼ Lⱼ.

    Parameters
    ----------
    weights : array of shape (q,)
        Counts or probabilities of the symbols: only their ratios matter.
    max_length : int, optional
        Most bits that a word may have; without it there is no limit.

    Returns
    -------
    int array of shape (q,)
        Bits; −1 for a symbol of weight 0. The only symbol with a weight gets the empty word.

    Raises
    ------
    DataError
        If a weight is negative, NaN or infinite, or none is positive.
    SettingError
        If there are more than 2^max_length symbols of positive weight.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., section 5.6. Larmore & Hirschberg,
    "A fast algorithm for optimal length-limited Huffman codes", JACM 37(3), 1990.

    Examples
    --------
    >>> huffman_lengths([8, 4, 2, 1, 1])
    array([1, 2, 3, 4, 4])
    >>> huffman_lengths([8, 4, 2, 1, 1], max_length=3)
    array([1, 3, 3, 3, 3])
    """
    W = _checked_weights(weights)
    used = np.flatnonzero(W)
    limit = None if max_length is None else _checked_limit(max_length, used.size)
    order = used[np.argsort(W[used], kind="stable")]
    ascending = W[order]
    best = _joined(ascending)
    if limit is not None and best.max() > limit:
        best = _packaged(ascending, limit)
    lengths = np.full(W.size, NO_WORD)
    lengths[order] = best
    return lengths


def _joined(weights: Float[Array, " m"]) -> Int[Array, " m"]:
    """Huffman's lengths of ascending weights.

    Trees are made in ascending order too, so that the lightest is at the head of the leaves or
    at the head of the trees (van Leeuwen 1976). Of equals the leaf is taken: no other best code
    has a shorter longest word.
    """
    m, totals = weights.size, weights.tolist()
    parent = [0] * (2 * m - 1)
    leaf, tree = 0, m
    for node in range(m, 2 * m - 1):
        total = 0.0
        for _ in range(2):
            if leaf < m and (tree == node or totals[leaf] <= totals[tree]):
                lightest, leaf = leaf, leaf + 1
            else:
                lightest, tree = tree, tree + 1
            parent[lightest] = node
            total += totals[lightest]
        totals.append(total)
    depth = [0] * (2 * m - 1)
    for node in range(2 * m - 3, -1, -1):
        depth[node] = depth[parent[node]] + 1
    return np.array(depth[:m])


def _packaged(weights: Float[Array, " m"], limit: int) -> Int[Array, " m"]:
    """Best lengths of ascending weights, none above ``limit``, where 2^limit ≥ m.

    A word of L bits is L coins of values 2⁻¹ … 2^−L, each costing the symbol's weight. The
    cheapest coins worth m − 1 in all are sought: from the smallest value up, two neighbours in
    order of cost make a package, a coin of twice the value.
    """
    m = weights.size
    row, rows_are_coins = weights, [np.ones(m, dtype=np.bool_)]
    for _ in range(limit - 1):
        packages = row[0 : row.size & ~1 : 2] + row[1::2]
        row, are_coins = _merged(weights, packages)
        rows_are_coins.append(are_coins)
    lengths = np.zeros(m, dtype=np.int64)
    taken = 2 * m - 2
    for are_coins in reversed(rows_are_coins):
        coins = int(np.count_nonzero(are_coins[:taken]))
        lengths[:coins] += 1
        taken = 2 * (taken - coins)
    return lengths


def _merged(
    coins: Float[Array, " m"], packages: Float[Array, " r"]
) -> tuple[Float[Array, " s"], Bool[Array, " s"]]:
    """Both in one ascending row, and which of its entries are coins; of equals coins are first."""
    both = np.concatenate([coins, packages])
    order = np.argsort(both, kind="stable")
    return both[order], order < coins.size


def _checked_weights(weights: ArrayLike) -> Float[Array, " q"]:
    W = np.asarray(weights)
    if W.size and W.dtype.kind not in "buif":
        raise DataTypeError(f"weights hold values of type {W.dtype}. Give counts or probabilities.")
    if W.ndim != 1 or not W.size:
        raise DataError(f"weights have shape {W.shape}. Give one weight for each symbol.")
    W = W.astype(np.float64)
    wrong = ~((W >= 0) & np.isfinite(W))
    if wrong.any():
        symbol = int(np.argmax(wrong))
        raise DataError(
            f"weights[{symbol}] is {float(W[symbol])!r}. A count or probability is a finite number "
            "of at least 0."
        )
    if not W.any():
        raise DataError(
            f"All {W.size} weights are 0, so that no symbol needs a word. Give at least one symbol "
            "a positive weight."
        )
    with np.errstate(over="ignore"):
        total = W.sum()
    if not np.isfinite(total):
        raise DataError("The weights sum to infinity. Divide them all by the largest.")
    return W


def _checked_limit(max_length: object, symbols: int) -> int:
    if not isinstance(max_length, SupportsIndex):
        raise DataTypeError(f"max_length is {max_length!r}. Give a number of bits.")
    limit = index(max_length)
    needed = (symbols - 1).bit_length()
    if limit < needed:
        raise SettingError(
            f"max_length is {limit}, but {symbols} symbols have a positive weight: their words "
            f"need {needed} bits. Give max_length={needed} or more."
        )
    return limit
