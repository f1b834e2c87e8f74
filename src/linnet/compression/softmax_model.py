"""A softmax regression in the bits that it is worth, and the integer scores that it gives.

Scores are in units of 2⁻¹⁰ bits. The bias of a symbol is the cost of its share, in eighths of a
bit. A weight is k steps of 2^−e bits, e = ⌊(h − 3)/2⌋ from −2 to 8, where 2^h is about the number
of rows that the weight is estimated from: h is the length in bits of ⌊n_l / 2^⌊cost⌋⌋, with n_l
the rows of its level. A step is so about two standard errors, and a decoder knows it.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import Final, final

import numpy as np
from jaxtyping import Int32, Int64, UInt8

from linnet.codes.blocks import Scores
from linnet.codes.fields import Fields, number
from linnet.codes.integers import (
    COST_UNIT,
    costs_of,
    pack_integers,
    scores_of,
    unpack_integers,
)
from linnet.codes.powers import FRACTION_BITS
from linnet.compression.predictors import Known
from linnet.compression.softmax_fit import Candidate, fit_softmax
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["SoftmaxModel", "fit_model", "sampled_rows"]

_COARSEST, _FINEST, _OFFSET = -2, 8, 3
_TILE_VALUES: Final = 1 << 16
_LN2: Final = log(2)


@final
@dataclass(frozen=True, eq=False)
class SoftmaxModel:
    """What tells the scores of a column's symbols.

    Parameters
    ----------
    costs : array of shape (q,)
        Of the symbols without other columns, in eighths of a bit.
    parents : tuple of int
        Earlier columns, by their place in the order.
    weights : tuple of arrays of shape (levels, q)
        Whole numbers of steps.
    """

    costs: UInt8[Array, " q"]
    parents: tuple[int, ...]
    weights: tuple[Int64[Array, "_ q"], ...]

    def tiles(self, known: list[Known], rows: range) -> Scores:
        """Scores of some rows, some at a time."""
        tables = [
            (known[j].levels, (k << (FRACTION_BITS - _exponents(known[j], self.costs))))
            for j, k in zip(self.parents, self.weights, strict=True)
        ]
        tables = [(levels, table.astype(np.int32)) for levels, table in tables]
        bias = scores_of(self.costs)
        size = max(1, _TILE_VALUES // len(bias))
        for start in range(rows.start, rows.stop, size):
            part = slice(start, min(start + size, rows.stop))
            Z = np.tile(bias, (part.stop - part.start, 1))
            for levels, table in tables:
                Z += table[levels[part]]
            yield Z

    def write(self) -> bytes:
        """Write the model."""
        parents = np.array(self.parents, dtype=np.int64)
        head = number(len(self.costs)) + self.costs.tobytes() + number(len(parents))
        every = np.concatenate([np.zeros(0, dtype=np.int64), *(k.ravel() for k in self.weights)])
        return head + b"".join(map(number, self.parents)) + pack_integers(_unsigned(every))

    @classmethod
    def read(cls, fields: Fields, known: list[Known]) -> "SoftmaxModel":
        """Read a model."""
        q = fields.number()
        costs = np.frombuffer(fields.take(q), dtype=np.uint8)
        parents = tuple(fields.number() for _ in range(fields.number()))
        if any(j >= len(known) for j in parents):
            raise DataError(
                "A column follows from one that is not yet known. The table was made by other "
                "means: compress it again."
            )
        counts = [known[j].n_levels for j in parents]
        every = _signed(unpack_integers(fields, sum(counts) * q)).reshape(sum(counts), q)
        bounds = np.cumsum([0, *counts])
        weights = (every[a:b] for a, b in pairwise(bounds))
        return cls(costs, parents, tuple(weights))


def fit_model(
    symbols: Int32[Array, " n"], known: list[Known], candidates: list[int], *, most_rows: int
) -> tuple[SoftmaxModel, float]:
    """Fit a model to symbols; give besides its mean code length, in bits a row."""
    costs = costs_of(np.bincount(symbols).astype(np.float64))
    rows = sampled_rows(len(symbols), most_rows)
    bias = -costs.astype(np.float64) * (_LN2 / COST_UNIT)
    if len(costs) <= 1:
        return SoftmaxModel(costs, (), ()), 0.0
    steps = [_LN2 * np.exp2(-_exponents(known[j], costs).astype(np.float64)) for j in candidates]
    offered = [
        Candidate(known[j].levels[rows], each) for j, each in zip(candidates, steps, strict=True)
    ]
    fit = fit_softmax(symbols[rows], bias, offered, scale=len(symbols) / len(rows))
    whole = tuple(
        np.rint(weights / steps[p]).astype(np.int64)
        for p, weights in zip(fit.parents, fit.weights, strict=True)
    )
    model = SoftmaxModel(costs, tuple(candidates[p] for p in fit.parents), whole)
    return model, fit.nats / _LN2


def sampled_rows(n: int, most: int) -> Int64[Array, " m"]:
    """Rows spread evenly over all."""
    m = min(n, most)
    return np.arange(m, dtype=np.int64) * n // max(1, m)


def _exponents(parent: Known, costs: UInt8[Array, " q"]) -> Int64[Array, "l q"]:
    """Compute e of each weight."""
    counts = np.bincount(parent.levels, minlength=parent.n_levels).astype(np.int64)
    rows = counts[:, None] >> (costs // COST_UNIT).astype(np.int64)
    # Numbers of rows are far below 2⁵³, where frexp is exact.
    lengths = np.frexp(rows.astype(np.float64))[1].astype(np.int64)
    return ((lengths - _OFFSET) // 2).clip(_COARSEST, _FINEST)


def _unsigned(values: Int64[Array, "..."]) -> Int64[Array, "..."]:
    return np.where(values >= 0, 2 * values, -2 * values - 1)


def _signed(values: Int64[Array, "..."]) -> Int64[Array, "..."]:
    return np.where(values % 2 == 0, values // 2, -(values + 1) // 2)
