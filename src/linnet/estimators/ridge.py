"""The ridge path: one linear regression for each penalty, all from one reading of the data."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.data import MemorySource
from linnet.errors import DataError, SettingError
from linnet.estimators.convergence import warn_unless_converged
from linnet.estimators.linear import LinearRegression, keep_fit
from linnet.estimators.threading import threads
from linnet.estimators.validation import (
    check_features,
    check_finite,
    check_numeric_targets,
    check_positive,
    check_weights,
)
from linnet.solvers.least_squares import least_squares_path
from linnet.types import Array

__all__ = ["RidgePath", "check_penalties", "ridge_path"]


@final
@dataclass(frozen=True, repr=False, eq=False)
class RidgePath:
    """Linear regressions along a path of penalties, and how they compare.

    A path is the sequence of its models: ``path[0]`` is a fitted
    :class:`~linnet.LinearRegression`, and iterating gives one after another. Printed, it is a
    table. Arrays have the penalties along their first axis, in the order in which they were given;
    m is the number of targets, whose axis is left out for targets of shape (n,).

    Parameters
    ----------
    models : tuple of LinearRegression
        One for each penalty.
    degrees_of_freedom : array of shape (a,)
        Effective number of weights, tr X(XᵀX + αI)⁻¹Xᵀ of the centred X: k or less at α = 0, and
        falling to 0. An intercept is one more. NaN for sparse data with very many columns.
    total_weight : float
        Number of rows, or sum of their weights, S.
    """

    models: tuple[LinearRegression, ...]
    degrees_of_freedom: Float[Array, " a"]
    total_weight: float

    def __len__(self) -> int:
        return len(self.models)

    def __getitem__(self, place: int) -> LinearRegression:
        return self.models[place]

    def __iter__(self) -> Iterator[LinearRegression]:
        return iter(self.models)

    @property
    def alphas(self) -> Float[Array, " a"]:
        """Penalties α, of shape (a,)."""
        return np.array([model.alpha for model in self.models])

    @property
    def coef(self) -> Float[Array, "a ..."]:
        """Weights W, of shape (a, k) or (a, m, k)."""
        return np.stack([model.coef_ for model in self.models])

    @property
    def intercept(self) -> Float[Array, "a ..."]:
        """Intercepts b, of shape (a,) or (a, m)."""
        return np.array([model.intercept_ for model in self.models])

    @property
    def mean_squares(self) -> Float[Array, "a ..."]:
        """Mean squared residuals of the rows fitted, of shape (a,) or (a, m)."""
        return np.array([model.residual_variance_ for model in self.models])

    @property
    def objective(self) -> Float[Array, " a"]:
        """Minimised objective F = (1/2S)(Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² + α ‖W‖²), of shape (a,)."""
        losses = self.mean_squares.reshape(len(self), -1).sum(axis=1)
        lengths = (self.coef.reshape(len(self), -1) ** 2).sum(axis=1)
        return (losses + self.alphas * lengths / self.total_weight) / 2

    @property
    def gap(self) -> Float[Array, " a"]:
        """How far each objective can be from its minimum, of shape (a,); see ``certificate_``."""
        return np.array([model.certificate_.gap for model in self.models])

    @property
    def generalised_cross_validation(self) -> Float[Array, "a ..."]:
        """Mean squared error to expect on new rows, of shape (a,) or (a, m).

        The mean squares divided by (1 − d/S)², where d counts the degrees of freedom and the
        intercept: what leaving one row out at a time gives when all rows have the same leverage.
        Weights count as repeated rows. ∞ where d reaches S.

        References
        ----------
        Golub, Heath and Wahba 1979, "Generalized cross-validation as a method for choosing a good
        ridge parameter".
        """
        used = self.degrees_of_freedom + self.models[0].fit_intercept
        left = (1 - used / self.total_weight).clip(min=0)
        left = left.reshape(-1, *[1] * (self.mean_squares.ndim - 1))
        infinite = np.full_like(self.mean_squares, np.inf)
        return np.divide(self.mean_squares, left**2, out=infinite, where=left != 0)

    def best(self) -> LinearRegression:
        """Return the model of the least generalised cross-validation error, over all targets."""
        errors = self.generalised_cross_validation.reshape(len(self), -1).sum(axis=1)
        if not np.isfinite(errors).any():
            raise DataError(
                "Generalised cross-validation cannot tell the penalties apart: each model has as "
                "many degrees of freedom as there are rows, or their number is not known. Give "
                "larger alphas, or compare the models on rows held out: path[0].score(X, y)."
            )
        return self.models[int(np.nanargmin(errors))]

    def predict(self, X: Any) -> Array:
        """Predicted targets of every model, of shape (a, n) or (a, n, m)."""
        return np.stack([model.predict(X) for model in self.models])

    def __repr__(self) -> str:
        header = (
            f"{'alpha':>10} {'freedom':>8} {'objective':>12} {'gap':>8} "
            f"{'mean square':>12} {'to expect':>12}"
        )
        columns = zip(
            self.alphas,
            self.degrees_of_freedom,
            self.objective,
            self.gap,
            self.mean_squares.reshape(len(self), -1).sum(axis=1),
            self.generalised_cross_validation.reshape(len(self), -1).sum(axis=1),
            strict=True,
        )
        lines = [
            f"{alpha:>10.4g} {freedom:>8.2f} {objective:>12.6g} {gap:>8.0e} "
            f"{square:>12.6g} {expected:>12.6g}"
            for alpha, freedom, objective, gap, square, expected in columns
        ]
        return "\n".join([header, *lines])


def ridge_path(
    X: Any,
    y: Any,
    alphas: ArrayLike,
    *,
    fit_intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    n_jobs: int | None = None,
) -> RidgePath:
    """Fit a linear regression for each of several ridge penalties.

    Each minimises Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² + α ‖W‖², exactly as ``LinearRegression(alpha)`` does,
    and each has its certificate. The rows are read a few times in all, however many penalties
    there are. A penalty depends on the units of the features: standardise them where these differ.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n, k)
        Samples; any real type, dense or CSR.
    y : array of shape (n,) or (n, m)
        One number a row, or several.
    alphas : array of shape (a,)
        Penalties α, each at least 0, in any order; for instance ``np.logspace(-3, 3, 25)``.
    fit_intercept : bool, default True
        Whether to fit an intercept b, which is not penalised.
    sample_weight : array of shape (n,), optional
        How often each row counts; a weight of 2 equals a row given twice.
    n_jobs : int or None, default None
        Threads of the linear algebra; −1 for all there are, ``None`` for what suits the size.

    Returns
    -------
    RidgePath
        The fitted models, in the order of ``alphas``.

    Raises
    ------
    DataError
        If the data cannot be used: the message names row and column.
    SettingError
        If ``alphas`` is empty, or one of them is negative or not finite.

    References
    ----------
    Hoerl and Kennard 1970, "Ridge regression: biased estimation for nonorthogonal problems".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> path = ridge_path(X, y, [0, 0.01, 0.1, 1])
    >>> path
         alpha  freedom    objective      gap  mean square    to expect
             0    10.00      1429.85      ...       2859.7      3007.53
          0.01     9.25       1444.2      ...      2866.34      3004.03
           0.1     7.64      1517.54      ...      2890.45      3006.88
             1     3.94      1923.14      ...      3254.14      3328.15
    >>> path.best().alpha
    0.01
    """
    penalties = check_penalties(alphas)
    models = [
        LinearRegression(alpha, fit_intercept=fit_intercept, n_jobs=n_jobs) for alpha in penalties
    ]
    X = check_features(models[0], X, reset=True, finite=False)
    targets = check_numeric_targets(y, X.shape[0])
    source = MemorySource(
        X,
        targets if targets.ndim == 2 else targets[:, None],
        check_weights(sample_weight, X.shape[0]),
    )
    with threads(n_jobs, float(X.shape[0]) * X.shape[1] ** 2):
        fits = least_squares_path(
            source,
            alphas=penalties,
            fit_intercept=fit_intercept,
            verify=partial(check_finite, X, "X", getattr(models[0], "feature_names_in_", None)),
        )
    for model, fit in zip(models, fits, strict=True):
        keep_fit(model, fit, single=targets.ndim == 1)
        model.n_features_in_ = models[0].n_features_in_
        if (names := getattr(models[0], "feature_names_in_", None)) is not None:
            model.feature_names_in_ = names
        warn_unless_converged(f"ridge_path at alpha={model.alpha:g}", fit.ending, fit.certificate)
    freedom = np.array([fit.degrees_of_freedom for fit in fits])
    return RidgePath(tuple(models), freedom, source.total_weight)


def check_penalties(alphas: Any) -> list[float]:
    """Give the penalties as a list of numbers in range."""
    try:
        given = np.asarray(alphas)
    except ValueError as error:
        raise SettingError(f"alphas must be a list of numbers: {error}.") from error
    if given.ndim != 1 or given.size == 0:
        raise SettingError(
            f"alphas has shape {given.shape}; it must be a list of one or more penalties, such as "
            "np.logspace(-3, 3, 25)."
        )
    return [
        check_positive(alpha, f"alphas[{place}]", zero=True)
        for place, alpha in enumerate(given.tolist())
    ]
