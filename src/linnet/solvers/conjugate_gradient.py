"""Preconditioned conjugate gradients: solve Ax = b with products Av alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["Approximation", "conjugate_gradient"]

# A product has gained little if so many like it would gain no more than this share of what all
# have (Nash and Sofer 1990).
SETTLED: Final = 0.5


@final
@dataclass(frozen=True)
class Approximation:
    """An approximate solution ``x``, and the products spent on it.

    ``rose`` says that the residual rose too far. ``largest`` is the largest curvature seen,
    ⟨d, Ad⟩/‖d‖² along a direction, and ``decrease`` is by how much ½⟨x, Ax⟩ − ⟨b, x⟩ falls below 0
    at its minimum: ½⟨b, x⟩. Where rounding has left an x that does not descend, the
    preconditioner stands in for A: ½⟨b, M⁻¹b⟩.
    """

    x: Float[Array, "m p"]
    products: int
    rose: bool
    largest: float
    decrease: float


def conjugate_gradient(
    product: Callable[[Array], Array],
    b: Float[Array, "m p"],
    precondition: Callable[[Array], Array],
    *,
    accuracy: float,
    max_products: int,
    largest_rise: float = np.inf,
) -> Approximation:
    """Solve A x = b, for A symmetric and positive semidefinite and b in its range.

    The residual r is measured as √⟨r, M⁻¹r⟩, relative to that of b (Nocedal and Wright 2006,
    Alg. 5.3). M⁻¹ is ``precondition``. The residual rises and falls, but where it rises above its
    least by the factor ``largest_rise`` what follows is noise: rounding in directions of no
    curvature, which a preconditioner magnifies.
    """
    x = np.zeros_like(b)
    residual = b.copy()
    z = precondition(residual)
    direction = z
    rz = first = float(np.vdot(residual, z))
    best, least = x.copy(), rz
    largest = fallen = 0.0

    def found(x: Array, products: int, *, rose: bool = False) -> Approximation:
        decrease = 0.5 * float(np.vdot(b, x))
        return Approximation(
            x,
            products,
            rose,
            largest=largest,
            decrease=decrease if decrease > 0 else 0.5 * max(first, 0.0),
        )

    for products in range(1, max_products + 1):
        if rz <= 0:
            return found(x, products - 1)
        image = product(direction)
        curvature = float(np.vdot(direction, image))
        largest = max(largest, curvature / float(np.vdot(direction, direction)))
        if curvature <= 0:
            # Flat to rounding along this direction: what has been found stands.
            return found(x, products)
        length = rz / curvature
        last = length * rz
        fallen += last
        x += length * direction
        residual -= length * image
        z = precondition(residual)
        rz, previous = float(np.vdot(residual, z)), rz
        if rz < least:
            best, least = x.copy(), rz
        elif rz > largest_rise**2 * least:
            return found(best, products, rose=True)
        settled = products * last <= SETTLED * fallen
        if rz <= accuracy**2 * first and settled:
            return found(x, products)
        direction = z + (rz / previous) * direction
    return found(x, max_products)
