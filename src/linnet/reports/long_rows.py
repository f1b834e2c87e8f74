"""The rows whose targets surprise a model most, with what they hold: likely errors of the table."""

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data.tables import Table
from linnet.estimators import TableModel
from linnet.features.quantities import number_values
from linnet.reports.fitted_parts import AnyModel, column_names
from linnet.reports.numbers_in_words import number
from linnet.reports.report_facts import LongRow
from linnet.types import Array

__all__ = ["RowCodes", "long_rows"]

_MOST_COLUMNS: Final = 16
_LONGEST_TEXT: Final = 200


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class RowCodes:
    """What each row's target costs.

    Attributes
    ----------
    targets, predicted : array of shape (n,)
        What occurred, and what was predicted.
    probability : array of shape (n,) or None
        Probability of the predicted class.
    surprise : array of shape (n,)
        By what rows are ordered: rises with the length of the code; −inf for rows not to be shown.
    nats : array of shape (n,) or None
        Lengths of the codes, where there are such.
    """

    targets: Array
    predicted: Array
    probability: Float[Array, " n"] | None
    surprise: Float[Array, " n"]
    nats: Float[Array, " n"] | None


def long_rows(
    model: AnyModel,
    X: Any,
    codes: RowCodes,
    *,
    numbers: Int[Array, " n"],
    shape: tuple[int, int] | None,
    count: int,
) -> tuple[LongRow, ...]:
    """Return the rows with the longest codes, the longest first.

    Parameters
    ----------
    model : model
        A fitted model.
    X : Table, array or sparse matrix
        The rows.
    codes : RowCodes
        What each target costs.
    numbers : array of shape (n,)
        What each row is called.
    shape : pair of int or None
        Of the picture that a row is, if it is one.
    count : int
        How many.
    """
    # Ties keep the order of the table.
    order = np.argsort(-codes.surprise, kind="stable")[:count]
    order = order[codes.surprise[order] > -np.inf]
    values: list[dict[str, str]] = [{}] * len(order)
    pictures: list[tuple[tuple[float, ...], ...]] = [()] * len(order)
    if shape is not None:
        pixels = _pixels(model, X, order).reshape(len(order), *shape).tolist()
        pictures = [tuple(tuple(line) for line in picture) for picture in pixels]
    elif isinstance(X, Table):
        values = _values(model, X, order)
    return tuple(
        LongRow(
            row=int(numbers[row]),
            target=_written(codes.targets[row]),
            predicted=_written(codes.predicted[row]),
            probability=None if codes.probability is None else float(codes.probability[row]),
            nats=None if codes.nats is None else float(codes.nats[row]),
            values=held,
            picture=picture,
        )
        for row, held, picture in zip(order.tolist(), values, pictures, strict=True)
    )


def _values(model: AnyModel, table: Table, rows: Int[Array, " r"]) -> list[dict[str, str]]:
    """Tell what the rows hold in the columns that the model uses, the first 16 of them."""
    used = {each.name for each in model.encoder_.encoders_} if isinstance(model, TableModel) else ()
    names = [name for name in table.names if name in used][:_MOST_COLUMNS]
    # A table may have changed the order of its columns, or hold more than the model knows.
    told = table.only(names).columns.take(rows).to_pylist() if names else [{}] * len(rows)
    return [{name: _shortened(value) for name, value in row.items()} for row in told]


def _pixels(model: AnyModel, X: Any, rows: Int[Array, " r"]) -> Float[Array, "r k"]:
    if isinstance(X, Table):
        few = Table(X.columns.take(rows), X.origin)
        columns = [number_values(few.column(n), n, few.origin) for n in column_names(model)]
        # A pixel that is not known is drawn as nothing.
        return np.nan_to_num(np.column_stack(columns))
    few_rows = X[rows] if hasattr(X, "toarray") else np.asarray(X)[rows]
    dense = few_rows.toarray() if hasattr(few_rows, "toarray") else few_rows
    return np.asarray(dense, dtype=np.float64)


def _written(value: Any) -> str:
    return number(float(value)) if isinstance(value, float | np.floating) else str(value)


def _shortened(value: Any) -> str:
    if value is None:
        return "missing"
    text = number(value, 6) if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
