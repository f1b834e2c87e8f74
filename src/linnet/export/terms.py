"""A model's score is a sum of terms, each of one column of the table: there are five kinds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, final

from jaxtyping import Float

from linnet.types import Array

__all__ = ["ColumnType", "Cycle", "Gap", "Levels", "Quantity", "Term", "Words"]


class ColumnType(StrEnum):
    """What a column of the table holds; a date counts as its days since 1970-01-01."""

    NUMBER = "number"
    DATE = "date"
    CATEGORY = "category"
    TEXT = "text"


@final
@dataclass(frozen=True)
class Quantity:
    """w · (x − centre) / scale for a number x; a missing one counts as ``fill``.

    Without a ``fill`` a missing number is an error: the model has no idea of it.
    """

    column: str
    fill: float | None
    centre: float
    scale: float
    weights: Float[Array, " m"]

    @property
    def filled(self) -> float | None:
        """What a missing number counts as, standardised."""
        return None if self.fill is None else (self.fill - self.centre) / self.scale


@final
@dataclass(frozen=True)
class Gap:
    """W where the number or date is missing, else 0."""

    column: str
    weights: Float[Array, " m"]


@final
@dataclass(frozen=True)
class Levels:
    """The weights of the level that the column holds; others and missing ones have their own.

    ``are_codes`` tells that all levels are whole numbers, so that the column may hold numbers;
    ``has_blank``, that empty text was a value when fitting, which is no gap.
    """

    column: str
    levels: tuple[str, ...]
    weights: Float[Array, "levels m"]
    other: Float[Array, " m"]
    missing: Float[Array, " m"]
    are_codes: bool
    has_blank: bool


@final
@dataclass(frozen=True)
class Cycle:
    """The weights of a date's place in a cycle, counted from 0; 0 for places not listed.

    ``unit`` is "month", "weekday" (Monday is 0) or "hour".
    """

    column: str
    unit: str
    places: tuple[int, ...]
    weights: Float[Array, "places m"]


@final
@dataclass(frozen=True)
class Words:
    """⟨w, v⟩ for the vector v of length 1 that a text's words make: see ``TextEncoder``."""

    column: str
    method: str
    n_grams: int
    words: tuple[str, ...]
    rarity: Float[Array, " words"]
    weights: Float[Array, "width m"]


Term: TypeAlias = Quantity | Gap | Levels | Cycle | Words
"""Any of them."""
