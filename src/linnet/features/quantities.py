"""A column of numbers enters standardised, with a flag beside it where values were missing."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.data.missing import typed_column
from linnet.data.tables import ArrowColumn
from linnet.errors import TableError
from linnet.features.design import MISSING_LEVEL, Part, Slot
from linnet.features.moments import Moments
from linnet.types import Array

__all__ = ["NumberEncoder", "number_values"]


@final
@dataclass(frozen=True)
class NumberEncoder:
    """Encode numbers x as (x − centre) / scale, and missing ones as ``fill`` with a flag.

    Parameters
    ----------
    name : str
        The column's name.
    fill : float
        What a missing value counts as: the mean when fitting.
    centre, scale : float
        Mean and standard deviation, or 0 and 1.
    varies : bool
        Whether the known values differ: if not, only the flag is kept.
    flagged : bool
        Whether values were missing when fitting, so that a column says where they are.
    """

    name: str
    fill: float
    centre: float
    scale: float
    varies: bool
    flagged: bool

    @classmethod
    def fit(cls, name: str, moments: Moments, *, scaled: bool, flagged: bool) -> "NumberEncoder":
        """Take mean and standard deviation of the numbers that are known."""
        mean, deviation = moments.mean, moments.deviation
        varies = deviation > 0
        return cls(
            name=name,
            fill=mean,
            centre=mean if scaled else 0.0,
            scale=deviation if scaled and varies else 1.0,
            varies=varies,
            flagged=flagged,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns made."""
        return (self.name,) * self.varies + (f"{self.name} missing",) * self.flagged

    @property
    def centres(self) -> tuple[float, ...]:
        """What was subtracted in each column made."""
        return (self.centre,) * self.varies + (0.0,) * self.flagged

    @property
    def scales(self) -> tuple[float, ...]:
        """What each column made was divided by."""
        return (self.scale,) * self.varies + (1.0,) * self.flagged

    def encode(self, column: ArrowColumn, origin: str) -> Part:
        """Encode a column of the table called ``origin``."""
        return self.encode_values(number_values(column, self.name, origin))

    def encode_values(self, x: Float[Array, " n"]) -> Part:
        """Encode numbers, NaN where missing."""
        missing = np.isnan(x)
        filled = np.where(missing, self.fill, x)
        slots = (Slot(0, (filled - self.centre) / self.scale),) * self.varies
        flag = (Slot(int(self.varies), missing.astype(float)),) * self.flagged
        untold = 0 if self.flagged else int(missing.sum())
        unseen = {MISSING_LEVEL: untold} if untold else {}
        return Part(len(self.names), (*slots, *flag), unseen=unseen)


def number_values(
    column: ArrowColumn, name: str, origin: str, *, first_row: int = 1
) -> Float[Array, " n"]:
    """Return a column as float64, NaN where missing; text counts if it spells numbers.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        The column.
    name, origin : str
        What it and its table are called.
    first_row : int
        Number, in that table, of the first of its rows.

    Raises
    ------
    TableError
        If a value is no number, or infinite: the message names column and row.
    """
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    column = typed_column(column)
    if types.is_string(column.type) or types.is_large_string(column.type):
        row, value = _first_not_number(column)
        raise TableError(
            f"{origin}, column {name!r}, row {first_row + row}: {value!r} is not a number, but the "
            "column held numbers when the encoder was fitted."
        )
    if types.is_temporal(column.type):
        raise TableError(
            f"{origin}, column {name!r}: it holds dates, but held numbers when the encoder was "
            "fitted."
        )
    x = column.cast(pa.float64(), safe=False).to_numpy()
    infinite = np.flatnonzero(np.isinf(x))
    if len(infinite):
        raise TableError(
            f"{origin}, column {name!r}, row {first_row + infinite[0]}: the value is infinite "
            "(inf). Replace infinity by a number, or by nothing if the value is unknown."
        )
    return x


def _first_not_number(column: ArrowColumn) -> tuple[int, str]:
    for row, value in enumerate(column.to_pylist()):
        try:
            float(value or 0)
        except ValueError:
            return row, value
    return 0, column[0].as_py()
