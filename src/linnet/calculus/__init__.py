"""Gradients taken apart: nodes, the chain rule, checks, and one sample worked step by step."""

from linnet.calculus.chain import Chain
from linnet.calculus.differences import NumericalJacobian, jacobian
from linnet.calculus.nodes import (
    Affine,
    AffineWeights,
    CrossEntropy,
    LogSumExp,
    Node,
    Softmax,
    SquaredError,
)
from linnet.calculus.steps import Step
from linnet.calculus.taylor import GradientCheck, check_gradient
from linnet.calculus.walkthrough import Walkthrough, explain

__all__ = [
    "Affine",
    "AffineWeights",
    "Chain",
    "CrossEntropy",
    "GradientCheck",
    "LogSumExp",
    "Node",
    "NumericalJacobian",
    "Softmax",
    "SquaredError",
    "Step",
    "Walkthrough",
    "check_gradient",
    "explain",
    "jacobian",
]
