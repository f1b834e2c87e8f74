"""The strongest coefficients of a model: of which feature, how strong, and for which class."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float

from linnet.reports.estimates import NORMAL_95, Estimate
from linnet.reports.strict_json import to_json_value
from linnet.types import Array

__all__ = ["Coefficient", "strongest_coefficients"]


@final
@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One coefficient.

    Attributes
    ----------
    feature : str
        Name of the column of the design matrix.
    speaks_for : str or None
        The class that the coefficient speaks for if positive, and against if negative; None for
        regressions.
    value : float
        Change of the score (in nats of log odds) or of the prediction (in the target's unit)
        when the feature, as the model sees it, rises by 1: a standard deviation for a number that
        was scaled, from "no" to "yes" for a level of a category.
    slope : float or None
        The same when the feature rises by 1 in the table's own unit; None where it is not scaled.
    standard_error : float or None
        Standard error of ``value``, where it is known.
    """

    feature: str
    speaks_for: str | None
    value: float
    slope: float | None
    standard_error: float | None = None

    @property
    def interval(self) -> Estimate | None:
        """The value give or take 1.96 standard errors, where those are known."""
        if self.standard_error is None:
            return None
        margin = NORMAL_95 * self.standard_error
        return Estimate(self.value, self.value - margin, self.value + margin)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as strict JSON holds it."""
        return to_json_value(vars(self))


def strongest_coefficients(
    coef: Float[Array, "m k"],
    features: Array,
    *,
    scale: Float[Array, " k"] | None = None,
    classes: Array | None = None,
    standard_errors: Float[Array, "m k"] | None = None,
    count: int = 10,
) -> tuple[Coefficient, ...]:
    """Return the coefficients of largest size, the largest first.

    Parameters
    ----------
    coef : array of shape (m, k)
        A row for each score: for each class, or one for the second of two classes.
    features : array of shape (k,)
        Names of the features.
    scale : array of shape (k,), optional
        What each feature of the table was divided by; 1 where it was not scaled.
    classes : array of shape (q,), optional
        The classes, of a classifier.
    standard_errors : array of shape (m, k), optional
        Standard errors of the coefficients; NaN where they are not known.
    count : int
        How many, at most. Those that are zero are left out.

    Examples
    --------
    >>> import numpy as np
    >>> age, sex = strongest_coefficients(
    ...     np.array([[3.0, -1.0]]), np.array(["age", "sex=m"]),
    ...     scale=np.array([10.0, 1.0]), classes=np.array(["dies", "lives"]),
    ... )
    >>> age.feature, age.speaks_for, age.slope
    ('age', 'lives', 0.3)
    """
    flat = np.abs(coef).ravel()
    # Ties keep the order of the columns.
    order = np.argsort(-flat, kind="stable")[:count]
    scores = None if classes is None else classes[-len(coef) :]
    told = []
    for place in order[flat[order] > 0]:
        row, column = divmod(int(place), coef.shape[1])
        value = float(coef[row, column])
        error = np.nan if standard_errors is None else float(standard_errors[row, column])
        divisor = 1.0 if scale is None else float(scale[column])
        told.append(
            Coefficient(
                feature=str(features[column]),
                speaks_for=None if scores is None else str(scores[row]),
                value=value,
                slope=None if divisor == 1 else value / divisor,
                standard_error=error if np.isfinite(error) else None,
            )
        )
    return tuple(told)
