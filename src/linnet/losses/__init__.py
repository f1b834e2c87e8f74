"""Losses of scores: value, gradient and Hessian product of each sample, and nothing of X."""

from linnet.losses.base import Loss
from linnet.losses.softmax import SoftmaxCrossEntropy
from linnet.losses.squared import SquaredLoss

__all__ = ["Loss", "SoftmaxCrossEntropy", "SquaredLoss"]
