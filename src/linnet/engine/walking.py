"""Stochastic gradient descent over a whole source: its batches are walked one after another."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from jaxtyping import Int

from linnet.data import Batch, Source
from linnet.data.walking import walk_through
from linnet.engine.choice import descend
from linnet.engine.descent import Iterate, StepRule, Walk
from linnet.losses import Loss
from linnet.types import Array

__all__ = ["Rates", "descend_through"]

Rates: TypeAlias = Callable[[Array], Array]
"""Learning rates of steps, given their numbers.

Where a walk is to be noted, they are a ``functools.partial`` of a function of a module.
"""


def descend_through(
    source: Source,
    iterate: Iterate,
    random: np.random.Generator,
    *,
    loss: Loss,
    rule: StepRule,
    rates: Rates,
    batch_size: int,
    l2: float,
    share: float,
) -> Iterate:
    """Take each row of a source once, in random order; see `Walk` for the settings of the steps.

    The losses of the result are those of the last batch.
    """
    stride = partial(
        _stride, loss=loss, rule=rule, rates=rates, batch_size=batch_size, l2=l2, share=share
    )
    # The losses of what went before are no part of where the walk begins.
    start = (*_parts(iterate)[:-1], np.empty(0))
    return _iterate(walk_through(source, stride, start, random))


def _stride(
    batch: Batch,
    order: Int[Array, " n"],
    state: tuple[Array, ...],
    *,
    loss: Loss,
    rule: StepRule,
    rates: Rates,
    batch_size: int,
    l2: float,
    share: float,
) -> tuple[Array, ...]:
    """Take the steps of a batch; the state is an iterate in its parts."""
    now = _iterate(state)
    numbers = now.steps + np.arange(-(-len(order) // batch_size))
    walk = Walk(order=order, batch_size=batch_size, rates=rates(numbers), l2=l2, share=share)
    return _parts(descend(loss, batch, walk, rule, now))


def _parts(iterate: Iterate) -> tuple[Array, ...]:
    return iterate.theta, *iterate.slots, np.array(float(iterate.steps)), iterate.losses


def _iterate(parts: tuple[Array, ...]) -> Iterate:
    theta, *slots, steps, losses = parts
    return Iterate(theta, tuple(slots), int(steps), losses)
