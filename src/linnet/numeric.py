"""Numeric primitives that stay exact where the textbook formula overflows or meets 0·log 0."""

from typing import Final

import numpy as np
from jaxtyping import Float

from linnet.types import Array

__all__ = ["EPSILON", "SINGLE_EPSILON", "log_softmax", "logsumexp", "softmax", "xlogx", "xlogy"]

EPSILON: Final = float(np.finfo(np.float64).eps)
"""Distance from 1 to the next float64."""

SINGLE_EPSILON: Final = float(np.finfo(np.float32).eps)
"""Distance from 1 to the next float32."""


def logsumexp(scores: Float[Array, "*batch k"]) -> Float[Array, "*batch"]:
    """Logarithm of the sum of exponentials along the last axis.

    log Σⱼ exp zⱼ = m + log Σⱼ exp(zⱼ − m) with m = max z, so that no term overflows.
    """
    top = _finite_maximum(scores)
    # Every score −∞ gives log 0 = −∞, which is the truth.
    with np.errstate(divide="ignore"):
        total: Float[Array, "*batch"] = np.log(np.exp(scores - top).sum(axis=-1))
    return total + top[..., 0]


def log_softmax(scores: Float[Array, "*batch k"]) -> Float[Array, "*batch k"]:
    """Logarithm of the softmax along the last axis: zⱼ − logsumexp(z)."""
    shifted = scores - _finite_maximum(scores)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax(scores: Float[Array, "*batch k"]) -> Float[Array, "*batch k"]:
    """Softmax along the last axis: exp zⱼ / Σᵣ exp zᵣ, each at most 1, summing to 1."""
    exponentials = np.exp(scores - _finite_maximum(scores))
    exponentials /= exponentials.sum(axis=-1, keepdims=True)
    return exponentials


def xlogy(x: Float[Array, "*shape"], y: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """x·log y, where 0·log y is 0 for every y and x·log 0 is −∞ for x > 0."""
    # log is taken only where it counts, so no 0·(−∞) ever arises.
    x, y = np.broadcast_arrays(x, y)
    result = np.zeros(x.shape)
    with np.errstate(divide="ignore"):
        np.log(y, out=result, where=x != 0)
    return result * x


def xlogx(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """x·log x, with 0·log 0 = 0."""
    return xlogy(x, x)


def _finite_maximum(scores: Float[Array, "*batch k"]) -> Float[Array, "*batch 1"]:
    """Largest score of each row, or 0 where it is infinite: ∞ − ∞ must not arise."""
    top = scores.max(axis=-1, keepdims=True)
    return np.where(np.isfinite(top), top, 0.0)
