"""A softmax regression on levels of other columns, whose weights must pay for their bits.

Scores z_c = b_c + Σ_p W_p[level of p, c]. For the levels of one column, which divide the rows,

    W_p[l, c] ← W_p[l, c] + log (observed_lc + κ) / (expected_lc + κ)

never raises the cross entropy by more than κ's share (generalised iterative scaling, Darroch and
Ratcliff 1972): columns take turns. Columns join one by one, the one that gains most first: a cell
(l, c) is worth observed log(observed/expected) − observed + expected nats, less its price. At the
end weights become whole multiples of their steps, column by column, where the others make up for
what rounding did; those that gain less than their price become 0.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float32, Float64, Int32, Int64
from scipy import sparse

from linnet.types import Array

__all__ = ["SoftmaxFit", "fit_softmax"]

# Nats that a weight costs: its bits, and where it stands.
_PRICE: Final = 3.5
_KAPPA: Final = 0.3
_SWEEPS: Final = 4
_ROUNDING_SWEEPS: Final = 2
_SELECTION_ROWS: Final = 4096
_MOST_PARENTS: Final = 12
# Nats that a further column must gain, its name and part in the model counted.
_LEAST_GAIN: Final = 16.0


@final
@dataclass(frozen=True, eq=False)
class SoftmaxFit:
    """What was fitted.

    Parameters
    ----------
    parents : tuple of int
        Which candidates serve.
    bias : array of shape (q,)
        b, in nats.
    weights : tuple of arrays of shape (levels, q)
        W of each parent, in nats: multiples of their steps.
    nats : float
        Mean code length of the rows fitted to.
    """

    parents: tuple[int, ...]
    bias: Float64[Array, " q"]
    weights: tuple[Float64[Array, "l q"], ...]
    nats: float


@final
class _Sample:
    """Rows to fit to, with their scores so far."""

    def __init__(
        self, symbols: Int32[Array, " n"], q: int, bias: Float64[Array, " q"]
    ) -> None:
        n = len(symbols)
        self.symbols, self.q = symbols.astype(np.int64), q
        self.Z = np.tile(bias.astype(np.float32), (n, 1))
        self.rows = np.arange(n)

    def probabilities(self) -> Float32[Array, "n q"]:
        P = self.Z - self.Z.max(axis=1, keepdims=True)
        np.exp(P, out=P)
        P /= P.sum(axis=1, keepdims=True)
        return P

    def observed(self, levels: Int64[Array, " n"], count: int) -> Float64[Array, "l q"]:
        flat = np.bincount(levels * self.q + self.symbols, minlength=count * self.q)
        return flat.reshape(count, self.q).astype(np.float64)

    def nats(self) -> float:
        P = self.probabilities()
        return float(-np.log(np.maximum(P[self.rows, self.symbols], 1e-7)).mean())


def indicator(levels: Int64[Array, " n"], count: int) -> sparse.csr_matrix:
    """Rows of each level: a matrix of levels × rows."""
    starts = np.concatenate([[0], np.bincount(levels, minlength=count).cumsum()])
    order = np.argsort(levels, kind="stable")
    ones = np.ones(len(levels), dtype=np.float32)
    return sparse.csr_matrix((ones, order, starts), shape=(count, len(levels)))


def fit_softmax(
    symbols: Int32[Array, " n"],
    q: int,
    candidates: list[tuple[Array, int]],
    steps: list[Float64[Array, "l q"]],
    bias: Float64[Array, " q"],
    scale: float,
) -> SoftmaxFit:
    """Fit symbols to levels of candidate columns.

    ``candidates`` are levels with their number, ``steps`` those of the weights, and ``scale`` how
    many rows of the table stand behind one of these.
    """
    chosen = _choose(symbols, q, candidates, bias, scale)
    sample = _Sample(symbols, q, bias)
    levels = [candidates[j][0].astype(np.int64) for j in chosen]
    groups = [indicator(each, candidates[j][1]) for each, j in zip(levels, chosen, strict=True)]
    observed = [
        sample.observed(each, candidates[j][1]) for each, j in zip(levels, chosen, strict=True)
    ]
    weights = [np.zeros_like(each) for each in observed]
    sweeps = _SWEEPS if len(chosen) > 1 else 2
    for sweep in range(sweeps + _ROUNDING_SWEEPS):
        for p, j in enumerate(chosen):
            P = sample.probabilities()
            expected = (groups[p] @ P).astype(np.float64)
            step = np.log((observed[p] + _KAPPA) / (expected + _KAPPA))
            new = weights[p] + step
            if sweep >= sweeps:
                curvature = scale * (groups[p] @ (P * (1 - P)))
                new = np.rint(new / steps[j]) * steps[j]
                new[0.5 * curvature * new**2 < _PRICE] = 0.0
            sample.Z += (new - weights[p]).astype(np.float32)[levels[p]]
            weights[p] = new
    used = [p for p in range(len(chosen)) if weights[p].any()]
    return SoftmaxFit(
        tuple(chosen[p] for p in used), bias, tuple(weights[p] for p in used), sample.nats()
    )


def _choose(
    symbols: Int32[Array, " n"],
    q: int,
    candidates: list[tuple[Array, int]],
    bias: Float64[Array, " q"],
    scale: float,
) -> list[int]:
    """Take columns as long as one gains enough, on some of the rows."""
    if not candidates:
        return []
    stride = -(-len(symbols) // _SELECTION_ROWS)
    sample = _Sample(symbols[::stride], q, bias)
    scale *= stride
    levels = [each[::stride].astype(np.int64) for each, _ in candidates]
    groups = [indicator(each, count) for each, (_, count) in zip(levels, candidates, strict=True)]
    observed = [
        sample.observed(each, count) for each, (_, count) in zip(levels, candidates, strict=True)
    ]
    chosen: list[int] = []
    left = set(range(len(candidates)))
    while left and len(chosen) < _MOST_PARENTS:
        P = sample.probabilities()
        gains = {}
        for j in list(left):
            expected = (groups[j] @ P).astype(np.float64)
            gains[j] = _gain(observed[j], expected, scale)
            if gains[j] < _LEAST_GAIN:
                left.discard(j)
        if not left:
            break
        best = max(left, key=lambda j: gains[j])
        left.discard(best)
        chosen.append(best)
        expected = (groups[best] @ P).astype(np.float64)
        step = np.log((observed[best] + _KAPPA) / (expected + _KAPPA))
        sample.Z += step.astype(np.float32)[levels[best]]
    return chosen


def _gain(
    observed: Float64[Array, "l q"], expected: Float64[Array, "l q"], scale: float
) -> float:
    """Nats that weights of these cells save in the table, less their price."""
    ratio = np.log((observed + 1e-9) / (expected + 1e-9))
    saved = np.where(observed > 0, observed * ratio, 0.0) - observed + expected
    return float(np.maximum(scale * saved - _PRICE, 0.0).sum())
