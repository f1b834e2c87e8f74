"""Values that were not seen when fitting are counted and told."""

from collections.abc import Mapping
from typing import Final

__all__ = ["unseen_message"]

_MOST_VALUES_SHOWN: Final = 3


def unseen_message(unseen: Mapping[str, Mapping[str, int]]) -> str:
    """Write how often each column holds values not seen when fitting.

    Examples
    --------
    >>> unseen_message({"city": {"Oslo": 1, "Rome": 3}})
    "Values not seen when fitting: 'city': 'Rome' in 3 rows, 'Oslo' in 1 rows. They count as ..."
    """
    told = "; ".join(f"{name!r}: {_most_frequent(values)}" for name, values in unseen.items())
    return (
        f"Values not seen when fitting: {told}. They count as 'other', or as no level where there "
        "is no such column; a missing number counts as the mean."
    )


def _most_frequent(values: Mapping[str, int]) -> str:
    ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{value!r} in {rows} rows" for value, rows in ordered[:_MOST_VALUES_SHOWN]]
    rest = len(ordered) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
