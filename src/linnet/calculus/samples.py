"""Read what a reader gives of one sample, in whichever form, into target and scores."""

from dataclasses import dataclass, replace
from typing import Final, SupportsFloat, final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.calculus.arrays import matrix, numbers, vector
from linnet.calculus.nodes import Affine
from linnet.calculus.steps import Sample
from linnet.errors import DataError, SettingError
from linnet.information.distributions import distributions
from linnet.information.distributions import scores as checked_scores
from linnet.types import Array

__all__ = ["Given", "softmax_sample", "squared_sample"]

_DEFAULT_RATE: Final = 0.1


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class Given:
    """The arguments of `explain` that describe the sample."""

    y: ArrayLike | SupportsFloat | None = None
    probabilities: ArrayLike | None = None
    scores: ArrayLike | SupportsFloat | None = None
    x: ArrayLike | None = None
    weights: ArrayLike | None = None
    bias: ArrayLike | SupportsFloat | None = None
    learning_rate: SupportsFloat | None = None


def softmax_sample(given: Given) -> Sample:
    """Target distribution, and scores from any of their three forms."""
    if _nothing(given):
        # The worked case of mathematics.md, section 3.
        y = 0 if given.y is None else given.y
        given = replace(given, y=y, probabilities=[0.7, 0.2, 0.1])
    _check_forms(given)
    if given.x is not None and given.weights is not None:
        x, W = vector(given.x, "x"), matrix(given.weights, "weights", np.size(given.x))
        b = None if given.bias is None else vector(np.asarray(given.bias), "bias", len(W))
        scores = checked_scores(Affine(W, b).forward(x), "Wx + b")
        y, rate = _target(given.y, len(scores)), _rate(given.learning_rate)
        return Sample(y=y, scores=scores, x=x, weights=W, bias=b, learning_rate=rate)
    if given.probabilities is not None:
        P = distributions(vector(given.probabilities, "probabilities"), "probabilities")
        with np.errstate(divide="ignore"):
            return Sample(y=_target(given.y, len(P)), scores=np.log(P), probabilities=P)
    scores = checked_scores(vector(np.asarray(given.scores), "scores"), "scores")
    return Sample(y=_target(given.y, len(scores)), scores=scores)


def squared_sample(given: Given) -> Sample:
    """Target and prediction, each a vector of one entry."""
    if _nothing(given):
        y = 3.0 if given.y is None else given.y
        given = replace(given, y=y, x=[1.0, 2.0], weights=[0.5, 1.0])
    if given.probabilities is not None:
        raise SettingError("The squared loss has no probabilities. Give the prediction as scores.")
    _check_forms(given)
    y = _number(given.y, "y")
    if given.x is None or given.weights is None:
        return Sample(y=y, scores=_number(given.scores, "scores"))
    x = vector(given.x, "x")
    w = matrix(np.atleast_2d(numbers(given.weights, "weights")), "weights", len(x))
    if len(w) > 1:
        raise DataError(f"weights has shape {w.shape}. Give one weight for each entry of x.")
    b = None if given.bias is None else _number(given.bias, "bias")
    prediction = _number(Affine(w, b).forward(x), "wᵀx + b")
    rate = _rate(given.learning_rate)
    return Sample(y=y, scores=prediction, x=x, weights=w, bias=b, learning_rate=rate)


def _nothing(given: Given) -> bool:
    return all(form is None for form in (given.probabilities, given.scores, given.x, given.weights))


def _check_forms(given: Given) -> None:
    """Check that the sample is given once, and nothing is given that would not be used."""
    forms = sum(form is not None for form in (given.probabilities, given.scores, given.x))
    if forms != 1 or (given.x is None) != (given.weights is None):
        raise SettingError(
            "Give the sample in one way: by probabilities, by scores, or by x with weights."
        )
    if given.y is None:
        raise SettingError("y is missing. Give the target of the sample.")
    for name, value in (("bias", given.bias), ("learning_rate", given.learning_rate)):
        if value is not None and given.weights is None:
            raise SettingError(f"{name} is of use with weights alone. Give x and weights too.")


def _target(y: ArrayLike | SupportsFloat | None, classes: int) -> Float[Array, " q"]:
    """One-hot vector of a class, or the distribution itself."""
    array = numbers(np.asarray(y), "y")
    if array.ndim:
        return distributions(vector(array, "y", classes), "y")
    if np.asarray(y).dtype.kind in "bui" and 0 <= array < classes:
        return np.eye(classes)[int(array)]
    raise DataError(
        f"y is {y!r}. Give a class, an integer from 0 to {classes - 1}, or a distribution of "
        f"{classes} probabilities."
    )


def _number(value: ArrayLike | SupportsFloat | None, name: str) -> Float[Array, " 1"]:
    """Read a finite number, as a vector of one entry."""
    array = numbers(np.asarray(value), name)
    if array.size != 1 or not np.isfinite(array).all():
        raise DataError(f"{name} is {value!r}. Give one finite number.")
    return array.reshape(1)


def _rate(learning_rate: SupportsFloat | None) -> float:
    rate = _DEFAULT_RATE if learning_rate is None else float(learning_rate)
    if not 0 < rate < np.inf:
        raise SettingError(f"learning_rate is {rate!r}. Give a positive number.")
    return rate
