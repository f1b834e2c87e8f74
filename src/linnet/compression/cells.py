"""A column as written: its distinct texts, and which of them stands in each row."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Int, Int32, UInt8

from linnet.types import Array

__all__ = ["Cells", "cells_at"]


@final
@dataclass(frozen=True, eq=False)
class Cells:
    """Bytes of each row of a column.

    Parameters
    ----------
    texts : tuple of bytes
        The distinct ones.
    codes : array of shape (n,)
        Index of each row's text.
    """

    texts: tuple[bytes, ...]
    codes: Int32[Array, " n"]

    def rows(self) -> list[bytes]:
        """Text of each row."""
        texts = np.empty(len(self.texts), dtype=object)
        texts[:] = self.texts
        return texts[self.codes].tolist()

    def without_first(self) -> "Cells":
        """Leave out the first row, and its text where it stands nowhere else."""
        rest = self.codes[1:]
        if len(self.codes) and not (rest == self.codes[0]).any():
            gone = int(self.codes[0])
            texts = self.texts[:gone] + self.texts[gone + 1 :]
            return Cells(texts, rest - (rest > gone).astype(np.int32))
        return Cells(self.texts, rest)


def cells_at(
    data: UInt8[Array, " m"], starts: Int[Array, " n"], lengths: Int[Array, " n"]
) -> Cells:
    """Take cells from where they stand in some bytes."""
    import pyarrow as pa

    offsets = np.zeros(len(starts) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    places = np.repeat(starts - offsets[:-1], lengths)
    places += np.arange(offsets[-1])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data[places])]
    array = pa.Array.from_buffers(pa.large_binary(), len(starts), buffers)
    encoded = array.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    return Cells(tuple(encoded.dictionary.to_pylist()), codes)
