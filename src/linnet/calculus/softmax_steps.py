"""One sample through softmax and cross entropy: mathematics.md, section 3, with numbers."""

from typing import Final

import numpy as np
from jaxtyping import Float

from linnet.calculus.chain import Chain
from linnet.calculus.formula import Part, power, quotient, row, sub, transposed
from linnet.calculus.nodes import CrossEntropy, LogSumExp, Softmax
from linnet.calculus.steps import Sample, Step, agreement, partial, signed, weight_steps
from linnet.losses import SoftmaxCrossEntropy
from linnet.types import Array

__all__ = ["softmax_steps"]

_LOSS: Final = SoftmaxCrossEntropy()
# So many terms of a sum are written out.
_MOST_TERMS: Final = 6


def softmax_steps(sample: Sample) -> tuple[Step, ...]:
    """Values forward, Jacobians back, and three ways to the same gradient."""
    # Where the loss is infinite its slope is −∞, and the product of Jacobians 0·∞: the steps
    # show the NaN and say so.
    with np.errstate(divide="ignore", invalid="ignore"):
        product, without_matrix, fused = _product(sample), _vjp(sample), _gradient(sample)
        gradients = [step.value for step in (product, without_matrix, fused)]
        return (
            _scores(sample),
            _probabilities(sample),
            _loss(sample),
            _loss_jacobian(sample),
            _softmax_jacobian(sample),
            product,
            without_matrix,
            fused,
            agreement(gradients, "O"),
            *weight_steps(sample, fused.value),
        )


def _scores(sample: Sample) -> Step:
    formula = numbers = None
    note = "Given."
    if sample.weights is not None and sample.x is not None:
        b = () if sample.bias is None else ("+", sample.bias)
        formula = row("O", "=", "W", "x", *(("+", "b") if b else ()))
        numbers = row(sample.weights, "·", sample.x, *b)
        note = ""
    elif sample.probabilities is not None:
        formula, numbers = row("O", "=", "ln", "ŷ"), row("ln", sample.probabilities)
        note = "Scores that give these probabilities; adding one number to all changes nothing."
    return Step(
        name="scores",
        title="Scores 得分",
        symbol=row("O"),
        formula=formula,
        numbers=numbers,
        value=sample.scores,
        note=note,
    )


def _probabilities(sample: Sample) -> Step:
    total = row(sub("Σ", "r"), power("e", sub("O", "r")))
    softmax = quotient(power("e", sub("O", "j")), total)
    shifted = power("e", row(sub("O", "j"), "−", "logsumexp", "(", "O", ")"))
    # The normaliser of log-probabilities is 0 but for rounding.
    normaliser = float(np.round(LogSumExp().forward(sample.scores)[0], 12))
    return Step(
        name="probabilities",
        title="Probabilities 概率: softmax",
        symbol=row("ŷ"),
        formula=row(sub("ŷ", "j"), "=", softmax, "=", shifted),
        numbers=row("exp", "(", sample.scores, "−", signed(normaliser), ")"),
        value=Softmax().forward(sample.scores),
    )


def _loss(sample: Sample) -> Step:
    P = Softmax().forward(sample.scores)
    many = len(P) > _MOST_TERMS
    # Of many classes those are shown that count.
    shown = np.flatnonzero(sample.y)[:_MOST_TERMS] if many else range(len(P))
    terms: list[Part] = []
    for j in shown:
        terms += ["+", float(sample.y[j]), "·", "ln", float(P[j])]
    if many:
        terms += ["+", "…"]
    return Step(
        name="loss",
        title="Loss 损失: cross entropy 交叉熵",
        symbol=row("ℓ"),
        formula=row("ℓ", "=", "−", sub("Σ", "j"), sub("y", "j"), "ln", sub("ŷ", "j")),
        numbers=row("−", "(", *terms[1:], ")"),
        value=_LOSS.value(sample.scores[None], sample.y[None]).reshape(()),
        unit="nats",
    )


def _loss_jacobian(sample: Sample) -> Step:
    P = Softmax().forward(sample.scores)
    terms: list[Part] = []
    for weight, probability in zip(sample.y, P, strict=True):
        terms += [",", "−", quotient(float(weight), float(probability))]
    slope = quotient(row("∂", "ℓ"), row("∂", sub("ŷ", "j")))
    return Step(
        name="loss_jacobian",
        title="Jacobian 雅可比矩阵 of the loss in the probabilities",
        symbol=partial("ℓ", "ŷ"),
        formula=row(slope, "=", "−", quotient(sub("y", "j"), sub("ŷ", "j"))),
        numbers=row("(", *terms[1:], ")") if len(P) <= _MOST_TERMS else None,
        value=CrossEntropy(sample.y).jacobian(P),
    )


def _softmax_jacobian(sample: Sample) -> Step:
    P = Softmax().forward(sample.scores)
    return Step(
        name="softmax_jacobian",
        title="Jacobian 雅可比矩阵 of softmax",
        symbol=partial("ŷ", "O"),
        formula=row(partial("ŷ", "O"), "=", "diag", "(", "ŷ", ")", "−", "ŷ", transposed("ŷ")),
        numbers=row("diag", "(", P, ")", "−", P, "·", P[None]),
        value=Softmax().jacobian(sample.scores),
    )


def _product(sample: Sample) -> Step:
    P, loss = Softmax().forward(sample.scores), CrossEntropy(sample.y)
    slope = partial("ℓ", "O")
    return Step(
        name="chain",
        title="Chain rule 链式法则: product of the Jacobians",
        symbol=slope,
        formula=row(slope, "=", partial("ℓ", "ŷ"), "·", partial("ŷ", "O")),
        numbers=row(loss.jacobian(P), "·", Softmax().jacobian(sample.scores)),
        value=Chain(Softmax(), loss).jacobian(sample.scores),
    )


def _vjp(sample: Sample) -> Step:
    P, loss = Softmax().forward(sample.scores), CrossEntropy(sample.y)
    v: Float[Array, " q"] = loss.vjp(P, np.ones(1))
    left = (sub("∇", "O"), "ℓ")
    return Step(
        name="vjp",
        title="Vector-Jacobian product 向量-雅可比积: the same without the matrix",
        symbol=row(*left),
        formula=row(*left, "=", "ŷ", "⊙", "(", "v", "−", "⟨", "ŷ", ",", "v", "⟩", ")"),
        numbers=row(P, "⊙", "(", v, "−", signed(float(P @ v)), ")"),
        value=Chain(Softmax(), loss).gradient(sample.scores),
        note="v is the transpose of the loss's Jacobian.",
    )


def _gradient(sample: Sample) -> Step:
    left = (sub("∇", "O"), "ℓ")
    return Step(
        name="gradient",
        title="Gradient 梯度 in the scores, in closed form: probabilities minus target",
        symbol=row(*left),
        formula=row(*left, "=", "ŷ", "−", "y"),
        numbers=row(_LOSS.probabilities(sample.scores[None])[0], "−", sample.y),
        value=_LOSS.value_and_gradient(sample.scores[None], sample.y[None])[1][0],
    )
