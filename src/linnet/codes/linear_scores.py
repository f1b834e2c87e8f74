"""Linear scores that are the same to the last bit on every machine, with any number of threads.

Sums of floating-point products differ with their order, which BLAS chooses; so weights and
features are rounded to integers whose products, and all sums of them, stay below 2⁵³: float64
holds those exactly. For a block of rows, with cⱼ a typical value of feature j,

    W x + b = W (x − c) + (b + W c),   and of the first product
    wᵢⱼ (xⱼ − cⱼ) ≈ 2^−(α+β) round(2^(β−ωⱼ) wᵢⱼ) · round(2^(α+ωⱼ) (xⱼ − cⱼ)),

where 2^ωⱼ bounds the weights of feature j. Then 2^ωⱼ |xⱼ − cⱼ| bounds what feature j adds to any
score: 2^A is the least power of two above all of them, but no more than 2¹⁶; what exceeds that is
cut to it. With at most k features in a row, α + β = 52 − A − ⌈log₂ k⌉ keeps sums below 2⁵³, and
β − α = A makes the two roundings err alike: by √k 2^−α or less in a score. All of this follows
from the features themselves, so that a decoder who has them needs to be told nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int, Int32

from linnet.codes.powers import FRACTION_BITS
from linnet.codes.rounding import Rounding, extremes, padded, whole_products, whole_scores
from linnet.data import Matrix
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["EXACT_BITS", "LARGEST_SCORE", "LARGEST_TERM", "LinearScores"]

EXACT_BITS: Final = 52
LARGEST_SCORE: Final = 1 << 29
LARGEST_TERM: Final = 16
"""A feature moves a score by at most 2¹⁶."""
_TYPICAL_ROWS: Final = 31
_TILE_VALUES: Final = 1 << 17
# Beyond these exponents scaling would leave the range of float64: such weights count as 0, or
# as large as that.
_LARGEST_EXPONENT: Final = 900
_LARGEST_OFFSET: Final = 2.0**200


@final
@dataclass(frozen=True)
class LinearScores:
    """The scores W x + b of rows x.

    Parameters
    ----------
    weights : array of shape (m, k)
        W.
    intercepts : array of shape (m,)
        b.

    Raises
    ------
    DataError
        If they are not finite.
    """

    weights: Float[Array, "m k"]
    intercepts: Float[Array, " m"]

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights).all() and np.isfinite(self.intercepts).all()):
            raise DataError(
                "The model has coefficients that are not finite, and gives no probabilities. Fit "
                "it again, with a penalty."
            )

    def tiles(self, X: Matrix, *, relative: bool = False) -> Iterator[Float[Array, "t m"]]:
        """Scores of a block of rows, some rows at a time.

        They depend on which rows make up the block. With ``relative``, up to a number that all
        scores of the block have in common.
        """
        for products, unit, offsets in self._products(X, relative=relative):
            yield products * unit + offsets

    def integers(self, X: Matrix) -> Iterator[Int32[Array, "t m"]]:
        """Scores of a block in units of 2⁻¹⁰ bits, given weights in bits, for `pack_block`.

        They are cut at 2¹⁹ bits, and rounding moves a code length by next to nothing: its first
        order vanishes in the mean, and the second is some 10⁻⁸ bits.
        """
        for products, unit, offsets in self._products(X, relative=True):
            yield whole_scores(products, unit, offsets, 2.0**FRACTION_BITS, float(LARGEST_SCORE))

    def _products(
        self, X: Matrix, *, relative: bool
    ) -> Iterator[tuple[Float[Array, "t m"], float, Float[Array, " m"]]]:
        """Whole numbers for some rows at a time, their unit, and what is to be added then."""
        if X.shape[0] == 0:
            return
        scaling = _Scaling.of(self.weights, X)
        # A product with a sparse matrix would copy a transposed view in every tile.
        W = np.ascontiguousarray(scaling.rounded_weights(self.weights).T)
        W = padded(W) if isinstance(X, np.ndarray) else W
        offsets = self._offsets(scaling.centre)
        if relative:
            offsets = offsets - offsets.max()
        values = X.size if isinstance(X, np.ndarray) else X.nnz
        rows = max(64, _TILE_VALUES // max(1, values // X.shape[0], len(self.weights)))
        for start in range(0, X.shape[0], rows):
            products = scaling.products(X[start : start + rows], W, len(self.weights))
            yield products, 2.0**-scaling.both, offsets

    def _offsets(self, centre: Float[Array, " k"]) -> Float[Array, " m"]:
        """Return b + W c, correctly rounded: the one sum here that is not of integers."""
        if not centre.any():
            return self.intercepts
        with np.errstate(over="ignore"):
            terms = np.clip(self.weights * centre, -_LARGEST_OFFSET, _LARGEST_OFFSET)
        pairs = zip(self.intercepts.tolist(), terms.tolist(), strict=True)
        return np.array([fsum([b, *row]) for b, row in pairs])


@final
@dataclass(frozen=True)
class _Scaling:
    """How weights and the features of a block become integers.

    ``scale`` holds 2^ωⱼ, or 0 for a feature without weight; ``centre`` c, ``largest`` A, and
    ``width`` the most features that a row has.
    """

    omega: Int[Array, " k"]
    scale: Float[Array, " k"]
    centre: Float[Array, " k"]
    largest: int
    width: int

    @classmethod
    def of(cls, weights: Float[Array, "m k"], X: Matrix) -> "_Scaling":
        bounds = np.abs(weights).max(axis=0)
        omega = np.frexp(bounds)[1].clip(-_LARGEST_EXPONENT, _LARGEST_EXPONENT)
        scale = np.where(bounds > 0, np.ldexp(1.0, omega), 0.0)
        if isinstance(X, np.ndarray):
            width, centre = X.shape[1], _typical(X)
            term = _largest_term(X, scale, centre)
        else:
            width, centre = int(np.diff(X.indptr).max()), np.zeros(X.shape[1])
            term = float(np.abs(_scaled_data(X, scale)).max(initial=0.0))
        # Of infinity the exponent would be 0.
        exponent = int(np.frexp(min(term, 2.0**LARGEST_TERM))[1])
        return cls(omega, scale, centre, min(max(exponent, 0), LARGEST_TERM), width)

    @property
    def both(self) -> int:
        """α + β."""
        return EXACT_BITS - self.largest - max(self.width - 1, 0).bit_length()

    @property
    def beta(self) -> int:
        return (self.both + self.largest) // 2

    @property
    def alpha(self) -> int:
        return self.both - self.beta

    def rounded_weights(self, weights: Float[Array, "m k"]) -> Float[Array, "m k"]:
        """Whole numbers of at most 2^β."""
        rounded = np.rint(np.ldexp(weights, self.beta - self.omega))
        return rounded.clip(-(2.0**self.beta), 2.0**self.beta)

    def products(self, X: Matrix, W: Float[Array, "k p"], m: int) -> Float[Array, "t m"]:
        """Whole numbers of some rows of the block, of at most 2^(A+α), times whole weights.

        For dense rows the m columns of weights are `padded`.
        """
        lift, most = 2.0**self.alpha, 2.0 ** (self.largest + self.alpha)
        if isinstance(X, np.ndarray):
            offset = _offset(self.scale, self.centre) * lift
            return whole_products(X, Rounding(self.scale * lift, offset, most), W, m)
        rounded = X.copy()
        rounded.data = np.rint(_scaled_data(X, self.scale * lift)).clip(-most, most)
        return np.asarray(rounded @ W)


def _typical(X: Array) -> Float[Array, " k"]:
    """Median of some rows, an odd number of them: no arithmetic, and no outlier."""
    count = min(_TYPICAL_ROWS, (X.shape[0] - 1) | 1)
    rows = np.arange(count) * X.shape[0] // count
    return np.partition(X[rows].astype(np.float64), count // 2, axis=0)[count // 2]


def _largest_term(X: Array, scale: Float[Array, " k"], centre: Float[Array, " k"]) -> float:
    """Largest of 2^ωⱼ |xⱼ − cⱼ| over the block: rounding is monotone, so extremes are enough."""
    if X.shape[1] == 0:
        return 0.0
    rows, offset = np.concatenate(extremes(X)), _offset(scale, centre)
    # A term beyond float64 becomes infinite, never NaN.
    with np.errstate(over="ignore"):
        return float(np.abs(np.multiply(rows, scale, dtype=np.float64) - offset).max())


def _offset(scale: Float[Array, " k"], centre: Float[Array, " k"]) -> Float[Array, " k"]:
    with np.errstate(over="ignore"):
        return np.clip(centre * scale, -_LARGEST_OFFSET, _LARGEST_OFFSET)


def _scaled_data(X: Matrix, scale: Float[Array, " k"]) -> Float[Array, " nnz"]:
    with np.errstate(over="ignore"):
        return np.multiply(X.data, scale[X.indices], dtype=np.float64)
