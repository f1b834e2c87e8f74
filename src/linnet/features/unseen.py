"""Values that were not seen when fitting are counted and told."""

from collections import Counter
from collections.abc import Mapping
from typing import Final, final

__all__ = ["UnseenValues", "unseen_message"]

_MOST_VALUES_SHOWN: Final = 3
# Of a column of identifiers more would take memory without end, and few are shown.
_MOST_VALUES_KEPT: Final = 100_000


@final
class UnseenValues:
    """Counts of values not seen when fitting, of rows that come some at a time.

    Of a column, 100,000 values are kept: those met first.

    Examples
    --------
    >>> unseen = UnseenValues()
    >>> for _ in range(2):
    ...     unseen.add({"city": {"Rome": 3}})
    >>> unseen.message
    "Values not seen when fitting: 'city': 'Rome' in 6 rows. They count as 'other', or as ..."
    """

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}

    def add(self, unseen: Mapping[str, Mapping[str, int]]) -> None:
        """Count the values of further rows, for each column."""
        for name, values in unseen.items():
            known = self._counts.setdefault(name, Counter())
            for value, rows in values.items():
                if value in known or len(known) < _MOST_VALUES_KEPT:
                    known[value] += rows

    @property
    def message(self) -> str:
        """What is to be told of them; empty if there are none."""
        return unseen_message(self._counts) if self._counts else ""


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
