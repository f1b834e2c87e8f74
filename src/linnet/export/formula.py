"""A fitted model as one formula, terms of columns added up: all exports are written from it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted

from linnet.errors import DataError, DataTypeError, SettingError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel
from linnet.estimators.softmax_parameters import weights_of
from linnet.export.terms import ColumnType, Cycle, Gap, Levels, Quantity, Term, Words
from linnet.features.categories import CategoryEncoder
from linnet.features.dates import DateEncoder
from linnet.features.hashing import HashingEncoder
from linnet.features.plan import ColumnEncoder
from linnet.features.quantities import NumberEncoder
from linnet.features.text import TextEncoder
from linnet.types import Array

__all__ = ["Formula", "formula_of", "refuse"]

# Those of at most 15 digits: float64 holds each of them.
_WHOLE_NUMBER: Final = re.compile(r"0|-?[1-9][0-9]{0,14}")

_Weights: TypeAlias = Float[Array, "width m"]


@final
@dataclass(frozen=True)
class Formula:
    """Scores z ∈ Rᵐ of a row, and what is made of them.

    Parameters
    ----------
    columns : dict of str to ColumnType
        The columns of the table that the terms read.
    terms : tuple of Term
        What is added to the intercept.
    intercept : array of shape (m,)
        The score of a row whose terms are all 0.
    classes : array of shape (q,) or None
        Classes, whose probabilities are the softmax of the scores: of (0, z) for two classes,
        where m is 1. ``None`` for a regression, which predicts the scores themselves.
    single : bool
        Whether a regression predicts one number, not a list of them.
    of_table : bool
        Whether an encoder stands before the regression.
    named : bool
        Whether the columns have names of their own; else they are called c1, c2, ….
    """

    columns: dict[str, ColumnType]
    terms: tuple[Term, ...]
    intercept: Float[Array, " m"]
    classes: Array | None
    single: bool
    of_table: bool
    named: bool

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes as Python has them; none of a regression."""
        return () if self.classes is None else tuple(self.classes.tolist())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Name the numbers that are predicted, as ``linnet predict`` does."""
        if self.classes is not None:
            return tuple(f"p({label})" for label in self.classes)
        if self.single:
            return ("prediction",)
        return tuple(f"prediction {i}" for i in range(1, len(self.intercept) + 1))


def formula_of(model: Any) -> Formula:
    """Take a fitted model apart.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression or TableModel
        The model.

    Raises
    ------
    DataTypeError
        If it is another kind of object.
    DataError
        If a weight is not finite.
    """
    regression = model.estimator_ if isinstance(_known(model), TableModel) else model
    weights = np.atleast_2d(weights_of(regression)).T.astype(float)
    intercept = np.atleast_1d(regression.intercept_).astype(float)
    if not (np.isfinite(weights).all() and np.isfinite(intercept).all()):
        raise DataError(
            "The model has weights that are not finite, so it predicts nothing that could be "
            "exported. Fit it again, with a penalty."
        )
    of_table = isinstance(model, TableModel)
    names, terms = _encoded(model, weights) if of_table else _plain(regression, weights)
    return Formula(
        columns=names,
        terms=terms,
        intercept=intercept,
        classes=regression.classes_ if isinstance(regression, SoftmaxRegression) else None,
        single=regression.coef_.ndim == 1,
        of_table=of_table,
        named=model.encoder_.named_ if of_table else hasattr(regression, "feature_names_in_"),
    )


def refuse(term: Term, form: str, instead: str) -> SettingError:
    """Say that a form of export has no way to express a term."""
    what = "words of a text" if isinstance(term, Words) else "dates"
    return SettingError(
        f"The model uses the {what} in column {term.column!r}, which {form} cannot express. "
        f"{instead}"
    )


def _known(model: Any) -> Any:
    if not isinstance(model, TableModel | SoftmaxRegression | LinearRegression):
        raise DataTypeError(
            f"A {type(model).__name__} cannot be exported. Give a SoftmaxRegression, a "
            "LinearRegression or a TableModel that is fitted."
        )
    check_is_fitted(model)
    return model


def _plain(
    regression: Any, weights: _Weights
) -> tuple[dict[str, ColumnType], tuple[Quantity, ...]]:
    """Each feature is a column of numbers, none of them missing."""
    names = getattr(regression, "feature_names_in_", None)
    if names is None:
        # What tables call the columns of an array.
        names = [f"c{i}" for i in range(1, len(weights) + 1)]
    terms = tuple(
        Quantity(str(name), None, 0.0, 1.0, row) for name, row in zip(names, weights, strict=True)
    )
    return {term.column: ColumnType.NUMBER for term in terms}, terms


def _encoded(
    model: TableModel, weights: _Weights
) -> tuple[dict[str, ColumnType], tuple[Term, ...]]:
    if isinstance(model.encoder_, HashingEncoder):
        raise SettingError(
            "The model's HashingEncoder hashes words and categories, which no export can write. "
            "Fit with a TableEncoder, or predict with linnet."
        )
    columns: dict[str, ColumnType] = {}
    terms: list[Term] = []
    start = 0
    for encoder in model.encoder_.encoders_:
        stop = start + len(encoder.names)
        column_type, terms_of = _READERS[type(encoder)]
        columns[encoder.name] = column_type
        terms += terms_of(encoder, weights[start:stop])
        start = stop
    return columns, tuple(terms)


def _number_terms(encoder: NumberEncoder, weights: _Weights) -> Iterator[Term]:
    yield from _quantity_terms(encoder.name, encoder, weights)


def _quantity_terms(column: str, encoder: NumberEncoder, weights: _Weights) -> Iterator[Term]:
    if encoder.varies:
        yield Quantity(column, encoder.fill, encoder.centre, encoder.scale, weights[0])
    if encoder.flagged:
        yield Gap(column, weights[-1])


def _category_terms(encoder: CategoryEncoder, weights: _Weights) -> Iterator[Term]:
    k = len(encoder.levels)
    # A value without a column of its own, or for others, adds nothing.
    other = weights[k] if encoder.rare else np.zeros(weights.shape[1])
    missing = weights[-1] if encoder.flagged else other
    values = (*encoder.levels, *encoder.rare)
    yield Levels(
        encoder.name,
        encoder.levels,
        weights[:k],
        other,
        missing,
        are_codes=all(map(_WHOLE_NUMBER.fullmatch, values)),
        has_blank="" in values,
    )


def _date_terms(encoder: DateEncoder, weights: _Weights) -> Iterator[Term]:
    start = len(encoder.days.names)
    yield from _quantity_terms(encoder.name, encoder.days, weights[:start])
    for part in encoder.parts:
        stop = start + len(part.seen)
        yield Cycle(encoder.name, part.unit, part.seen, weights[start:stop])
        start = stop


def _text_terms(encoder: TextEncoder, weights: _Weights) -> Iterator[Term]:
    yield Words(
        encoder.name, encoder.method, encoder.n_grams, encoder.words, encoder.rarity, weights
    )


_Reader: TypeAlias = Callable[[Any, _Weights], Iterator[Term]]

_READERS: Final[dict[type[ColumnEncoder], tuple[ColumnType, _Reader]]] = {
    NumberEncoder: (ColumnType.NUMBER, _number_terms),
    CategoryEncoder: (ColumnType.CATEGORY, _category_terms),
    DateEncoder: (ColumnType.DATE, _date_terms),
    TextEncoder: (ColumnType.TEXT, _text_terms),
}
