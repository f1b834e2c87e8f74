"""Names for the arrays that pass between the layers."""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

__all__ = ["Array", "HessianProduct", "Unit"]

Array: TypeAlias = NDArray[Any]
"""A NumPy array; jaxtyping annotations add the kind of number and the shape."""

HessianProduct: TypeAlias = Callable[[Array], Array]
"""The Hessian at some parameters, as a function of the direction it is multiplied with."""

Unit: TypeAlias = Literal["nats", "bits"]
"""Unit of an amount of information: 1 nat = 1/ln 2 bits."""
