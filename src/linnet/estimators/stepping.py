"""Steps over blocks of hashed rows: what learning classes and learning numbers have in common."""

from dataclasses import dataclass
from math import ceil
from typing import Any, Final, final

import numpy as np
from jaxtyping import Int
from sklearn.utils import check_random_state

from linnet.data.batch import Batch
from linnet.data.budget import bytes_in_words
from linnet.engine import Iterate, StepRule, Walk, descend
from linnet.errors import SettingError
from linnet.estimators.learnt import Pace
from linnet.objective import Objective
from linnet.solvers.choice import choose_rule
from linnet.solvers.schedules import Schedule
from linnet.solvers.sgd import default_learning_rate
from linnet.types import Array

__all__ = ["NO_ROWS", "Stepping", "rule_of"]

NO_ROWS: Final = Batch(np.empty((0, 0)), np.empty(0, dtype=np.int64))
"""What is left of a block's rows once they were learnt from."""

# The share of the memory that parameters, what a rule remembers, and copies of both may take.
_SHARE_OF_PARAMETERS: Final = 0.6
# Curvatures differ little between samples of so many rows.
_ROWS_THAT_SET_THE_PACE: Final = 2048


@final
@dataclass(frozen=True)
class Stepping:
    """Takes steps over blocks of rows, with the estimator's settings, within so much memory."""

    estimator: Any
    rule: StepRule
    memory: int
    random: np.random.Generator

    @classmethod
    def of(cls, estimator: Any, memory: int) -> "Stepping":
        """Follow the estimator's settings, within so much memory."""
        seed = check_random_state(estimator.random_state).randint(2**31 - 1)
        return cls(estimator, rule_of(estimator), memory, np.random.default_rng(seed))

    def order(self, batch: Batch) -> Int[Array, " n"]:
        """Draw an order of the rows."""
        return self.random.permutation(batch.n_samples)

    def starts(self, order: Int[Array, " r"]) -> Int[Array, " t"]:
        """Where in an order each step begins."""
        return np.arange(0, len(order), self.estimator.batch_size)

    def check_room(self, n_scores: int, width: int, what: str, advice: str = "") -> None:
        """Raise SettingError unless the parameters fit in the memory."""
        needed = 8 * width * n_scores * (4 + 3 * self.rule.n_slots)
        if needed > _SHARE_OF_PARAMETERS * self.memory:
            raise SettingError(
                f"{what}, and what is remembered of them, take {bytes_in_words(float(needed))}, "
                f"and the budget leaves {bytes_in_words(_SHARE_OF_PARAMETERS * self.memory)} for "
                f"them. Take fewer bits, or raise memory (--memory){advice}."
            )

    def pace(self, objective: Objective) -> Pace:
        """Find out how long the steps are to be."""
        size = self.estimator.batch_size
        rate = self.estimator.learning_rate or default_learning_rate(
            objective, self.rule, size, self.random
        )
        return Pace(
            rate,
            Schedule(
                name=self.estimator.schedule,
                steps_per_epoch=ceil(objective.n_samples / size),
            ),
        )

    def walk(
        self,
        objective: Objective,
        batch: Batch,
        iterate: Iterate,
        order: Int[Array, " r"],
        pace: Pace,
    ) -> Iterate:
        """Go over rows of a block in this order."""
        steps = iterate.steps + np.arange(len(self.starts(order)))
        walk = Walk(
            order=order,
            batch_size=self.estimator.batch_size,
            rates=pace.learning_rate * pace.schedule.factors(steps),
            l2=objective.l2,
            share=batch.n_samples / objective.source.total_weight,
        )
        return descend(objective.loss, batch, walk, self.rule, iterate)


def rule_of(estimator: Any) -> StepRule:
    """Return the step that an estimator's settings name."""
    average = bool(estimator.average)
    return choose_rule(estimator.solver, momentum=estimator.momentum, average=average)
