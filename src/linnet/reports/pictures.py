"""Coefficients of pixels are pictures: where a class looks, and what it does not want to see."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.errors import SettingError
from linnet.types import Array

__all__ = ["Picture", "coefficient_pictures", "picture_shape"]

_SMALLEST_SIDE: Final = 8
_MOST_PICTURES: Final = 36


@final
@dataclass(frozen=True)
class Picture:
    """Coefficients of one score, row of pixels by row.

    Attributes
    ----------
    of : str
        The class that positive coefficients speak for; empty for a regression.
    values : tuple of tuple of float
        The coefficients; 0 for a pixel that is no feature.
    """

    of: str
    values: tuple[tuple[float, ...], ...]


def picture_shape(names: Sequence[str]) -> tuple[int, int] | None:
    """Tell the shape of the pictures that columns are pixels of, if they seem to be.

    They do where there are 64, 81, … 784, …, and all have one name but for the numbers in it.

    Examples
    --------
    >>> picture_shape([f"pixel{i}" for i in range(784)])
    (28, 28)
    >>> picture_shape(["age"] * 64 + ["sex"]) is None
    True
    """
    side = isqrt(len(names))
    if side < _SMALLEST_SIDE or side * side != len(names):
        return None
    stems = {re.sub(r"\d+", "0", name) for name in names}
    return (side, side) if len(stems) == 1 and "0" in stems.pop() else None


def coefficient_pictures(
    coef: Float[Array, "m k"],
    features: Sequence[str],
    pixels: Sequence[str],
    shape: tuple[int, int],
    classes: Array | None = None,
) -> tuple[Picture, ...]:
    """Lay coefficients out as pictures, one for each score; 36 at most.

    Parameters
    ----------
    coef : array of shape (m, k)
        A row for each score.
    features : sequence of str
        Names of the features.
    pixels : sequence of str
        Names of the pixels, row by row; some may be no feature, for they never change.
    shape : pair of int
        Height and width.
    classes : array of shape (q,), optional
        The classes, of a classifier.

    Raises
    ------
    SettingError
        If there are more or fewer pixels than the shape has.

    Examples
    --------
    >>> import numpy as np
    >>> coefficient_pictures(np.array([[2.0, 3.0]]), ["p1", "p2"], ["p0", "p1", "p2"], (1, 3))
    (Picture(of='', values=((0.0, 2.0, 3.0),)),)
    """
    height, width = shape
    if height < 1 or width < 1 or height * width != len(pixels):
        raise SettingError(
            f"A picture of {height} × {width} has {height * width:,} pixels, but there are "
            f"{len(pixels):,} columns. Give height and width whose product that is."
        )
    places = {name: place for place, name in enumerate(pixels)}
    known = [(column, places[name]) for column, name in enumerate(features) if name in places]
    columns, where = np.array(known, dtype=int).reshape(-1, 2).T
    flat = np.zeros((len(coef), len(pixels)))
    flat[:, where] = coef[:, columns]
    of = [""] * len(coef) if classes is None else [str(name) for name in classes[-len(coef) :]]
    grids = flat.reshape(len(coef), height, width).tolist()
    return tuple(
        Picture(name, tuple(tuple(row) for row in grid))
        for name, grid in list(zip(of, grids, strict=True))[:_MOST_PICTURES]
    )
