"""What ``partial_fit`` remembers from call to call: where it stands, and on how much it rests."""

from dataclasses import dataclass, replace
from math import ceil
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.engine import Iterate, StepRule
from linnet.errors import SettingError
from linnet.objective import Objective
from linnet.solvers.schedules import ENDLESS_SCHEDULES, Schedule, ScheduleName
from linnet.solvers.sgd import default_learning_rate
from linnet.types import Array

__all__ = ["Stream", "check_stream"]


def check_stream(schedule: ScheduleName, calls: int | None) -> None:
    """Raise a SettingError where the schedule would have to know how many rows will come."""
    if schedule not in ENDLESS_SCHEDULES and calls is None:
        raise SettingError(
            f"schedule={schedule!r} needs the number of steps beforehand, and partial_fit cannot "
            "know it. Set max_iter to the number of calls there will be, or use "
            '"inverse-scaling" or "constant".'
        )


@final
@dataclass(frozen=True, kw_only=True)
class Stream:
    """State of stochastic gradient descent over a stream of rows.

    Parameters
    ----------
    rule : StepRule
        How a gradient becomes a step.
    learning_rate : float
        Initial rate.
    schedule : Schedule
        How the rate falls. Its epoch is the first call.
    batch_size : int
        Rows a step.
    random : Generator
        Shuffles the rows of each call.
    iterate : Iterate
        The parameters, what the rule remembers, and the number of steps taken.
    weight : float
        Total weight of the rows seen so far, which sets the strength of the penalty.
    """

    rule: StepRule
    learning_rate: float
    schedule: Schedule
    batch_size: int
    random: np.random.Generator
    iterate: Iterate
    weight: float = 0.0

    @classmethod
    def begin(
        cls,
        objective: Objective,
        theta: Float[Array, "m p"],
        *,
        rule: StepRule,
        learning_rate: float | None,
        schedule: ScheduleName,
        calls: int | None,
        batch_size: int,
        random: np.random.Generator,
    ) -> "Stream":
        """Begin with the first rows; they set the learning rate where none is given.

        ``calls`` is the number of calls that a schedule with an end is meant for.
        """
        steps = ceil(objective.n_samples / batch_size)
        return cls(
            rule=rule,
            learning_rate=learning_rate
            or default_learning_rate(objective, rule, batch_size, random),
            schedule=Schedule(
                name=schedule, steps_per_epoch=steps, total_steps=steps * (calls or 1)
            ),
            batch_size=batch_size,
            random=random,
            iterate=Iterate.begin(theta, rule),
        )

    def descend(
        self, objective: Objective, theta: Float[Array, "m p"]
    ) -> tuple["Stream", Float[Array, "m p"]]:
        """Go over the rows of ``objective`` once; give the state after it, and its parameters.

        The walk goes on from the model's parameters, ``theta``; but where these are a mean of
        iterates, from the last iterate.
        """
        now = self.iterate if self.rule.average else replace(self.iterate, theta=theta)
        now = objective.walk(
            now,
            self.rule,
            rates=lambda t: self.learning_rate * self.schedule.factors(t),
            batch_size=self.batch_size,
            random=self.random,
        )
        weight = self.weight + objective.source.total_weight
        return replace(self, iterate=now, weight=weight), now.estimate(self.rule)
