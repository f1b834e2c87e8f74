"""The passes over a batch that a linear model needs, with the reference that defines them."""

from linnet.engine.hessian import hessian_pass, second_moment_pass
from linnet.engine.reference import (
    gradient_pass,
    hessian_diagonal_pass,
    hessian_product_pass,
    intercept_pass,
    scores,
    slope_pass,
    value_pass,
)

__all__ = [
    "gradient_pass",
    "hessian_diagonal_pass",
    "hessian_pass",
    "hessian_product_pass",
    "intercept_pass",
    "scores",
    "second_moment_pass",
    "slope_pass",
    "value_pass",
]
