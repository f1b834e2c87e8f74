"""Is this the gradient of that function? The order of the Taylor remainder tells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, SupportsFloat, TypeAlias, final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.calculus.arrays import numbers, precision
from linnet.errors import DataError, SettingError
from linnet.numeric import EPSILON
from linnet.plotting import Axes, new_axes
from linnet.types import Array

__all__ = ["GradientCheck", "check_gradient"]

_Function: TypeAlias = Callable[[Array], ArrayLike | SupportsFloat]

_STEPS: Final = 50
# At so many of the smallest steps even a wrong gradient leaves next to nothing but rounding.
_SMALLEST: Final = 8
# A remainder counts if it is this many times its rounding: its logarithm is then right to 2 %.
_ABOVE_ROUNDING: Final = 64.0
# The order is the slope over so many halvings of h: two decades, or one where terms of higher order
# leave no more.
_WINDOWS: Final = (6, 5, 4)
# Slopes between neighbours that differ by no more than this lie on a line.
_STRAIGHT: Final = 0.05
_ORDER_TOLERANCE: Final = 0.1


@final
@dataclass(frozen=True, eq=False)
class GradientCheck:
    """Taylor remainders R(h) = |f(x + hu) − f(x) − h⟨g, u⟩| and the order at which they vanish.

    If g is the gradient, R falls like h²: order 2.00. If it is not, a part of the slope is left
    over, and R falls like h: order 1.

    Attributes
    ----------
    steps : array of shape (s,)
        The steps h, largest first.
    remainders : array of shape (d, s)
        R(h) along each of d random directions u; NaN where f is not finite.
    rounding : array of shape (d, s)
        What rounding may contribute to each remainder.
    orders : array of shape (d,)
        Slope of log R against log h for each direction; inf where R is nothing but rounding, as
        for an affine function.
    """

    steps: Float[Array, " s"]
    remainders: Float[Array, "d s"]
    rounding: Float[Array, "d s"]
    orders: Float[Array, " d"]

    @property
    def order(self) -> float:
        """Lowest order of all directions: 2.00 for a right gradient, near 1 for a wrong one."""
        return float(self.orders.min())

    @property
    def ok(self) -> bool:
        """Whether the gradient is right: the order is 2 (within 0.1), or more."""
        return self.order >= 2 - _ORDER_TOLERANCE

    def __str__(self) -> str:
        head = "".join(f"{f'direction {d}':>14}" for d in range(1, len(self.orders) + 1))
        rows = [
            f"{h:>10.1e}" + "".join(f"{r:>14.3e}" for r in self.remainders[:, i])
            for i, h in enumerate(self.steps)
            if i % 3 == 0
        ]
        orders = f"{'order':>10}" + "".join(f"{order:>14.2f}" for order in self.orders)
        verdict = "right" if self.ok else "wrong: a right one gives order 2.00"
        return "\n".join(
            [
                "Taylor remainder |f(x + hu) − f(x) − h⟨g, u⟩|",
                f"{'h':>10}{head}",
                *rows,
                orders,
                f"Order {self.order:.2f}: the gradient is {verdict}.",
            ]
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the remainders on log-log axes, beside lines of order 1 and 2.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        """
        ax = new_axes(ax)
        for d, remainder in enumerate(self.remainders, start=1):
            seen = np.where(remainder > 0, remainder, np.nan)
            ax.loglog(self.steps, seen, ".-", label=f"direction {d}")
        largest = np.nanmax(self.remainders, initial=EPSILON)
        for order, style in ((1, ":"), (2, "--")):
            line = largest * (self.steps / self.steps[0]) ** order
            ax.loglog(self.steps, line, style, color="0.5", label=f"order {order}")
        ax.loglog(self.steps, self.rounding.max(axis=0), color="0.8", label="rounding")
        ax.set(xlabel="step h", ylabel="Taylor remainder", title=f"order {self.order:.2f}")
        ax.legend()
        return ax


