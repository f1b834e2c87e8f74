"""A text is a sequence of symbols, its bytes, characters or words, from which it can be restored.

Words are runs of letters, digits and marks. What stands between two of them is a symbol too,
unless it is a single space: that is the rule, and only exceptions are written (de Moura, Navarro,
Ziviani & Baeza-Yates, "Fast and flexible word searching on compressed text", ACM TOIS 18(2), 2000).
"""

import os
import re
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, Literal, TypeAlias, final
from unicodedata import category

import numpy as np
from jaxtyping import Int, Integer, UInt

from linnet.data.contents import read_as_stored, read_contents, utf8
from linnet.errors import TableError
from linnet.types import Array

__all__ = ["SymbolKind", "SymbolText", "read_symbols", "restored", "spelled", "symbols_of"]

SymbolKind: TypeAlias = Literal["bytes", "characters", "words"]

_CHARACTERS: Final = 0x110000
_AT_ONCE: Final = 1 << 22
_IN_UTF8: Final = "its size is that of its characters in UTF-8, without a byte order mark"
_APOSTROPHES: Final = "'\N{RIGHT SINGLE QUOTATION MARK}"


@final
@dataclass(frozen=True, eq=False)
class SymbolText:
    """A text as numbered symbols, the commonest first.

    Attributes
    ----------
    origin : str
        Where it came from, as messages name it.
    kind : {"bytes", "characters", "words"}
        What its symbols are.
    size : int
        Bytes of the text, in UTF-8 unless the symbols are bytes.
    symbols : list of str
        The distinct symbols; a byte is the character of its number.
    counts : array of shape (q,)
        How often each occurs, at least once.
    places : array of shape (n,)
        The text: the position of each of its symbols among the distinct ones.
    notes : tuple of str
        What the user should know of the text, in sentences.
    """

    origin: str
    kind: SymbolKind
    size: int
    symbols: list[str]
    counts: Int[Array, " q"]
    places: UInt[Array, " n"]
    notes: tuple[str, ...] = ()


def read_symbols(
    path: str | os.PathLike[str], kind: SymbolKind, encoding: str = "utf-8"
) -> SymbolText:
    """Read a file as symbols of one kind.

    Parameters
    ----------
    path : str or path
        Any file for bytes, which are taken as they are stored; for characters and words a text,
        decompressed if need be.
    kind : {"bytes", "characters", "words"}
    encoding : str
        The text's encoding.

    Raises
    ------
    TableError
        If the file cannot be read, is empty, holds no symbol, or is not in that encoding: the
        message names line and byte.
    SettingError
        If there is no such encoding.
    """
    origin = os.fspath(path)
    if kind == "bytes":
        return symbols_of(read_as_stored(path), kind, origin)
    stored = read_contents(path)
    data = utf8(stored, origin, encoding).removeprefix(BOM_UTF8)
    text = symbols_of(data, kind, origin)
    if len(data) == len(stored):
        return text
    return replace(text, notes=(*text.notes, f"{origin}: {_IN_UTF8}"))


def symbols_of(data: bytes, kind: SymbolKind, origin: str = "text") -> SymbolText:
    r"""Part a text, UTF-8 unless its symbols are bytes, into symbols.

    Examples
    --------
    >>> text = symbols_of(b"to be, or not to be\n", "words")
    >>> text.symbols
    ['be', 'to', '\n', ', ', 'not', 'or']
    >>> text.places
    array([1, 0, 3, 5, 4, 1, 0, 2], dtype=uint8)
    """
    match kind:
        case "bytes":
            symbols, places = _numbered(np.frombuffer(data, dtype=np.uint8))
        case "characters":
            utf32 = data.decode().encode("utf-32-le")
            symbols, places = _numbered(np.frombuffer(utf32, dtype="<u4"))
        case "words":
            symbols, places = _words(data.decode())
    if not len(places):
        raise TableError(f"{origin}: the text holds no symbol, so that there is nothing to code.")
    counts = _counts(places, len(symbols))
    keys = list(zip((-counts).tolist(), symbols, strict=True))
    order = sorted(range(len(symbols)), key=keys.__getitem__)
    rank = np.empty(len(symbols), dtype=np.min_scalar_type(len(symbols) - 1))
    rank[order] = np.arange(len(symbols))
    return SymbolText(
        origin=origin,
        kind=kind,
        size=len(data),
        symbols=[symbols[place] for place in order],
        counts=counts[order],
        places=rank.take(places),
        notes=_notes(data, kind, origin),
    )


def spelled(symbol: str, kind: SymbolKind) -> bytes:
    """Bytes that stand for a symbol in the text."""
    return symbol.encode("latin-1" if kind == "bytes" else "utf-8")


def restored(symbols: Iterable[str], kind: SymbolKind) -> bytes:
    """Join the symbols of a text to the text they were taken from.

    Examples
    --------
    >>> restored(["to", "be", ", ", "or"], "words")
    b'to be, or'
    """
    if kind != "words":
        return spelled("".join(symbols), kind)
    parts: list[str] = []
    after_word = False
    for symbol in symbols:
        is_word = _in_word(symbol[0])
        parts += [" ", symbol] if is_word and after_word else [symbol]
        after_word = is_word
    return "".join(parts).encode()


def _numbered(codes: UInt[Array, " n"]) -> tuple[list[str], UInt[Array, " n"]]:
    """Distinct characters by their numbers, and the place of each in the text."""
    used = np.flatnonzero(_counts(codes, _CHARACTERS))
    place = np.zeros(_CHARACTERS, dtype=np.min_scalar_type(used.size))
    place[used] = np.arange(used.size)
    return [chr(code) for code in used.tolist()], place.take(codes)


def _counts(codes: Integer[Array, " n"], size: int) -> Int[Array, " q"]:
    """Count numbers below ``size``, a part at a time: bincount makes 8 bytes of each."""
    counts = np.zeros(size, dtype=np.int64)
    for start in range(0, codes.size, _AT_ONCE):
        counts += np.bincount(codes[start : start + _AT_ONCE], minlength=size)
    return counts


def _words(text: str) -> tuple[list[str], Int[Array, " n"]]:
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    found = map(re.Match.group, _word_pattern(text).finditer(text))
    places = np.fromiter(map(numbers.__getitem__, found), dtype=np.int64)
    space = numbers.pop(" ", None)
    if space is not None and places.size > 2:
        # Words and what parts them alternate, so a space that is neither first nor last parts two.
        inner = places[1:-1]
        places = np.concatenate([places[:1], inner[inner != space], places[-1:]])
    used, places = np.unique(places, return_inverse=True)
    symbols = {number: symbol for symbol, number in numbers.items()}
    if space is not None:
        symbols[space] = " "
    return [symbols[number] for number in used.tolist()], places


def _word_pattern(text: str) -> re.Pattern[str]:
    # Python's \w lacks the marks that Hindi, Thai or decomposed accents write as characters.
    marks = "".join(sorted(character for character in set(text) if category(character)[0] == "M"))
    inside = rf"\w{re.escape(marks)}"
    return re.compile(rf"[{inside}]+(?:[{_APOSTROPHES}][{inside}]+)*|[^{inside}]+")


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or category(character)[0] == "M"


def _notes(data: bytes, kind: SymbolKind, origin: str) -> tuple[str, ...]:
    pairs = data.count(b"\r\n") if kind != "words" else 0
    if not pairs:
        return ()
    return (f"{origin}: lines that end with CR LF (\\r\\n), which are two symbols: {pairs:,}",)
