"""A block: the symbols of some rows, coded by their scores, and what stands for the escaped ones.

    number   the state that the symbols begin with, below 2⁶³
    number   w, how many words follow
    words    w of 4 bytes, the lowest byte first
    bytes    what stands for the escaped symbols, in order

The state ends, when all symbols have come off it, at 2³¹ + c, where c is half the CRC-32 of the
symbols as numbers of 4 bytes. Other scores than those of the encoder lead elsewhere, so that this
check of both scores and symbols costs nothing: a state has to begin with 31 bits anyhow.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Int32

from linnet.codes.coder import intervals, pop, push
from linnet.codes.fields import Fields, number
from linnet.codes.states import LEAST_STATE
from linnet.errors import DataError
from linnet.types import Array

__all__ = ["Block", "Scores", "block_sizes", "pack_block", "unpack_block"]

Scores = Iterable[Int32[Array, "t q"]]
"""Scores of rows in order, some rows at a time, in units of 2⁻¹⁰ bits, of at most 2²⁹."""

_CHECK_BYTES: Final = 4
_WORD: Final = np.dtype("<u4")


@final
@dataclass(frozen=True)
class Block:
    """Symbols of rows, q for an escaped one, and the bytes that stand for those."""

    symbols: Int32[Array, " n"]
    escaped: bytes = b""


def pack_block(scores: Scores, block: Block) -> bytes:
    """Write a block, given the scores of each of its rows."""
    starts, widths = np.zeros((2, len(block.symbols)), dtype=np.uint32)
    row = 0
    for tile in scores:
        rows = slice(row, row + len(tile))
        starts[rows], widths[rows] = intervals(tile, block.symbols[rows])
        row = rows.stop
    state, words = push(starts, widths, LEAST_STATE + _check(block.symbols))
    body = number(state) + number(len(words)) + words.astype(_WORD).tobytes()
    return body + block.escaped


def unpack_block(data: bytes | memoryview, scores: Scores, rows: range) -> Block:
    """Read the block of some rows.

    Raises
    ------
    DataError
        If its symbols do not follow from these scores.
    """
    fields = Fields(memoryview(data))
    state, count = fields.number(), fields.number()
    words = np.frombuffer(fields.take(4 * count), dtype=_WORD).astype(np.uint32)
    symbols = np.zeros(len(rows), dtype=np.int32)
    row = position = 0
    for tile in scores:
        part, state, position = pop(tile, words, state, position)
        symbols[row : row + len(tile)] = part
        row += len(tile)
        if position > count:
            break
    if position != count or state != LEAST_STATE + _check(symbols):
        raise DataError(
            f"These are not the features that rows {rows.start} to {rows.stop - 1} were encoded "
            "with: bytes and model are right, but other probabilities follow. Give the same "
            "features, in the same order of rows, and sparse only if they were."
        )
    return Block(symbols, bytes(fields.left))


def block_sizes(data: bytes) -> tuple[int, int]:
    """How many bytes of a block are for symbols, and for escaped ones.

    The rest is the number of words, and 4 bytes of the state for its check.
    """
    fields = Fields(memoryview(data))
    fields.number()
    state = len(data) - len(fields.left)
    words = 4 * fields.number()
    fields.take(words)
    return state - _CHECK_BYTES + words, len(fields.left)


def _check(symbols: Int32[Array, " n"]) -> int:
    return zlib.crc32(symbols.astype(_WORD, copy=False).tobytes()) >> 1
