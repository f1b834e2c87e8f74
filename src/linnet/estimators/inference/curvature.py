"""The covariance of softmax parameters, from the factor of a Hessian: no inverse is formed.

In coordinates Θ′ of standardised columns, and of scores less that of class 0, A = S ∇²F has no
flat direction. The covariance is A⁻¹QA⁻¹, where Q is

- A itself, by the Hessian and without a penalty: the inverse of Fisher's information (费雪信息);
- S ∇²(F less its penalty), by the Hessian and with one: the spread of the penalised estimate;
- Σᵢ sᵢ ∇ℓᵢ∇ℓᵢᵀ for the sandwich, which holds though the model be wrong (White 1982).
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

import numpy as np
from jaxtyping import Float
from scipy.linalg import cho_solve, solve_triangular

from linnet.data import Batch
from linnet.engine import scores
from linnet.errors import SettingError
from linnet.estimators.inference.dependence import factor_if_regular
from linnet.losses import Loss
from linnet.objective import Objective
from linnet.types import Array

__all__ = ["LARGEST_FACTOR", "Curvature", "SoftmaxLoss", "check_size"]

LARGEST_FACTOR: Final = 8000
"""Parameters whose Hessian, of 500 MB, is still factored."""

# Gradients of so many values are held at a time: 32 MiB.
HELD_VALUES: Final = 2**22


@final
@dataclass(frozen=True, eq=False)
class Curvature:
    """A covariance A⁻¹QA⁻¹ of d parameters.

    Parameters
    ----------
    factor : array of shape (d, d)
        L, with LLᵀ = DAD.
    scale : array of shape (d,)
        D, which gives DAD a diagonal of ones.
    middle : array of shape (d, d) or None
        Q; ``None`` for A.
    degrees_of_freedom : float
        Tr A⁻¹(S ∇²F less its penalty): d without a penalty.
    """

    factor: Float[Array, "d d"]
    scale: Float[Array, " d"]
    middle: Float[Array, "d d"] | None
    degrees_of_freedom: float

    def solve(self, V: Float[Array, "d c"]) -> Float[Array, "d c"]:
        """A⁻¹V."""
        scaled = self.scale[:, None]
        return scaled * cho_solve((self.factor, True), scaled * V, check_finite=False)

    def covariance(self, V: Float[Array, "d c"]) -> Float[Array, "c c"]:
        """Covariance of the combinations Vᵀθ of the parameters."""
        if self.middle is None:
            U = self._whitened(V)
            return U.T @ U
        U = self.solve(V)
        return U.T @ (self.middle @ U)

    def variances(self, V: Float[Array, "d c"]) -> Float[Array, " c"]:
        """Variances of the combinations Vᵀθ alone."""
        if self.middle is None:
            return np.square(self._whitened(V)).sum(axis=0)
        U = self.solve(V)
        return np.einsum("dc,dc->c", U, self.middle @ U)

    def distance(self, gradient: Float[Array, " d"]) -> float:
        """√(gᵀA⁻¹g): how far the optimum is, in standard errors, by the Newton step."""
        return float(np.linalg.norm(self._whitened(gradient[:, None])))

    def _whitened(self, V: Float[Array, "d c"]) -> Float[Array, "d c"]:
        scaled = self.scale[:, None] * V
        return solve_triangular(self.factor, scaled, lower=True, check_finite=False)


@final
@dataclass(frozen=True, eq=False)
class SoftmaxLoss:
    """The total loss of softmax regression, as a function of Γ′ where Γ = Γ′Bᵀ.

    Γ holds the parameters less those of class 0. Over q > 2 classes the weights that are penalised
    sum to zero, so that ‖W‖² = tr Γᵀ(I − 11ᵀ/q)Γ; of two classes the one score bears the penalty.

    Parameters
    ----------
    objective : Objective
        The mean loss, without penalty, as a function of Γ.
    basis : array of shape (p, r)
        B.
    C : float
        Inverse strength of the penalty.
    """

    objective: Objective
    basis: Float[Array, "p r"]
    C: float

    @property
    def total_weight(self) -> float:
        """S."""
        return self.objective.source.total_weight

    def gradient(self, gamma: Float[Array, "m p"]) -> Float[Array, " d"]:
        """Gradient in Γ′, the penalty included."""
        gradient = self.total_weight * self.objective.value_and_gradient(gamma)[1]
        if np.isfinite(self.C):
            weights = self.objective.penalised(gamma)
            gradient = gradient + self._coupling @ weights / self.C
        return (gradient @ self.basis).ravel()

    def curvature(self, gamma: Float[Array, "m p"]) -> Curvature | None:
        """Factor the Hessian at Γ; ``None`` where it is singular to rounding."""
        d = len(gamma) * self.basis.shape[1]
        information = self.total_weight * self.objective.hessian(gamma, self.basis).reshape(d, d)
        penalty = None if np.isinf(self.C) else self._penalty_hessian()
        A = information if penalty is None else information + penalty
        diagonal = np.diagonal(A)
        if not (diagonal > 0).all():
            return None
        scale = 1 / np.sqrt(diagonal)
        factor = factor_if_regular(scale[:, None] * A * scale)
        if factor is None:
            return None
        found = Curvature(factor, scale, None, float(d))
        if penalty is None:
            return found
        freedom = d - float(np.trace(found.solve(penalty)))
        return replace(found, middle=information, degrees_of_freedom=freedom)

    def sandwich(self, gamma: Float[Array, "m p"]) -> Float[Array, "d d"]:
        """Σᵢ sᵢ ∇ℓᵢ∇ℓᵢᵀ."""
        function = partial(_outer_products, self.objective.loss, gamma=gamma, basis=self.basis)
        return self.objective.source.fold(function, tiled=False)[0]

    @property
    def _coupling(self) -> Float[Array, "m m"]:
        m = self.objective.n_scores
        return np.eye(m) - (1 / (m + 1) if m > 1 else 0.0)

    def _penalty_hessian(self) -> Float[Array, "d d"]:
        W = self.basis[: self.objective.source.n_features]
        return np.kron(self._coupling, W.T @ W) / self.C


def check_size(d: int) -> None:
    """Raise a SettingError if d parameters are too many for a factor."""
    if d > LARGEST_FACTOR:
        raise SettingError(
            f"Standard errors of {d:,} parameters need a Hessian of {8e-9 * d * d:,.1f} GB and its "
            f"factor; up to {LARGEST_FACTOR:,} are factored. Fit fewer columns, or fewer classes."
        )


def _outer_products(
    loss: Loss, batch: Batch, gamma: Float[Array, "m p"], basis: Float[Array, "p r"]
) -> tuple[Array]:
    """Σᵢ sᵢ gᵢgᵢᵀ, where gᵢ = (ŷᵢ − yᵢ) ⊗ Bᵀx̃ᵢ is the gradient of a row's loss in Γ′."""
    m, r = len(gamma), basis.shape[1]
    total = np.zeros((m * r, m * r))
    step = max(1, HELD_VALUES // (m * r))
    for start in range(0, batch.n_samples, step):
        rows = batch.take(slice(start, start + step))
        _, slopes = loss.value_and_gradient(scores(rows.X, gamma), rows.y)
        X = np.asarray(rows.X @ basis[: rows.X.shape[1]], dtype=np.float64)
        if len(basis) > rows.X.shape[1]:
            X = X + basis[-1]
        if rows.weight is not None:
            slopes = slopes * np.sqrt(rows.weight)[:, None]
        G = (slopes[:, :, None] * X[:, None, :]).reshape(len(X), m * r)
        total += G.T @ G
    return (total,)
