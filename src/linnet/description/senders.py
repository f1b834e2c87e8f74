"""What each kind of regression sends: its parameters in units of their own, and its targets."""

from copy import copy
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from linnet.description.cells import cell_lengths, coded_width
from linnet.description.rounding import Parameters, RoundedParameters, standard_parameters
from linnet.description.samples import label_array
from linnet.errors import DataError, SettingError
from linnet.estimators import LinearRegression, SoftmaxRegression
from linnet.estimators.softmax_parameters import weights_of
from linnet.estimators.validation import check_features, check_numeric_targets, check_positive
from linnet.features.labels import class_codes
from linnet.features.written import written_precision
from linnet.information import nats_per
from linnet.solvers import Certificate
from linnet.types import Array

__all__ = ["LabelSender", "NumberSender", "Sender", "sender_of"]


@final
@dataclass(frozen=True, eq=False)
class LabelSender:
    """Labels, and the softmax regression whose parameters are to be rounded."""

    regression: SoftmaxRegression
    X: Any
    codes: Array
    parameters: Parameters
    precision: None = None

    @property
    def rows(self) -> int:
        """Number of targets."""
        return len(self.codes)

    def restored(self, rounded: RoundedParameters) -> SoftmaxRegression:
        """Return the model that the receiver has."""
        weights, intercepts = self.parameters.restored(rounded)
        # The shortest of equal solutions is the one that a fit shows.
        if len(weights) > 1:
            weights, intercepts = weights - weights.mean(axis=0), intercepts - intercepts.mean()
        return _with_parameters(self.regression, weights, intercepts)

    def code(self, regression: Any) -> tuple[int, float]:
        """No further parameter; bits of the labels."""
        log_q = regression.predict_log_proba(self.X)
        return 0, -float(log_q[np.arange(self.rows), self.codes].sum()) / nats_per("bits")


@final
@dataclass(frozen=True, eq=False)
class NumberSender:
    """Numbers in cells, and the linear regression whose parameters are to be rounded."""

    regression: LinearRegression
    X: Any
    targets: Float[Array, " n"]
    parameters: Parameters
    precision: float

    @property
    def rows(self) -> int:
        """Number of targets."""
        return len(self.targets)

    def restored(self, rounded: RoundedParameters) -> LinearRegression:
        """Return the model that the receiver has."""
        weights, intercepts = self.parameters.restored(rounded)
        model = _with_parameters(self.regression, weights[0], float(intercepts[0]))
        width, _ = coded_width(self._residuals(model))
        model.residual_variance_ = (width * self.precision) ** 2
        return model

    def code(self, regression: Any) -> tuple[int, float]:
        """Bits of the Gaussian's width; bits of the numbers."""
        residuals = self._residuals(regression)
        width, bits = coded_width(residuals)
        return bits, float(cell_lengths(residuals, width).sum()) / nats_per("bits")

    def _residuals(self, regression: Any) -> Float[Array, " n"]:
        """Distance, in cells, from each prediction to the middle of the cell of the number."""
        return np.rint(self.targets / self.precision) - regression.predict(self.X) / self.precision


Sender: TypeAlias = LabelSender | NumberSender
"""Whoever rounds parameters and codes targets with them."""


def sender_of(
    regression: SoftmaxRegression | LinearRegression, X: Any, y: ArrayLike, precision: float | None
) -> Sender:
    """Check the targets and write the parameters in standard units.

    Raises
    ------
    DataError
        If a label is not one of the model's classes, or there are several targets a row.
    SettingError
        If a precision is given for labels, or is no positive number.
    """
    matrix = check_features(regression, X, reset=False)
    n = matrix.shape[0]
    intercepts = np.atleast_1d(regression.intercept_) if regression.fit_intercept else None
    weights = np.atleast_2d(weights_of(regression))
    if isinstance(regression, SoftmaxRegression):
        if precision is not None:
            raise SettingError(
                f"precision={precision!r} is for numbers, and the model codes labels. Leave it out."
            )
        codes = _known_codes(regression, label_array(y, n))
        parameters = standard_parameters(matrix, weights, intercepts, alike=len(weights) > 1)
        return LabelSender(regression, X, codes, parameters)
    targets = check_numeric_targets(y, n)
    if targets.ndim != 1 or np.ndim(regression.coef_) != 1:
        raise DataError(
            "The model or y has several targets a row. Describe one at a time: fit a model to each."
        )
    # Cells need not be small beside the residuals here, so the variance does not matter.
    width = (
        written_precision(targets, variance=0.0)
        if precision is None
        else check_positive(precision, "precision")
    )
    parameters = standard_parameters(matrix, weights, intercepts, unit=width)
    return NumberSender(regression, X, targets, parameters, width)


def _known_codes(regression: SoftmaxRegression, labels: Array) -> Int[Array, " n"]:
    codes = class_codes(labels, regression.classes_)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise DataError(
            f"y has the label {labels[row]!s} in row {row}, which the model never saw: it has no "
            "code for it. Fit the model to rows with every class."
        )
    return codes


def _with_parameters(regression: Any, weights: Array, intercepts: Any) -> Any:
    """Return the model with other parameters, of which nothing is proven."""
    other = copy(regression)
    other.coef_, other.intercept_ = weights, intercepts
    other.certificate_ = Certificate(np.inf, "none")
    return other
