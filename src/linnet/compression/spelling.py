"""How numbers are written, so that a whole number tells a cell to the last byte.

A cell is a prefix, digits with at most one point, and a suffix, such as ``" 77516"`` or
``'"0.50"'``. Of D decimals all are written (fixed), or those up to the last that is not 0
(shortest), or those and at least one, as Python writes floats (pointed). Cells that are written
otherwise, such as ``NA``, are odd ones, if they are few.
"""

import re
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, final

__all__ = ["MOST_ODD", "Spelling", "Style", "find_spelling", "parsed"]

MOST_ODD: Final = 16
"""Odd cells of a column of numbers: more are a sign that it holds no numbers."""
_MOST_DIGITS: Final = 18
_NUMBER: Final = re.compile(rb"([ \t\"'$]*)(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?([ \t\"'%]*)")


class Style(IntEnum):
    """Which decimals are written."""

    FIXED = 0
    SHORTEST = 1
    POINTED = 2


@final
@dataclass(frozen=True)
class Spelling:
    """What all numbers of a column have in common."""

    prefix: bytes
    suffix: bytes
    decimals: int
    style: Style

    def text(self, value: int) -> bytes:
        """Write a number of units of the last decimal.

        Examples
        --------
        >>> Spelling(b"", b"%", 2, Style.SHORTEST).text(-1250)
        b'-12.5%'
        """
        digits = f"{abs(value):0{self.decimals + 1}d}"
        whole, fraction = digits[: len(digits) - self.decimals], digits[-self.decimals :]
        if self.style is not Style.FIXED:
            fraction = fraction.rstrip("0")
            if self.style is Style.POINTED:
                fraction = fraction or "0"
        point = f".{fraction}" if self.decimals and fraction else ""
        sign = "-" if value < 0 else ""
        return self.prefix + f"{sign}{whole}{point}".encode() + self.suffix


@final
@dataclass(frozen=True)
class _Parts:
    """A number's digits as written."""

    negative: bool
    whole: bytes
    fraction: bytes

    def value(self, decimals: int, style: Style) -> int | None:
        """Whole number of units, if this is how the style writes it."""
        fraction, n = self.fraction, len(self.fraction)
        fits = {
            Style.FIXED: n == decimals,
            Style.SHORTEST: n <= decimals and not fraction.endswith(b"0"),
            Style.POINTED: 0 < n <= decimals and (n == 1 or not fraction.endswith(b"0")),
        }[style]
        if not fits or len(self.whole) + decimals > _MOST_DIGITS:
            return None
        size = int(self.whole + fraction.ljust(decimals, b"0"))
        if self.negative:
            return -size if size else None
        return size


def find_spelling(texts: tuple[bytes, ...]) -> Spelling | None:
    """Find how most cells are written as numbers; None if they are not."""
    matches = [match for match in map(_NUMBER.fullmatch, texts) if match]
    if len(matches) < 2 or len(texts) - len(matches) > MOST_ODD:
        return None
    affixes = Counter((match[1], match[5]) for match in matches)
    (prefix, suffix), _ = affixes.most_common(1)[0]
    lengths = Counter(len(match[4] or b"") for match in matches)
    fixed = lengths.most_common(1)[0][0]
    most = max((each for each in lengths if each < _MOST_DIGITS), default=0)
    ways = [Spelling(prefix, suffix, fixed, Style.FIXED)]
    if len(lengths) > 1:
        ways += [Spelling(prefix, suffix, most, style) for style in (Style.SHORTEST, Style.POINTED)]
    odd = [sum(value is None for value in parsed(texts, way)) for way in ways]
    best = min(range(len(ways)), key=lambda i: odd[i])
    enough = odd[best] <= MOST_ODD and 4 * odd[best] <= 3 * len(texts)
    return ways[best] if enough and len(texts) - odd[best] >= 2 else None


def parsed(texts: tuple[bytes, ...], spelling: Spelling) -> list[int | None]:
    """Whole numbers of units for texts; None for an odd one."""
    values: list[int | None] = []
    for match in map(_NUMBER.fullmatch, texts):
        if match is None or match[1] != spelling.prefix or match[5] != spelling.suffix:
            values.append(None)
            continue
        parts = _Parts(bool(match[2]), match[3], match[4] or b"")
        values.append(parts.value(spelling.decimals, spelling.style))
    return values
