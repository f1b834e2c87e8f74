"""How far the columns of a table are from what a model keeps of those it was fitted to.

A model keeps mean and deviation of each number, and the levels of each category. For numbers that
were standardised in training the Gaussian code of training costs more than one made for this
table: the divergence of N(m, v) from N(0, 1) is ½ (v − 1 − log v + m²).
"""

from dataclasses import asdict, dataclass
from math import log
from typing import Any, final

import numpy as np
from jaxtyping import Float

from linnet.data.tables import Table
from linnet.features import TableEncoder
from linnet.features.quantities import NumberEncoder, number_values
from linnet.reports.estimates import Estimate, mean_estimate
from linnet.types import Array

__all__ = ["NumberShift", "Shift", "UnseenValues", "measure_shift"]


@final
@dataclass(frozen=True)
class NumberShift:
    """A column of numbers.

    Attributes
    ----------
    name : str
        The column.
    mean : Estimate
        Its mean here less that of training, in standard deviations of training.
    deviation : float
        Its standard deviation here, in that of training.
    extra : float or None
        ½ (v − 1 − log v + m²), in nats a value; None where the values here are all the same.
    """

    name: str
    mean: Estimate
    deviation: float
    extra: float | None


@final
@dataclass(frozen=True)
class UnseenValues:
    """Values of a category, or missing ones, that training did not have.

    Attributes
    ----------
    name : str
        The column.
    rows : int
        Rows with such a value.
    values : dict of str to int
        The values, the commonest first, and the rows of each.
    """

    name: str
    rows: int
    values: dict[str, int]


@final
@dataclass(frozen=True)
class Shift:
    """How far a table is from what a model keeps of its training.

    Attributes
    ----------
    rows : int
        Rows of the table.
    numbers : tuple of NumberShift
        Columns of numbers, those that cost most more first.
    unseen : tuple of UnseenValues
        Columns with values that training did not have, those with the most rows first.
    """

    rows: int
    numbers: tuple[NumberShift, ...]
    unseen: tuple[UnseenValues, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON shows."""
        return asdict(self)


def measure_shift(encoder: TableEncoder, table: Table) -> Shift:
    """Compare a table with what an encoder keeps of the one it was fitted to.

    Numbers that the encoder did not standardise are left out: of those it keeps no mean.

    Parameters
    ----------
    encoder : TableEncoder
        A fitted one.
    table : Table
        A table with its columns.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> encoder = TableEncoder().fit({"size": [1.0, 3.0], "colour": ["red", "blue"]})
    >>> found = measure_shift(encoder, as_table({"size": [3.0, 5.0], "colour": ["red", "pink"]}))
    >>> found.numbers[0].mean.value, found.numbers[0].extra
    (2.0, 2.0)
    >>> found.unseen[0].values
    {'pink': 1}
    """
    numbers = [
        _number(each, number_values(table.column(each.name), each.name, table.origin))
        for each in encoder.encoders_
        if isinstance(each, NumberEncoder) and each.varies and encoder.scale
    ]
    told = [found for found in numbers if found is not None]
    unseen = [
        UnseenValues(
            name, sum(values.values()), dict(sorted(values.items(), key=lambda item: -item[1]))
        )
        for name, values in encoder.unseen(table).items()
    ]
    return Shift(
        rows=table.n_rows,
        numbers=tuple(sorted(told, key=lambda n: -(np.inf if n.extra is None else n.extra))),
        unseen=tuple(sorted(unseen, key=lambda u: -u.rows)),
    )


def _number(encoder: NumberEncoder, x: Float[Array, " n"]) -> NumberShift | None:
    """Compare the known values of a column; None where nothing is known."""
    z = (x[~np.isnan(x)] - encoder.centre) / encoder.scale
    if not len(z):
        return None
    variance = float(z.var())
    mean = mean_estimate(z, np.ones(len(z)))
    extra = 0.5 * (variance - 1 - log(variance) + mean.value**2) if variance > 0 else None
    return NumberShift(encoder.name, mean, variance**0.5, extra)
