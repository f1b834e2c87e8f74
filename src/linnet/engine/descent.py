"""One walk of stochastic gradient descent over the rows of a batch: its rule, and where it stands.

A step takes the next few rows in a given order. With the gradient g of their mean loss, the rate
η of the step and the strength λ of the penalty (none on intercepts):

- ``"sgd"``: v := μ v + g + λΘ, then Θ := Θ − η v, with momentum μ (0: none). Where averages are
  wanted, U := U + Θ; the mean of all iterates (Polyak and Juditsky 1992) is U over their number.
- ``"adagrad"`` (Duchi, Hazan and Singer 2011): G := G + g², d = √G + ε, Θ := Θ − η g/d.
- ``"adam"`` (Kingma and Ba 2015): M := M + (1−β₁)(g − M), V := V + (1−β₂)(g² − V),
  d = √(V/(1−β₂ᵗ)) + ε, Θ := Θ − η (M/(1−β₁ᵗ))/d.

AdaGrad and Adam then let the penalty flow in the metric of the step, Θ := Θ · exp(−ηλ/d): it is
the exact solution of Θ' = −λΘ/d, it needs no bound on η, and for AdaGrad it is the same whether a
column is brought up to date at each step or once for many.

On sparse rows Adam is lazy, as SparseAdam of PyTorch is: a column without an entry in the step
keeps its moments, and the penalty of the steps it misses is made up for when it is met again, or
at the end of the walk. All else is the same for dense and sparse rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, final

import numpy as np
from jaxtyping import Float, Int

from linnet.types import Array

__all__ = ["OPTIMIZERS", "Iterate", "OptimizerName", "StepRule", "Walk"]

OptimizerName: TypeAlias = Literal["sgd", "adagrad", "adam"]

OPTIMIZERS: Final[tuple[OptimizerName, ...]] = ("sgd", "adagrad", "adam")


@final
@dataclass(frozen=True, kw_only=True)
class StepRule:
    """How a gradient becomes a step: see the formulas of this module.

    Parameters
    ----------
    optimizer : {"sgd", "adagrad", "adam"}
        Which of the rules.
    momentum : float
        μ of ``"sgd"``.
    average : bool
        Whether to average the iterates of ``"sgd"``.
    betas, epsilon : pair of floats, float
        β₁ and β₂ of Adam, as PyTorch has them; ε of Adam and AdaGrad.
    """

    optimizer: OptimizerName = "sgd"
    momentum: float = 0.0
    average: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    @property
    def n_slots(self) -> int:
        """Number of arrays, in the shape of Θ, that are remembered from step to step."""
        match self.optimizer:
            case "sgd":
                return bool(self.momentum) + self.average
            case "adagrad":
                return 1
            case "adam":
                return 2


@final
@dataclass(frozen=True)
class Iterate:
    """Parameters Θ between two steps, what the rule remembers, and the steps taken so far.

    ``slots`` hold, in the shape of Θ, v and U as far as they are needed; or G; or M and V.
    ``losses`` are those of the walk that ended here: for each of its steps Σᵢ sᵢ ℓᵢ of its rows
    before it was taken, and so under parameters that had not learnt from them.
    """

    theta: Float[Array, "m p"]
    slots: tuple[Float[Array, "m p"], ...] = ()
    steps: int = 0
    losses: Float[Array, " t"] = field(default_factory=lambda: np.empty(0))

    @classmethod
    def begin(cls, theta: Float[Array, "m p"], rule: StepRule) -> "Iterate":
        """Begin at Θ with nothing remembered."""
        return cls(theta, tuple(np.zeros_like(theta) for _ in range(rule.n_slots)))

    def copy(self) -> "Iterate":
        """Return the same in arrays of its own, contiguous and in float64."""
        own = [np.array(a, dtype=np.float64, order="C") for a in (self.theta, *self.slots)]
        return Iterate(own[0], tuple(own[1:]), self.steps)

    def estimate(self, rule: StepRule) -> Float[Array, "m p"]:
        """Θ, or the mean of all iterates so far where the rule averages."""
        if rule.average and self.steps:
            return self.slots[-1] / self.steps
        return self.theta


@final
@dataclass(frozen=True, kw_only=True)
class Walk:
    """Which rows to take, and how far to go with each few of them.

    Parameters
    ----------
    order : array of int64 of shape (r,)
        Rows in the order in which they are taken.
    batch_size : int
        Rows of a step; the last may have fewer.
    rates : array of shape (ceil(r / batch_size),)
        Rate η of each step.
    l2 : float
        Strength λ of the penalty.
    share : float
        What weights are multiplied with in the mean over the rows of a step, n/S: their mean over
        all n rows is then 1.
    """

    order: Int[Array, " r"]
    batch_size: int
    rates: Float[Array, " steps"]
    l2: float = 0.0
    share: float = 1.0

    def steps(self) -> Iterator[tuple[Int[Array, " b"], float]]:
        """Rows and rate of each step."""
        for number, rate in enumerate(self.rates.tolist()):
            yield self.order[number * self.batch_size : (number + 1) * self.batch_size], rate
