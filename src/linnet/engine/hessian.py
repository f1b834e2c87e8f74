"""The whole Hessian of a linear model over one batch: Σᵢ sᵢ ∇²ℓᵢ ⊗ x̃ᵢx̃ᵢᵀ.

The curvature of a loss couples scores in pairs,

    ∇²ℓ = Σ w_ab (e_a − e_b)(e_a − e_b)ᵀ      where w_ab ≥ 0, and e_a = 0 for b by itself:

for softmax w_ab = ŷ_a ŷ_b. That leaves a second moment Σᵢ sᵢ w_ab x̃ᵢx̃ᵢᵀ for each pair. Few pairs
of classes are both likely for a row: where a rough Hessian will do, rows of little weight hand it
on to one that follows, and a tenth of the products is enough.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar, final

import numpy as np
from jaxtyping import Float, Int, Shaped

from linnet.data import Batch, Matrix
from linnet.engine import native
from linnet.engine.choice import by_tiles, engine_name, runs_natively
from linnet.engine.choice import curvature as curvature_at
from linnet.engine.reference import scores
from linnet.engine.threads import limited_blas, thread_count
from linnet.losses import Loss
from linnet.parallel import in_order
from linnet.types import Array

__all__ = [
    "column_hessians_pass",
    "hessian_pass",
    "length_pass",
    "score_hessians_pass",
    "second_moment_pass",
    "upper_products",
]

Result = TypeVar("Result")

# Values a tile of rows may hold: 16 MiB.
TILE_VALUES: Final = 2**21
# And bytes of couplings: with many classes there are so many sums that a tile should add much.
TILE_BYTES: Final = 2**24


def hessian_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    basis: Float[Array, "p r"] | None = None,
    *,
    least: float = 0.0,
    precise: bool = True,
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ as an array.

    Parameters
    ----------
    loss, batch, theta
        The loss, the rows, and Θ.
    basis : array of shape (p, r), optional
        Directions to take the Hessian in: that in Θ' at Θ = Θ'Bᵀ. By default those of Θ itself.
    least : float
        Curvatures below this are gathered until they are worth it: 0 for the exact Hessian.
    precise : bool
        Whether to multiply in float64; else in float32.

    Returns
    -------
    hessian : array of shape (m, r, m, r)
    """
    m, p = theta.shape
    r = p if basis is None else basis.shape[1]
    pairs = loss.pairs(m)
    moments = _Moments(len(pairs), r, precise=precise, least=least)
    B = None if basis is None else basis.astype(moments.dtype)
    tiles = _Tiles(loss, batch, theta, moments.dtype)
    for Z, couplings in tiles.each(lambda rows, w: (rows if B is None else rows @ B, w)):
        moments.add(Z, couplings)
    hessian = np.zeros((m, r, m, r))
    for (a, b), moment in zip(pairs, moments.sums(), strict=True):
        hessian[b, :, b, :] += moment
        if a >= 0:
            hessian[a, :, a, :] += moment
            hessian[a, :, b, :] = hessian[b, :, a, :] = -moment
    return (hessian,)


def score_hessians_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    chosen: range,
    least: Float[Array, " s"],
    *,
    curvature: Array | None = None,
) -> tuple[Array, ...]:
    """Hessian of Σᵢ sᵢ ℓᵢ in each of the ``chosen`` rows of Θ alone: of shape (p, p).

    Rough ones: for each score rows are drawn systematically, in proportion to their curvature, and
    count ``least`` each; one that has more of it counts as often as that goes.

    Parameters
    ----------
    loss, batch, theta
        The loss, the rows, and Θ.
    chosen : range
        Scores.
    least : array of shape (s,)
        For each of them the curvature that makes a row count once.
    curvature : array of shape (m, n), optional
        What all Hessians at Θ have in common, where it is known.
    """
    if not runs_natively(loss, batch):
        return by_tiles(
            batch, lambda tile: tuple(_score_hessians(loss, tile, theta, chosen, least))
        )
    P = curvature
    if P is None:
        P = curvature_at(loss, batch, theta, precise=False)
    return tuple(_score_hessians(loss, batch, theta, chosen, least, P=P))


