"""The steps that a loss is made of, each with its value, Jacobian and vector-Jacobian product.

A node is a function f: Rⁿ → Rᵐ. Its Jacobian J (m×n) has one row for each output and one column
for each input: numerator layout, Jᵢⱼ = ∂fᵢ/∂xⱼ. Its vector-Jacobian product Jᵀv is shaped like x.
A function with one value has m = 1: its value is a vector of one entry, its Jacobian one row.
"""

from dataclasses import dataclass
from typing import Final, Protocol, final, runtime_checkable

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.calculus.arrays import constant, matrix, vector
from linnet.information.distributions import distributions
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss
from linnet.numeric import logsumexp, softmax, xlogy
from linnet.types import Array

__all__ = [
    "Affine",
    "AffineWeights",
    "CrossEntropy",
    "LogSumExp",
    "Node",
    "Softmax",
    "SquaredError",
]

# The losses hold the one home of diag ŷ − ŷŷᵀ and of the residual.
_SOFTMAX: Final = SoftmaxCrossEntropy()
_SQUARED: Final = SquaredLoss()


@runtime_checkable
class Node(Protocol):
    """A differentiable function of one array, its values a vector."""

    def forward(self, x: ArrayLike, /) -> Float[Array, " m"]:
        """Value f(x)."""
        ...

    def jacobian(self, x: ArrayLike, /) -> Float[Array, "m n"]:
        """Matrix of ∂fᵢ/∂xⱼ: a row for each output, a column for each input."""
        ...

    def vjp(self, x: ArrayLike, v: ArrayLike, /) -> Float[Array, "..."]:
        """Jᵀv, shaped like ``x``: the gradient of ⟨v, f(x)⟩."""
        ...


@final
@dataclass(frozen=True, eq=False, init=False)
class Affine:
    """Scores of a sample x ∈ Rᵏ: f(x) = Wx + b, with J = W.

    Parameters
    ----------
    weights : array of shape (q, k)
    bias : array of shape (q,), optional
        Without one, b = 0.

    Examples
    --------
    >>> Affine([[1, 2], [3, 4], [5, 6]]).forward([1, 1])
    array([ 3.,  7., 11.])
    """

    weights: Float[Array, "q k"]
    bias: Float[Array, " q"] | None = None

    def __init__(self, weights: ArrayLike, bias: ArrayLike | None = None) -> None:
        W = constant(matrix(weights, "weights"))
        b = None if bias is None else constant(vector(bias, "bias", len(W)))
        object.__setattr__(self, "weights", W)
        object.__setattr__(self, "bias", b)

    def forward(self, x: ArrayLike, /) -> Float[Array, " q"]:
        """Wx + b."""
        scores = self.weights @ vector(x, "x", self.weights.shape[1])
        return scores if self.bias is None else scores + self.bias

    def jacobian(self, x: ArrayLike, /) -> Float[Array, "q k"]:
        """W, wherever x is."""
        vector(x, "x", self.weights.shape[1])
        return self.weights

    def vjp(self, x: ArrayLike, v: ArrayLike, /) -> Float[Array, " k"]:
        """Wᵀv."""
        vector(x, "x", self.weights.shape[1])
        return self.weights.T @ vector(v, "v", len(self.weights))


@final
@dataclass(frozen=True, eq=False, init=False)
class AffineWeights:
    """Scores as a function of the weights: f(W) = Wx + b, for a given sample x.

    The input is the matrix W (q×k). For the Jacobian it is read row by row as a vector of q·k
    entries: J = I_q ⊗ xᵀ. The vector-Jacobian product has W's own shape: v xᵀ. With v = ŷ − y
    that is the gradient of the cross entropy, ∇_W ℓ = (ŷ − y) xᵀ.

    Parameters
    ----------
    x : array of shape (k,)
        The sample.
    bias : array of shape (q,), optional
        Without one, b = 0.

    Examples
    --------
    >>> AffineWeights([1, 2]).jacobian([[0, 0], [0, 0]])
    array([[1., 2., 0., 0.],
           [0., 0., 1., 2.]])
    >>> AffineWeights([1, 2]).vjp([[0, 0], [0, 0]], [10, 20])
    array([[10., 20.],
           [20., 40.]])
    """

    x: Float[Array, " k"]
    bias: Float[Array, " q"] | None = None

    def __init__(self, x: ArrayLike, bias: ArrayLike | None = None) -> None:
        b = None if bias is None else constant(vector(bias, "bias"))
        object.__setattr__(self, "x", constant(vector(x, "x")))
        object.__setattr__(self, "bias", b)

    def forward(self, W: ArrayLike, /) -> Float[Array, " q"]:
        """Wx + b."""
        return Affine(matrix(W, "weights", len(self.x)), self.bias).forward(self.x)

    def jacobian(self, W: ArrayLike, /) -> Float[Array, "q qk"]:
        """Matrix I_q ⊗ xᵀ, wherever W is."""
        return np.kron(np.eye(len(matrix(W, "weights", len(self.x)))), self.x)

    def vjp(self, W: ArrayLike, v: ArrayLike, /) -> Float[Array, "q k"]:
        """Outer product v xᵀ, shaped like W."""
        return np.outer(vector(v, "v", len(matrix(W, "weights", len(self.x)))), self.x)


