"""The rows of a least-squares fit, and what they say of its parameters and of each other."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, final

import numpy as np
from jaxtyping import Bool, Float

from linnet.data import Matrix, MemorySource
from linnet.errors import SettingError
from linnet.estimators.inference.standardised import StandardisedDesign
from linnet.solvers.coefficient_statistics import FittedDesign
from linnet.solvers.least_squares_fit import LeastSquaresFit
from linnet.types import Array

__all__ = ["LeastSquaresRows"]

# Values that are held densely at a time: 32 MiB.
HELD_VALUES: Final = 2**22
# A leverage this near to 1 is 1, but for rounding.
ROUNDED: Final = 1e-10


@final
@dataclass(frozen=True, eq=False)
class LeastSquaresRows:
    """Rows with one target, and the fit of some of their columns.

    Parameters
    ----------
    source : MemorySource
        All columns, targets and weights.
    fit : LeastSquaresFit
        The fit of the columns kept.
    kept : array of shape (k,)
        Which columns those are.
    dependence : StandardisedDesign or None
        How columns depend on each other; ``None`` where none does.
    precisions : bool
        Whether weights are precisions, 1/variance up to a factor, and not numbers of equal rows.
    """

    source: MemorySource
    fit: LeastSquaresFit
    kept: Bool[Array, " k"]
    dependence: StandardisedDesign | None
    precisions: bool

    @property
    def design(self) -> FittedDesign:
        """The factor of the columns kept.

        Raises
        ------
        SettingError
            If there is none.
        """
        if self.fit.design is None:
            raise SettingError(
                "This fit formed no factor of its design, which standard errors need: it has very "
                "many columns, or fewer rows than columns and a penalty. Fit fewer columns."
            )
        return self.fit.design

    @property
    def n_observations(self) -> float:
        """Rows with weight; or their weights, where those are numbers of rows."""
        weight = self.source.weight
        if weight is None or not self.precisions:
            return self.source.total_weight
        return float(np.count_nonzero(weight))

    @property
    def log_precisions(self) -> float:
        """Σ log s, where weights are precisions: the log-likelihood counts half of it."""
        weight = self.source.weight
        if weight is None or not self.precisions:
            return 0.0
        return float(np.log(weight[weight > 0]).sum())

    @cached_property
    def residuals(self) -> Float[Array, " n"]:
        """Targets less predictions."""
        predicted = self.over_tiles(
            self.source.X, lambda A: A @ self._centred_parameters, ones=True
        )
        return self.source.y[:, 0] - predicted

    @property
    def whitened_residuals(self) -> Float[Array, " n"]:
        """Residuals of one variance: times √s where weights are precisions."""
        return self.residuals * np.sqrt(self._precision)

    @cached_property
    def leverage(self) -> Float[Array, " n"]:
        """Leverage of each row, or of one of the equal rows that it stands for."""
        return self._precision * self.leverages_of(self.source.X)

    @property
    def alone(self) -> Bool[Array, " n"]:
        """Rows of leverage 1: a coefficient rests on them alone."""
        return self.leverage >= 1 - ROUNDED

    def leverages_of(self, X: Matrix) -> Float[Array, " n"]:
        """Leverage that rows of weight 1 would have, were they in the fit."""
        return self.over_tiles(X, self.design.leverages, ones=False)

    def outer_products(self, *, corrected: bool) -> Float[Array, "p p"]:
        """Σᵢ cᵢ aᵢaᵢᵀ of centred rows: of the gradients, for the sandwich.

        Where ``corrected`` residuals are divided by 1 − leverage: HC3 of MacKinnon and White 1985.

        Raises
        ------
        SettingError
            If that is 0 for a row.
        """
        residuals = self.residuals
        if corrected:
            if self.alone.any():
                raise SettingError(
                    f"covariance='hc3' divides by 1 − leverage, which is 0 in row "
                    f"{int(np.argmax(self.alone))}: it alone decides a coefficient. Use "
                    "covariance='sandwich', or leave out the column that only it has."
                )
            residuals = residuals / (1 - self.leverage)
        counts = np.ones(len(residuals)) if self.source.weight is None else self.source.weight
        c = np.square(residuals) * counts * self._precision
        p = len(self._centred_parameters)
        total = np.zeros((p, p))
        start = 0

        def add(A: Array) -> Array:
            nonlocal start
            part = c[start : start + len(A)]
            total[:] += (A * part[:, None]).T @ A
            start += len(A)
            return part

        self.over_tiles(self.source.X, add, ones=True)
        return total

    def rank_lost_with(self, columns: tuple[int, ...]) -> int:
        """By how much the rank of the columns falls without these."""
        if self.dependence is None:
            return len(columns)
        everything = np.arange(len(self.kept))
        rest = np.delete(everything, list(columns))
        return self.dependence.rank_of(everything) - self.dependence.rank_of(rest)

    def over_tiles(
        self, X: Matrix, function: Callable[[Array], Array], *, ones: bool
    ) -> Float[Array, " n"]:
        """Apply ``function`` to some rows of the columns kept at a time, less their means.

        With ``ones`` they have a 1 before them if the model has an intercept.
        """
        mean = self.design.x_mean
        step = max(1, HELD_VALUES // max(1, X.shape[1]))
        parts = []
        for start in range(0, X.shape[0], step):
            tile = X[start : start + step]
            dense = tile if isinstance(tile, np.ndarray) else tile.toarray()
            A = dense.astype(np.float64)[:, self.kept]
            if mean is not None:
                A = A - mean
                A = np.insert(A, 0, 1.0, axis=1) if ones else A
            parts.append(function(A))
        return np.concatenate(parts)

    @property
    def _centred_parameters(self) -> Float[Array, " p"]:
        w = self.fit.coef[:, 0]
        mean = self.design.x_mean
        return w if mean is None else np.concatenate([self.fit.intercept + mean @ w, w])

    @property
    def _precision(self) -> Float[Array, " n"]:
        weight = self.source.weight
        if weight is None or not self.precisions:
            return np.ones(self.source.n_samples)
        return weight
