"""Whole numbers as few symbols and what is left: intervals of 2^t numbers, the heavier the finer.

Numbers from 0 to 2^T − 1 are halved, and the heaviest halves again; a leaf is a symbol, and its t
lower bits are left. A leaf whose numbers are unlike in frequency can have a static code for them.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import Final, final

import numpy as np
from jaxtyping import Int32, Int64

from linnet.codes.fields import Fields, number
from linnet.codes.integers import pack_integers, unpack_integers
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["Leaves"]

_LEAF, _SPLIT, _EMPTY = 0, 1, 2
# Fewer bits than this are left to a leaf: another symbol would cost more.
_WORTH_SPLITTING: Final = 24
_MOST_BITS: Final = 62


@final
@dataclass(frozen=True, eq=False)
class Leaves:
    """Intervals of numbers.

    Parameters
    ----------
    starts : array of shape (q,)
        The first number of each.
    widths : array of shape (q,)
        How many lower bits its numbers have.
    top : int
        T.
    """

    starts: Int64[Array, " q"]
    widths: Int64[Array, " q"]
    top: int

    @classmethod
    def of(cls, values: Int64[Array, " n"], most: int) -> "Leaves":
        """Divide the range of some numbers into at most so many intervals that hold any."""
        values = np.sort(values)
        top = int(values[-1]).bit_length() if len(values) else 0
        heap = [(-len(values) * top, 0, top, 0, len(values))]
        done: list[tuple[int, int]] = []
        heapify(heap)
        while heap:
            weight, start, t, a, b = heappop(heap)
            if -weight <= _WORTH_SPLITTING or len(heap) + len(done) + 2 > most:
                done.append((start, t))
                continue
            half = start + (1 << (t - 1))
            m = a + int(np.searchsorted(values[a:b], half))
            for low, i, j in ((start, a, m), (half, m, b)):
                if i < j:
                    heappush(heap, ((i - j) * (t - 1), low, t - 1, i, j))
        starts, widths = np.array(sorted(done), dtype=np.int64).reshape(-1, 2).T
        return cls(starts, widths, top)

    def split(self, values: Int64[Array, " n"]) -> tuple[Int32[Array, " n"], Int64[Array, " n"]]:
        """Symbols of numbers, and what is left of them."""
        symbols = np.searchsorted(self.starts, values, side="right") - 1
        return symbols.astype(np.int32), values - self.starts[symbols]

    def join(self, symbols: Int32[Array, " n"], rest: Int64[Array, " n"]) -> Int64[Array, " n"]:
        """Numbers of symbols and what is left."""
        return self.starts[symbols] + rest

    def write(self) -> bytes:
        """Write the tree in depth first order."""
        held = dict(zip(self.starts.tolist(), self.widths.tolist(), strict=True))
        starts = self.starts.tolist()
        kinds, stack = [], [(0, self.top)]
        while stack:
            start, t = stack.pop()
            if held.get(start) == t:
                kinds.append(_LEAF)
                continue
            place = int(np.searchsorted(starts, start))
            if place == len(starts) or starts[place] >= start + (1 << t):
                kinds.append(_EMPTY)
                continue
            kinds.append(_SPLIT)
            stack += [(start + (1 << (t - 1)), t - 1), (start, t - 1)]
        return number(self.top) + _pack_kinds(kinds)

    @classmethod
    def read(cls, fields: Fields) -> "Leaves":
        """Read a tree."""
        top, kinds = fields.number(), _unpack_kinds(fields)
        leaves, stack = [], [(0, top)]
        for kind in kinds:
            if not stack or top > _MOST_BITS or (kind == _SPLIT and stack[-1][1] == 0):
                raise DataError(
                    "The intervals of a column make no tree. The table was made by other means: "
                    "compress it again."
                )
            start, t = stack.pop()
            if kind == _SPLIT:
                stack += [(start + (1 << (t - 1)), t - 1), (start, t - 1)]
            elif kind == _LEAF:
                leaves.append((start, t))
        starts, widths = np.array(leaves, dtype=np.int64).reshape(-1, 2).T
        return cls(starts, widths, top)


def _pack_kinds(kinds: list[int]) -> bytes:
    # Below some 40 nodes two bits each are shorter than a code and its description.
    value = 0
    for kind in reversed(kinds):
        value = value << 2 | kind
    plain = value.to_bytes(-(-len(kinds) // 4), "little")
    coded = pack_integers(np.array(kinds, dtype=np.int64))
    if len(coded) < len(plain):
        return number(2 * len(kinds) + 1) + coded
    return number(2 * len(kinds)) + plain


def _unpack_kinds(fields: Fields) -> list[int]:
    count, coded = divmod(fields.number(), 2)
    if coded:
        return [int(each) for each in unpack_integers(fields, count)]
    value = int.from_bytes(fields.take(-(-count // 4)), "little")
    return [value >> (2 * i) & 3 for i in range(count)]
