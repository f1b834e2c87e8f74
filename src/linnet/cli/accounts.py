"""A model's account of some rows, whichever kind of model it is."""

from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from linnet.cli.inputs import AnyModel, Features, regression_of, rows_for
from linnet.errors import SettingError
from linnet.estimators import SoftmaxRegression, TableModel
from linnet.reports import Account, ClassifierSums, RegressionSums
from linnet.types import Array

__all__ = ["AccountSums", "account_of", "outputs_of", "require_one_target", "sums_of"]

AccountSums: TypeAlias = ClassifierSums | RegressionSums
"""What rows add to an account."""


def account_of(
    model: AnyModel,
    features: Features,
    target: Array,
    *,
    origin: str,
    rows: Int[Array, " m"] | None = None,
    weight: Float[Array, " m"] | None = None,
    precision: float | None = None,
) -> Account:
    """Account for the targets of rows.

    Parameters
    ----------
    model : model
        A fitted model.
    features : Table or csr_matrix
        Features, as they were read.
    target : array of shape (m,)
        Labels or numbers.
    origin : str
        Where the rows came from, for messages.
    rows : array of shape (m,), optional
        Which rows of the features these are, if not all.
    weight : array of shape (m,), optional
        How often each counts.
    precision : float, optional
        To which numbers are given.
    """
    require_one_target(model)
    X: Any = rows_for(model, features, origin)
    outputs = outputs_of(model, model.encoder_.transform(X) if isinstance(model, TableModel) else X)
    sums = sums_of(model, outputs if rows is None else outputs[rows], target, weight)
    return sums.account() if isinstance(sums, ClassifierSums) else sums.account(precision)


def require_one_target(model: AnyModel) -> None:
    """Raise SettingError if a model predicts several numbers at once."""
    regression = regression_of(model)
    if isinstance(regression, SoftmaxRegression) or not np.ndim(regression.residual_variance_):
        return
    raise SettingError(
        "The model predicts several targets at once, and one is evaluated at a time."
    )


def outputs_of(model: AnyModel, design: Any) -> Float[Array, "n ..."]:
    """Return what a model says of encoded rows: log-probabilities of classes, or numbers."""
    regression = regression_of(model)
    if isinstance(regression, SoftmaxRegression):
        return regression.predict_log_proba(design)
    return regression.predict(design)


def sums_of(
    model: AnyModel,
    outputs: Float[Array, "m ..."],
    target: Array,
    weight: Float[Array, " m"] | None = None,
) -> AccountSums:
    """Sum what rows add to a model's account, given what it says of them."""
    regression = regression_of(model)
    if isinstance(regression, SoftmaxRegression):
        return ClassifierSums.of(outputs, target, regression.classes_, weight)
    return RegressionSums.of(
        outputs,
        target.astype(np.float64),
        residual_variance=float(regression.residual_variance_),
        weight=weight,
    )
