"""One column as bytes, given those before it: what it is coded by is chosen by the bits it takes.

Cells become whole numbers (alphabet), less a prediction (shift), which fall into few symbols
(leaves); a softmax regression on earlier columns codes those, and what symbols leave follows.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Int32, Int64

from linnet.codes.blocks import Block, pack_block, unpack_block
from linnet.codes.column import ROWS_PER_BLOCK
from linnet.codes.fields import Fields, number
from linnet.compression.alphabet import Alphabet
from linnet.compression.leaves import Leaves
from linnet.compression.predictors import Known
from linnet.compression.rest import pack_rest, unpack_rest
from linnet.compression.sections import TextWriter
from linnet.compression.shifts import Shift, ShiftKind, shifts_of
from linnet.compression.softmax_model import SoftmaxModel, fit_model
from linnet.types import Array

__all__ = ["CodedColumn", "decode_column", "encode_column"]

MOST_SYMBOLS: Final = 24
_TRIAL_ROWS: Final = 4096
# On few rows a model is worth less than on all: what comes this near may be better.
_NEAR: Final = 1.2
_FINALISTS: Final = 2
_FIT_ROWS: Final = 32768


@final
@dataclass(frozen=True)
class CodedColumn:
    """Bytes of a column, and what they are for.

    Parameters
    ----------
    model, data : bytes
        What tells how it is coded, and the code.
    shift : ShiftKind
        What was taken off.
    parents : tuple of int
        Earlier columns that help, by their place in the order.
    alone : float
        Bytes without other columns, in theory.
    """

    model: bytes
    data: bytes
    shift: ShiftKind
    parents: tuple[int, ...]
    alone: float


@final
@dataclass(frozen=True)
class _Trial:
    """A way and a shift, and what they lead to."""

    column: Known
    shift: Shift
    leaves: Leaves
    symbols: Int32[Array, " n"]
    rest: Int64[Array, " n"]
    rest_bytes: tuple[bytes, bytes]


def encode_column(
    ways: list[Known], known: list[Known], candidates: list[int]
) -> tuple[Known, CodedColumn]:
    """Code a column in the best of some ways; some earlier columns are candidates for its model."""
    trials = [trial for way in ways for trial in _trials(way, known, candidates)]
    best, model = _best(trials, known, candidates)
    head = best.shift.write() + best.leaves.write() + model.write() + best.rest_bytes[0]
    blocks = [
        pack_block(model.tiles(known, rows), Block(best.symbols[rows.start : rows.stop]))
        for rows in _blocks(len(best.symbols), model)
    ]
    data = b"".join(number(len(block)) + block for block in blocks) + best.rest_bytes[1]
    coded = CodedColumn(head, data, best.shift.kind, model.parents, _alone(trials[0]))
    return best.column, coded


def decode_column(
    alphabet: Alphabet, known: list[Known], n: int, model_bytes: Fields, data: Fields
) -> Known:
    """Read a column, given earlier ones."""
    shift = Shift.read(model_bytes, alphabet.odd, known)
    leaves = Leaves.read(model_bytes)
    model = SoftmaxModel.read(model_bytes, known)
    symbols = np.zeros(n, dtype=np.int32)
    for rows in _blocks(n, model):
        packed = data.take(data.number())
        symbols[rows.start : rows.stop] = unpack_block(
            packed, model.tiles(known, rows), rows
        ).symbols
    rest = unpack_rest(leaves, symbols, model_bytes, data)
    return Known(alphabet, shift.on(leaves.join(symbols, rest), known))


def _trials(column: Known, known: list[Known], candidates: list[int]) -> list[_Trial]:
    trials = []
    for shift in shifts_of(column, known, candidates):
        coded = shift.off(column.values, known)
        leaves = Leaves.of(coded, MOST_SYMBOLS)
        symbols, rest = leaves.split(coded)
        packed = pack_rest(leaves, symbols, rest)
        trials.append(_Trial(column, shift, leaves, symbols, rest, packed))
    # What is no shorter alone hardly becomes so by other columns, which the shift has used.
    return [trial for trial in trials if trial is trials[0] or _alone(trial) < _alone(trials[0])]


def _best(
    trials: list[_Trial], known: list[Known], candidates: list[int]
) -> tuple[_Trial, SoftmaxModel]:
    """Take the trial of the fewest bits; those that come near on few rows have a second try."""
    near = trials
    if len(trials) > 1:
        bits = [_fitted(trial, known, candidates, _TRIAL_ROWS)[0] for trial in trials]
        near = [trials[i] for i in np.argsort(bits)[:_FINALISTS] if bits[i] <= _NEAR * min(bits)]
    fits = [_fitted(trial, known, candidates, _FIT_ROWS) for trial in near]
    best = min(range(len(near)), key=lambda i: fits[i][0])
    return near[best], fits[best][1]


def _fitted(
    trial: _Trial, known: list[Known], candidates: list[int], most_rows: int
) -> tuple[float, SoftmaxModel]:
    """Bits of the whole column by a fit to some of its rows, and the fit."""
    model, bits = fit_model(trial.symbols, known, candidates, most_rows=most_rows)
    told = len(model.write()) + len(trial.leaves.write()) + sum(map(len, trial.rest_bytes))
    told += len(trial.column.alphabet.write(TextWriter())) + len(trial.shift.write())
    return bits * len(trial.symbols) + 8 * told, model


def _alone(trial: _Trial) -> float:
    if not len(trial.symbols):
        return 0.0
    counts = np.bincount(trial.symbols)
    shares = counts[counts > 0] / len(trial.symbols)
    entropy = -float((shares * np.log2(shares)).sum())
    return len(trial.symbols) * entropy / 8 + len(trial.rest_bytes[1])


def _blocks(n: int, model: SoftmaxModel) -> list[range]:
    # One symbol alone is known without any bits.
    if len(model.costs) <= 1:
        return []
    return [range(start, min(start + ROWS_PER_BLOCK, n)) for start in range(0, n, ROWS_PER_BLOCK)]
