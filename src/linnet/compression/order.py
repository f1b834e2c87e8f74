"""The order of columns, and which earlier ones may help each: by what pairs of them share.

On some rows, I(a; b) is the mutual information of the levels of columns a and b, less what chance
alone would show, (|a| − 1)(|b| − 1)/2n nats (Miller and Madow). The order is that in which Prim's
algorithm takes columns into the tree of most information (Chow and Liu 1968); each column has as
candidates those before it that share most with it. Of very many columns the order stays as it
was, and each looks back at those next to it alone.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float64

from linnet.compression.predictors import Known
from linnet.compression.softmax_model import sampled_rows
from linnet.types import Array

__all__ = ["Order", "learn_order"]

_ROWS: Final = 4096
_MOST_FOR_ALL_PAIRS: Final = 96
_WINDOW: Final = 64
_MOST_CANDIDATES: Final = 24


@final
@dataclass(frozen=True)
class Order:
    """Columns in the order of coding, and of each the places in it of its candidates."""

    columns: tuple[int, ...]
    candidates: tuple[tuple[int, ...], ...]


def learn_order(columns: list[Known]) -> Order:
    """Learn the order of columns."""
    d = len(columns)
    shared = _Shared.of(columns)
    if d > _MOST_FOR_ALL_PAIRS:
        near = [range(max(0, j - _WINDOW), j) for j in range(d)]
        gains = [dict(zip(near[j], shared.with_each(j, near[j]), strict=True)) for j in range(d)]
        return Order(tuple(range(d)), tuple(_best(each) for each in gains))
    information = np.zeros((d, d))
    for j in range(d):
        information[j, :j] = shared.with_each(j, range(j))
    information += information.T
    order = _prim(information)
    candidates = [
        _best({place: information[j, order[place]] for place in range(i)})
        for i, j in enumerate(order)
    ]
    return Order(tuple(order), tuple(candidates))


def _best(gains: dict[int, float]) -> tuple[int, ...]:
    some = [place for place, gain in gains.items() if gain > 0]
    return tuple(sorted(sorted(some, key=lambda place: -gains[place])[:_MOST_CANDIDATES]))


def _prim(information: Float64[Array, "d d"]) -> list[int]:
    d = len(information)
    order: list[int] = []
    nearest = information.sum(axis=1)
    left = np.ones(d, dtype=bool)
    for _ in range(d):
        j = int(np.where(left, nearest, -np.inf).argmax())
        nearest = information[j] if not order else np.maximum(nearest, information[j])
        left[j] = False
        order.append(j)
    return order


@final
class _Shared:
    """Mutual information of columns, in nats, on some rows."""

    def __init__(self, levels: list[Array], counts: list[int]) -> None:
        self.levels, self.counts = levels, counts

    @classmethod
    def of(cls, columns: list[Known]) -> "_Shared":
        if not columns:
            return cls([], [])
        rows = sampled_rows(len(columns[0].values), _ROWS)
        return cls(
            [each.levels[rows].astype(np.int64) for each in columns],
            [each.n_levels for each in columns],
        )

    def with_each(self, j: int, others: range) -> list[float]:
        return [self._pair(j, other) for other in others]

    def _pair(self, a: int, b: int) -> float:
        n, shape = len(self.levels[a]), (self.counts[a], self.counts[b])
        if min(shape) < 2 or not n:
            return 0.0
        joint = np.bincount(
            self.levels[a] * shape[1] + self.levels[b], minlength=shape[0] * shape[1]
        )
        table = joint.reshape(shape) / n
        parts = (table, table.sum(axis=1), table.sum(axis=0))
        h = [-float((p[p > 0] * np.log(p[p > 0])).sum()) for p in parts]
        held = [int((p > 0).sum()) - 1 for p in parts[1:]]
        return max(0.0, h[1] + h[2] - h[0] - held[0] * held[1] / (2 * n))
