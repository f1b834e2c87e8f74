"""Each pass by the engine that can do it: the native one, else the reference, tile by tile.

A batch may be of any size: the native engine goes through it in tiles of its own, and the
reference is given one tile after another. ``LINNET_ENGINE=reference`` does without the native
engine, ``LINNET_ENGINE=native`` insists on its being there.
"""

import os
from collections.abc import Callable
from typing import Final

from jaxtyping import Float
from scipy.sparse import csr_array

from linnet.data import Batch, MemorySource
from linnet.engine import descent_native, descent_reference, native, reference
from linnet.engine.descent import Iterate, StepRule, Walk
from linnet.errors import SettingError
from linnet.losses import Loss
from linnet.types import Array

__all__ = [
    "by_tiles",
    "curvature",
    "descend",
    "engine_name",
    "gradient_and_curvature_pass",
    "gradient_pass",
    "hessian_diagonal_pass",
    "hessian_product_pass",
    "hessian_products_pass",
    "intercept_pass",
    "runs_natively",
    "slope_pass",
    "value_pass",
]

ENGINES: Final = ("native", "reference")


def engine_name() -> str:
    """Engine that runs what it can: ``"native"``, or ``"reference"`` where that is not built."""
    wanted = os.environ.get("LINNET_ENGINE", "")
    if wanted and wanted not in ENGINES:
        raise SettingError(f"LINNET_ENGINE={wanted!r}: it must be one of {', '.join(ENGINES)}.")
    if wanted == "native" and not native.is_built():
        raise SettingError(
            "LINNET_ENGINE='native', but linnet was installed without its native engine. Install "
            "GCC 12 or newer, or Clang, and install linnet again."
        )
    return wanted or ("native" if native.is_built() else "reference")


def value_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[Array, ...]:
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ)."""
    if runs_natively(loss, batch):
        return native.value_pass(loss, batch, theta, precise=precise)
    return by_tiles(batch, lambda tile: reference.value_pass(loss, tile, theta))


def gradient_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[Array, ...]:
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ) and its gradient."""
    if runs_natively(loss, batch):
        return native.gradient_pass(loss, batch, theta, precise=precise)
    return by_tiles(batch, lambda tile: reference.gradient_pass(loss, tile, theta))


def gradient_and_curvature_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[tuple[Array, ...], Array | None]:
    """Give what :func:`gradient_pass` and :func:`curvature` do, in one reading of the data."""
    if runs_natively(loss, batch):
        return native.gradient_and_curvature_pass(loss, batch, theta, precise=precise)
    return gradient_pass(loss, batch, theta), None


def hessian_product_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    direction: Float[Array, "m p"],
    *,
    curvature: Array | csr_array | None = None,
    precise: bool = True,
) -> tuple[Array, ...]:
    """Hessian of Σᵢ sᵢ ℓᵢ times ``direction``."""
    if runs_natively(loss, batch):
        return native.hessian_product_pass(
            loss, batch, theta, direction, curvature=curvature, precise=precise
        )
    return by_tiles(
        batch, lambda tile: reference.hessian_product_pass(loss, tile, theta, direction)
    )


def hessian_products_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    directions: Float[Array, "d m p"],
    *,
    curvature: Array | csr_array | None = None,
    precise: bool = True,
) -> tuple[Array, ...]:
    """Hessian of Σᵢ sᵢ ℓᵢ times each of ``directions``, of shape (d, m, p)."""
    if runs_natively(loss, batch):
        return native.hessian_products_pass(
            loss, batch, theta, directions, curvature=curvature, precise=precise
        )
    return by_tiles(
        batch, lambda tile: reference.hessian_products_pass(loss, tile, theta, directions)
    )


def curvature(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> Array | None:
    """Compute what all Hessian products at Θ have in common, to be handed to each of them.

    For the native engine and softmax the probabilities, m·n numbers; else nothing.
    """
    if not runs_natively(loss, batch):
        return None
    return native.curvature(loss, batch, theta, precise=precise)


def hessian_diagonal_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[Array, ...]:
    """Diagonal of the Hessian of Σᵢ sᵢ ℓᵢ, in the shape of Θ."""
    if runs_natively(loss, batch):
        return native.hessian_diagonal_pass(loss, batch, theta, precise=precise)
    return by_tiles(batch, lambda tile: reference.hessian_diagonal_pass(loss, tile, theta))


def intercept_pass(loss: Loss, batch: Batch, theta: Float[Array, "m p"]) -> tuple[Array, ...]:
    """Σᵢ sᵢ ℓᵢ with its gradient (m) and Hessian (m×m) in the intercepts alone."""
    if runs_natively(loss, batch):
        return native.intercept_pass(loss, batch, theta)
    return by_tiles(batch, lambda tile: reference.intercept_pass(loss, tile, theta))


def slope_pass(loss: Loss, batch: Batch, direction: Float[Array, "m p"]) -> tuple[Array, ...]:
    """Slope of Σᵢ sᵢ ℓᵢ at infinity along ``direction``, and along the opposite direction."""
    return by_tiles(batch, lambda tile: reference.slope_pass(loss, tile, direction))


def descend(loss: Loss, batch: Batch, walk: Walk, rule: StepRule, iterate: Iterate) -> Iterate:
    """Take the steps of a walk of stochastic gradient descent, from ``iterate``."""
    if runs_natively(loss, batch):
        return descent_native.descend(loss, batch, walk, rule, iterate)
    return descent_reference.descend(loss, batch, walk, rule, iterate)


def runs_natively(loss: Loss, batch: Batch) -> bool:
    """Whether the native engine is wanted and can do this."""
    return engine_name() == "native" and native.can_run(loss, batch)


def by_tiles(batch: Batch, function: Callable[[Batch], tuple[Array, ...]]) -> tuple[Array, ...]:
    """Add up a function of one tile after another."""
    return MemorySource(batch.X, batch.y, batch.weight).fold(function)
