"""The columns that an encoder makes of a table: its columns are the terms, in their own units."""

import numpy as np

from linnet.estimators.inference.columns import DesignColumns
from linnet.features.categories import CategoryEncoder
from linnet.features.dates import DateEncoder
from linnet.features.encoder import TableEncoder
from linnet.features.plan import ColumnEncoder

__all__ = ["columns_of_encoder"]


def columns_of_encoder(encoder: TableEncoder) -> DesignColumns:
    """Describe the columns of a design that an encoder made.

    The base level of a category is its first, and so is that of months, weekdays and hours.
    """
    terms, bases, start = {}, [], 0
    for each in encoder.encoders_:
        stop = start + len(each.names)
        terms[each.name] = tuple(range(start, stop))
        bases += [start + place for place in _bases(each)]
        start = stop
    names = tuple(str(name) for name in encoder.get_feature_names_out())
    return DesignColumns(
        names, terms, tuple(bases), np.asarray(encoder.mean_), np.asarray(encoder.scale_)
    )


def _bases(encoder: ColumnEncoder) -> list[int]:
    """First columns of all sets of levels that a column becomes."""
    if isinstance(encoder, CategoryEncoder):
        return [0]
    if isinstance(encoder, DateEncoder):
        widths = [len(encoder.days.names), *(len(part.seen) for part in encoder.parts)]
        return np.cumsum(widths)[:-1].tolist()
    return []
