"""A loss along a line of parameters, from scores that are kept: a value costs no reading of X."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float, Shaped

from linnet.data import Batch
from linnet.engine.reference import scores
from linnet.losses import Loss
from linnet.types import Array

__all__ = ["LineOfScores"]


@final
@dataclass(frozen=True)
class LineOfScores:
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ + t uᵢ) over one batch, where z are the scores at Θ and u those along D.

    The scores of Θ + tD are Z + tU, so that neither a value nor a slope needs the features:
    they take O(n·m), and 2·n·m numbers are kept.
    """

    loss: Loss
    Z: Float[Array, "n m"]
    U: Float[Array, "n m"]
    y: Shaped[Array, "n ..."]
    weight: Float[Array, " n"] | None

    @classmethod
    def of(
        cls, loss: Loss, batch: Batch, theta: Float[Array, "m p"], direction: Float[Array, "m p"]
    ) -> "LineOfScores":
        """Work out both scores, in one reading of the batch."""
        both = scores(batch.X, np.concatenate([theta, direction]))
        m = len(theta)
        return cls(loss, both[:, :m], both[:, m:], batch.y, batch.weight)

    def derivatives(self, length: float) -> Float[Array, "3"]:
        """Value, slope and curvature at t = ``length``."""
        Z = self.Z + length * self.U
        value, residual = self.loss.value_and_gradient(Z, self.y)
        curved = self.loss.hessian_product(Z, self.U)
        slope = np.einsum("nm,nm->n", residual, self.U)
        curvature = np.einsum("nm,nm->n", curved, self.U)
        weight = np.ones(len(Z)) if self.weight is None else self.weight
        return np.stack([value, slope, curvature]) @ weight
