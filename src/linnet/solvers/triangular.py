"""The triangular factor of a least-squares problem, of any rank, with column scaling undone."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import lapack, qr, solve_triangular

from linnet.types import Array

__all__ = ["TriangularFactor"]


@final
@dataclass(frozen=True)
class TriangularFactor:
    """B (r×k) of full row rank with BᵀB = AᵀA, kept as B = R Πᵀ D⁻¹.

    R is upper trapezoidal, Π a permutation, D the column scaling that made the columns of A
    comparable before their rank was judged.

    Parameters
    ----------
    R : array of shape (r, k)
        Rows of the factor down to the rank r.
    pivots : array of shape (k,)
        The column of A behind each column of R.
    scale : array of shape (k,)
        D, by column of A; 0 for a column that is constant and takes no part.
    """

    R: Float[Array, "r k"]
    pivots: Int[Array, " k"]
    scale: Float[Array, " k"]

    @property
    def rank(self) -> int:
        """Rank r of A."""
        return len(self.R)

    @property
    def is_full(self) -> bool:
        """Whether every column of A counts."""
        return self.rank == self.R.shape[1]

    @cached_property
    def condition_number(self) -> float:
        """Condition number, in the 1-norm, of A with columns of unit length; ∞ below full rank.

        LAPACK's estimate (trcon), rarely more than a factor of 3 too small.
        """
        if not self.is_full:
            return float("inf")
        if self.rank == 0:
            return 1.0
        reciprocal, _ = lapack.dtrcon(np.asfortranarray(self.R))
        return float(1 / reciprocal) if reciprocal > 0 else float("inf")

    def degrees_of_freedom(self, alpha: float) -> float:
        """Trace of (BᵀB)⁻¹(BᵀB − αI), where BᵀB = AᵀA + αI: the rank without a penalty."""
        if alpha == 0:
            return float(self.rank)
        inverse = self.solve_transposed(np.eye(self.R.shape[1]))
        return float(self.rank - alpha * np.vdot(inverse, inverse))

    def solve(self, c: Float[Array, "r m"]) -> Float[Array, "k m"]:
        """Shortest w with B w = c."""
        r = self.rank
        basic = np.zeros((self.R.shape[1], c.shape[1]))
        basic[:r] = solve_triangular(self.R[:, :r], c, check_finite=False)
        w = self._in_place(basic)
        if self.is_full:
            return w
        # The solutions differ by what B takes to 0; the shortest is orthogonal to that.
        return w - self._null_space @ (self._null_space.T @ w)

    def solve_transposed(self, g: Float[Array, "k m"]) -> Float[Array, "r m"]:
        """Return the c with Bᵀ c = g, for g in the row space of A."""
        scaled = (g * self.scale[:, None])[self.pivots[: self.rank]]
        return solve_triangular(self.R[:, : self.rank], scaled, trans="T", check_finite=False)

    @cached_property
    def _null_space(self) -> Float[Array, "k d"]:
        """Orthonormal basis of what B takes to 0: combinations of dependent columns, and noise."""
        r, k = self.R.shape
        free = np.zeros((k, k - r))
        free[:r] = -solve_triangular(self.R[:, :r], self.R[:, r:], check_finite=False)
        free[r:] = np.eye(k - r)
        vectors = self._in_place(free)
        # A column of scale 0 takes no part whatever its weight: it is a direction of its own.
        lost = np.flatnonzero(self.scale[self.pivots[r:]] == 0)
        vectors[:, lost] = 0
        vectors[self.pivots[r + lost], lost] = 1
        return qr(vectors, mode="economic", check_finite=False)[0]

    def _in_place(self, v: Float[Array, "k m"]) -> Float[Array, "k m"]:
        """D Π v."""
        w = np.empty_like(v)
        w[self.pivots] = v
        return w * self.scale[:, None]
