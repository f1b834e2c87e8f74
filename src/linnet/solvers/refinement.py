"""Least squares to the last digits: an orthogonal factor, refined with exact residuals.

The pair of residual r and solution w solves r + A w = y, Aᵀ r = 0. Its own residuals, computed in
twice the working precision, are solved for with the factor at hand and added; each round gains
as many digits as the factor has (Björck 1967, "Iterative refinement of linear least squares
solutions I"). Weights and penalty scale rows: s for a sample, α for each coefficient.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.centred import CentredRows
from linnet.solvers.extended_precision import residual_of_product, two_product
from linnet.solvers.pivoting import factor_of_rows
from linnet.solvers.triangular import TriangularFactor
from linnet.types import Array

__all__ = ["solve_refined"]

MAXIMUM_ROUNDS: Final = 10


def solve_refined(
    rows: CentredRows, alpha: float, *, fit_intercept: bool
) -> tuple[Float[Array, "k m"], Float[Array, " m"], TriangularFactor]:
    """Give coefficients (k×m), intercepts (m) and the factor they were found with."""
    X = np.asarray(rows.source.X, dtype=np.float64)
    y = rows.source.y
    n, k = X.shape
    root = np.ones(n) if rows.source.weight is None else np.sqrt(rows.source.weight)
    A = (X - rows.x_mean) * root[:, None]
    targets = (y - rows.y_mean) * root[:, None]
    if alpha > 0:
        A = np.concatenate([A, np.sqrt(alpha) * np.eye(k)])
        targets = np.concatenate([targets, np.zeros((k, y.shape[1]))])
    factor, Q = factor_of_rows(A, rows.offset, rows.precision)
    coef = factor.solve(Q.T @ targets)
    intercept = rows.intercept(coef)
    if not factor.is_full or not n:
        return coef, intercept, factor
    ones = np.full((n, int(fit_intercept)), 1.0)
    rounds = _Rounds(
        design=np.concatenate([X, ones], axis=1),
        root=root,
        weight=rows.source.weight,
        x_mean=rows.x_mean,
        alpha=alpha,
        factor=factor,
        Q=Q,
    )
    parameters = np.concatenate([coef, intercept[None]])[: k + fit_intercept]
    for column in range(y.shape[1]):
        parameters[:, column] = rounds.refine(parameters[:, column], y[:, column])
    return parameters[:k], parameters[k] if fit_intercept else intercept, factor


@final
@dataclass(frozen=True, kw_only=True)
class _Rounds:
    """The refinement of one target's parameters [w, b]."""

    design: Float[Array, "n p"]
    root: Float[Array, " n"]
    weight: Float[Array, " n"] | None
    x_mean: Float[Array, " k"]
    alpha: float
    factor: TriangularFactor
    Q: Float[Array, "rows k"]

    @property
    def _k(self) -> int:
        return len(self.x_mean)

    def refine(self, parameters: Float[Array, " p"], y: Float[Array, " n"]) -> Float[Array, " p"]:
        """Correct until the corrections stop shrinking."""
        residual = y - self.design @ parameters
        # Without a penalty it has no rows.
        penalised = self._k if self.alpha > 0 else 0
        of_penalty = -np.sqrt(self.alpha) * parameters[:penalised]
        last = np.inf
        for _ in range(MAXIMUM_ROUNDS):
            change, residual_change, penalty_change = self._correction(
                parameters, y, residual, of_penalty
            )
            size = float(np.max(np.abs(change) / np.maximum(np.abs(parameters), 1e-300)))
            if not size < last:
                break
            parameters = parameters + change
            residual = residual + residual_change
            of_penalty = of_penalty + penalty_change
            if size <= EPSILON:
                break
            last = size
        return parameters

    def _correction(
        self,
        parameters: Float[Array, " p"],
        y: Float[Array, " n"],
        residual: Float[Array, " n"],
        of_penalty: Float[Array, " a"],
    ) -> tuple[Float[Array, " p"], Float[Array, " n"], Float[Array, " a"]]:
        """Solve r + A w = f, Aᵀ r = g for what is missing, f and g in extended precision."""
        n, k = len(y), self._k
        with_residual = np.concatenate([self.design, residual[:, None]], axis=1)
        missing = residual_of_product(
            y[:, None], with_residual, np.append(parameters, 1.0)[:, None]
        )[:, 0]
        slope = self._normal_equations(residual, of_penalty)

        f = self.root * missing
        mean_part = np.zeros(n)
        d_intercept = 0.0
        e = self.root / np.sqrt(self.root @ self.root)
        if len(parameters) > k:
            # The direction of the intercept is orthogonal to the centred columns.
            h = slope[k] / np.sqrt(self.root @ self.root)
            along = e @ f
            d_intercept = (along - h) / np.sqrt(self.root @ self.root)
            mean_part = e * (h - along)
        g = slope[:k] - self.x_mean * (slope[k] if len(parameters) > k else 0.0)
        if self.alpha > 0:
            f = np.append(f, -np.sqrt(self.alpha) * parameters[:k] - of_penalty)
        h_w = self.factor.solve_transposed(g[:, None])[:, 0]
        d = self.Q.T @ f
        dw = self.factor.solve((d - h_w)[:, None])[:, 0]
        dr = f + self.Q @ (h_w - d)
        dr[:n] += mean_part
        unweighted = np.divide(dr[:n], self.root, out=np.zeros(n), where=self.root > 0)
        db = np.full(len(parameters) - k, d_intercept - self.x_mean @ dw)
        return np.append(dw, db), unweighted, dr[n:]

    def _normal_equations(
        self, residual: Float[Array, " n"], of_penalty: Float[Array, " a"]
    ) -> Float[Array, " p"]:
        """−Aᵀ r in extended precision, the penalty's rows among it."""
        target = np.zeros(self.design.shape[1])
        target[: len(of_penalty)] = -np.sqrt(self.alpha) * of_penalty
        A, r = self.design.T, residual
        if self.weight is not None:
            # s·r is rounded; its rounding error goes in as rows of its own.
            product, error = two_product(self.weight, residual)
            A, r = np.concatenate([A, A], axis=1), np.concatenate([product, error])
        return residual_of_product(target[:, None], A, r[:, None])[:, 0]
