"""The level of an interval: the share of intervals that hold the truth."""

from typing import Any

from linnet.errors import SettingError
from linnet.estimators.validation import check_positive

__all__ = ["two_sided"]


def two_sided(level: Any) -> float:
    """Probability left at either end of an interval of this level.

    Raises
    ------
    SettingError
        If ``level`` is not between 0 and 1.
    """
    if check_positive(level, "level") >= 1:
        raise SettingError(f"level={level!r}: it must be less than 1, such as 0.95.")
    return (1 - level) / 2
