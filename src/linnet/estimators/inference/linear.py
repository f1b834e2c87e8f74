"""How certain the parameters of a linear regression are, its predictions, and what its rows do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from linnet.errors import SettingError
from linnet.estimators.inference.columns import DesignColumns
from linnet.estimators.inference.given import memory_rows
from linnet.estimators.inference.least_squares_rows import LeastSquaresRows
from linnet.estimators.inference.levels import two_sided
from linnet.estimators.inference.linear_summary import linear_summary
from linnet.estimators.inference.summary_table import Summary
from linnet.estimators.inference.term_tests import TermTest, f_test, wald_statistic
from linnet.solvers.coefficient_statistics import CoefficientStatistics
from linnet.types import Array

__all__ = ["LinearInference", "PredictionIntervals"]


@final
@dataclass(frozen=True, eq=False)
class PredictionIntervals:
    """Predictions, and how far off they can be.

    Parameters
    ----------
    mean : array of shape (n,)
        Predictions.
    standard_errors : array of shape (n,)
        Standard errors of the mean of targets at such rows.
    of_mean : array of shape (n, 2)
        Confidence intervals (置信区间) of that mean.
    of_target : array of shape (n, 2)
        Prediction intervals (预测区间): of a single new target.
    """

    mean: Float[Array, " n"]
    standard_errors: Float[Array, " n"]
    of_mean: Float[Array, "n 2"]
    of_target: Float[Array, "n 2"]


@final
@dataclass(frozen=True, repr=False, eq=False)
class LinearInference:
    """Standard errors, intervals and tests of least squares: what ``inference`` returns.

    Arrays of parameters have the intercept first, if there is one; NaN stands where a column can
    be had from others, whose weight counts as 0.

    Parameters
    ----------
    columns : DesignColumns
        Names, terms and units of the columns.
    rows : LeastSquaresRows
        The fit of the columns kept, and its rows.
    statistics : CoefficientStatistics
        Errors by the usual formula, which trusts that all residuals have one variance.
    covariance_kind : {"hessian", "sandwich", "hc3"}
        How the covariance was estimated.
    notes : tuple of str
        What one must know to read the numbers.
    model : LinearRegression
        The model, for predictions.
    encode : function
        What makes the model's rows of those that a user gives.
    """

    columns: DesignColumns
    rows: LeastSquaresRows
    statistics: CoefficientStatistics
    covariance_kind: str
    notes: tuple[str, ...]
    model: Any
    encode: Callable[[Any], Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters: the intercept, if there is one, and the columns."""
        return ("intercept",) * self._has_intercept + self.columns.names

    @cached_property
    def parameters(self) -> Float[Array, " p"]:
        """Estimates."""
        w = self.rows.fit.coef[:, 0]
        values = w / self._scale
        if self._has_intercept:
            start = self.rows.fit.intercept[0] - self._shift @ w
            values = np.concatenate([[start], values])
        return self._placed(values)

    @cached_property
    def standard_errors(self) -> Float[Array, " p"]:
        """Standard errors."""
        if self.covariance_kind != "hessian":
            return np.sqrt(np.diagonal(self.covariance()))
        values = self.statistics.coef_errors[:, 0] / self._scale
        if self._has_intercept:
            values = np.concatenate([self.statistics.intercept_errors, values])
        return self._placed(values)

    @property
    def t(self) -> Float[Array, " p"]:
        """Estimates in standard errors."""
        # Where no residual is left, nothing is uncertain.
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.parameters / self.standard_errors

    @property
    def p_values(self) -> Float[Array, " p"]:
        """Probability of a |t| as large where the parameter is 0."""
        return 2 * stats.t.sf(np.abs(self.t), self.residual_freedom)

    def confidence_intervals(self, level: float = 0.95) -> Float[Array, "p 2"]:
        """Give the ends of intervals: the estimate, give or take t standard errors."""
        margin = stats.t.isf(two_sided(level), self.residual_freedom) * self.standard_errors
        return np.stack([self.parameters - margin, self.parameters + margin], axis=-1)

    def covariance(self, names: Any = None) -> Float[Array, "c c"]:
        """Covariance (协方差) of the parameters of these names, or of all.

        Raises
        ------
        SettingError
            If there is no such parameter.
        """
        T = self._told
        places = np.arange(len(self.names))
        if names is not None:
            places = self.columns.places(names) - (not self._has_intercept)
            if places.min(initial=0) < 0:
                raise SettingError("The model has no intercept.")
        kept = np.cumsum(self._determined) - 1
        known = self._determined[places]
        rows = T[kept[places]]
        block = rows @ self._centred_covariance @ rows.T
        block[~known] = np.nan
        block[:, ~known] = np.nan
        return block

    def f_tests(self) -> tuple[TermTest, ...]:
        """Test for each term whether its weights are 0, by F and the covariance chosen."""
        return tuple(self._test(term) for term in self.columns.terms)

    @property
    def model_test(self) -> TermTest:
        """F of all columns together."""
        k = len(self.rows.fit.coef)
        if self.covariance_kind != "hessian" or self.model.alpha > 0 or k == 0:
            return f_test("all", *self._f_of(np.arange(k)), self.residual_freedom)
        r = self.r_squared
        with np.errstate(divide="ignore"):
            statistic = float(np.float64(r / k) / ((1 - r) / self.residual_freedom))
        return f_test("all", statistic, k, self.residual_freedom)

    @property
    def n_observations(self) -> float:
        """Observations: the sum of the weights, or the rows where weights are precisions."""
        return self.rows.n_observations

    @property
    def residual_freedom(self) -> float:
        """Observations less parameters."""
        return self.statistics.residual_freedom

    @property
    def degrees_of_freedom(self) -> float:
        """Number of parameters, or with a penalty what they are worth."""
        return self.n_observations - self.residual_freedom

    @property
    def residual_variance(self) -> float:
        """σ²: squares of the residuals, by weight, over ``residual_freedom``."""
        return float(self.statistics.residual_variance[0])

    @property
    def r_squared(self) -> float:
        """Share of the squares about the mean, or about 0 without intercept, that is explained."""
        return float(self.statistics.r_squared[0])

    @property
    def adjusted_r_squared(self) -> float:
        """1 − (1 − R²) (n − 1)/(residual freedom); n for n − 1 without intercept."""
        total = self.n_observations - self._has_intercept
        return 1 - (1 - self.r_squared) * total / self.residual_freedom

    @property
    def log_likelihood(self) -> float:
        """Of the targets under Gaussian residuals of the most likely variance, in nats."""
        n = self.n_observations
        mean_square = self.residual_variance * self.residual_freedom / n
        if mean_square == 0:
            return float("inf")
        return -n / 2 * (np.log(2 * np.pi * mean_square) + 1) + self.rows.log_precisions / 2

    @property
    def aic(self) -> float:
        """Akaike's criterion 2d − 2 log L; σ² is not counted among the d parameters."""
        return 2 * (self.degrees_of_freedom - self.log_likelihood)

    @property
    def bic(self) -> float:
        """Schwarz's criterion d log n − 2 log L; σ² is not counted among the d parameters."""
        return np.log(self.n_observations) * self.degrees_of_freedom - 2 * self.log_likelihood

    @cached_property
    def leverage(self) -> Float[Array, " n"]:
        """By how much each row's prediction moves with its own target: 0 to 1.

        Of a row of weight s that counts s rows, it is that of one of them.
        """
        return self.rows.leverage

    def cooks_distance(self) -> Float[Array, " n"]:
        """How far the predictions move if a row is left out, squared, in units of d σ².

        e² h/(d σ² (1 − h)²) with residual e and leverage h; NaN where h is 1, as nothing would be
        left to fit.

        References
        ----------
        Cook 1977, "Detection of influential observation in linear regression".
        """
        h = self.leverage
        e = self.rows.whitened_residuals
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.square(e / (1 - h)) * h
            distance /= self.degrees_of_freedom * self.residual_variance
        distance[self.rows.alone] = np.nan
        return distance

    def predict(self, X: Any, level: float = 0.95) -> PredictionIntervals:
        """Predict, with intervals of the mean and of single targets of weight 1.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, k), or table
            Rows, as the model takes them.
        level : float
            Share of the intervals that hold the truth.
        """
        factor = stats.t.isf(two_sided(level), self.residual_freedom)
        X = memory_rows(self.model, self.encode(X))
        mean = self.model.predict(X)
        variance = self._variances_of_means(X)
        of_mean, of_target = np.sqrt(variance), np.sqrt(variance + self.residual_variance)
        return PredictionIntervals(
            mean,
            of_mean,
            np.stack([mean - factor * of_mean, mean + factor * of_mean], axis=-1),
            np.stack([mean - factor * of_target, mean + factor * of_target], axis=-1),
        )

    def summary(self, level: float = 0.95) -> Summary:
        """Return a table of all this, with intervals of this level."""
        return linear_summary(self, level)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary().to_html()

    @property
    def _has_intercept(self) -> bool:
        return bool(self.model.fit_intercept)

    @property
    def _scale(self) -> Float[Array, " c"]:
        return self.columns.scale[self.rows.kept]

    @property
    def _shift(self) -> Float[Array, " c"]:
        return self.columns.shift[self.rows.kept]

    @property
    def _determined(self) -> Bool[Array, " p"]:
        return np.concatenate([[True] * self._has_intercept, self.rows.kept]).astype(bool)

    def _placed(self, values: Float[Array, " r"]) -> Float[Array, " p"]:
        placed = np.full(len(self.names), np.nan)
        placed[self._determined] = values
        return placed

    @cached_property
    def _centred_covariance(self) -> Float[Array, "r r"]:
        """Covariance at the columns' means, the intercept first."""
        if self.covariance_kind == "hessian":
            return self.residual_variance * self.rows.design.covariance()
        middle = self.rows.outer_products(corrected=self.covariance_kind == "hc3")
        return self.rows.design.covariance(middle)

    @property
    def _told(self) -> Float[Array, "r r"]:
        """What makes the parameters told, of those at the columns' means."""
        weights = np.diag(1 / self._scale)
        mean = self.rows.design.x_mean
        if mean is None:
            return weights
        T = np.zeros((len(weights) + 1, len(weights) + 1))
        T[0, 0] = 1
        T[0, 1:] = -(mean + self._shift)
        T[1:, 1:] = weights
        return T

    def _variances_of_means(self, X: Array) -> Float[Array, " n"]:
        rows = self.rows
        if self.covariance_kind == "hessian" and self.model.alpha == 0:
            return self.residual_variance * rows.leverages_of(X)
        return rows.over_tiles(
            X, lambda A: np.einsum("np,np->n", A @ self._centred_covariance, A), ones=True
        )

    def _test(self, term: str) -> TermTest:
        kept = self.columns.kept_of(term, self.rows.kept)
        if self.rows.rank_lost_with(self.columns.terms[term]) != len(kept):
            return f_test(term, np.nan, 0, self.residual_freedom)
        places = (np.cumsum(self.rows.kept) - 1)[kept]
        return f_test(term, *self._f_of(places), self.residual_freedom)

    def _f_of(self, places: Array) -> tuple[float, int]:
        """Wald's statistic of some weights, for each degree of freedom, and how many there are."""
        inside = places + self._has_intercept
        block = self._centred_covariance[np.ix_(inside, inside)]
        statistic, freedom = wald_statistic(self.rows.fit.coef[places, 0], block)
        return statistic / max(1, freedom), freedom