@final
@dataclass(frozen=True)
class Softmax:
    """Probabilities of scores: ŷⱼ = exp Oⱼ / Σᵣ exp Oᵣ, with J = diag ŷ − ŷŷᵀ.

    Examples
    --------
    >>> Softmax().jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """

    def forward(self, x: ArrayLike, /) -> Float[Array, " q"]:
        """Softmax of the scores."""
        return softmax(vector(x, "scores"))

    def jacobian(self, x: ArrayLike, /) -> Float[Array, "q q"]:
        """Matrix diag ŷ − ŷŷᵀ, which is symmetric."""
        return _SOFTMAX.hessian(vector(x, "scores")[None])[0]

    def vjp(self, x: ArrayLike, v: ArrayLike, /) -> Float[Array, " q"]:
        """Product ŷ ⊙ (v − ⟨ŷ, v⟩), without the matrix."""
        Z = vector(x, "scores")[None]
        return _SOFTMAX.hessian_product(Z, vector(v, "v", Z.size)[None])[0]


@final
@dataclass(frozen=True)
class LogSumExp:
    """Logarithm of the sum of exponentials, f(O) = log Σⱼ exp Oⱼ, with J = softmax(O)ᵀ.

    Examples
    --------
    >>> LogSumExp().forward([1000.0, 1000.0])
    array([1000.69314718])
    """

    def forward(self, x: ArrayLike, /) -> Float[Array, " 1"]:
        """Logarithm of the sum of exponentials."""
        return logsumexp(vector(x, "scores")[None])

    def jacobian(self, x: ArrayLike, /) -> Float[Array, "1 q"]:
        """Softmax of the scores, as a row."""
        return softmax(vector(x, "scores"))[None]

    def vjp(self, x: ArrayLike, v: ArrayLike, /) -> Float[Array, " q"]:
        """Softmax of the scores, times v."""
        return vector(v, "v", 1) * softmax(vector(x, "scores"))


@final
@dataclass(frozen=True, eq=False, init=False)
class CrossEntropy:
    """Cross entropy, in nats, as a function of the probabilities: f(ŷ) = −Σⱼ yⱼ ln ŷⱼ.

    J = (−yⱼ/ŷⱼ)ⱼ, where a class with yⱼ = 0 adds 0 whatever ŷⱼ is.

    Parameters
    ----------
    y : array of shape (q,)
        Target: a distribution over the classes, with all of its mass on one for a hard label.

    Examples
    --------
    >>> CrossEntropy([1, 0, 0]).forward([0.7, 0.2, 0.1])
    array([0.35667494])
    """

    y: Float[Array, " q"]

    def __init__(self, y: ArrayLike) -> None:
        object.__setattr__(self, "y", constant(distributions(vector(y, "y"), "y")))

    def forward(self, x: ArrayLike, /) -> Float[Array, " 1"]:
        """Cross entropy; inf if some ŷⱼ = 0 < yⱼ."""
        P = vector(x, "probabilities", len(self.y))
        return 0.0 - xlogy(self.y, P).sum(keepdims=True)

    def jacobian(self, x: ArrayLike, /) -> Float[Array, "1 q"]:
        """Row of −yⱼ/ŷⱼ."""
        P = vector(x, "probabilities", len(self.y))
        row = np.zeros(P.shape)
        # −∞ is the slope where the value is ∞.
        with np.errstate(divide="ignore"):
            np.divide(-self.y, P, out=row, where=self.y != 0)
        return row[None]

    def vjp(self, x: ArrayLike, v: ArrayLike, /) -> Float[Array, " q"]:
        """Row of the Jacobian, times v."""
        return vector(v, "v", 1) * self.jacobian(x)[0]


@final
@dataclass(frozen=True, eq=False, init=False)
class SquaredError:
    """Half the squared distance as a function of the prediction: f(ŷ) = ½ ‖y − ŷ‖².

    J = (ŷ − y)ᵀ.

    Parameters
    ----------
    y : array of shape (m,)
        Target; of one entry for a single response.

    Examples
    --------
    >>> SquaredError([3]).forward([2.5])
    array([0.125])
    """

    y: Float[Array, " m"]

    def __init__(self, y: ArrayLike) -> None:
        object.__setattr__(self, "y", constant(vector(y, "y")))

    def forward(self, x: ArrayLike, /) -> Float[Array, " 1"]:
        """Half the squared distance."""
        prediction = vector(x, "prediction", len(self.y))
        return _SQUARED.value(prediction[None], self.y[None])

    def jacobian(self, x: ArrayLike, /) -> Float[Array, "1 m"]:
        """Residual ŷ − y, as a row."""
        prediction = vector(x, "prediction", len(self.y))
        return _SQUARED.value_and_gradient(prediction[None], self.y[None])[1]

    def vjp(self, x: ArrayLike, v: ArrayLike, /) -> Float[Array, " m"]:
        """Residual, times v."""
        return vector(v, "v", 1) * self.jacobian(x)[0]
