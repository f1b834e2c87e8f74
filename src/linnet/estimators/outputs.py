"""What any classifier, linnet's or of scikit-learn's kind, says of rows: log-probabilities."""

from typing import Any, cast

import numpy as np
from jaxtyping import Float
from sklearn.utils.validation import check_is_fitted

from linnet.errors import DataTypeError
from linnet.estimators.targets import label_column
from linnet.features.labels import class_codes
from linnet.information.units import InformationArray, in_unit
from linnet.types import Array, Unit

__all__ = ["label_lengths", "log_probabilities"]


def log_probabilities(model: Any, X: Any) -> Float[Array, "n q"]:
    """Logarithms of the probabilities of the classes, by ``predict_log_proba`` where there is one.

    Raises
    ------
    DataTypeError
        If the model predicts no probabilities.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    check_is_fitted(model)
    if (logarithms := getattr(model, "predict_log_proba", None)) is not None:
        return np.asarray(logarithms(X), dtype=np.float64)
    if (plain := getattr(model, "predict_proba", None)) is None:
        raise DataTypeError(
            f"{type(model).__name__} has neither predict_log_proba nor predict_proba. Give a "
            "classifier that predicts probabilities."
        )
    with np.errstate(divide="ignore"):
        return np.log(np.asarray(plain(X), dtype=np.float64))


def label_lengths(
    log_q: Float[Array, "n q"], y: Any, classes: Array, unit: Unit
) -> InformationArray:
    """Code length of each label, −log q(y|x); infinite for one that is no class."""
    codes = class_codes(label_column(y, len(log_q)), classes)
    surprise = np.where(codes >= 0, -log_q[np.arange(len(codes)), codes], np.inf)
    return cast("InformationArray", in_unit(surprise, unit))
