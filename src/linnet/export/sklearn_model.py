"""A model as a fitted estimator or pipeline of scikit-learn, which then needs no linnet."""

import warnings
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

from linnet.estimators import SoftmaxRegression, TableModel
from linnet.estimators.softmax_parameters import weights_of
from linnet.estimators.softmax_settings import strength_of
from linnet.export.formula import Formula, formula_of
from linnet.export.sklearn_blocks import Block, blocks_of, pandas_package
from linnet.export.terms import Levels
from linnet.types import Array

__all__ = ["to_sklearn"]

_Estimator: TypeAlias = Any
"""An estimator of scikit-learn, which is untyped."""


def to_sklearn(model: Any) -> Any:
    """Make a fitted scikit-learn estimator that predicts what a fitted model predicts.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression or TableModel
        A fitted model.

    Returns
    -------
    LogisticRegression, LinearRegression, Ridge or Pipeline
        Of scikit-learn. A TableModel becomes a pipeline of a ``ColumnTransformer`` and a
        regression, which takes data frames with the columns of the table, or arrays if it was
        fitted to one. Its coefficients are differences from those of values not seen when
        fitting, which scikit-learn encodes as zeros.

    Raises
    ------
    SettingError
        If the model uses dates.
    MissingDependencyError
        If the columns of a TableModel have names, and pandas is not installed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression, to_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> to_sklearn(SoftmaxRegression().fit(X, y)).predict(X[:2])
    array([0, 0])
    """
    formula = formula_of(model)
    if isinstance(model, TableModel):
        return _pipeline(model, formula)
    regression = _regression(model, np.atleast_2d(weights_of(model)).T, formula.intercept)
    if hasattr(model, "feature_names_in_"):
        regression.feature_names_in_ = model.feature_names_in_
    return regression


def _regression(
    model: Any, weights: Float[Array, "k m"], intercept: Float[Array, " m"]
) -> _Estimator:
    """Make an estimator of the same kind and settings, fitted to these weights."""
    from sklearn import linear_model

    shared = {"fit_intercept": model.fit_intercept}
    coef = np.ascontiguousarray(weights.T)
    if isinstance(model, SoftmaxRegression):
        made = linear_model.LogisticRegression(
            C=strength_of(model), tol=model.tol, class_weight=model.class_weight, **shared
        )
        made.classes_, made.coef_, made.intercept_ = model.classes_, coef, intercept
        made.n_iter_ = model.n_iter_.copy()
    else:
        single = model.coef_.ndim == 1
        made = (
            linear_model.Ridge(alpha=model.alpha, **shared)
            if model.alpha
            else linear_model.LinearRegression(**shared)
        )
        made.coef_ = coef[0] if single else coef
        made.intercept_ = float(intercept[0]) if single else intercept
    made.n_features_in_ = coef.shape[1]
    return made


def _pipeline(model: TableModel, formula: Formula) -> _Estimator:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    names = list(model.encoder_.columns_)
    blocks = list(blocks_of(formula))
    steps = [(block.name, block.transformer, _columns(block, formula, names)) for block in blocks]
    with warnings.catch_warnings():
        # Some letters, such as 𝐀, stay capitals in lower case: scikit-learn doubts such words.
        warnings.filterwarnings("ignore", "Upper case characters found in vocabulary")
        encoder = ColumnTransformer(steps).fit(_examples(blocks, formula, names))
    for block in blocks:
        block.learn(encoder.named_transformers_[block.name])
    levels = [term for term in formula.terms if isinstance(term, Levels)]
    regression = _regression(
        model.estimator_,
        np.concatenate([block.weights for block in blocks]),
        np.sum([formula.intercept, *(term.other for term in levels)], axis=0),
    )
    return Pipeline([("encoder", encoder), ("regression", regression)])


def _columns(block: Block, formula: Formula, names: list[str]) -> Any:
    """Return a block's columns by name, or by position where the table was an array."""
    if formula.named:
        return block.columns
    if isinstance(block.columns, str):
        return names.index(block.columns)
    return [names.index(name) for name in block.columns]


def _examples(blocks: list[Block], formula: Formula, names: list[str]) -> Any:
    """Make a row that the transformers can be fitted to, before they are given what they know."""
    example: dict[str, Any] = dict.fromkeys(names, 0.0)
    for block in blocks:
        columns = [block.columns] if isinstance(block.columns, str) else block.columns
        example |= dict.fromkeys(columns, block.example)
    if not formula.named:
        return np.array([list(example.values())], dtype=object)
    return pandas_package().DataFrame({name: [example[name]] for name in formula.columns})
