"""A column's cells as bytes: by numbers and models, or as text where no two cells are alike."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Int64

from linnet.codes.fields import Fields
from linnet.compression.account import TEXT
from linnet.compression.alphabet import Alphabet, Way, numeric_ways, text_way
from linnet.compression.cells import Cells
from linnet.compression.column import CodedColumn, decode_column, encode_column
from linnet.compression.predictors import Known
from linnet.compression.sections import TextReader, TextWriter
from linnet.compression.shifts import ShiftKind
from linnet.types import Array

__all__ = ["CodedCells", "chosen_ways", "code_column", "read_column"]

Ways = list[tuple[Alphabet, Int64[Array, " n"]]]

_AS_TEXT: Final = 255
# A text that stands in fewer rows than this in the mean is mostly spelled out anyhow.
_ROWS_PER_TEXT: Final = 4
_FEW_TEXTS: Final = 64
_WORDS: Final = {
    ShiftKind.NOTHING: "",
    ShiftKind.PREDICTION: ", less a linear prediction",
    ShiftKind.ROW_BEFORE: ", less the row before",
}


@final
@dataclass(frozen=True)
class CodedCells:
    """Bytes of a column, and what they are for: see `ColumnAccount`."""

    coder: str
    model: bytes
    data: bytes
    parents: tuple[int, ...]
    alone: float


def chosen_ways(cells: Cells) -> Ways:
    """Ways in which cells can be numbers; nothing if they are best compressed as text."""
    if numeric := numeric_ways(cells):
        direct, ranked = numeric
        steps = ranked[0].steps
        alike = steps is not None and len(steps) == steps[-1] + 1
        return [direct] if alike or 2 * len(cells.texts) > len(cells.codes) else [ranked, direct]
    if len(cells.texts) > max(_FEW_TEXTS, len(cells.codes) // _ROWS_PER_TEXT):
        return []
    return [text_way(cells)]


def code_column(
    cells: Cells, ways: Ways, known: list[Known], candidates: list[int], texts: TextWriter
) -> CodedCells:
    """Code a column, and add it to those known."""
    if not ways:
        rows = TextWriter()
        rows.write(cells.rows())
        data = rows.to_bytes()
        return CodedCells(TEXT, bytes([_AS_TEXT]), data, (), float(len(data)))
    column, coded = encode_column([Known(*way) for way in ways], known, candidates)
    known.append(column)
    head = column.alphabet.write(texts)
    return CodedCells(
        _coder(column.alphabet, coded), head + coded.model, coded.data, coded.parents, coded.alone
    )


def read_column(
    model: Fields, data: Fields, texts: TextReader, known: list[Known], n: int
) -> Cells:
    """Read a column, and add it to those known."""
    if model.left[:1] == bytes([_AS_TEXT]):
        rows = TextReader.of(data, n).read(n)
        places = {text: place for place, text in enumerate(dict.fromkeys(rows))}
        codes = np.array([places[text] for text in rows], dtype=np.int32)
        return Cells(tuple(places), codes)
    alphabet = Alphabet.read(model, texts)
    column = decode_column(alphabet, known, n, model, data)
    model.close()
    data.close()
    known.append(column)
    return alphabet.cells(column.values)


def _coder(alphabet: Alphabet, coded: CodedColumn) -> str:
    kind = {Way.TEXTS: "categories", Way.NUMBERS: "numbers", Way.RANKS: "few numbers"}
    model = "softmax" if coded.parents else "entropy"
    return f"{kind[alphabet.way]}, {model}{_WORDS[coded.shift]}"
