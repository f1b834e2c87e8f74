"""Squared loss: half the squared distance between prediction and target."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float, Int, Shaped

from linnet.types import Array

__all__ = ["SquaredLoss"]


@final
@dataclass(frozen=True)
class SquaredLoss:
    """Half the squared distance of the prediction z ∈ Rᵐ from the target y ∈ Rᵐ.

    ℓ = ½ ‖z − y‖²      ∇ℓ = z − y      ∇²ℓ u = u

    Up to a constant it is the code length, in nats, of a residual with unit Gaussian noise.
    """

    def value(self, Z: Float[Array, "n m"], y: Shaped[Array, "n m"]) -> Float[Array, " n"]:
        """Loss of each sample."""
        residual = Z - y
        return 0.5 * np.einsum("nm,nm->n", residual, residual)

    def value_and_gradient(
        self, Z: Float[Array, "n m"], y: Shaped[Array, "n m"]
    ) -> tuple[Float[Array, " n"], Float[Array, "n m"]]:
        """Loss of each sample and its gradient, the residual."""
        residual = Z - y
        return 0.5 * np.einsum("nm,nm->n", residual, residual), residual

    def hessian_product(
        self, Z: Float[Array, "n m"], U: Float[Array, "n m"]
    ) -> Float[Array, "n m"]:
        """Hessian times ``U``: the identity, whatever the scores."""
        del Z
        return U

    def hessian(self, Z: Float[Array, "n m"]) -> Float[Array, "n m m"]:
        """Identity for each sample."""
        n, m = Z.shape
        return np.broadcast_to(np.eye(m), (n, m, m))

    def uncoupled(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Ones: the Hessian is diagonal."""
        return np.ones_like(Z)

    def pairs(self, n_scores: int) -> Int[Array, "c 2"]:
        """Each score by itself."""
        return np.column_stack([np.full(n_scores, -1), np.arange(n_scores)])

    def couplings(self, Z: Float[Array, "n m"]) -> Float[Array, "c n"]:
        """Ones."""
        return np.ones_like(Z.T)

    def centred(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Return the scores as they are."""
        return Z

    def slope_at_infinity(
        self, U: Float[Array, "n m"], y: Shaped[Array, "n m"]
    ) -> Float[Array, " n"]:
        """Infinite: a squared loss rises in every direction, unless u = 0."""
        del y
        return np.where(np.any(U != 0, axis=1), np.inf, 0.0)

    def hessian_diagonal(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Ones."""
        return np.ones_like(Z)

    @property
    def greatest_curvature(self) -> float:
        """1: the Hessian is the identity."""
        return 1.0

    def hessian_sum(
        self, Z: Float[Array, "n m"], weight: Float[Array, " n"]
    ) -> Float[Array, "m m"]:
        """Identity times the total weight."""
        return np.eye(Z.shape[1]) * weight.sum()
