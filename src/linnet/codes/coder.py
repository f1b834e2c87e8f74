"""Symbols by rows of scores: natively where the coder is built, else by the reference.

`frequencies` and `states` define what is right, and the native coder gives the same bits.
``LINNET_ENGINE=reference`` does without it, as for the other passes.
"""

import os
from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Int32, UInt32

from linnet.codes.frequencies import MOST_SYMBOLS, frequencies
from linnet.codes.powers import powers_of_two
from linnet.codes.states import pop_symbols, push_symbols
from linnet.errors import SettingError
from linnet.types import Array

__all__ = ["check_alphabet", "instruction_set", "intervals", "is_native", "native", "pop", "push"]

_coder: Any
try:
    _coder = import_module("linnet.codes._coder")
except ImportError:
    _coder = None


def native() -> Any:
    """Return the native coder, or None where it is not built or forbidden."""
    return None if os.environ.get("LINNET_ENGINE", "") == "reference" else _coder


def is_native() -> bool:
    """Whether the native coder is built and not forbidden."""
    return native() is not None


def instruction_set() -> str:
    """Name the instruction set of native loops that ``LINNET_SIMD`` names; empty for the best.

    Raises
    ------
    SettingError
        If this machine cannot run it.
    """
    wanted = os.environ.get("LINNET_SIMD", "")
    known = [] if _coder is None else list(_coder.instruction_sets())
    if wanted and wanted not in known:
        raise SettingError(
            f"LINNET_SIMD={wanted!r}: this machine can run {', '.join(known)}. Name one of them, "
            "or none for the best."
        )
    return wanted


def check_alphabet(q: int) -> None:
    """Raise a SettingError if there are more symbols than frequencies have room for."""
    if not 1 <= q < MOST_SYMBOLS:
        raise SettingError(
            f"{q} symbols cannot be coded: frequencies of 24 bits have room for 1 to "
            f"{MOST_SYMBOLS - 1:,}. Join rare ones."
        )


def intervals(
    scores: Int32[Array, "n q"], symbols: Int32[Array, " n"]
) -> tuple[UInt32[Array, " n"], UInt32[Array, " n"]]:
    """Start and width of each row's symbol among its frequencies; q stands for the escape."""
    starts, widths = np.zeros((2, len(symbols)), dtype=np.uint32)
    if is_native():
        _coder.intervals(scores, powers_of_two(), symbols, starts, widths)
        return starts, widths
    f = frequencies(scores)
    rows = np.arange(len(f))
    widths[:] = f[rows, symbols]
    starts[:] = f.cumsum(axis=1)[rows, symbols] - widths
    return starts, widths


def push(
    starts: UInt32[Array, " n"], widths: UInt32[Array, " n"], state: int
) -> tuple[int, UInt32[Array, " w"]]:
    """Put symbols on a state: see `push_symbols`."""
    if not is_native():
        return push_symbols(starts, widths, state)
    # No symbol gives more than one word.
    words = np.empty(len(starts), dtype=np.uint32)
    state, position = _coder.push(starts, widths, state, words)
    return state, words[position:].copy()


def pop(
    scores: Int32[Array, "n q"], words: UInt32[Array, " w"], state: int, position: int
) -> tuple[Int32[Array, " n"], int, int]:
    """Take symbols off a state: see `pop_symbols`."""
    if not is_native():
        return pop_symbols(frequencies(scores), words, state, position)
    symbols = np.zeros(len(scores), dtype=np.int32)
    state, position = _coder.pop(scores, powers_of_two(), words, state, position, symbols)
    return symbols, state, position
