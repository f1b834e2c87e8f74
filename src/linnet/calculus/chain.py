"""The chain rule: nodes in a row, whose Jacobian is the product of theirs."""

from dataclasses import dataclass
from functools import reduce
from typing import final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.calculus.arrays import numbers
from linnet.calculus.nodes import Node
from linnet.errors import DataError, SettingError
from linnet.types import Array

__all__ = ["Chain"]


@final
@dataclass(frozen=True, init=False)
class Chain:
    """Composition f = f_L ∘ … ∘ f₁ of nodes, given in the order in which they are computed.

    J = J_L ⋯ J₁, each at the value of the nodes before it. The vector-Jacobian product goes from
    the back, v ↦ J₁ᵀ(⋯(J_Lᵀ v)), and so never forms a matrix. A chain is a node itself.

    Parameters
    ----------
    *nodes : Node
        At least one.

    Examples
    --------
    >>> from linnet.calculus import CrossEntropy, Softmax
    >>> loss = Chain(Softmax(), CrossEntropy([1, 0, 0]))
    >>> loss.gradient(np.log([0.7, 0.2, 0.1])).round(4)
    array([-0.3,  0.2,  0.1])
    """

    nodes: tuple[Node, ...]

    def __init__(self, *nodes: Node) -> None:
        if not nodes:
            raise SettingError("A chain of no nodes has no value. Give at least one node.")
        object.__setattr__(self, "nodes", nodes)

    def forward(self, x: ArrayLike, /) -> Float[Array, " m"]:
        """Value of the last node."""
        return self.values(x)[-1]

    def values(self, x: ArrayLike) -> tuple[Float[Array, "..."], ...]:
        """Give ``x`` and after it the value of each node."""
        values = [numbers(x, "x")]
        for node in self.nodes:
            values.append(node.forward(values[-1]))
        return tuple(values)

    def jacobian(self, x: ArrayLike, /) -> Float[Array, "m n"]:
        """Product of the nodes' Jacobians, the last node's first."""
        values = self.values(x)[:-1]
        parts = [node.jacobian(value) for node, value in zip(self.nodes, values, strict=True)]
        # From the output's side the product of a loss stays a single row.
        return reduce(np.matmul, reversed(parts))

    def vjp(self, x: ArrayLike, v: ArrayLike, /) -> Float[Array, "..."]:
        """Jᵀv, shaped like ``x``."""
        cotangent = numbers(v, "v")
        for node, value in zip(reversed(self.nodes), reversed(self.values(x)[:-1]), strict=True):
            cotangent = node.vjp(value, cotangent)
        return cotangent

    def gradient(self, x: ArrayLike) -> Float[Array, "..."]:
        """Gradient of a chain with one value, shaped like ``x``.

        Raises
        ------
        DataError
            If the chain has several values: it has a Jacobian then, and no gradient.
        """
        size = self.forward(x).size
        if size != 1:
            raise DataError(
                f"The chain has {size} values, and only a function with one has a gradient. "
                "End it with a loss, or ask for jacobian."
            )
        return self.vjp(x, np.ones(1))
