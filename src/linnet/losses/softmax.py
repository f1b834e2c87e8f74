"""Softmax cross-entropy: the surprise at the label under the softmax of the scores."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float, Int, Shaped

from linnet.numeric import log_softmax, softmax
from linnet.types import Array

__all__ = ["SoftmaxCrossEntropy"]


@final
@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """Cross entropy, in nats, of the target y and the softmax ŷ of scores z ∈ R^q.

    ℓ = −Σⱼ yⱼ log ŷⱼ = Σⱼ yⱼ (logsumexp(z) − zⱼ)
    ∇ℓ = ŷ − y      ∇²ℓ u = ŷ ⊙ (u − ⟨ŷ, u⟩)

    A target is a label a ∈ {0, …, q−1}, that is y = eₐ, or a distribution over the classes.

    Parameters
    ----------
    anchored : bool
        Whether class 0 has the fixed score 0. The scores given are then those of classes
        1, …, q−1, and gradients are in those alone. Two classes are fitted so, with one score.
    """

    anchored: bool = False

    def value(self, Z: Float[Array, "n m"], y: Shaped[Array, "n ..."]) -> Float[Array, " n"]:
        """Code length of each target under the model, in nats."""
        return _cross_entropy(self.log_probabilities(Z), y)

    def value_and_gradient(
        self, Z: Float[Array, "n m"], y: Shaped[Array, "n ..."]
    ) -> tuple[Float[Array, " n"], Float[Array, "n m"]]:
        """Code length of each target, and its gradient ŷ − y in the scores."""
        log_p = self.log_probabilities(Z)
        value = _cross_entropy(log_p, y)
        gradient = np.exp(log_p)
        if y.ndim == 1:
            gradient[np.arange(len(y)), y] -= 1
        else:
            gradient -= y
        return value, self._free(gradient)

    def hessian_product(
        self, Z: Float[Array, "n m"], U: Float[Array, "n m"]
    ) -> Float[Array, "n m"]:
        """(diag ŷ − ŷŷᵀ) u for each sample, without forming the matrix."""
        P = self._free(self.probabilities(Z))
        product = P * U
        product -= P * product.sum(axis=1, keepdims=True)
        return product

    def hessian(self, Z: Float[Array, "n m"]) -> Float[Array, "n m m"]:
        """Matrix diag ŷ − ŷŷᵀ of each sample: also the Jacobian of softmax."""
        P = self._free(self.probabilities(Z))
        matrix = -P[:, :, None] * P[:, None, :]
        diagonal = np.arange(P.shape[1])
        matrix[:, diagonal, diagonal] += P
        return matrix

    def uncoupled(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Diagonal ŷ, for (diag ŷ − ŷŷᵀ) g/ŷ = g where g has the sum 0; ŷ(1 − ŷ) of two classes."""
        P = self._free(self.probabilities(Z))
        return P * (1 - P) if self.anchored and P.shape[1] == 1 else P

    def pairs(self, n_scores: int) -> Int[Array, "c 2"]:
        """Every two classes; those with the anchored class come first, if one is."""
        classes = n_scores + self.anchored
        return np.transpose(np.triu_indices(classes, 1)) - int(self.anchored)

    def couplings(self, Z: Float[Array, "n m"]) -> Float[Array, "c n"]:
        """ŷ_a ŷ_b for every two classes."""
        P = np.ascontiguousarray(self.probabilities(Z).T)
        q, n = P.shape
        couplings = np.empty((q * (q - 1) // 2, n), P.dtype)
        start = 0
        for a in range(q - 1):
            stop = start + q - 1 - a
            np.multiply(P[a + 1 :], P[a], out=couplings[start:stop])
            start = stop
        return couplings

    def centred(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """Scores of mean 0: one number added to all changes nothing, unless one is anchored."""
        return Z if self.anchored else Z - Z.mean(axis=1, keepdims=True)

    def slope_at_infinity(
        self, U: Float[Array, "n m"], y: Shaped[Array, "n ..."]
    ) -> Float[Array, " n"]:
        """maxⱼ uⱼ − ⟨y, u⟩: 0 where every class that the target names has the largest uⱼ."""
        U = self._all_scores(U)
        if y.ndim == 1:
            return U.max(axis=1) - U[np.arange(len(y)), y]
        return U.max(axis=1) - np.einsum("nq,nq->n", U, y)

    def hessian_diagonal(self, Z: Float[Array, "n m"]) -> Float[Array, "n m"]:
        """ŷ(1 − ŷ) of each sample and class."""
        P = self._free(self.probabilities(Z))
        return P * (1 - P)

    @property
    def greatest_curvature(self) -> float:
        """½: uᵀ∇²ℓu is the variance of uⱼ under ŷ, and greatest where two classes share it."""
        return 0.5

    def hessian_sum(
        self, Z: Float[Array, "n m"], weight: Float[Array, " n"]
    ) -> Float[Array, "m m"]:
        """Σᵢ sᵢ (diag ŷᵢ − ŷᵢŷᵢᵀ), without a matrix for each sample."""
        P = self._free(self.probabilities(Z))
        weighted = weight[:, None] * P
        return np.diag(weighted.sum(axis=0)) - weighted.T @ P

    def probabilities(self, Z: Float[Array, "n m"]) -> Float[Array, "n q"]:
        """Softmax of every class, the anchored one included."""
        return softmax(self._all_scores(Z))

    def log_probabilities(self, Z: Float[Array, "n m"]) -> Float[Array, "n q"]:
        """Logarithm of the softmax of every class, the anchored one included."""
        return log_softmax(self._all_scores(Z))

    def _all_scores(self, Z: Float[Array, "n m"]) -> Float[Array, "n q"]:
        return np.pad(Z, ((0, 0), (1, 0))) if self.anchored else Z

    def _free(self, per_class: Float[Array, "n q"]) -> Float[Array, "n m"]:
        """Return the columns of the classes whose score is free."""
        return per_class[:, 1:] if self.anchored else per_class


def _cross_entropy(log_p: Float[Array, "n q"], y: Shaped[Array, "n ..."]) -> Float[Array, " n"]:
    if y.ndim == 1:
        return -log_p[np.arange(len(y)), y]
    # A class of probability zero that the target never names costs nothing.
    return -(y * np.where(y != 0, log_p, 0.0)).sum(axis=1)
