"""The passes over a batch that a linear model needs, by the fastest engine that can do them."""

from linnet.engine.choice import (
    curvature,
    descend,
    engine_name,
    gradient_and_curvature_pass,
    gradient_pass,
    hessian_diagonal_pass,
    hessian_product_pass,
    hessian_products_pass,
    intercept_pass,
    slope_pass,
    value_pass,
)
from linnet.engine.descent import Iterate, StepRule, Walk
from linnet.engine.dual import RowDistributions, can_ascend
from linnet.engine.hessian import (
    column_hessians_pass,
    hessian_pass,
    length_pass,
    score_hessians_pass,
    second_moment_pass,
    upper_products,
)
from linnet.engine.line import LineOfScores, line_pass
from linnet.engine.reference import scores
from linnet.engine.row_space import RowSpace
from linnet.engine.thinning import Curvatures, KeptCurvature
from linnet.engine.threads import limited_blas, limited_threads, thread_count
from linnet.engine.walking import descend_through

__all__ = [
    "Curvatures",
    "Iterate",
    "KeptCurvature",
    "LineOfScores",
    "RowDistributions",
    "RowSpace",
    "StepRule",
    "Walk",
    "can_ascend",
    "column_hessians_pass",
    "curvature",
    "descend",
    "descend_through",
    "engine_name",
    "gradient_and_curvature_pass",
    "gradient_pass",
    "hessian_diagonal_pass",
    "hessian_pass",
    "hessian_product_pass",
    "hessian_products_pass",
    "intercept_pass",
    "length_pass",
    "limited_blas",
    "limited_threads",
    "line_pass",
    "score_hessians_pass",
    "scores",
    "second_moment_pass",
    "slope_pass",
    "thread_count",
    "upper_products",
    "value_pass",
]
