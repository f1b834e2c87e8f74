"""What each term of a formula adds to the scores, as operations of an ONNX graph."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from linnet.export.formula import Formula
from linnet.export.onnx_graph import OnnxGraph
from linnet.export.terms import ColumnType, Cycle, Gap, Levels, Quantity

__all__ = ["term_nodes"]

_DAY_IN_MICROSECONDS: Final = 86_400_000_000
_HOUR_IN_MICROSECONDS: Final = 3_600_000_000
_NO_DATE: Final = np.iinfo(np.int64).min
"""How NumPy stores a date that is missing."""

_LENGTHS: Final = {"month": 12, "weekday": 7, "hour": 24}


def term_nodes(graph: OnnxGraph, formula: Formula) -> Iterator[str]:
    """Apply the operations of all terms; give the names of values of shape (rows, m) to be added.

    Numbers and gaps are each one product of a matrix; levels are looked up in a table of weights.
    """
    quantities = [term for term in formula.terms if isinstance(term, Quantity)]
    if quantities:
        given = _side_by_side(graph, formula, [term.column for term in quantities])
        fills = graph.constant([[term.fill for term in quantities]])
        known = graph.apply("Where", graph.apply("IsNaN", given), fills, given)
        centred = graph.apply("Sub", known, graph.constant([[t.centre for t in quantities]]))
        scaled = graph.apply("Div", centred, graph.constant([[t.scale for t in quantities]]))
        yield graph.apply("MatMul", scaled, graph.constant([t.weights for t in quantities]))
    gaps = [term for term in formula.terms if isinstance(term, Gap)]
    if gaps:
        given = _side_by_side(graph, formula, [term.column for term in gaps])
        flags = graph.as_floats(graph.apply("IsNaN", given))
        yield graph.apply("MatMul", flags, graph.constant([term.weights for term in gaps]))
    for term in formula.terms:
        if isinstance(term, Levels):
            yield _levels(graph, term)
        elif isinstance(term, Cycle):
            yield _cycle(graph, term)


def _side_by_side(graph: OnnxGraph, formula: Formula, columns: Sequence[str]) -> str:
    """Join columns of numbers, NaN where missing, into a matrix."""
    one = graph.constant([1])
    parts = []
    for column in columns:
        is_date = formula.columns[column] is ColumnType.DATE
        parts.append(graph.apply("Unsqueeze", _days(graph, column) if is_date else column, one))
    return graph.apply("Concat", *parts, axis=1)


def _days(graph: OnnxGraph, column: str) -> str:
    moments = graph.as_floats(column)
    days = graph.apply("Div", moments, graph.constant(float(_DAY_IN_MICROSECONDS)))
    return graph.apply("Where", _is_gap(graph, column), graph.constant(np.nan), days)


def _levels(graph: OnnxGraph, term: Levels) -> str:
    """Find the place of a text among the levels, and take the weights that stand there."""
    places = {level: i for i, level in enumerate(term.levels)}
    k = len(places)
    # The empty text is a gap, unless it was a value when fitting.
    places = {"": k if term.has_blank else k + 1} | places
    place = graph.apply(
        "LabelEncoder",
        term.column,
        domain="ai.onnx.ml",
        keys_strings=list(places),
        values_int64s=list(places.values()),
        default_int64=k,
    )
    table = np.vstack([term.weights, term.other, term.missing])
    return graph.apply("Gather", graph.constant(table), place)


def _cycle(graph: OnnxGraph, term: Cycle) -> str:
    length = _LENGTHS[term.unit]
    table = np.zeros((length + 1, term.weights.shape[1]))
    table[list(term.places)] = term.weights
    place = {"month": _month, "weekday": _weekday, "hour": _hour}[term.unit](graph, term.column)
    gap = graph.constant(length)
    place = graph.apply("Where", _is_gap(graph, term.column), gap, place)
    return graph.apply("Gather", graph.constant(table), place)


def _is_gap(graph: OnnxGraph, column: str) -> str:
    return graph.apply("Equal", column, graph.constant(_NO_DATE))


def _hour(graph: OnnxGraph, column: str) -> str:
    return graph.quotient(graph.remainder(column, _DAY_IN_MICROSECONDS), _HOUR_IN_MICROSECONDS)


def _weekday(graph: OnnxGraph, column: str) -> str:
    # 1970-01-01 was a Thursday.
    return graph.remainder(graph.shifted(_whole_days(graph, column), 3), 7)


def _month(graph: OnnxGraph, column: str) -> str:
    """Find the month from the day, in years that begin in March: 400 of them are 146,097 days.

    References
    ----------
    Hinnant, "chrono-compatible low-level date algorithms", 2021, civil_from_days.
    """
    # Days since 0000-03-01, within 400 years.
    day = graph.remainder(graph.shifted(_whole_days(graph, column), 719_468), 146_097)
    corrected = graph.apply("Sub", day, graph.quotient(day, 1460))
    corrected = graph.apply("Add", corrected, graph.quotient(day, 36_524))
    corrected = graph.apply("Sub", corrected, graph.quotient(day, 146_096))
    year = graph.quotient(corrected, 365)
    before = graph.apply("Mul", year, graph.constant(365))
    before = graph.apply("Add", before, graph.quotient(year, 4))
    before = graph.apply("Sub", before, graph.quotient(year, 100))
    day_of_year = graph.apply("Sub", day, before)
    fives = graph.apply("Mul", day_of_year, graph.constant(5))
    from_march = graph.quotient(graph.shifted(fives, 2), 153)
    return graph.remainder(graph.shifted(from_march, 2), 12)


def _whole_days(graph: OnnxGraph, column: str) -> str:
    """Divide downwards, also where the date is before 1970."""
    rest = graph.remainder(column, _DAY_IN_MICROSECONDS)
    return graph.quotient(graph.apply("Sub", column, rest), _DAY_IN_MICROSECONDS)
