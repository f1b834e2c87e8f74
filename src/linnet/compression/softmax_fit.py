"""A softmax regression on levels of other columns, whose weights must pay for their bits.

Scores z_c = b_c + Σ_p W_p[level of p, c]. For the levels of one column, which divide the rows,

    W_p[l, c] ← W_p[l, c] + log (observed_lc + κ) / (expected_lc + κ)

lowers the cross entropy (κ = 0: generalised iterative scaling, Darroch and Ratcliff 1972), more
slowly where rows are few: with κ = 2 a few turns of all columns stop short of fitting chance.
Columns join one by one, the one that gains most first: a cell (l, c) is worth
observed log(observed/expected) − observed + expected nats, less its price. At the end weights
become whole multiples of their steps, column by column, where the others make up for what
rounding did; those that gain less than their price become 0.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float32, Float64, Int, Int32, Int64, UInt8
from scipy import sparse

from linnet.types import Array

__all__ = ["Candidate", "SoftmaxFit", "fit_softmax"]

Shape = tuple[int, int]

# Nats that a weight costs: its bits, and where it stands.
_PRICE: Final = 3.5
_KAPPA: Final = 2.0
_SWEEPS: Final = 4
_ROUNDING_SWEEPS: Final = 3
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
    weights : tuple of arrays of shape (levels, q)
        W of each parent, in nats: multiples of their steps.
    nats : float
        Mean code length of the rows fitted to.
    """

    parents: tuple[int, ...]
    weights: tuple[Float64[Array, "_ _"], ...]
    nats: float


@final
@dataclass(frozen=True)
class Candidate:
    """Levels of a column that may serve, and the steps of its weights.

    Parameters
    ----------
    levels : array of shape (n,)
        Level of each row.
    steps : array of shape (levels, q)
        Of which weights are to be multiples, in nats.
    """

    levels: UInt8[Array, " n"]
    steps: Float64[Array, "l q"]


@final
@dataclass(frozen=True, eq=False)
class _Group:
    """A candidate with what is counted once: rows of its levels, and symbols seen there."""

    levels: Int64[Array, " n"]
    rows: sparse.csr_matrix
    observed: Float64[Array, "l q"]

    @classmethod
    def of(cls, levels: UInt8[Array, " n"], symbols: Int64[Array, " n"], shape: Shape) -> "_Group":
        count, q = shape
        levels = levels.astype(np.int64)
        starts = np.concatenate([[0], np.bincount(levels, minlength=count).cumsum()])
        order = np.argsort(levels, kind="stable")
        ones = np.ones(len(levels), dtype=np.float32)
        rows = sparse.csr_matrix((ones, order, starts), shape=(count, len(levels)))
        observed = np.bincount(levels * q + symbols, minlength=count * q).reshape(count, q)
        return cls(levels, rows, observed.astype(np.float64))

    def sums(self, P: Float32[Array, "n q"]) -> Float64[Array, "l q"]:
        return np.asarray(self.rows @ P).astype(np.float64)

    def step(self, P: Float32[Array, "n q"]) -> Float64[Array, "l q"]:
        """By how much scaling moves the weights."""
        return np.log((self.observed + _KAPPA) / (self.sums(P) + _KAPPA))

    def gain(self, P: Float32[Array, "n q"], scale: float) -> float:
        """Nats that weights of these cells save in the table, less their price."""
        observed, expected = self.observed, self.sums(P)
        ratio = np.log((observed + 1e-9) / (expected + 1e-9))
        saved = np.where(observed > 0, observed * ratio, 0.0) - observed + expected
        return float(np.maximum(scale * saved - _PRICE, 0.0).sum())


@final
class _Rows:
    """Rows to fit to, and the logarithms of their probabilities so far."""

    def __init__(self, symbols: Int[Array, " n"], bias: Float64[Array, " q"]) -> None:
        self.symbols = symbols.astype(np.int64)
        self.Z = np.tile(bias.astype(np.float32), (len(symbols), 1))
        self.ones = np.ones(len(bias), dtype=np.float32)

    def probabilities(self) -> Float32[Array, "n q"]:
        """Normalise; one step moves no score far enough for an overflow."""
        P = np.exp(self.Z)
        total = P @ self.ones
        P /= total[:, None]
        self.Z -= np.log(total)[:, None]
        return P

    def move(self, group: _Group, step: Float64[Array, "l q"]) -> None:
        """Add to the weights of a group."""
        self.Z += step.astype(np.float32)[group.levels]

    def group(self, candidate: Candidate, stride: int = 1) -> _Group:
        shape = candidate.steps.shape
        return _Group.of(candidate.levels[::stride], self.symbols, (shape[0], shape[1]))

    def nats(self) -> float:
        self.probabilities()
        return -float(self.Z[np.arange(len(self.Z)), self.symbols].mean())


def fit_softmax(
    symbols: Int32[Array, " n"],
    bias: Float64[Array, " q"],
    candidates: list[Candidate],
    *,
    scale: float,
) -> SoftmaxFit:
    """Fit symbols to levels of candidate columns.

    ``bias`` are the scores without them, in nats, and ``scale`` says how many rows of the table
    stand behind one of these.
    """
    chosen = _choose(symbols, bias, candidates, scale)
    rows = _Rows(symbols, bias)
    groups = [rows.group(candidates[j]) for j in chosen]
    weights = [np.zeros_like(candidates[j].steps) for j in chosen]
    for _ in range(_SWEEPS if len(chosen) > 1 else 1):
        for p, group in enumerate(groups):
            step = group.step(rows.probabilities())
            rows.move(group, step)
            weights[p] = weights[p] + step
    for _ in range(_ROUNDING_SWEEPS):
        for p, group in enumerate(groups):
            P = rows.probabilities()
            new = _rounded(weights[p] + group.step(P), candidates[chosen[p]].steps)
            curvature = scale * group.sums(P * (1 - P))
            new[0.5 * curvature * new**2 < _PRICE] = 0.0
            rows.move(group, new - weights[p])
            weights[p] = new
    used = [p for p in range(len(chosen)) if weights[p].any()]
    parents = tuple(chosen[p] for p in used)
    return SoftmaxFit(parents, tuple(weights[p] for p in used), rows.nats())


def _choose(
    symbols: Int32[Array, " n"],
    bias: Float64[Array, " q"],
    candidates: list[Candidate],
    scale: float,
) -> list[int]:
    """Take columns as long as one gains enough, on some of the rows."""
    stride = -(-len(symbols) // _SELECTION_ROWS)
    rows = _Rows(symbols[::stride], bias)
    groups = {j: rows.group(each, stride) for j, each in enumerate(candidates)}
    chosen: list[int] = []
    while groups and len(chosen) < _MOST_PARENTS:
        P = rows.probabilities()
        gains = {j: group.gain(P, scale * stride) for j, group in groups.items()}
        groups = {j: group for j, group in groups.items() if gains[j] >= _LEAST_GAIN}
        if groups:
            best = max(groups, key=lambda j: gains[j])
            group = groups.pop(best)
            rows.move(group, group.step(P))
            chosen.append(best)
    return chosen


def _rounded(weights: Float64[Array, "l q"], steps: Float64[Array, "l q"]) -> Float64[Array, "l q"]:
    return np.rint(weights / steps) * steps
