"""A model's account of some rows, whichever kind of model it is."""

import numpy as np
from jaxtyping import Float, Int

from linnet.cli.inputs import AnyModel, Features, regression_of, rows_for
from linnet.errors import SettingError
from linnet.estimators import SoftmaxRegression
from linnet.reports import Account, classifier_account, regression_account
from linnet.types import Array

__all__ = ["account_of"]


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
    design = rows_for(model, features, origin)
    chosen = slice(None) if rows is None else rows
    regression = regression_of(model)
    if isinstance(regression, SoftmaxRegression):
        log_probabilities = model.predict_log_proba(design)[chosen]
        return classifier_account(log_probabilities, target, model.classes_, weight)
    if np.ndim(regression.residual_variance_):
        raise SettingError(
            "The model predicts several targets at once, and one is evaluated at a time."
        )
    return regression_account(
        model.predict(design)[chosen],
        target.astype(np.float64),
        residual_variance=float(regression.residual_variance_),
        precision=precision,
        weight=weight,
    )
