"""A walk goes on when a class turns up that was not known: what it holds, with a score more."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from linnet.engine import Iterate, StepRule
from linnet.types import Array

__all__ = ["begin_walk", "widened_walk"]


def begin_walk(n_classes: int, n_parameters: int, rule: StepRule) -> Iterate:
    """Begin at zero, where all classes are equally probable."""
    scores = 1 if n_classes == 2 else n_classes
    return Iterate.begin(np.zeros((scores, n_parameters)), rule)


def widened_walk(iterate: Iterate, rule: StepRule, old: Array, new: Array) -> Iterate:
    """Let the walk know more classes: a new one has the score 0, the mean of all scores.

    Parameters
    ----------
    iterate : Iterate
        The walk so far.
    rule : StepRule
        What it remembers.
    old, new : array of shape (q,) and (r,)
        The classes so far and those to be known, both sorted, the first among the second.
    """
    places = np.searchsorted(new, old)
    # Two classes have the score z of the second; as three or more would have it, −z/2 and z/2.
    # Its gradient is that of the second's, and minus that of the first's.
    halves = np.array([[-0.5], [0.5]])
    signs = np.array([[-1.0], [1.0]])

    def spread(array: Float[Array, "m p"], factors: Float[Array, "2 1"]) -> Float[Array, "r p"]:
        rows = factors * array if len(old) == 2 else array
        wide = np.zeros((len(new), array.shape[1]))
        wide[places] = rows
        return wide

    theta = spread(iterate.theta, halves)
    # Every class may have any number added to its score: let them add up to 0.
    theta[places] -= theta[places].mean(axis=0)
    match rule.optimizer:
        case "sgd":
            kinds = [signs] * bool(rule.momentum) + [halves] * rule.average
        case "adagrad":
            kinds = [np.abs(signs)]
        case "adam":
            kinds = [signs, np.abs(signs)]
    slots = tuple(spread(a, kind) for a, kind in zip(iterate.slots, kinds, strict=True))
    return replace(iterate, theta=theta, slots=slots)
