"""Terms of a formula as scikit-learn's transformers, each with the weights of what it makes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
from jaxtyping import Float

from linnet.errors import MissingDependencyError
from linnet.export.formula import Formula, refuse
from linnet.export.terms import ColumnType, Cycle, Gap, Levels, Quantity, Words
from linnet.types import Array

__all__ = ["Block", "blocks_of", "pandas_package"]

_Transformer: TypeAlias = Any
"""A transformer of scikit-learn, which is untyped."""

_GAP: Final = "\0missing"
"""A text that stands for one that is missing: no text in a table is like it."""


@final
@dataclass(frozen=True)
class Block:
    """A transformer of columns, and the weights of the columns that it makes.

    Parameters
    ----------
    name : str
        What the pipeline calls it.
    columns : list of str, or str
        The columns it takes; one name alone for a transformer of texts.
    example : float or str
        A value that its columns may hold.
    transformer : object
        Not fitted yet.
    learn : function
        Gives the transformer, fitted to examples, what the model has learnt.
    weights : array of shape (width, m)
        The weight of each column made.
    """

    name: str
    columns: list[str] | str
    example: float | str
    transformer: _Transformer
    learn: Callable[[_Transformer], None]
    weights: Float[Array, "width m"]


def pandas_package() -> Any:
    """Import pandas.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingDependencyError(
            "pandas is needed: only in its data frames does scikit-learn find columns by name. "
            "Install it with: pip install pandas"
        ) from error
    return pd


def blocks_of(formula: Formula) -> Iterator[Block]:
    """Sort the terms of a formula into blocks.

    A value that a category did not have when fitting is encoded as zeros, so that the weights of
    its levels are differences from those of such a value, which are part of the intercept.

    Raises
    ------
    SettingError
        If a term is one of dates.
    """
    for term in formula.terms:
        if isinstance(term, Cycle) or formula.columns[term.column] is ColumnType.DATE:
            raise refuse(
                term,
                "scikit-learn",
                "The pipeline of model.encoder_ and to_sklearn(model.estimator_) can, but needs "
                "linnet.",
            )
    quantities = [term for term in formula.terms if isinstance(term, Quantity)]
    if quantities:
        yield _numbers(quantities)
    gaps = [term for term in formula.terms if isinstance(term, Gap)]
    if gaps:
        yield _gaps(gaps)
    levels = [term for term in formula.terms if isinstance(term, Levels)]
    texts = [term for term in levels if not term.are_codes]
    if texts:
        yield _texts(texts, in_frames=formula.named)
    codes = [term for term in levels if term.are_codes]
    if codes:
        yield _codes(codes)
    words = [term for term in formula.terms if isinstance(term, Words)]
    for i, term in enumerate(words, start=1):
        yield _words(term, f"words {i}")


def _numbers(terms: list[Quantity]) -> Block:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    def learn(pipeline: _Transformer) -> None:
        pipeline["fill"].statistics_ = np.array([term.fill for term in terms], dtype=float)
        scaler = pipeline["scale"]
        scaler.mean_ = np.array([term.centre for term in terms])
        scaler.scale_ = np.array([term.scale for term in terms])
        scaler.var_ = scaler.scale_**2

    return Block(
        "numbers",
        [term.column for term in terms],
        0.0,
        Pipeline([("fill", SimpleImputer()), ("scale", StandardScaler())]),
        learn,
        np.array([term.weights for term in terms]),
    )


def _gaps(terms: list[Gap]) -> Block:
    from sklearn.impute import MissingIndicator
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    # The indicator alone would not see None; a scaler that scales nothing makes it NaN.
    plain = StandardScaler(with_mean=False, with_std=False)
    return Block(
        "gaps",
        [term.column for term in terms],
        0.0,
        Pipeline([("as floats", plain), ("is missing", MissingIndicator(features="all"))]),
        _nothing,
        np.array([term.weights for term in terms]),
    )


def _texts(terms: list[Levels], *, in_frames: bool) -> Block:
    from sklearn.preprocessing import OneHotEncoder

    # An array has either for a text that is missing.
    gaps = [_GAP] if in_frames else [None, np.nan]
    levels = [np.array([*term.levels, *gaps], dtype=object) for term in terms]
    weights = [
        np.vstack([term.weights, *[term.missing] * len(gaps)]) - term.other for term in terms
    ]
    encoder = OneHotEncoder(categories=levels, handle_unknown="ignore")
    return Block(
        "categories",
        [term.column for term in terms],
        "",
        _with_gaps_as_text(encoder) if in_frames else encoder,
        _nothing,
        np.concatenate(weights),
    )


def _with_gaps_as_text(encoder: _Transformer) -> _Transformer:
    """Write one text for whatever a data frame holds where a value is missing."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    # Of all values that can be named here this one alone stands for None and NaN as well.
    fill = SimpleImputer(missing_values=pandas_package().NA, strategy="constant", fill_value=_GAP)
    return Pipeline([("fill", fill), ("one-hot", encoder)])


def _codes(terms: list[Levels]) -> Block:
    """Encode whole numbers, written as texts or not; a number less than all stands for gaps."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    values, weights = [], []
    for term in terms:
        numbers = np.array(term.levels, dtype=float)
        order = np.argsort(numbers)
        values.append(np.array([numbers.min(initial=0.0) - 1, *numbers[order]]))
        weights.append(np.vstack([term.missing, term.weights[order]]) - term.other)

    def learn(pipeline: _Transformer) -> None:
        pipeline["fill"].statistics_ = np.array([each[0] for each in values])

    encoder = OneHotEncoder(categories=values, handle_unknown="ignore")
    return Block(
        "codes",
        [term.column for term in terms],
        0.0,
        Pipeline([("fill", SimpleImputer()), ("one-hot", encoder)]),
        learn,
        np.concatenate(weights),
    )


def _words(term: Words, name: str) -> Block:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

    grams = (1, term.n_grams)
    if term.method == "hashed":
        hashing = HashingVectorizer(n_features=len(term.weights), ngram_range=grams)
        return Block(name, term.column, "", hashing, _nothing, term.weights)

    def learn(vectorizer: _Transformer) -> None:
        vectorizer.idf_ = term.rarity

    vocabulary = {word: i for i, word in enumerate(term.words)}
    counted = TfidfVectorizer(sublinear_tf=True, ngram_range=grams, vocabulary=vocabulary)
    return Block(name, term.column, "", counted, learn, term.weights)


def _nothing(transformer: _Transformer) -> None:
    """Give nothing: its settings hold all that was learnt."""
    del transformer
