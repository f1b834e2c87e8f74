"""The regression in what users give, bare or behind what makes numbers of tables, and its place."""

from copy import copy
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from linnet.errors import DataTypeError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel

__all__ = ["regression_and_features", "with_regression"]


def regression_and_features(model: Any, X: Any) -> tuple[SoftmaxRegression | LinearRegression, Any]:
    """Return the regression, and the features as they come to it.

    Raises
    ------
    DataTypeError
        If the model is not one of linnet's, nor a pipeline that ends in one.
    """
    if isinstance(model, SoftmaxRegression | LinearRegression):
        check_is_fitted(model)
        return model, X
    if isinstance(model, TableModel):
        check_is_fitted(model)
        return model.estimator_, model.encoder_.transform(X)
    if isinstance(model, Pipeline) and isinstance(model[-1], SoftmaxRegression | LinearRegression):
        check_is_fitted(model)
        return model[-1], model[:-1].transform(X) if len(model) > 1 else X
    raise DataTypeError(
        f"{type(model).__name__} has no parameters that could be coded. Give a "
        "SoftmaxRegression, a LinearRegression, a TableModel, or a pipeline that ends in one."
    )


def with_regression(model: Any, regression: SoftmaxRegression | LinearRegression) -> Any:
    """Return the model with another regression in the place of its own."""
    if isinstance(model, TableModel):
        other = copy(model)
        other.estimator_ = regression
        return other
    if isinstance(model, Pipeline):
        return Pipeline([*model.steps[:-1], (model.steps[-1][0], regression)])
    return regression
