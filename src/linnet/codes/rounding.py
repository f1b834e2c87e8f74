"""Features and scores to whole numbers: natively where the coder is built, else in NumPy.

NumPy defines what is right, and the native loops give the same numbers, several times as fast:
they read and write each value once, where NumPy goes through memory for every operation.
"""

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int32, Shaped

from linnet.codes.coder import instruction_set, native
from linnet.types import Array

__all__ = ["Rounding", "extremes", "padded", "whole", "whole_products", "whole_scores"]

_NATIVE: Final = ("float64", "float32", "uint8")
_PADDED: Final = 8
_TILE_VALUES: Final = 1 << 17
_LONG_ROW: Final = 1 << 10


def extremes(X: Shaped[Array, "n k"]) -> list[Shaped[Array, "e k"]]:
    """Rows that together hold the least and the largest value of each column of ``X``."""
    turned = X.strides[0] == X.itemsize and X.flags.f_contiguous
    loop = _loop("extremes", X) if X.size and (turned or X.flags.c_contiguous) else None
    if loop is None:
        return _reference_extremes(X)
    least, largest = np.empty((2, X.shape[1]), dtype=X.dtype)
    loop(X.T if turned else X, least, largest, turned)
    return [least[None], largest[None]]


@final
@dataclass(frozen=True)
class Rounding:
    """How features become whole numbers: scaleⱼ xⱼ − offsetⱼ, cut to ``most`` and rounded.

    Scales are powers of two, or 0; ``most`` is whole, and below 2⁵¹.
    """

    scale: Float[Array, " k"]
    offset: Float[Array, " k"]
    most: float


def whole(X: Shaped[Array, "t k"], rounding: Rounding) -> Float[Array, "t k"]:
    """Make whole numbers of features.

    Examples
    --------
    >>> X = np.array([[0.5, 0.75], [1.5, 9.0]])
    >>> whole(X, Rounding(np.ones(2), np.array([0.0, 0.25]), 4.0))
    array([[0., 0.],
           [2., 4.]])
    """
    # What overflows is infinite, and then as large as any value may be.
    with np.errstate(over="ignore"):
        values = np.multiply(X, rounding.scale, dtype=np.float64)
        values -= rounding.offset
    np.rint(values, out=values)
    return np.clip(values, -rounding.most, rounding.most, out=values)


def padded(W: Float[Array, "k m"]) -> Float[Array, "k p"]:
    """Add columns of zeros, so that they fill whole vectors of every instruction set."""
    columns = -(-W.shape[1] // _PADDED) * _PADDED
    wider = np.zeros((W.shape[0], columns))
    wider[:, : W.shape[1]] = W
    return wider


def whole_products(
    X: Shaped[Array, "t k"], rounding: Rounding, W: Float[Array, "k p"], m: int
) -> Float[Array, "t m"]:
    """Multiply the whole numbers of some rows by m `padded` columns of whole weights.

    All sums must be below 2⁵³.
    """
    rows = X.strides[1] == X.itemsize or X.shape[1] == 1
    loop = _loop("products", X) if rows or X.strides[0] == X.itemsize else None
    if loop is None:
        return whole(X, rounding) @ W[:, :m]
    out = np.empty((X.shape[0], m))
    how = rounding.scale, rounding.offset, rounding.most
    loop(X if rows else X.T, not rows, *how, W, out, instruction_set())
    return out


def whole_scores(
    Z: Float[Array, "t m"], unit: float, offset: Float[Array, " m"], lift: float, most: float
) -> Int32[Array, "t m"]:
    """Compute lift (unit zⱼ + offsetⱼ), rounded to whole numbers of at most ``most``, below 2³¹.

    ``unit`` and ``lift`` are powers of two.
    """
    coder = native()
    if coder is None:
        scores = np.rint((Z * unit + offset) * lift)
        return np.clip(scores, -most, most, out=scores).astype(np.int32)
    out = np.empty(Z.shape, dtype=np.int32)
    coder.whole_scores(np.ascontiguousarray(Z), unit, offset, lift, most, out)
    return out


def _loop(name: str, X: Array) -> Any:
    """Return the native loop for values of this type, if there is one."""
    coder, kind = native(), "uint8" if X.dtype.kind == "b" else X.dtype.name
    known = coder is not None and kind in _NATIVE and X.dtype.isnative
    return getattr(coder, f"{name}_{kind}") if known else None


def _reference_extremes(X: Shaped[Array, "n k"]) -> list[Shaped[Array, "e k"]]:
    k = X.shape[1]
    rows = max(1, _TILE_VALUES // max(1, k))
    found = [X[:1]]
    for start in range(0, X.shape[0], rows):
        tile = X[start : start + rows]
        # NumPy takes extremes of long rows several times as fast as those of short ones.
        joined = max(1, _LONG_ROW // max(1, k))
        together = len(tile) // joined * joined
        if tile.flags.c_contiguous and together:
            long = tile[:together].reshape(-1, joined * k)
            found += [each.reshape(-1, k) for each in (long.min(axis=0), long.max(axis=0))]
            tile = tile[together:]
        if len(tile):
            found += [tile.min(axis=0)[None], tile.max(axis=0)[None]]
    return found
