"""A loss along a line of parameters, from scores that are kept: a value costs no reading of X.

The scores of Θ + tD are Z + tU, where Z are the scores at Θ and U those along D. So neither a
value nor a slope needs the features: they take O(n·m).
"""

from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Float, Shaped

from linnet.data import Batch
from linnet.engine import native
from linnet.engine.choice import runs_natively
from linnet.engine.reference import scores
from linnet.losses import Loss, SoftmaxCrossEntropy
from linnet.types import Array

__all__ = ["LineOfScores", "line_pass"]


@runtime_checkable
class LineOfScores(Protocol):
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ + t uᵢ) over one batch, as a function of t."""

    def derivatives(self, length: float) -> Float[Array, "3"]:
        """Value, slope and curvature at t = ``length``."""
        ...


def line_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    direction: Float[Array, "m p"],
    *,
    precise: bool = True,
) -> LineOfScores:
    """Work out the scores at Θ and along D in one reading of the batch: 2·n·m numbers are kept."""
    both = np.stack([theta, direction])
    if isinstance(loss, SoftmaxCrossEntropy) and runs_natively(loss, batch):
        Z = native.scores(loss, batch, both, precise=precise)
        return _NativeLine(Z, batch.weight, bool(loss.anchored), _at_targets(loss, Z, batch))
    Z, U = (scores(batch.X, parameters) for parameters in both)
    return _Line(loss, Z, U, batch.y, batch.weight)


@final
@dataclass(frozen=True)
class _Line:
    """Any loss, in NumPy."""

    loss: Loss
    Z: Float[Array, "n m"]
    U: Float[Array, "n m"]
    y: Shaped[Array, "n ..."]
    weight: Float[Array, " n"] | None

    def derivatives(self, length: float) -> Float[Array, "3"]:
        Z = self.Z + length * self.U
        value, residual = self.loss.value_and_gradient(Z, self.y)
        curved = self.loss.hessian_product(Z, self.U)
        slope = np.einsum("nm,nm->n", residual, self.U)
        curvature = np.einsum("nm,nm->n", curved, self.U)
        weight = np.ones(len(Z)) if self.weight is None else self.weight
        return np.stack([value, slope, curvature]) @ weight


@final
@dataclass(frozen=True)
class _NativeLine:
    """Softmax: the log of the sum of exponentials, less the mean score of the targets."""

    scores: Float[Array, "s w"]
    weight: Float[Array, " n"] | None
    anchored: bool
    targets: tuple[int, float, float]

    def derivatives(self, length: float) -> Float[Array, "3"]:
        n, at_zero, along = self.targets
        sums = native.line(self.scores, n, self.weight, length, anchored=self.anchored)
        return sums - [at_zero + length * along, along, 0.0]


def _at_targets(
    loss: SoftmaxCrossEntropy, scores: Float[Array, "s w"], batch: Batch
) -> tuple[int, float, float]:
    """Count the rows, and add up ⟨y, z⟩ and ⟨y, u⟩ over them."""
    n, m = batch.n_samples, len(scores) // 2
    weight = np.ones(n) if batch.weight is None else batch.weight
    first = int(loss.anchored)
    sums = []
    for Z in (scores[:m, :n], scores[m:, :n]):
        if batch.y.ndim == 2:
            of_target = np.einsum("mn,nm->n", Z, batch.y[:, first:], dtype=np.float64)
        else:
            free = batch.y >= first
            of_target = np.where(free, Z[np.where(free, batch.y - first, 0), np.arange(n)], 0.0)
        sums.append(float(weight @ of_target))
    return n, sums[0], sums[1]
