"""Sums of products over the rows of any source, about a provisional centre.

Each batch is summed by itself, dense or sparse, wherever it lies; what is passed to it, and back,
are arrays of p = k + m + 1 rows, k features and m targets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.data import Batch, MemorySource, Source
from linnet.numeric import EPSILON
from linnet.solvers.shifted_rows import CENTRE_ROWS, SMALL_MEAN, ShiftedRows
from linnet.solvers.sparse_rows import SparseRows
from linnet.types import Array

__all__ = ["StreamedRows"]

# The largest of B numbers is at most the 16th root of the sum of their 16th powers, which is at
# most B^(1/16) times too large: twice, of 65,000 batches. It is what sums can tell.
POWER: Final = 16
# Roundings that values of X may have come with, the coarsest first.
TYPES: Final = ("float16", "float32")
# Of sparse rows among dense ones so many values are filled in at a time, 8 MiB.
FILLED_VALUES: Final = 2**20


@final
@dataclass(frozen=True)
class StreamedRows:
    """Weighted rows z = √s [x − c, y − d, 1] ∈ Rᵖ of any source.

    Parameters
    ----------
    source : Source
        Dense or CSR samples; targets of shape (n, m).
    centre : array of shape (k + m,)
        c and d.
    is_sparse : bool
        Whether the rows are sparse, as far as a few of them tell; then c = 0.
    """

    source: Source
    centre: Float[Array, " t"]
    is_sparse: bool

    @classmethod
    def of(cls, source: Source, *, centre: bool) -> "StreamedRows":
        """Shift by the mean of a few rows, drawn at random; or by nothing where that is as good."""
        few = source.sample(np.random.default_rng(0), CENTRE_ROWS)
        weight, sums, is_sparse = few.fold(_weighted_sums)
        rows = cls(source, np.zeros(len(sums)), bool(is_sparse))
        if not centre or not weight > 0 or not np.isfinite(sums).all():
            return rows
        mean = sums / weight
        if not is_sparse:
            (deviations,) = few.fold(partial(_deviations, mean=mean))
            if (np.abs(mean) <= SMALL_MEAN * deviations / weight).all():
                return rows
        return rows.about(mean)

    def about(self, mean: Float[Array, " t"]) -> "StreamedRows":
        """Give the same rows about another centre, sparse ones about 0."""
        k = self.source.n_features
        c = np.zeros(k) if self.is_sparse else mean[:k]
        return replace(self, centre=np.concatenate([c, mean[k:]]))

    @property
    def width(self) -> int:
        """Number of columns p."""
        return len(self.centre) + 1

    @property
    def longest_sum(self) -> int:
        """Additions that follow one another in any sum of products: a bound, not far too large."""
        _, powers, batches, _ = self._first_pass
        return int(np.ceil(float(powers) ** (1 / POWER))) + int(batches)

    @property
    def precision(self) -> float:
        """Relative rounding of the values of X, from the coarsest type they came in."""
        *_, counts = self._first_pass
        for dtype, count in zip(TYPES, counts, strict=True):
            if count:
                return float(np.finfo(dtype).eps)
        return EPSILON

    def products(self) -> Float[Array, "p p"]:
        """Σ z zᵀ; not finite where a value is not, or its square."""
        return self._first_pass[0]

    def residual_products(
        self, directions: Float[Array, "p j"]
    ) -> tuple[Float[Array, "f j"], Float[Array, " j"]]:
        """Σ z eᵀ over the features and the 1, and Σ e², for e = Vᵀz."""
        function = partial(_residual_products, centre=self.centre, directions=directions)
        products, squares = self.source.fold(function, tiled=False)
        return products, squares

    def direction_products(self, directions: Float[Array, "p j"]) -> Float[Array, "j j"]:
        """Σ e eᵀ, for e = Vᵀz."""
        function = partial(_direction_products, centre=self.centre, directions=directions)
        return self.source.fold(function, tiled=False)[0]

    def column_sums(self) -> tuple[Float[Array, " p"], Float[Array, " p"]]:
        """Σ s z and Σ s z², of x − c, y − d and 1 as they are: for columns too many to multiply."""
        sums, squares = self.source.fold(partial(_column_sums, centre=self.centre))
        return sums, squares

    @cached_property
    def _first_pass(self) -> tuple[Array, ...]:
        return self.source.fold(partial(_products, centre=self.centre), tiled=False)


def _products(batch: Batch, *, centre: Array) -> tuple[Array, ...]:
    """Sum products, and what a bound on their rounding needs."""
    total, power = np.zeros((len(centre) + 1, len(centre) + 1)), 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        for rows in _rows(batch, centre):
            total += rows.products()
            power += float(rows.longest_sum) ** POWER
    counts = np.array([float(batch.X.dtype == dtype) for dtype in TYPES])
    return total, np.array(power), np.array(1.0), counts


def _residual_products(batch: Batch, *, centre: Array, directions: Array) -> tuple[Array, Array]:
    width = directions.shape[1]
    total, squares = np.zeros((batch.X.shape[1] + 1, width)), np.zeros(width)
    for rows in _rows(batch, centre):
        parts = rows.residual_products(directions)
        total += parts[0]
        squares += parts[1]
    return total, squares


def _direction_products(batch: Batch, *, centre: Array, directions: Array) -> tuple[Array]:
    total = np.zeros((directions.shape[1], directions.shape[1]))
    for rows in _rows(batch, centre):
        total += rows.direction_products(directions)
    return (total,)


def _rows(batch: Batch, centre: Array) -> Iterator[ShiftedRows | SparseRows]:
    """Rows of one batch; sparse ones a few at a time, filled, where dense ones set the centre."""
    n, k = batch.X.shape
    if n == 0:
        return
    if isinstance(batch.X, np.ndarray):
        yield ShiftedRows(MemorySource(batch.X, batch.y, batch.weight), centre)
    elif not centre[:k].any():
        yield SparseRows(MemorySource(batch.X, batch.y, batch.weight), centre)
    else:
        for start in range(0, n, size := max(1, FILLED_VALUES // k)):
            part = slice(start, start + size)
            weight = None if batch.weight is None else batch.weight[part]
            filled = MemorySource(batch.X[part].toarray(), batch.y[part], weight)
            yield ShiftedRows(filled, centre)


def _weighted_sums(batch: Batch) -> tuple[Array, Array, Array]:
    """Sum of the weights, of the rows, and of 1 for batches that are sparse."""
    weight = _weight(batch)
    sums = [np.asarray(values.T @ weight, dtype=np.float64) for values in (batch.X, batch.y)]
    is_sparse = not isinstance(batch.X, np.ndarray)
    return np.array(weight.sum()), np.concatenate(sums), np.array(float(is_sparse))


def _deviations(batch: Batch, *, mean: Array) -> tuple[Array]:
    """Sum of |x − x̄| and |y − ȳ|, of dense rows."""
    rows = np.concatenate([batch.X, batch.y], axis=1, dtype=np.float64)
    return (np.abs(rows - mean).T @ _weight(batch),)


def _column_sums(batch: Batch, *, centre: Array) -> tuple[Array, Array]:
    k, p = batch.X.shape[1], len(centre) + 1
    sums, squares = np.zeros(p), np.zeros(p)
    for rows in _rows(batch, centre):
        X, weight = rows.source.X, _weight(Batch(rows.source.X, rows.source.y, rows.source.weight))
        if isinstance(X, np.ndarray):
            X = X - centre[:k]
        square = X**2 if isinstance(X, np.ndarray) else X.multiply(X).tocsr()
        others = np.ones((len(weight), p - k))
        others[:, :-1] = rows.source.y - centre[k:]
        sums += np.concatenate([X.T @ weight, others.T @ weight])
        squares += np.concatenate([square.T @ weight, (others**2).T @ weight])
    return sums, squares


def _weight(batch: Batch) -> Float[Array, " n"]:
    if batch.weight is None:
        return np.ones(batch.n_samples)
    return np.asarray(batch.weight, dtype=np.float64)
