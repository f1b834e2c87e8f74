"""The passes over a batch that a linear model needs, by the fastest engine that can do them."""

from linnet.engine.choice import (
    curvature,
    engine_name,
    gradient_pass,
    hessian_diagonal_pass,
    hessian_product_pass,
    hessian_products_pass,
    intercept_pass,
    slope_pass,
    value_pass,
)
from linnet.engine.dual import RowDistributions, can_ascend
from linnet.engine.hessian import column_hessians_pass, hessian_pass, second_moment_pass
from linnet.engine.line import LineOfScores, line_pass
from linnet.engine.reference import scores
from linnet.engine.row_space import RowSpace
from linnet.engine.threads import limited_blas, limited_threads, thread_count

__all__ = [
    "LineOfScores",
    "RowDistributions",
    "RowSpace",
    "can_ascend",
    "column_hessians_pass",
    "curvature",
    "engine_name",
    "gradient_pass",
    "hessian_diagonal_pass",
    "hessian_pass",
    "hessian_product_pass",
    "hessian_products_pass",
    "intercept_pass",
    "limited_blas",
    "limited_threads",
    "line_pass",
    "scores",
    "second_moment_pass",
    "slope_pass",
    "thread_count",
    "value_pass",
]
