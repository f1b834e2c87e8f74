"""Sums of products of rows about a provisional centre, in one reading of dense data.

A Gram matrix XᵀX loses its digits where the means of columns are large beside their spread. There
each tile of rows is first shifted by a centre that a few rows give: close to the mean, and exact
as it stands, for it is the same in every tile. What it misses of the true mean is then small, and
is taken out of the sums without cancellation. Tiles are of a size that stays in the cache: X is
read once, and copied nowhere.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Float

from linnet.data import Batch, MemorySource
from linnet.engine import gradient_pass, limited_blas, thread_count, upper_products
from linnet.losses import SquaredLoss
from linnet.solvers.centred import precision_of
from linnet.types import Array

__all__ = ["ShiftedRows"]

# A tile of 2^17 float64 values, 1 MiB, stays in the second-level cache of a core.
TILE_VALUES: Final = 2**17
# The engine multiplies so many rows together.
TOGETHER: Final = 128
# And reads rows from memory ahead of itself, so that a tile may be long.
LONG_TILE: Final = TOGETHER**2
# Targets, made of others as they are wanted: 2 MiB.
TARGETS_AT_ONCE: Final = 2**18
# Each of a fixed number of shares is summed by itself, so that any number of threads gives the
# same sums; a share needs enough rows to be worth the sums of its own that it holds.
LARGEST_SHARES: Final = 16
ROWS_PER_COLUMN_OF_A_SHARE: Final = 64
# From so many columns on products are shared out well among threads, where rows are few.
WIDE: Final = 256
# Rows that the provisional centre is the mean of, taken evenly from all.
CENTRE_ROWS: Final = 256
# Means up to this many mean deviations cost less than a digit, and rows are used as they lie.
SMALL_MEAN: Final = 1.0


@final
@dataclass(frozen=True)
class ShiftedRows:
    """Weighted rows z = √s [x − c, y − d, 1] ∈ Rᵖ, p = k + m + 1, a tile at a time.

    A tile is two arrays: √s (x − c), which is X itself where there is nothing to be done, and the
    m + 1 other columns.

    Parameters
    ----------
    source : MemorySource
        Dense samples; targets of shape (n, m).
    centre : array of shape (k + m,)
        c and d.
    """

    source: MemorySource
    centre: Float[Array, " t"]

    @classmethod
    def of(cls, source: MemorySource, *, centre: bool) -> "ShiftedRows":
        """Shift by the weighted mean of a few rows; or by nothing where that is as good."""
        nothing = np.zeros(source.n_features + source.y.shape[1])
        if not centre:
            return cls(source, nothing)
        # Evenly spaced, and so a fair sample of sorted rows too.
        few = slice(None, None, max(1, source.n_samples // CENTRE_ROWS))
        weight = None if source.weight is None else source.weight[few]
        if weight is not None and not weight.any():
            weight = None
        rows = np.concatenate([source.X[few], source.y[few]], axis=1, dtype=np.float64)
        if not np.isfinite(rows).all():
            return cls(source, nothing)
        mean = np.average(rows, axis=0, weights=weight)
        spread = np.average(np.abs(rows - mean), axis=0, weights=weight)
        is_small = (np.abs(mean) <= SMALL_MEAN * spread).all()
        return cls(source, nothing if is_small else mean)

    @property
    def width(self) -> int:
        """Number of columns p."""
        return len(self.centre) + 1

    @property
    def precision(self) -> float:
        """Relative rounding of the values of X, from the type they came in."""
        return precision_of(self.source)

    @property
    def longest_sum(self) -> int:
        """Additions that follow one another, at most, in any sum of products."""
        rows_of_share = -(-self.source.n_samples // self._shares)
        return self._tile_rows + rows_of_share // self._tile_rows + self._shares

    def products(self) -> Float[Array, "p p"]:
        """Σ z zᵀ; not finite where a value is not, or its square."""
        threads = None if self._is_shared_out else 1

        def of_tile(X: Array, Y: Array) -> tuple[Array, ...]:
            with np.errstate(invalid="ignore", over="ignore"):
                return (upper_products(X, Y, threads=threads),)

        shape = (self.width, self.width)
        (upper,) = self._sum(of_tile, (shape,), max(LONG_TILE, self._tile_rows))
        return np.triu(upper) + np.triu(upper, 1).T

    def residual_products(
        self, directions: Float[Array, "p j"]
    ) -> tuple[Float[Array, "f j"], Float[Array, " j"]]:
        """Σ z eᵀ over the features and the 1, and Σ e², for e = Vᵀz.

        With V = [−Wᵀ; I; −b] these are the residuals and their slopes.
        """
        k, width = self.source.n_features, directions.shape[1]
        if width == 1 and not self.centre[:k].any():
            return self._residual_products_of_one(directions)

        def of_tile(X: Array, Y: Array) -> tuple[Array, ...]:
            E = X @ directions[:k] + Y @ directions[k:]
            return X.T @ E, Y[:, -1:].T @ E, np.einsum("nj,nj->j", E, E)

        shapes = ((k, width), (1, width), (width,))
        of_features, of_one, squares = self._sum(of_tile, shapes)
        return np.concatenate([of_features, of_one]), squares

    def _residual_products_of_one(
        self, directions: Float[Array, "p one"]
    ) -> tuple[Float[Array, "f one"], Float[Array, " one"]]:
        """Give the same of rows as they lie, by the gradient of squared loss: for one direction."""
        source, k = self.source, self.source.n_features
        theta = -np.concatenate([directions[:k], directions[-1:]]).T
        products, squares = np.zeros(theta.shape).T, np.zeros(1)
        for start in range(0, source.n_samples, TARGETS_AT_ONCE):
            part = slice(start, start + TARGETS_AT_ONCE)
            targets = (source.y[part] - self.centre[k:]) @ directions[k:-1]
            weight = None if source.weight is None else source.weight[part]
            value, gradient = gradient_pass(
                SquaredLoss(), Batch(source.X[part], targets, weight), theta
            )
            products -= gradient.T
            squares += 2 * value
        return products, squares

    def direction_products(self, directions: Float[Array, "p j"]) -> Float[Array, "j j"]:
        """Σ e eᵀ, for e = Vᵀz."""
        k, width = self.source.n_features, directions.shape[1]

        def of_tile(X: Array, Y: Array) -> tuple[Array, ...]:
            E = X @ directions[:k] + Y @ directions[k:]
            return (E.T @ E,)

        return self._sum(of_tile, ((width, width),))[0]

    def _sum(
        self,
        function: Callable[[Array, Array], tuple[Array, ...]],
        shapes: tuple[tuple[int, ...], ...],
        longest: int = 0,
    ) -> tuple[Array, ...]:
        """Sum ``function`` over the tiles, share by share, in a fixed order.

        Rows that are used as they lie come in tiles of up to ``longest``, if that is given.
        """

        def of_share(rows: range) -> tuple[Array, ...]:
            totals = tuple(np.zeros(shape) for shape in shapes)
            for tile in self._tiles(rows, longest):
                _add(totals, function(*tile))
            return totals

        n, count = self.source.n_samples, self._shares
        bounds = [n * share // count for share in range(count + 1)]
        shares = [range(*pair) for pair in pairwise(bounds)]
        if self._is_shared_out:
            return of_share(shares[0])
        with limited_blas(1), ThreadPoolExecutor(min(thread_count(), count)) as workers:
            results = workers.map(of_share, shares)
            totals = next(results)
            for parts in results:
                _add(totals, parts)
        return totals

    def _tiles(
        self, rows: range, longest: int
    ) -> Iterator[tuple[Float[Array, "n k"], Float[Array, "n o"]]]:
        """Give the rows a tile after another, all in the same memory."""
        X, weight = self.source.X, self.source.weight
        k = X.shape[1]
        if weight is None and X.dtype == np.float64 and not self.centre[:k].any():
            size = longest or self._tile_rows
            # What is behind the rows takes little memory, and is made for many tiles at a time.
            for first in range(rows.start, rows.stop, max(size, LONG_TILE)):
                some = range(first, min(first + max(size, LONG_TILE), rows.stop))
                others = self._others(slice(some.start, some.stop))
                for start in some[::size]:
                    stop = min(start + size, some.stop)
                    yield X[start:stop], others[start - first : stop - first]
            return
        size = min(self._tile_rows, len(rows))
        order: Literal["C", "F"] = "F" if X.flags.f_contiguous else "C"
        memory = np.empty((size, k), order=order)
        for start in rows[::size]:
            part = slice(start, min(start + size, rows.stop))
            others = self._others(part)
            # The last tile may be shorter. A slice of the rows of F order would be slow.
            tile = memory if len(others) == size else np.empty((len(others), k), order=order)
            np.subtract(X[part], self.centre[:k], out=tile)
            if weight is not None:
                root = np.sqrt(weight[part])[:, None]
                np.multiply(tile, root, out=tile)
                np.multiply(others, root, out=others)
            yield tile, others

    def _others(self, part: slice) -> Float[Array, "n o"]:
        """Give the columns y − d and 1."""
        y, k = self.source.y, self.source.n_features
        others = np.ones((part.stop - part.start, self.width - k))
        np.subtract(y[part], self.centre[k:], out=others[:, :-1])
        return others

    @property
    def _tile_rows(self) -> int:
        # At least as many rows as columns, or adding up the products outweighs forming them.
        return max(TILE_VALUES // self.width // TOGETHER * TOGETHER, self.width)

    @property
    def _is_shared_out(self) -> bool:
        """Whether each product is shared out among threads, and not the rows."""
        return self._shares == 1 and self.width >= WIDE

    @property
    def _shares(self) -> int:
        most = self.source.n_samples // (ROWS_PER_COLUMN_OF_A_SHARE * self.width)
        return min(LARGEST_SHARES, max(1, most))


def _add(totals: tuple[Array, ...], parts: tuple[Array, ...]) -> None:
    for total, part in zip(totals, parts, strict=True):
        np.add(total, part, out=total)
