"""A date enters as its distance in days and as its place in the year, the week and the day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data.missing import typed_column
from linnet.data.tables import ArrowColumn
from linnet.errors import TableError
from linnet.features.design import Part, Slot
from linnet.features.moments import Moments
from linnet.features.quantities import NumberEncoder
from linnet.types import Array

__all__ = ["DateEncoder", "DatePart", "Places", "date_values", "days_and_places"]

_DAY_IN_MICROSECONDS: Final = 86_400_000_000
_LEVELS: Final = {
    "month": (
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
        *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ),
    "weekday": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "hour": tuple(f"{hour:02}" for hour in range(24)),
}


@final
@dataclass(frozen=True)
class Places:
    """The places in each cycle, by its unit, in which dates lie."""

    seen: Mapping[str, frozenset[int]]

    def merged(self, other: "Places") -> "Places":
        """Return the places of both sets of dates."""
        return Places({unit: seen | other.seen[unit] for unit, seen in self.seen.items()})


@final
@dataclass(frozen=True)
class DatePart:
    """One cycle of a date: its unit, and the places in it (January is 0) seen when fitting."""

    unit: str
    seen: tuple[int, ...]


@final
@dataclass(frozen=True)
class DateEncoder:
    """Encode a date as a number of days, and one-hot as month, weekday and hour.

    A cycle of which only one place was seen when fitting is left out; so is the hour of plain
    dates. A place not seen when fitting has zeros in all columns of its cycle, and is told.

    Parameters
    ----------
    name : str
        The column's name.
    days : NumberEncoder
        Encodes the days since 1970-01-01, as any number: less its mean, in units of its standard
        deviation or, unscaled, in days since the mean.
    parts : tuple of DatePart
        The cycles encoded.
    """

    name: str
    days: NumberEncoder
    parts: tuple[DatePart, ...]

    @classmethod
    def fit(
        cls, name: str, days: Moments, places: Places, *, scaled: bool, flagged: bool
    ) -> "DateEncoder":
        """Take the mean day, its spread, and the cycles in which the dates differ."""
        number = NumberEncoder.fit(f"{name} days", days, scaled=scaled, flagged=flagged)
        if not scaled:
            number = replace(number, centre=number.fill)
        parts = [DatePart(unit, tuple(sorted(seen))) for unit, seen in places.seen.items()]
        return cls(name, number, tuple(part for part in parts if len(part.seen) > 1))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns made."""
        cycles = (
            f"{self.name} {part.unit}={_LEVELS[part.unit][place]}"
            for part in self.parts
            for place in part.seen
        )
        return (*self.days.names, *cycles)

    @property
    def centres(self) -> tuple[float, ...]:
        """What was subtracted in each column made."""
        return self.days.centres + (0.0,) * sum(len(part.seen) for part in self.parts)

    @property
    def scales(self) -> tuple[float, ...]:
        """What each column made was divided by."""
        return self.days.scales + (1.0,) * sum(len(part.seen) for part in self.parts)

    def encode(self, column: ArrowColumn, origin: str) -> Part:
        """Encode a column of the table called ``origin``."""
        moments = _moments(column, self.name, origin)
        days = self.days.encode_values(_days(moments))
        slots, width, unseen = [*days.slots], days.width, {**days.unseen}
        for part in self.parts:
            places = _places(part.unit, moments)
            columns = _lookup(part)[places]
            slots.append(Slot(np.where(columns >= 0, columns + width, -1)))
            for place in places[(places >= 0) & (columns < 0)]:
                told = f"{part.unit}={_LEVELS[part.unit][place]}"
                unseen[told] = unseen.get(told, 0) + 1
            width += len(part.seen)
        return Part(width, slots, unseen=unseen)


def date_values(column: ArrowColumn, name: str, origin: str) -> tuple[Float[Array, " n"], Places]:
    """Return the days since 1970-01-01, NaN where missing, and the places in the cycles."""
    days, cycles = days_and_places(column, name, origin)
    found = {unit: np.unique(places) for unit, places in cycles.items()}
    seen = {unit: frozenset(places[places >= 0].tolist()) for unit, places in found.items()}
    return days, Places(seen)


def days_and_places(
    column: ArrowColumn, name: str, origin: str
) -> tuple[Float[Array, " n"], dict[str, Int[Array, " n"]]]:
    """Return the days since 1970-01-01, NaN where missing, and each row's place in each cycle."""
    moments = _moments(column, name, origin)
    return _days(moments), {unit: _places(unit, moments) for unit in _LEVELS}


def _lookup(part: DatePart) -> Int[Array, " places"]:
    """Return the column of each place of a cycle, and −1 for unseen places and for missing ones."""
    lookup = np.full(len(_LEVELS[part.unit]) + 1, -1)
    lookup[list(part.seen)] = np.arange(len(part.seen))
    return lookup


def _moments(column: ArrowColumn, name: str, origin: str) -> ArrowColumn:
    import pyarrow as pa
    from pyarrow import types

    column = typed_column(column)
    if not (types.is_temporal(column.type) or types.is_null(column.type)):
        value = next(v for v in column.to_pylist() if v is not None)
        raise TableError(
            f"{origin}, column {name!r}: it held dates when the encoder was fitted, and now holds "
            f"{column.type}, such as {value!r}. Dates are written 2024-02-29 or 2024-02-29 18:30."
        )
    return column.cast(pa.timestamp("us"))


def _days(moments: ArrowColumn) -> Float[Array, " n"]:
    """Return the days since 1970-01-01, with fractions; NaN where missing."""
    import pyarrow as pa

    return moments.cast(pa.int64()).to_numpy().astype(float) / _DAY_IN_MICROSECONDS


def _places(unit: str, moments: ArrowColumn) -> Int[Array, " n"]:
    """Return the place of each moment in a cycle, counted from 0; −1 where missing."""
    import pyarrow.compute as pc

    functions: dict[str, Callable[[Any], Any]] = {
        "month": lambda column: pc.subtract(pc.month(column), 1),
        "weekday": pc.day_of_week,
        "hour": pc.hour,
    }
    return np.asarray(pc.fill_null(functions[unit](moments), -1).to_numpy(), dtype=np.int64)
