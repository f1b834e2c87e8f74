r"""A symbol of a text as people can see it: blanks are marked, and what has no shape is escaped."""

from typing import Final
from unicodedata import category

from linnet.data.symbols import SymbolKind

__all__ = ["readable"]

_LONGEST: Final = 40
_BLANK: Final = "\N{OPEN BOX}"
_ESCAPES: Final = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", " ": _BLANK}


def readable(symbol: str, kind: SymbolKind) -> str:
    r"""Write a symbol so that it can be seen, on one line, and is not mistaken for another.

    A space is ␣, a backslash \\; control characters, other spaces, marks without a letter before
    them and unassigned characters are \n, \x1b or \u200b. A byte has its number before it.
    Of a very long symbol the first characters are shown, and how many there are.

    Examples
    --------
    >>> [readable(symbol, "characters") for symbol in "a\n\x1b\u3000熵 "]
    ['a', '\\n', '\\x1b', '\\u3000', '熵', '␣']
    >>> readable("A", "bytes"), readable("\xe4", "bytes")
    ('0x41 A', '0xe4')
    """
    if kind == "bytes":
        number = f"0x{ord(symbol):02x}"
        return number if ord(symbol) > 126 else f"{number} {_character(symbol)}"
    shown = "".join(map(_character, symbol[:_LONGEST]))
    # A mark is drawn over what stands before it: here that would be the table.
    if category(symbol[0])[0] == "M":
        shown = _escaped(symbol[0]) + "".join(map(_character, symbol[1:_LONGEST]))
    rest = len(symbol) - _LONGEST
    return f"{shown}… ({len(symbol):,} characters)" if rest > 0 else shown


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return _escaped(character) if category(character)[0] in "CZ" else character


def _escaped(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
