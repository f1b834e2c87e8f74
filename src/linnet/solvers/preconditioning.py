"""What a preconditioner is: a cheap stand-in for the inverse Hessian at a point."""

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias, runtime_checkable

from jaxtyping import Float

from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["Preconditioner", "Preconditioning", "far_apart"]

Preconditioner: TypeAlias = Callable[[Array], Array]
"""Takes a gradient to about H⁻¹ times it."""

# Penalties within this factor of each other can share directions and a factor.
SIMILAR_PENALTY: Final = 15.0


@runtime_checkable
class Preconditioning(Protocol):
    """A way to precondition a problem, to be applied at one point after another."""

    @property
    def passes(self) -> float:
        """About how many passes over the data it costs to build one, by arithmetic."""
        ...

    @property
    def largest_rise(self) -> float:
        """How far residuals rise in conjugate gradients, at most, but for rounding.

        By the root of the condition number that is left, and so by little for a good one.
        """
        ...

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        """Return the preconditioner for the Hessian at ``theta``."""
        ...

    def stronger(self) -> "Preconditioning | None":
        """Return one that costs more and takes fewer products, for problems that prove hard."""
        ...

    def of_same_rows(self, problem: Problem) -> "Preconditioning":
        """Return the same for a problem that differs in the strength of its penalty alone."""
        ...


def far_apart(l2: float, other: float) -> bool:
    """Whether what is good for one penalty may be bad for another."""
    return max(l2, other) > SIMILAR_PENALTY * min(l2, other)
