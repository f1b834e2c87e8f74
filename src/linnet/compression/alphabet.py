"""A column's cells as whole numbers from 0 on, in one of four ways, and back.

texts    ranks of distinct texts, the commonest first
numbers  odd cells first, then units above the least number
ranks    odd cells first, then ranks of the distinct numbers in order
bytes    no numbers: the texts of all rows are compressed as bytes
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar, final

import numpy as np
from jaxtyping import Float, Int64

from linnet.codes.fields import Fields, number
from linnet.codes.integers import pack_integers, unpack_integers
from linnet.compression.cells import Cells
from linnet.compression.sections import TextReader, TextWriter, read_signed, signed
from linnet.compression.spelling import Spelling, Style, find_spelling, parsed
from linnet.errors import DataError
from linnet.types import Array

Kind = TypeVar("Kind", bound=IntEnum)

__all__ = ["Alphabet", "Way", "numeric_ways", "text_way"]


class Way(IntEnum):
    """How cells become whole numbers."""

    TEXTS = 0
    NUMBERS = 1
    RANKS = 2


@final
@dataclass(frozen=True, eq=False)
class Alphabet:
    """What cells a whole number stands for.

    Parameters
    ----------
    way : Way
        How cells become numbers.
    texts : tuple of bytes
        All texts, or the odd ones.
    spelling : Spelling or None
        How numbers are written.
    least : int
        The least number, in units.
    steps : array of shape (k,)
        For ranks, the distinct numbers less the least.
    """

    way: Way
    texts: tuple[bytes, ...]
    spelling: Spelling | None = None
    least: int = 0
    steps: Int64[Array, " k"] | None = None

    @property
    def odd(self) -> int:
        """How many of the first numbers stand for no number."""
        return 0 if self.way is Way.TEXTS else len(self.texts)

    def quantities(self, values: Int64[Array, " n"]) -> Float[Array, " n"] | None:
        """Give numbers less the least as far as float64 holds them, and 0 for odd cells."""
        if self.way is Way.TEXTS:
            return None
        above = np.maximum(values - self.odd, 0)
        steps = above if self.steps is None else self.steps[above]
        return np.where(values < self.odd, 0, steps).astype(np.float64)

    def cells(self, values: Int64[Array, " n"]) -> Cells:
        """Texts that numbers stand for."""
        distinct, codes = np.unique(values, return_inverse=True)
        texts = tuple(map(self._text, distinct.tolist()))
        return Cells(texts, codes.astype(np.int32).reshape(-1))

    def _text(self, value: int) -> bytes:
        if value < len(self.texts):
            return self.texts[value]
        above = value - self.odd
        if self.spelling is None or (self.steps is not None and above >= len(self.steps)):
            raise DataError(
                f"A cell has number {value}, and no text has that. The table was made by other "
                "means: compress it again."
            )
        step = above if self.steps is None else int(self.steps[above])
        return self.spelling.text(self.least + step)

    def write(self, texts: TextWriter) -> bytes:
        """Write the alphabet; its texts go to where all are."""
        texts.write(self.texts)
        data = bytes([self.way]) + number(len(self.texts))
        if self.spelling is None:
            return data
        texts.write([self.spelling.prefix, self.spelling.suffix])
        data += number(self.spelling.decimals) + bytes([self.spelling.style]) + signed(self.least)
        if self.steps is None:
            return data
        return data + number(len(self.steps)) + pack_integers(np.diff(self.steps, prepend=-1) - 1)

    @classmethod
    def read(cls, fields: Fields, texts: TextReader) -> "Alphabet":
        """Read an alphabet."""
        way = _member(Way, fields.take(1)[0])
        own = tuple(texts.read(fields.number()))
        if way is Way.TEXTS:
            return cls(way, own)
        prefix, suffix = texts.read(2)
        decimals, style = fields.number(), _member(Style, fields.take(1)[0])
        least = read_signed(fields)
        steps = None
        if way is Way.RANKS:
            steps = (unpack_integers(fields, fields.number()) + 1).cumsum() - 1
        return cls(way, own, Spelling(prefix, suffix, decimals, style), least, steps)


def text_way(cells: Cells) -> tuple[Alphabet, Int64[Array, " n"]]:
    """Give texts numbers, the commonest first."""
    counts = np.bincount(cells.codes, minlength=len(cells.texts))
    order = np.argsort(-counts, kind="stable")
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return Alphabet(Way.TEXTS, tuple(cells.texts[i] for i in order)), ranks[cells.codes]


def numeric_ways(cells: Cells) -> list[tuple[Alphabet, Int64[Array, " n"]]]:
    """Give cells as numbers and by their ranks; nothing if they are not numbers."""
    spelling = find_spelling(cells.texts)
    if spelling is None:
        return []
    units = parsed(cells.texts, spelling)
    known = [each for each in units if each is not None]
    odd = tuple(text for text, unit in zip(cells.texts, units, strict=True) if unit is None)
    least = min(known)
    places = {text: place for place, text in enumerate(odd)}
    above = [
        places[text] if unit is None else len(odd) + unit - least
        for text, unit in zip(cells.texts, units, strict=True)
    ]
    direct = np.array(above, dtype=np.int64)
    steps = np.sort(np.array(known, dtype=np.int64)) - least
    ranks = np.where(
        direct < len(odd), direct, len(odd) + np.searchsorted(steps, direct - len(odd))
    )
    return [
        (Alphabet(Way.NUMBERS, odd, spelling, least), direct[cells.codes]),
        (Alphabet(Way.RANKS, odd, spelling, least, steps), ranks[cells.codes]),
    ]


def _member(kind: type[Kind], value: int) -> Kind:
    if value not in set(kind):
        raise DataError(
            f"The table has a {kind.__name__.lower()} {value}, which this linnet does not know. "
            "Install a newer linnet."
        )
    return kind(value)
