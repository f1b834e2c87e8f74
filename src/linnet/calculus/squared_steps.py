"""One sample through the squared loss: mathematics.md, section 1, with numbers."""

from typing import Final

from jaxtyping import Float

from linnet.calculus.chain import Chain
from linnet.calculus.formula import power, row, sub, transposed
from linnet.calculus.nodes import AffineWeights, SquaredError
from linnet.calculus.steps import Sample, Step, agreement, partial, signed, weight_steps
from linnet.losses import SquaredLoss
from linnet.types import Array

__all__ = ["squared_steps"]

_LOSS: Final = SquaredLoss()


def squared_steps(sample: Sample) -> tuple[Step, ...]:
    """Value forward, Jacobians back, and the ways to the same gradient."""
    slope, residual = _loss_jacobian(sample), _gradient(sample)
    forward = (_prediction(sample), _loss(sample), slope)
    if sample.x is None or sample.weights is None:
        return (*forward, residual, agreement([slope.value, residual.value], "ŷ"))
    product = _product(sample, sample.x, sample.weights)
    without_matrix = _vjp(sample, sample.x, sample.weights)
    in_weights, *rest = weight_steps(sample, residual.value, "w")
    gradients = [step.value for step in (product, without_matrix, in_weights)]
    return (
        *forward,
        _prediction_jacobian(sample.x, sample.weights),
        product,
        without_matrix,
        residual,
        in_weights,
        agreement(gradients, "w"),
        *rest,
    )


def _prediction(sample: Sample) -> Step:
    formula = numbers = None
    if sample.weights is not None and sample.x is not None:
        b = () if sample.bias is None else ("+", signed(float(sample.bias[0])))
        formula = row("ŷ", "=", transposed("w"), "x", *(("+", "b") if b else ()))
        numbers = row(sample.weights, "·", sample.x, *b)
    return Step(
        name="prediction",
        title="Prediction 预测",
        symbol=row("ŷ"),
        formula=formula,
        numbers=numbers,
        value=sample.scores,
        note="" if formula else "Given.",
    )


def _loss(sample: Sample) -> Step:
    y, prediction = float(sample.y[0]), float(sample.scores[0])
    return Step(
        name="loss",
        title="Loss 损失: half the squared residual",
        symbol=row("ℓ"),
        formula=row("ℓ", "=", "½", power(row("(", "y", "−", "ŷ", ")"), "2")),
        numbers=row("½", power(row("(", y, "−", signed(prediction), ")"), "2")),
        value=_LOSS.value(sample.scores[None], sample.y[None]).reshape(()),
        note="Up to a constant, the nats that a residual with unit Gaussian noise costs.",
    )


def _loss_jacobian(sample: Sample) -> Step:
    return Step(
        name="loss_jacobian",
        title="Jacobian 雅可比矩阵 of the loss in the prediction",
        symbol=partial("ℓ", "ŷ"),
        formula=row(partial("ℓ", "ŷ"), "=", "ŷ", "−", "y"),
        numbers=row(float(sample.scores[0]), "−", signed(float(sample.y[0]))),
        value=SquaredError(sample.y).jacobian(sample.scores),
    )


def _prediction_jacobian(x: Float[Array, " k"], weights: Float[Array, "1 k"]) -> Step:
    return Step(
        name="prediction_jacobian",
        title="Jacobian 雅可比矩阵 of the prediction in the weights",
        symbol=partial("ŷ", "w"),
        formula=row(partial("ŷ", "w"), "=", transposed("x")),
        value=AffineWeights(x).jacobian(weights),
    )


def _product(sample: Sample, x: Float[Array, " k"], weights: Float[Array, "1 k"]) -> Step:
    affine, loss = AffineWeights(x, sample.bias), SquaredError(sample.y)
    slope = partial("ℓ", "w")
    return Step(
        name="chain",
        title="Chain rule 链式法则: product of the Jacobians",
        symbol=slope,
        formula=row(slope, "=", partial("ℓ", "ŷ"), "·", partial("ŷ", "w")),
        numbers=row(loss.jacobian(sample.scores), "·", affine.jacobian(weights)),
        value=Chain(affine, loss).jacobian(weights),
    )


def _vjp(sample: Sample, x: Float[Array, " k"], weights: Float[Array, "1 k"]) -> Step:
    affine, loss = AffineWeights(x, sample.bias), SquaredError(sample.y)
    left = (sub("∇", "w"), "ℓ")
    outer = transposed(row("(", partial("ŷ", "w"), ")"))
    return Step(
        name="vjp",
        title="Vector-Jacobian product 向量-雅可比积: from the back",
        symbol=row(*left),
        formula=row(*left, "=", outer, sub("∇", "ŷ"), "ℓ"),
        numbers=row(transposed(affine.jacobian(weights)), "·", loss.jacobian(sample.scores)),
        value=Chain(affine, loss).gradient(weights)[0],
    )


def _gradient(sample: Sample) -> Step:
    left = (sub("∇", "ŷ"), "ℓ")
    return Step(
        name="gradient",
        title="Gradient 梯度 in the prediction, in closed form: prediction minus target",
        symbol=row(*left),
        formula=row(*left, "=", "ŷ", "−", "y"),
        numbers=row(sample.scores, "−", sample.y),
        value=_LOSS.value_and_gradient(sample.scores[None], sample.y[None])[1][0],
    )
