"""What ``partial_fit`` remembers from call to call: how many steps were taken, on how much."""

from dataclasses import dataclass, replace
from math import ceil
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.objective import Objective
from linnet.solvers.schedules import Schedule, ScheduleName
from linnet.solvers.sgd import epoch, safe_learning_rate
from linnet.types import Array

__all__ = ["Stream"]


@final
@dataclass(frozen=True, kw_only=True)
class Stream:
    """State of mini-batch gradient descent over a stream of rows.

    Parameters
    ----------
    learning_rate : float
        Initial rate.
    schedule : str
        How the rate falls, see :class:`~linnet.solvers.schedules.Schedule`.
    batch_size : int
        Rows a step.
    steps_per_call : int
        Steps of the first call: the unit in which inverse scaling counts.
    random : Generator
        Shuffles the rows of each call.
    steps : int
        Steps taken so far.
    weight : float
        Total weight of the rows seen so far, which sets the strength of the penalty.
    """

    learning_rate: float
    schedule: ScheduleName
    batch_size: int
    steps_per_call: int
    random: np.random.Generator
    steps: int = 0
    weight: float = 0.0

    @classmethod
    def begin(
        cls,
        objective: Objective,
        *,
        learning_rate: float | None,
        schedule: ScheduleName,
        batch_size: int,
        random: np.random.Generator,
    ) -> "Stream":
        """Begin with the first rows; they set the learning rate where none is given."""
        return cls(
            learning_rate=learning_rate or safe_learning_rate(objective),
            schedule=schedule,
            batch_size=batch_size,
            steps_per_call=ceil(objective.n_samples / batch_size),
            random=random,
        )

    def descend(
        self, objective: Objective, theta: Float[Array, "m p"]
    ) -> tuple["Stream", Float[Array, "m p"]]:
        """Go over the rows of ``objective`` once."""
        theta, steps = epoch(
            objective,
            theta,
            self.random,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=Schedule(name=self.schedule, steps_per_epoch=self.steps_per_call),
            first_step=self.steps,
        )
        weight = self.weight + objective.source.total_weight
        return replace(self, steps=steps, weight=weight), theta
