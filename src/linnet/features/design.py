"""Encoded columns are joined into one design matrix, dense or sparse, whichever is smaller."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_matrix, hstack

from linnet.types import Array

__all__ = [
    "MISSING_LEVEL",
    "Part",
    "Slot",
    "dense_matrix",
    "is_better_sparse",
    "saves_memory",
    "sparse_matrix",
]

MISSING_LEVEL: Final = "(missing)"
"""How a missing value is told among values that were not seen when fitting."""

# Below this a dense matrix is always faster and easier to look at.
_SMALL_BYTES: Final = 64 << 20
# A sparse matrix saves memory but not time unless it is much smaller.
_LEAST_SAVING: Final = 4
_BYTES_PER_ENTRY: Final = 12


@final
@dataclass(frozen=True)
class Slot:
    """One value for each row, in a column that may differ from row to row.

    Parameters
    ----------
    column : int or array of shape (n,)
        Position of each row's value among the columns of the part; −1 for none.
    values : array of shape (n,) or float
        The values.
    """

    column: Int[Array, " n"] | int
    values: Float[Array, " n"] | float = 1.0


@final
@dataclass(frozen=True)
class Part:
    """The columns that one column of the table becomes.

    Parameters
    ----------
    width : int
        Number of columns.
    slots : sequence of Slot
        Their values, ordered by column.
    words : csr_matrix or None
        The values of a text, which has no slots.
    unseen : dict
        Number of rows for each value that was not seen when fitting.
    """

    width: int
    slots: Sequence[Slot] = ()
    words: csr_matrix | None = None
    unseen: dict[str, int] = field(default_factory=dict)


def dense_matrix(parts: Sequence[Part], n_rows: int) -> Float[Array, "n p"]:
    """Join parts into a float64 array."""
    matrix = np.zeros((n_rows, sum(part.width for part in parts)))
    start = 0
    for part in parts:
        for slot in part.slots:
            if isinstance(slot.column, int):
                matrix[:, start + slot.column] = slot.values
            else:
                rows = np.flatnonzero(slot.column >= 0)
                matrix[rows, start + slot.column[rows]] = slot.values
        if part.words is not None:
            matrix[:, start : start + part.width] = part.words.toarray()
        start += part.width
    return matrix


def sparse_matrix(parts: Sequence[Part], n_rows: int) -> csr_matrix:
    """Join parts into a CSR matrix without stored zeros; texts must come last."""
    slotted = [part for part in parts if part.words is None]
    blocks = [_slots_to_csr(slotted, n_rows)]
    blocks += [part.words for part in parts if part.words is not None]
    return blocks[0] if len(blocks) == 1 else csr_matrix(hstack(blocks, format="csr"))


def is_better_sparse(parts: Sequence[Part], n_rows: int) -> bool:
    """Judge whether the matrix of these parts is large, and much smaller if sparse."""
    entries = sum(_count_entries(part, n_rows) for part in parts)
    return saves_memory(n_rows, sum(part.width for part in parts), entries)


def saves_memory(n_rows: int, width: int, n_entries: int) -> bool:
    """Judge whether a matrix is large, and much smaller if only its entries are kept."""
    dense_bytes = 8 * n_rows * width
    return dense_bytes > max(_SMALL_BYTES, _LEAST_SAVING * _BYTES_PER_ENTRY * n_entries)


def _slots_to_csr(parts: Sequence[Part], n_rows: int) -> csr_matrix:
    """Lay the slots side by side; what is left of row i, read from the left, is row i of CSR."""
    starts = np.cumsum([0, *(part.width for part in parts)])
    slots = [
        (int(start), slot)
        for start, part in zip(starts[:-1], parts, strict=True)
        for slot in part.slots
    ]
    columns = np.empty((n_rows, len(slots)), dtype=np.int32)
    values = np.empty((n_rows, len(slots)))
    for k, (start, slot) in enumerate(slots):
        columns[:, k] = np.where(np.asarray(slot.column) >= 0, slot.column + start, -1)
        values[:, k] = slot.values
    kept = (columns >= 0) & (values != 0)
    ends = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    shape = (n_rows, int(starts[-1]))
    return csr_matrix((values[kept], columns[kept], ends), shape=shape)


def _count_entries(part: Part, n_rows: int) -> int:
    if part.words is not None:
        return int(part.words.nnz)
    return sum(
        int(np.count_nonzero(np.broadcast_to(slot.values, n_rows)[np.asarray(slot.column) >= 0]))
        for slot in part.slots
    )
