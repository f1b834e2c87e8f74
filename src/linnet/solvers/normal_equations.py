"""The normal equations (AᵀA + αI) Wᵀ = AᵀY, and when their solution can be trusted.

Forming AᵀA squares the condition number κ: where κ² times the rounding of the sums comes near 1,
nothing is left. Below that a Cholesky factor B of the rounded matrix still contracts. If AᵀA + αI
is BᵀB + E, then a solution corrected by its own residual g, computed from the rows, keeps of its
error at most

    ρ = ‖B⁻ᵀ E B⁻¹‖ ≤ ‖B⁻¹‖² ‖E‖,

with columns scaled to unit length. ρ is bounded here from the factor's inverse and from a bound on
every rounding, and decides: a factor is given only where ρ is small.

Columns that the sums cannot tell from combinations of others, as those of a category are, are put
to the rows: they count as dependent where what is left of them there is rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias, final

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import lapack, solve_triangular

from linnet.data import Batch, MemorySource, Source
from linnet.numeric import EPSILON
from linnet.solvers.centred import CentredRows
from linnet.solvers.pivoting import ROUNDINGS, column_scale
from linnet.solvers.shifted_rows import ShiftedRows
from linnet.solvers.streamed_rows import StreamedRows
from linnet.solvers.triangular import TriangularFactor
from linnet.types import Array

__all__ = ["GramFactor", "NormalEquations"]

Residuals: TypeAlias = Callable[[Array, Array], tuple[Array, Array]]
"""For coefficients C (k×j) and combinations T (m×j) of the targets: AᵀE, and the sum of squares of
each column of E, where E = YT − AC."""

# Each correction then gains a digit and more, by proof; in practice some three digits more, for
# roundings seldom add up as the bound must assume.
LARGEST_CONTRACTION: Final = 0.05
# A row is shifted, weighted and multiplied before it is added.
ROUNDINGS_OF_A_PRODUCT: Final = 4


@final
@dataclass(frozen=True)
class GramFactor:
    """Factor of AᵀA + αI, and the contraction ρ of a correction by it."""

    factor: TriangularFactor
    contraction: float
    inverse_norm: float


@final
@dataclass(frozen=True, kw_only=True)
class NormalEquations:
    """Sums of products of the centred weighted rows A and targets Y.

    Parameters
    ----------
    gram, cross : array of shape (k, k) and (k, m)
        AᵀA and AᵀY.
    x_mean, y_mean : array of shape (k,) and (m,)
        What centring took out; zeros for a model without intercept.
    total_weight : float
        S.
    summed : array of shape (k,)
        Squares of the columns as they were summed, before centring took its share.
    rounding : float
        Bound on the error of a sum of products, relative to the lengths of its columns.
    precision : float
        Rounding of the values of X, relative.
    target_squares : array of shape (m,)
        Diagonal of YᵀY.
    is_centred : bool
        Whether there is an intercept.
    residuals : function
        Gives residuals from the rows themselves, in one pass.
    """

    gram: Float[Array, "k k"]
    cross: Float[Array, "k m"]
    x_mean: Float[Array, " k"]
    y_mean: Float[Array, " m"]
    total_weight: float
    summed: Float[Array, " k"]
    rounding: float
    precision: float
    target_squares: Float[Array, " m"]
    is_centred: bool
    residuals: Residuals

    @classmethod
    def of(cls, source: Source, *, centre: bool) -> "NormalEquations":
        """Sum over the rows, dense or CSR, in one pass."""
        if not isinstance(source, MemorySource):
            return cls.of_shifted(StreamedRows.of(source, centre=centre), centre=centre)
        if isinstance(source.X, np.ndarray):
            return cls.of_shifted(ShiftedRows.of(source, centre=centre), centre=centre)
        return cls._of_sparse(CentredRows.of(source, centre=centre))

    @classmethod
    def of_shifted(cls, rows: ShiftedRows | StreamedRows, *, centre: bool) -> "NormalEquations":
        """Sum over rows about their provisional centre."""
        k = rows.source.n_features
        products = rows.products()
        S = float(products[-1, -1])
        # What the provisional centre missed.
        missed = products[-1, :-1] / S if centre else np.zeros(rows.width - 1)
        mean = rows.centre + missed
        with np.errstate(invalid="ignore", over="ignore"):
            centred = products[:k, :-1] - S * np.outer(missed[:k], missed)

        return cls(
            gram=centred[:, :k],
            cross=centred[:, k:],
            x_mean=mean[:k],
            y_mean=mean[k:],
            total_weight=S,
            summed=np.diagonal(products)[:k].copy(),
            rounding=EPSILON * (rows.longest_sum + ROUNDINGS_OF_A_PRODUCT),
            precision=rows.precision,
            target_squares=(np.diagonal(products)[k:-1] - S * missed[k:] ** 2).clip(min=0),
            is_centred=centre,
            residuals=partial(_residuals, rows, missed),
        )

    @classmethod
    def _of_sparse(cls, rows: CentredRows) -> "NormalEquations":
        gram, cross = rows.gram()
        source = rows.source
        tiles = source.n_samples // source.tile_rows + 1

        def residuals(coef: Array, targets: Array) -> tuple[Array, Array]:
            intercept = rows.y_mean @ targets - rows.x_mean @ coef

            def of_tile(tile: Batch) -> tuple[Array, Array, Array]:
                residual = tile.y @ targets - (tile.X @ coef + intercept)
                weighted = residual if tile.weight is None else residual * tile.weight[:, None]
                squares = np.einsum("nj,nj->j", weighted, residual)
                return np.asarray(tile.X.T @ weighted), weighted.sum(axis=0), squares

            slopes, total, squares = source.fold(of_tile)
            return slopes - np.outer(rows.x_mean, total), squares

        return cls(
            gram=gram,
            cross=cross,
            x_mean=rows.x_mean,
            y_mean=rows.y_mean,
            total_weight=source.total_weight,
            summed=np.diagonal(gram) + source.total_weight * rows.x_mean**2,
            rounding=EPSILON * (source.tile_rows + tiles + ROUNDINGS_OF_A_PRODUCT),
            precision=rows.precision,
            target_squares=rows.target_squares(),
            is_centred=rows.is_centred,
            residuals=residuals,
        )

    def about(self, rows: StreamedRows) -> "NormalEquations":
        """Take residuals from the same rows about another centre."""
        missed = np.concatenate([self.x_mean, self.y_mean]) - rows.centre
        return replace(self, residuals=partial(_residuals, rows, missed))

    @property
    def is_finite(self) -> bool:
        """Whether no value was NaN or infinite, and no square too large for float64."""
        return bool(np.isfinite(self.summed).all() and np.isfinite(self.cross).all())

    def intercept(self, coef: Float[Array, "k m"]) -> Float[Array, " m"]:
        """B = ȳ − W x̄, the best for these weights."""
        return self.y_mean - self.x_mean @ coef

    def factor(self, alpha: float) -> GramFactor | None:
        """Factor AᵀA + αI; ``None`` where corrections by that factor would not contract."""
        if not self.is_finite:
            return None
        squares = np.diagonal(self.gram).clip(min=0) + alpha
        offset = np.abs(self.x_mean) * np.sqrt(self.total_weight)
        scale, noise = column_scale(np.sqrt(squares), offset, self.precision)
        used, constant = np.flatnonzero(scale), np.flatnonzero(scale == 0)
        # Thrice: the sum of products, and the two means that centring takes out of it. And the
        # factor's own rounding: Higham 2002, Theorem 10.3.
        error = 3 * self.rounding * float((self.summed[used] * scale[used] ** 2).sum())
        error += len(used) * (len(used) + 1) * EPSILON
        R, order = self._triangle(used, scale, smallest=error / LARGEST_CONTRACTION)
        rank = len(R)
        inverse_square = float((lapack.dtrtri(R[:, :rank])[0] ** 2).sum()) if rank else 0.0
        # Near the rounding of the data, the rows themselves must tell the rank.
        blurred = noise.max(initial=0.0) ** 2 * inverse_square >= 1
        if blurred or not inverse_square * error <= LARGEST_CONTRACTION:
            return None
        upper = np.zeros((rank, len(scale)), order="F")
        upper[:, : len(used)] = R
        factor = TriangularFactor(upper, np.concatenate([used[order], constant]), scale)
        if rank < len(used) and not self._proves(factor, used[order[rank:]], noise, alpha):
            return None
        return GramFactor(factor, inverse_square * error, np.sqrt(inverse_square))

    def _triangle(
        self, used: Int[Array, " u"], scale: Float[Array, " k"], smallest: float
    ) -> tuple[Float[Array, "r u"], Int[Array, " u"]]:
        """Cholesky factor of the scaled sums, down to pivots whose square is ``smallest``.

        With pivots it is the factor that QR with pivots would give.
        """
        if not len(used):
            return np.zeros((0, 0)), used
        scaled = self.gram[np.ix_(used, used)]
        scaled *= scale[used]
        scaled *= scale[used, None]
        scaled[np.diag_indices_from(scaled)] = 1.0
        R, order, rank, _ = lapack.dpstrf(
            np.asfortranarray(scaled), lower=0, tol=smallest, overwrite_a=True
        )
        return np.triu(R)[:rank], order - 1

    def _proves(
        self,
        factor: TriangularFactor,
        dependent: Int[Array, " d"],
        noise: Float[Array, " k"],
        alpha: float,
    ) -> bool:
        """Whether these columns are combinations of the others in the rows too, to rounding.

        The combinations are those of the factor, corrected once; and are put into the factor.
        """
        rank, (k, m) = factor.rank, self.cross.shape
        places = slice(rank, rank + len(dependent))
        others, R = factor.pivots[:rank], factor.R[:, :rank]
        combination = solve_triangular(R, factor.R[:, places], check_finite=False)
        left = np.zeros(len(dependent))
        for is_corrected in (False, True):
            directions = np.zeros((k, len(dependent)))
            directions[dependent, np.arange(len(dependent))] = factor.scale[dependent]
            directions[others] = -combination * factor.scale[others, None]
            slopes, left = self.residuals(-directions, np.zeros((m, len(dependent))))
            left = left + alpha * (directions**2).sum(axis=0)
            if not is_corrected:
                change = factor.solve_transposed(slopes + alpha * directions)
                combination += solve_triangular(R, change, check_finite=False)
        factor.R[:, places] = R @ combination
        return bool((np.sqrt(left) <= ROUNDINGS * np.sqrt(k) * EPSILON + noise[dependent]).all())


def _residuals(
    rows: ShiftedRows | StreamedRows, missed: Array, coef: Array, targets: Array
) -> tuple[Array, Array]:
    """Give AᵀE and the squares of E, where the centre of ``rows`` ``missed`` so much."""
    k = len(coef)
    intercept = missed[k:] @ targets - missed[:k] @ coef
    directions = np.concatenate([-coef, targets, -intercept[None]])
    slopes, squares = rows.residual_products(directions)
    return slopes[:k] - np.outer(missed[:k], slopes[-1]), squares
