"""Learning rates that change with the number of steps taken."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

import numpy as np
from jaxtyping import Float, Int

from linnet.types import Array

__all__ = ["ENDLESS_SCHEDULES", "SCHEDULES", "Schedule", "ScheduleName"]

ScheduleName: TypeAlias = Literal["constant", "inverse-scaling", "cosine", "one-cycle"]

SCHEDULES: Final[tuple[ScheduleName, ...]] = (
    "inverse-scaling",
    "constant",
    "cosine",
    "one-cycle",
)
ENDLESS_SCHEDULES: Final[tuple[ScheduleName, ...]] = ("inverse-scaling", "constant")
"""Schedules that need not know beforehand how many steps there will be."""


@final
@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The factor by which the initial learning rate is multiplied at each step t = 0, 1, ….

    - ``"constant"``: 1.
    - ``"inverse-scaling"``: 1/(1 + 4t/T)^power, where T is the number of steps of an epoch: the
      classical decrease of Robbins and Monro (1951), which converges for powers in (½, 1]. The
      4 lets the rate halve within the first epoch, so that one epoch makes a useful fit.
    - ``"cosine"``: ½(1 + cos πt/T), where T is the number of all steps; Loshchilov and Hutter
      (2017), eq. 5, without restarts.
    - ``"one-cycle"``: up from 1/25 to 1 over the first 30 % of all steps, then down to 0, both
      along a cosine; Smith and Topin (2019).

    Parameters
    ----------
    name : str
        One of the four.
    steps_per_epoch, total_steps : int
        T of the inverse scaling, and T of the cosines.
    power : float
        Exponent of the inverse scaling.
    """

    name: ScheduleName = "constant"
    steps_per_epoch: int = 1
    total_steps: int = 1
    power: float = 0.5

    def factor(self, t: int) -> float:
        """Factor of step ``t``.

        Examples
        --------
        >>> schedule = Schedule(name="cosine", total_steps=10)
        >>> [round(schedule.factor(t), 3) for t in (0, 5, 10)]
        [1.0, 0.5, 0.0]
        """
        return float(self.factors(np.array([t]))[0])

    def factors(self, t: Int[Array, " t"]) -> Float[Array, " t"]:
        """Factors of the steps of these numbers."""
        done = np.minimum(1.0, t / self.total_steps)
        match self.name:
            case "constant":
                return np.ones(len(t))
            case "inverse-scaling":
                return (1 + 4 * t / self.steps_per_epoch) ** -self.power
            case "cosine":
                return _fall(done)
            case "one-cycle":
                low, peak_at = 1 / 25, 0.3
                rise = low + (1 - low) * (1 - _fall(done / peak_at))
                return np.where(done < peak_at, rise, _fall((done - peak_at) / (1 - peak_at)))


def _fall(done: Float[Array, " t"]) -> Float[Array, " t"]:
    """Half a cosine, from 1 to 0."""
    return 0.5 * (1 + np.cos(np.pi * done))
