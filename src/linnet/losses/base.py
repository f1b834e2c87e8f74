"""What a loss is: a convex function of one sample's scores and target."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int, Shaped

from linnet.types import Array

__all__ = ["Loss"]


@runtime_checkable
class Loss(Protocol):
    """A loss sees scores ``Z`` (n×m), one row a sample, and targets; never the features."""

    def value(self, Z: Float[Array, "n m"], y: Shaped[Array, "n ..."]) -> Float[Array, " n"]:
        """Loss of each sample, in nats."""
        ...

    def value_and_gradient(
        self, Z: Float[Array, "n m"], y: Shaped[Array, "n ..."]
    ) -> tuple[Float[Array, " n"], Float[Array, "n m"]]:
        """Loss of each sample and its gradient in that sample's scores."""
        ...

    def hessian_product(
        self, Z: Float[Array, "n m"], U: Float[Array, "n m"]
    ) -> Float[Array, "n m"]:
        """Hessian in the scores times the direction ``U``, a sample a row."""
        ...

    def hessian(self, Z: Float[Array, "n m"]) -> Float[Array, "n m m"]:
        """Hessian in the scores, a sample a matrix."""
        ...

    def uncoupled(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Diagonal matrices with about the Hessian's inverse, on slopes that the loss can have."""
        ...

    def pairs(self, n_scores: int) -> Int[Array, "c 2"]:
        """Pairs (a, b) of scores that the Hessian couples; a is −1 for b by itself."""
        ...

    def couplings(self, Z: Float[Array, "n m"]) -> Float[Array, "c n"]:
        """Strength w ≥ 0 of each pair: ∇²ℓ = Σ w (e_a − e_b)(e_a − e_b)ᵀ, where e₋₁ = 0."""
        ...

    def centred(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Scores of mean 0 in place of these, if only the differences of scores count; or these."""
        ...

    def slope_at_infinity(
        self, U: Float[Array, "n m"], y: Shaped[Array, "n ..."]
    ) -> Float[Array, " n"]:
        """Limit of ℓ(z + t·u)/t as t → ∞, a sample a number: 0 where ℓ never rises along u."""
        ...

    def hessian_diagonal(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Diagonal of the Hessian in the scores, a sample a row."""
        ...

    @property
    def greatest_curvature(self) -> float:
        """No eigenvalue of the Hessian in the scores is greater, whatever these are."""
        ...

    def hessian_sum(
        self, Z: Float[Array, "n m"], weight: Float[Array, " n"]
    ) -> Float[Array, "m m"]:
        """Weighted sum over the samples of the Hessian in the scores."""
        ...