def check_gradient(
    f: _Function,
    gradient: Callable[[Array], ArrayLike],
    x: ArrayLike,
    *,
    seed: int = 0,
    directions: int = 3,
) -> GradientCheck:
    """Compare ``gradient`` with ``f`` by the order of the Taylor remainder.

    For g = ∇f(x) the remainder f(x + hu) − f(x) − h⟨g, u⟩ = ½ h² uᵀ∇²f u + … is of order 2 in h;
    for any other g it is of order 1. The order has no scale, so it can be judged where the size
    of a difference cannot.

    Parameters
    ----------
    f : callable
        Function of one array, giving one number.
    gradient : callable
        Function of one array, giving an array of that shape: the gradient to be checked.
    x : array of any shape
        Where to check.
    seed : int
        Seed of the random directions.
    directions : int
        How many directions to try.

    Returns
    -------
    GradientCheck
        ``ok`` and ``order`` say the outcome; printing it shows the table.

    Raises
    ------
    DataError
        If ``f`` or its gradient is not finite at ``x``, ``f`` has several values, or the gradient
        is not shaped like ``x``.

    Examples
    --------
    >>> check_gradient(lambda x: (x**3).sum(), lambda x: 3 * x**2, [1.0, 2.0]).ok
    True
    >>> print(check_gradient(lambda x: (x**3).sum(), lambda x: 3.1 * x**2, [1.0, 2.0]))
    Taylor remainder |f(x + hu) − f(x) − h⟨g, u⟩|
    ...
    Order 1.00: the gradient is wrong: a right one gives order 2.00.
    """
    if directions < 1:
        raise SettingError(f"directions is {directions}. Try at least 1.")
    point = numbers(x, "x")
    g = _gradient_at(gradient, point)
    value, epsilon = _value(f, point)
    if not np.isfinite(value):
        raise DataError(f"f is {value!r} at x. Check the gradient where f is finite.")
    random = np.random.default_rng(seed)
    steps = max(1.0, float(np.abs(point).max(initial=0.0))) * 2.0 ** -np.arange(1.0, _STEPS + 1)
    table = np.empty((3, directions, _STEPS))
    for d in range(directions):
        u = random.normal(size=point.shape)
        u /= np.linalg.norm(u)
        for i, h in enumerate(steps):
            # The displacement really made: x + hu is rounded.
            moved = point + h * u
            predicted = g * (moved - point)
            end = _value(f, moved)[0]
            scale = abs(value) + abs(end) + np.abs(predicted).sum()
            table[:, d, i] = abs(end - value - predicted.sum()), epsilon * scale, abs(end - value)
    remainders, rounding, changes = np.where(np.isfinite(table), table, np.nan)
    # What f loses within, as where large terms cancel, its value does not show; these steps do,
    # and so does the least change that f makes.
    seen = np.nanmax(remainders[:, -_SMALLEST:], axis=1, keepdims=True, initial=0.0)
    least = np.nanmin(changes, axis=1, keepdims=True, where=changes > 0, initial=np.inf)
    rounding = np.fmax(rounding, np.fmax(seen, np.where(np.isfinite(least), least, 0.0)))
    if np.isnan(remainders).all(axis=1).any():
        raise DataError("f is not finite beside x, however near. Check inside the domain of f.")
    orders = np.array([_order(*row) for row in zip(remainders, rounding, strict=True)])
    return GradientCheck(steps, remainders, rounding, orders)


def _order(remainder: Float[Array, " s"], rounding: Float[Array, " s"]) -> float:
    """Slope of log R in log h, where the steps are smallest and R is still no rounding.

    A gradient that is wrong by δ shows at h ≪ δ alone, so the smallest steps decide: the last
    stretch on which the slopes between neighbours agree.
    """
    usable = remainder > _ABOVE_ROUNDING * rounding
    logs = np.log2(np.where(usable, remainder, np.nan))
    pairs = logs[:-1] - logs[1:]
    # The next term of the remainder bends the slope in proportion to h: extrapolate to h = 0.
    slopes = 2 * pairs[1:] - pairs[:-1]
    known = np.flatnonzero(np.isfinite(slopes))
    if not known.size:
        return np.inf
    order, least_spread = float(slopes[known].mean()), np.inf
    for end in range(known[-1] + 1, 0, -1):
        for width in _WINDOWS:
            stretch = slopes[max(end - width, 0) : end]
            spread = float(np.abs(stretch - stretch.mean()).max())
            if len(stretch) == width and spread < least_spread:
                order, least_spread = float(stretch.mean()), spread
        if least_spread <= _STRAIGHT:
            break
    return order


def _value(f: _Function, x: Float[Array, "..."]) -> tuple[float, float]:
    """Value of f, and the distance between neighbours of 1 in the type it was computed in."""
    # A large step may leave the domain of f; it is then not used.
    with np.errstate(all="ignore"):
        raw = np.asarray(f(x))
    if raw.size != 1:
        raise DataError(f"f has shape {raw.shape}. Give a function with one value.")
    return float(numbers(raw, "f(x)").reshape(())), precision(raw)


def _gradient_at(
    gradient: Callable[[Array], ArrayLike], x: Float[Array, "..."]
) -> Float[Array, "..."]:
    g = numbers(gradient(x), "gradient(x)")
    if g.shape != x.shape:
        raise DataError(
            f"The gradient has shape {g.shape} but x has shape {x.shape}. "
            "A gradient is shaped like its variable."
        )
    if not np.isfinite(g).all():
        raise DataError("The gradient is not finite at x. Check it where it is.")
    return g
