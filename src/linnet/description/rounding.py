"""Parameters as whole multiples of one step, in units that who knows the features knows too.

The receiver has the features, and so their means x̄ and standard deviations s. Scores are written
Σ v_j (x_j − x̄_j)/s_j + c with v_j = w_j s_j and c = b + Σ w_j x̄_j. In these units a rounding does
the same harm in every feature, and one step 2⁻ᵉ serves all.
"""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import issparse
from sklearn.utils.sparsefuncs import mean_variance_axis

from linnet.description.integer_codes import signed_bits, sparse_integers_bits
from linnet.types import Array

__all__ = ["Parameters", "RoundedParameters", "standard_parameters"]


@final
@dataclass(frozen=True, eq=False)
class RoundedParameters:
    """Whole numbers that stand for parameters.

    Attributes
    ----------
    exponent : int
        e: the step is 2⁻ᵉ.
    weights : array of shape (m, k)
        Multiples of the step.
    intercepts : array of shape (m,) or (0,)
        Multiples of the step; none where the model has no intercept.
    """

    exponent: int
    weights: Int[Array, "m k"]
    intercepts: Int[Array, " i"]

    @property
    def bits(self) -> int:
        """Length of the code for exponent, weights and intercepts."""
        return (
            signed_bits(self.exponent)
            + sparse_integers_bits(self.weights.ravel())
            + sum(signed_bits(int(number)) for number in self.intercepts)
        )


@final
@dataclass(frozen=True, eq=False)
class Parameters:
    """Parameters in standard units: scores are Σ v_j (x_j − x̄_j)/s_j + c, times ``unit``.

    Attributes
    ----------
    weights : array of shape (m, k)
        v; 0 for a feature that is everywhere the same.
    intercepts : array of shape (m,) or (0,)
        c; none where the model has no intercept.
    centre, spread : array of shape (k,)
        x̄ and s, or 0 and the root mean square where the model has no intercept.
    unit : float
        What a score of 1 is worth.
    """

    weights: Float[Array, "m k"]
    intercepts: Float[Array, " i"]
    centre: Float[Array, " k"]
    spread: Float[Array, " k"]
    unit: float

    @property
    def largest(self) -> float:
        """Largest size of a parameter."""
        return float(
            max(np.abs(self.weights).max(initial=0), np.abs(self.intercepts).max(initial=0))
        )

    def rounded(self, exponent: int) -> RoundedParameters:
        """Round all to multiples of 2⁻ᵉ."""
        scale = 2.0**exponent
        return RoundedParameters(
            exponent,
            np.rint(self.weights * scale).astype(np.int64),
            np.rint(self.intercepts * scale).astype(np.int64),
        )

    def restored(
        self, rounded: RoundedParameters
    ) -> tuple[Float[Array, "m k"], Float[Array, " m"]]:
        """Weights and intercepts of the features as they are, from the whole numbers."""
        step = self.unit * 2.0**-rounded.exponent
        known = self.spread > 0
        weights = rounded.weights * step
        weights[:, known] /= self.spread[known]
        if not len(rounded.intercepts):
            return weights, np.zeros(len(weights))
        return weights, rounded.intercepts * step - weights @ self.centre


def standard_parameters(
    X: Any,
    weights: Float[Array, "m k"],
    intercepts: Float[Array, " m"] | None,
    *,
    unit: float = 1.0,
    alike: bool = False,
) -> Parameters:
    """Write parameters in the standard units of the features.

    Parameters
    ----------
    X : array or csr_matrix of shape (n, k)
        Features that sender and receiver know.
    weights : array of shape (m, k)
    intercepts : array of shape (m,) or None
        None where the model has none.
    unit : float
        What a score of 1 is worth.
    alike : bool
        Whether adding a number to all m scores changes nothing, as before a softmax. Of all
        such parameters those of least Σ|v| are taken: each feature's less their median.
    """
    mean, variance = _moments(X)
    centre = np.zeros(len(mean)) if intercepts is None else mean
    spread = np.sqrt(variance + mean**2 if intercepts is None else variance)
    v = weights * spread / unit
    c = np.zeros(0) if intercepts is None else (intercepts + weights @ centre) / unit
    if alike:
        v = v - _lower_median(v)
        c = c - _lower_median(c) if len(c) else c
    return Parameters(v, c, centre, spread, unit)


def _moments(X: Any) -> tuple[Float[Array, " k"], Float[Array, " k"]]:
    """Mean and variance of each column."""
    sparse: bool = issparse(X)
    if sparse:
        mean, variance = mean_variance_axis(X.astype(np.float64), axis=0)
        return mean, variance
    return X.mean(axis=0, dtype=np.float64), X.var(axis=0, dtype=np.float64)


def _lower_median(values: Float[Array, "m ..."]) -> Float[Array, "1 ..."]:
    """Median along the first axis, the lower one of two: one value less it is 0."""
    middle = (len(values) - 1) // 2
    return np.sort(values, axis=0)[middle : middle + 1]
