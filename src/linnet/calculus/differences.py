"""Jacobians of any function by central differences, each with an estimate of its error."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, SupportsFloat, TypeAlias, final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.calculus.arrays import numbers, precision
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["NumericalJacobian", "jacobian"]

_Function: TypeAlias = Callable[[Array], ArrayLike | SupportsFloat]

# The largest step, for |x| ≤ 1. It is no neat fraction, so that a period of f in x is hardly a
# multiple of every step, which would look like a slope of 0.
_LARGEST_STEP: Final = 0.25 / 1.6180339887498949
_LEVELS: Final = 20
# Beside an edge of f's domain the steps shrink until f is finite: 2⁻⁶⁰ of the first at the least.
_HALVINGS: Final = 60
# A function of a few steps is taken to be right to so many of its last places.
_LAST_PLACES: Final = 4


@final
@dataclass(frozen=True, eq=False)
class NumericalJacobian:
    """Jacobian by differences.

    Attributes
    ----------
    value : array of shape f(x).shape + x.shape
        Estimate of ∂fᵢ/∂xⱼ.
    error : array of the same shape
        Estimate of the distance of ``value`` from the truth.
    """

    value: Float[Array, "*shape"]
    error: Float[Array, "*shape"]


def jacobian(f: _Function, x: ArrayLike | SupportsFloat) -> NumericalJacobian:
    """Jacobian of ``f`` at ``x`` by extrapolated central differences.

    The quotient (f(x + h eⱼ) − f(x − h eⱼ)) / 2h errs by a series in h². Those at h, h/2, h/4, …
    are combined so that one term of the series after another cancels (Richardson); of all
    combinations that one is taken, entry by entry, whose neighbours and rounding say that it is
    the best (Ridders).

    Parameters
    ----------
    f : callable
        Function of one array, giving a number or an array; differentiable about ``x``.
    x : array of any shape
        Where to differentiate.

    Returns
    -------
    NumericalJacobian
        Value and error, both of shape f(x).shape + x.shape: the axes of the output come first.

    Raises
    ------
    DataError
        If ``f`` is not finite at ``x``, or on either side of it however close.

    References
    ----------
    Ridders (1982), Accurate computation of F'(x) and F'(x)F''(x), *Advances in Engineering
    Software* 4(2).

    Examples
    --------
    >>> result = jacobian(np.exp, [0.0, 1.0])
    >>> result.value.round(8)
    array([[1.        , 0.        ],
           [0.        , 2.71828183]])
    >>> bool((result.error < 1e-10).all())
    True
    """
    point = numbers(x, "x").copy()
    value, _ = _evaluate(f, point)
    if not np.isfinite(value).all():
        raise DataError(
            f"f is {_first_infinite(value)} at x itself. Differentiate where f is finite."
        )
    columns = [_column(f, point, j, value.shape) for j in np.ndindex(point.shape)]
    # Without entries to change there is no column to stack.
    slopes, errors = np.stack(columns, axis=-1) if columns else np.empty((2, value.size, 0))
    shape = value.shape + point.shape
    return NumericalJacobian(slopes.reshape(shape), errors.reshape(shape))


def _column(
    f: _Function, x: Float[Array, "..."], j: tuple[int, ...], shape: tuple[int, ...]
) -> Float[Array, "2 m"]:
    """Differentiate f's m values in the entry ``j`` of x: the slopes, and below them the errors."""
    m = math.prod(shape)
    best, least = np.zeros(m), np.full(m, np.inf)
    before: list[Array] = []
    for level in range(_HALVINGS):
        h = _LARGEST_STEP * max(1.0, abs(float(x[j]))) * 2.0**-level
        quotient, rounding = _quotient(f, x, j, h, shape)
        if not np.isfinite(quotient).all():
            before = []
            continue
        row = [quotient]
        for k, coarser in enumerate(before, start=1):
            row.append(row[-1] + (row[-1] - coarser) / (4.0**k - 1))
            spread = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - coarser)) + rounding
            best, least = np.where(spread < least, row[-1], best), np.minimum(spread, least)
        before = row
        # Rounding grows as h shrinks: once it alone exceeds the error, the best has been seen.
        if len(row) == _LEVELS or (len(row) > 1 and (rounding >= least).all()):
            return np.stack([best, least])
    if np.isinf(least).any():
        raise DataError(
            f"f is not finite beside x, however near, when {_entry(j)} = {float(x[j])!r} changes. "
            "Differentiate inside the domain of f."
        )
    return np.stack([best, least])


def _quotient(
    f: _Function, x: Float[Array, "..."], j: tuple[int, ...], h: float, shape: tuple[int, ...]
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Central difference quotient of each value at step h, and the rounding that it may carry."""
    above, below = x.copy(), x.copy()
    above[j] += h
    below[j] -= h
    (high, epsilon), (low, _) = _evaluate(f, above), _evaluate(f, below)
    for value in (high, low):
        if value.shape != shape:
            raise DataError(
                f"f has shape {shape} at x but {value.shape} when {_entry(j)} changes. "
                "Give a function whose value has one shape."
            )
    # The step really taken: x ± h are rounded.
    step = float(above[j] - below[j])
    if not step:
        return np.full(high.size, np.nan), np.full(high.size, np.nan)
    high, low = high.ravel(), low.ravel()
    with np.errstate(all="ignore"):
        quotient = (high - low) / step
        # f itself rounds its values and, within, its argument: some last places of each.
        scale = np.abs(high) + np.abs(low) + np.abs(x[j] * quotient)
        return quotient, _LAST_PLACES * epsilon * scale / step


def _evaluate(f: _Function, x: Float[Array, "..."]) -> tuple[Float[Array, "..."], float]:
    """Value of f, and the precision that it was computed in."""
    # A step may leave the domain of f; it is then not used.
    with np.errstate(all="ignore"):
        value = f(x.copy())
    return numbers(value, "f(x)"), precision(value)


def _entry(j: tuple[int, ...]) -> str:
    return f"x[{', '.join(map(str, j))}]" if j else "x"


def _first_infinite(value: Float[Array, "..."]) -> str:
    where = np.unravel_index(int(np.argmin(np.isfinite(value))), value.shape)
    place = f" in entry [{', '.join(str(int(i)) for i in where)}]" if where else ""
    return f"{float(value[where])!r}{place}"
