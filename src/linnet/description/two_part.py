"""Two-part codes: a model's parameters at the precision they are worth, then the data."""

from dataclasses import dataclass
from math import floor, log2
from typing import Any, Final, cast, final

import numpy as np
from numpy.typing import ArrayLike

from linnet.description.regressions import regression_and_features, with_regression
from linnet.description.rounding import RoundedParameters
from linnet.description.senders import Sender, sender_of
from linnet.information import Information, nats_per
from linnet.reports.numbers_in_words import count
from linnet.types import Unit

__all__ = ["DescriptionLength", "description_length"]

# Steps tried, each half the one before: beyond, a weight has more digits than a float.
MOST_STEPS: Final = 50


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class DescriptionLength:
    """The two parts of a code for targets, given the features.

    Attributes
    ----------
    model : estimator
        The model with its parameters rounded: what the receiver has after the first part.
    parameters : Information
        Length of the code for the parameters.
    data : Information
        Length of the code for the targets under the rounded model.
    unrounded : Information
        What the targets would take if the parameters were known in full at no cost.
    exponent : int
        e: parameters are multiples of 2⁻ᵉ, in the units of `description_length`.
    n_parameters, n_nonzero : int
        Number of weights and intercepts, and how many of them are not rounded to 0.
    rows : int
        Number of targets.
    precision : float or None
        To which numbers are coded; None for labels.
    """

    model: Any
    parameters: Information
    data: Information
    unrounded: Information
    exponent: int
    n_parameters: int
    n_nonzero: int
    rows: int
    precision: float | None

    @property
    def total(self) -> Information:
        """Length of both parts."""
        return Information(self.parameters + self.data, self.data.unit)

    def __str__(self) -> str:
        return (
            f"parameters  {self.parameters:.1f}: {self.n_nonzero:,} of {self.n_parameters:,} are "
            f"not 0, in steps of 2^{-self.exponent}\n"
            f"data        {self.data:.1f} for {count(self.rows, 'row')}; "
            f"{self.unrounded:.1f} by unrounded parameters\n"
            f"total       {self.total:.1f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all but the model, as plain numbers and texts."""
        return {
            "unit": self.data.unit,
            "total": float(self.total),
            "parameters": float(self.parameters),
            "data": float(self.data),
            "data_unrounded": float(self.unrounded),
            "exponent": self.exponent,
            "n_parameters": self.n_parameters,
            "n_nonzero": self.n_nonzero,
            "rows": self.rows,
            "precision": self.precision,
        }


def description_length(
    model: Any,
    X: Any,
    y: ArrayLike,
    *,
    precision: float | None = None,
    unit: Unit = "bits",
) -> DescriptionLength:
    """Length of the two-part code for targets: parameters at their best precision, then targets.

    Sender and receiver have the features, and agree on the kind of model and its classes. The
    parameters are sent as whole multiples of a step 2⁻ᵉ, in units in which one step suits all:
    weights per standard deviation of their feature, intercepts where features have their means; of
    equal softmax regressions the one with the least sum of sizes. The exponent and each intercept
    are sent in Elias' delta code. Of the weights are sent which are not 0, their sizes and their
    signs (`linnet.description.integer_codes`). All steps are tried, and that of the least total is
    taken. Nothing is assumed about how the model was fitted.

    Labels then take −log q(y | x) each under the rounded model. Numbers are coded in cells of a
    width Δ, ``precision``, by the probability of the cell under a Gaussian around the prediction,
    whose width is sent too; there parameters are in units of Δ.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression, TableModel, or a pipeline that ends in one
        A fitted model. What a pipeline does before must not depend on ``y``, or the receiver could
        not do it.
    X : array, sparse matrix, data frame or table of n rows
        Samples, as the model takes them.
    y : array of shape (n,)
        Their targets: labels, or numbers.
    precision : float, optional
        Width Δ for numbers, which are rounded to its multiples; found from the way in which they
        are written if not given.
    unit : {"bits", "nats"}
        Unit of the lengths.

    Returns
    -------
    DescriptionLength

    Raises
    ------
    DataError
        If a label is not one of the model's classes, or the model predicts several targets.
    DataTypeError
        If the model is none of those above.

    References
    ----------
    Rissanen 1978, "Modeling by shortest data description". Grünwald 2007, *The Minimum Description
    Length Principle*, section 5.1 on two-part codes and section 3.2 on codes for whole numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> told = description_length(SoftmaxRegression().fit(X, y), X, y)
    >>> print(f"{told.total:.1f} = {told.parameters:.0f} + {told.data:.1f}")
    74.1 bits = 28 bits + 46.1 bits
    >>> print(told)
    parameters  28.0 bits: 4 of 15 are not 0, in steps of 2^2
    data        46.1 bits for 150 rows; 25.9 bits by unrounded parameters
    total       74.1 bits
    """
    nats_per(unit)
    regression, features = regression_and_features(model, X)
    sender = sender_of(regression, features, y, precision)
    _, unrounded = sender.code(regression)
    message = _shortest(sender, unrounded)
    rounded = message.rounded

    def amount(bits: float) -> Information:
        return Information(bits, "bits").to(unit)

    return DescriptionLength(
        model=with_regression(model, message.model),
        parameters=amount(message.parameter_bits),
        data=amount(message.data_bits),
        unrounded=amount(unrounded),
        exponent=rounded.exponent,
        n_parameters=rounded.weights.size + len(rounded.intercepts),
        n_nonzero=int(np.count_nonzero(rounded.weights) + np.count_nonzero(rounded.intercepts)),
        rows=sender.rows,
        precision=sender.precision,
    )


@final
@dataclass(frozen=True, eq=False)
class _Message:
    """Rounded parameters, what else is sent, and the data under the model that they give."""

    rounded: RoundedParameters
    model: Any
    parameter_bits: int
    data_bits: float

    @property
    def bits(self) -> float:
        return self.parameter_bits + self.data_bits


def _shortest(sender: Sender, unrounded: float) -> _Message:
    """Try one step after another, from one at which all parameters are 0."""
    largest = sender.parameters.largest
    first = -2 - floor(log2(largest)) if largest > 0 else 0
    best: _Message | None = None
    for exponent in range(first, first + MOST_STEPS):
        rounded = sender.parameters.rounded(exponent)
        if best is not None and rounded.bits >= best.bits:
            break
        model = sender.restored(rounded)
        more, data = sender.code(model)
        message = _Message(rounded, model, rounded.bits + more, data)
        if best is None or message.bits < best.bits:
            best = message
        # A finer step can save no more than this, and costs about a bit a parameter.
        if abs(data - unrounded) <= 1:
            break
    return cast("_Message", best)