def _score_hessians(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    chosen: range,
    least: Float[Array, " s"],
    *,
    P: Float[Array, "m n"] | None = None,
) -> Iterator[Float[Array, "p p"]]:
    if P is None:
        curvatures = loss.hessian_diagonal(scores(batch.X, theta)).T[chosen]
    else:
        curvatures = P[chosen] * (1 - P[chosen])
    workers = min(thread_count(), len(chosen))

    def of_score(score: int) -> Float[Array, "p p"]:
        weight = curvatures[score]
        if batch.weight is not None:
            weight = weight * batch.weight
        # The first row is drawn where half a unit has come together.
        drawn = np.floor(np.cumsum(weight, dtype=np.float64) / least[score] + 0.5)
        times = np.diff(drawn, prepend=0.0)
        rows = np.flatnonzero(times)
        threads = 1 if workers > 1 else None
        moments = _Moments(1, theta.shape[1], precise=False, threads=threads)
        moments.add_of(batch.X, rows, times[None, rows])
        (sums,) = moments.sums()
        sums *= least[score]
        return sums

    yield from in_order(of_score, range(len(chosen)), workers)


def column_hessians_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ in each column of Θ alone: of shape (p, m, m)."""
    m, p = theta.shape
    first, second = loss.pairs(m).T
    sums = np.zeros((len(first), p))
    tiles = _Tiles(loss, batch, theta, np.dtype(float if precise else np.float32))
    for products in tiles.each(lambda rows, w: w @ np.square(rows)):
        sums += products
    two = first >= 0
    hessians = np.zeros((p, m, m))
    hessians[:, first[two], second[two]] = hessians[:, second[two], first[two]] = -sums[two].T
    scores = np.arange(m)
    hessians[:, scores, scores] = -hessians.sum(axis=2)
    hessians[:, second[~two], second[~two]] += sums[~two].T
    return (hessians,)


def second_moment_pass(batch: Batch, p: int, *, precise: bool = True) -> tuple[Array]:
    """Σᵢ sᵢ x̃ᵢx̃ᵢᵀ, where x̃ has p entries, a 1 among them if that is one more than x has.

    Without ``precise`` data of float32 or less are multiplied in float32.
    """
    moments = _Moments(1, p, precise=precise or not native.is_exact_in_float32(batch.X))
    weight = np.ones(batch.n_samples) if batch.weight is None else batch.weight
    moments.add_of(batch.X, None, weight[None])
    return (moments.sums()[0],)


def upper_products(
    X: Float[Array, "n k"], others: Float[Array, "n o"], *, threads: int | None = None
) -> Float[Array, "r r"]:
    """ZᵀZ of float64 rows Z = [X others], on and above the diagonal; nothing else has meaning.

    On as many threads as passes have, unless given.
    """
    k, r = X.shape[1], X.shape[1] + others.shape[1]
    products = np.zeros((r, r))
    if _reads_directly(X):
        weights = np.ones((1, len(X)))
        native.add_moments(X, weights, 0.0, products[None], others=others, threads=threads)
        return products
    # NumPy sees that both factors are one array, and computes half of the product (syrk).
    products[:k, :k] = X.T @ X
    products[:k, k:] = X.T @ others
    products[k:, k:] = others.T @ others
    return products


def length_pass(batch: Batch, p: int) -> tuple[Array, Array]:
    """Σᵢ tᵢ² and Σᵢ tᵢ where tᵢ = sᵢ ‖x̃ᵢ‖², and x̃ has p entries as above, or as many as x."""
    X = batch.X if batch.X.dtype == np.float32 else batch.X.astype(np.float64)
    if isinstance(X, np.ndarray):
        squares = np.einsum("nk,nk->n", X, X)
    else:
        # Entries of one place are added up before they are squared: by columns that takes no sort.
        squares = X.tocsc().power(2).sum(axis=1)
    lengths = np.asarray(squares).ravel() + (p - batch.X.shape[1])
    if batch.weight is not None:
        lengths = lengths * batch.weight
    return np.asarray(lengths @ lengths), np.asarray(lengths.sum())


class _Moments:
    """Σᵢ cᵢ zᵢzᵢᵀ of rows z of r entries, for each of several sets of weights c, at least 0.

    Products are in float64 if ``precise``, else in float32; sums over tiles are in float64.
    """

    def __init__(
        self,
        sets: int,
        r: int,
        *,
        precise: bool,
        least: float = 0.0,
        threads: int | None = None,
    ) -> None:
        self.dtype = np.dtype(np.float64 if precise else np.float32)
        self._r = r
        self._least = least
        self._threads = threads
        self._sums = np.zeros((sets, r, r))

    def add(self, Z: Float[Array, "n r"], weights: Float[Array, "c n"]) -> None:
        """Add rows Z."""
        weights = np.ascontiguousarray(weights, self.dtype)
        if engine_name() == "native":
            rows = Z if _reads_directly(Z) else np.ascontiguousarray(Z, self.dtype)
            native.add_moments(rows, weights, self._least, self._sums, threads=self._threads)
            return
        for sums, weight in zip(self._sums, weights, strict=True):
            heavy, gathered = _gathered(weight, self._least)
            np.add(sums, (Z[heavy].T * gathered) @ Z[heavy], out=sums)

    def add_of(
        self, X: Matrix, rows: Int[Array, " t"] | None, weights: Float[Array, "c t"]
    ) -> None:
        """Add x̃ of some rows, or all, where x̃ has a 1 behind x if r is one more than x has."""
        if _reads_directly(X):
            weights = np.ascontiguousarray(weights, self.dtype)
            native.add_moments(
                X, weights, self._least, self._sums, indices=rows, threads=self._threads
            )
            return
        count = weights.shape[1]
        size = max(64, TILE_VALUES // self._r)
        for start in range(0, count, size):
            part = slice(start, start + size)
            some = X[part] if rows is None else X[rows[part]]
            self.add(_with_intercept(some, self._r, self.dtype), weights[:, part])

    def sums(self) -> Float[Array, "c r r"]:
        """Give the matrices, both halves of each."""
        sums = self._sums
        for i in range(1, self._r):
            sums[:, i, :i] = sums[:, :i, i]
        return sums


def _reads_directly(X: Matrix) -> bool:
    """Whether the native engine takes rows of X as they lie."""
    return (
        engine_name() == "native"
        and isinstance(X, np.ndarray)
        and native.can_read_rows(X)
        and X.strides[1] == X.itemsize
    )


def _gathered(
    weight: Float[Array, " n"], least: float
) -> tuple[Shaped[Array, " h"], Float[Array, " h"]]:
    """Rows that have ``least`` weight with what those before them left, and that weight."""
    if least == 0:
        return np.arange(len(weight)), weight
    heavy, gathered, due = [], [], 0.0
    for i, w in enumerate(weight.tolist()):
        due += w
        if due >= least and w > 0:
            heavy.append(i)
            gathered.append(due)
            due = 0.0
    return np.array(heavy, int), np.array(gathered, weight.dtype)


@final
@dataclass(frozen=True)
class _Tiles:
    """Rows x̃ and the couplings sᵢ w there, some rows at a time, on all threads."""

    loss: Loss
    batch: Batch
    theta: Float[Array, "m p"]
    dtype: np.dtype[Any]

    def each(self, function: Callable[[Array, Array], Result]) -> Iterator[Result]:
        """Give ``function`` of rows and couplings for each tile, in order."""
        m, p = self.theta.shape
        of_couplings = TILE_BYTES // (self.dtype.itemsize * max(1, m * m // 2))
        size = max(64, min(of_couplings, TILE_VALUES // p))
        starts = range(0, self.batch.n_samples, size)

        def of_tile(start: int) -> Result:
            return function(*self._tile(slice(start, start + size)))

        if len(starts) == 1:
            yield of_tile(0)
            return
        with limited_blas(1):
            yield from in_order(of_tile, starts, thread_count())

    def _tile(self, part: slice) -> tuple[Float[Array, "n p"], Float[Array, "c n"]]:
        rows = _with_intercept(self.batch.X[part], self.theta.shape[1], self.dtype)
        couplings = self.loss.couplings(rows @ self.theta.T.astype(self.dtype))
        if self.batch.weight is not None:
            couplings *= self.batch.weight[part].astype(self.dtype)
        return rows, couplings


def _with_intercept(X: Matrix, p: int, dtype: np.dtype[Any]) -> Float[Array, "n p"]:
    """Give the rows densely, and with a 1 at the end if the model has an intercept."""
    if isinstance(X, np.ndarray) and X.shape[1] == p:
        return X.astype(dtype, copy=False)
    rows = np.ones((X.shape[0], p), dtype)
    rows[:, : X.shape[1]] = X if isinstance(X, np.ndarray) else X.toarray()
    return rows
