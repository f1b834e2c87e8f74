"""One step of a worked sample, and the steps that every loss shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.calculus.formula import Formula, Part, quotient, row, sub
from linnet.calculus.nodes import AffineWeights
from linnet.information import Information
from linnet.types import Array, Unit

__all__ = ["Sample", "Step", "agreement", "partial", "signed", "weight_steps"]


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One line of the calculation: symbol, formula, numbers put in, value.

    Attributes
    ----------
    name : str
        Short name of the step, such as "softmax_jacobian".
    title : str
        Heading, in English and Chinese.
    symbol : Formula
        What is computed.
    formula : Formula or None
        The equation that defines it; None for what is given.
    numbers : Formula or None
        The right side of that equation with the numbers put in.
    value : array
        The result: a number, a vector or a matrix.
    unit : {"nats", "bits"} or None
        Unit of the value, for a code length.
    note : str
        What else there is to say.
    """

    name: str
    title: str
    symbol: Formula
    value: Float[Array, "..."]
    formula: Formula | None = None
    numbers: Formula | None = None
    unit: Unit | None = None
    note: str = ""

    @property
    def result(self) -> Formula:
        """The value as a formula, a code length in both units."""
        if self.unit is None:
            return row(self.value)
        length = Information(float(self.value), self.unit)
        return row(float(length.to("nats")), "nats", "=", float(length.to("bits")), "bits")

    @property
    def shape(self) -> str:
        """Shape of the value in words."""
        return f"shape {self.value.shape}" if self.value.ndim else "a number"


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Sample:
    """One sample: its target and scores, and where given what the scores were computed from."""

    y: Float[Array, " m"]
    scores: Float[Array, " m"]
    probabilities: Float[Array, " m"] | None = None
    x: Float[Array, " k"] | None = None
    weights: Float[Array, "m k"] | None = None
    bias: Float[Array, " m"] | None = None
    learning_rate: float = 0.1


def partial(above: str, below: str) -> Formula:
    """∂ above / ∂ below."""
    return quotient(row("∂", above), row("∂", below))


def signed(value: float) -> Part:
    """Put a negative number in parentheses."""
    return row("(", value, ")") if value < 0 else value


def agreement(gradients: Sequence[Float[Array, "..."]], variable: str) -> Step:
    """Compare the ways to one gradient: the largest difference between any two."""
    table = np.stack([gradient.ravel() for gradient in gradients])
    difference = np.ptp(table, axis=0).max()
    note = (
        "They agree to the last places: the gradient above is the product of the Jacobians."
        if np.isfinite(difference)
        else "A probability is 0 where the target is not, and the product of Jacobians is 0·∞ "
        "there. The gradient in closed form is right everywhere, so fitting uses that."
    )
    return Step(
        name="agreement",
        title="Agreement 一致: the largest difference between these gradients",
        symbol=row("max", "|", "Δ", sub("∇", variable), "ℓ", "|"),
        value=np.asarray(difference),
        note=note,
    )


def weight_steps(
    sample: Sample, residual: Float[Array, " m"], letter: str = "W"
) -> tuple[Step, ...]:
    """Gradients in weights and bias and the descent step, where the weights are given."""
    if sample.x is None or sample.weights is None:
        return ()
    affine = AffineWeights(sample.x, sample.bias)
    G = affine.vjp(sample.weights, residual)
    steps = [_weight_gradient(sample.x, residual, G, letter)]
    if sample.bias is not None:
        slope = row(sub("∇", "b"), "ℓ")
        equation = row(sub("∇", "b"), "ℓ", "=", "ŷ", "−", "y")
        steps.append(
            Step(
                name="bias_gradient",
                title="Gradient in the bias 偏置的梯度",
                symbol=slope,
                formula=equation,
                value=residual,
            )
        )
    # With one response, weights are a vector, and so are their gradient and its step.
    W, slopes = (sample.weights[0], G[0]) if letter == "w" else (sample.weights, G)
    steps.append(_update("update", letter, W, slopes, sample.learning_rate))
    if sample.bias is not None:
        rate = sample.learning_rate
        steps.append(_update("bias_update", "b", sample.bias, residual, rate))
    return tuple(steps)


def _weight_gradient(
    x: Float[Array, " k"], residual: Float[Array, " m"], G: Float[Array, "m k"], letter: str
) -> Step:
    left = (sub("∇", letter), "ℓ")
    single = letter == "w"
    outer = row("(", "ŷ", "−", "y", ")", "x") if single else row("(", "ŷ", "−", "y", ")", "xᵀ")
    shaped = "A gradient is shaped like its variable"
    return Step(
        name="weight_gradient",
        title="Gradient in the weights 权重的梯度",
        symbol=row(*left),
        formula=row(*left, "=", outer),
        numbers=row(float(residual[0]), "·", x) if single else row(residual, "·", x[None]),
        value=G[0] if single else G,
        note=f"{shaped}: here {(G[0] if single else G).shape}.",
    )


def _update(
    name: str, letter: str, old: Float[Array, "..."], slope: Float[Array, "..."], rate: float
) -> Step:
    by_rows = "Row by row, wⱼ := wⱼ − η (ŷⱼ − yⱼ) x: the same step." if letter == "W" else ""
    return Step(
        name=name,
        title=f"Descent step 梯度下降, η = {rate:g}",
        symbol=row(letter),
        formula=row(letter, ":=", letter, "−", "η", sub("∇", letter), "ℓ"),
        numbers=row(old, "−", rate, "·", slope),
        value=old - rate * slope,
        note=by_rows,
    )
