"""Names, texts and numbers as SQL writes them, whatever characters they hold."""

from collections.abc import Sequence
from typing import Any

from linnet.errors import SettingError

__all__ = ["identifier", "literal", "number", "total"]


def identifier(name: str) -> str:
    '''Quote the name of a table or column.

    Raises
    ------
    SettingError
        If it is empty or holds the character NUL, which no SQL name can.

    Examples
    --------
    >>> print(identifier('the "best"'))
    "the ""best"""
    '''
    if not name or "\0" in name:
        raise SettingError(
            f"The name {name!r} cannot be written in SQL, where a name has at least one character "
            "and none is NUL. Rename the column or the class, and fit again."
        )
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """Write a text, number or truth value.

    Examples
    --------
    >>> print(literal("it's"), literal(3), literal(True))
    'it''s' 3 true
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return str(value)
    # A query is read up to the first NUL.
    quoted = ("'" + part.replace("'", "''") + "'" for part in str(value).split("\0"))
    return " || chr(0) || ".join(quoted) if "\0" in str(value) else next(quoted)


def number(x: float) -> str:
    """Write a number so that the same 64 bits are read back.

    Examples
    --------
    >>> number(0.1), number(-1e-300)
    ('0.1e0', '(-1e-300)')
    """
    # Without an exponent it would be read as a decimal of fixed precision.
    written = repr(float(x))
    written = written if "e" in written else f"{written}e0"
    return f"({written})" if x < 0 else written


def total(summands: Sequence[str]) -> str:
    """Write a sum as a tree of pairs, for a long chain is too deep for a parser.

    Examples
    --------
    >>> total(["a", "b", "c"])
    '(a + (b + c))'
    """
    if len(summands) == 1:
        return summands[0]
    half = len(summands) // 2
    return f"({total(summands[:half])} + {total(summands[half:])})"
