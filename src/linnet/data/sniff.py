"""How a delimited text is laid out: its separator, the meaning of its quotes, and its header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from linnet.data.missing import MISSING

__all__ = [
    "SEPARATORS",
    "commonest_width",
    "first_rows",
    "has_header",
    "parse_rows",
    "quoting_breaks_at",
    "sniff_separator",
    "squeeze_spaces",
]

SEPARATORS: Final = ("\t", ";", "|", ",", " ")
"""What may stand between fields, the rarer in prose first: it decides between equals."""

# A file may hold a few bad rows, which are then reported; a separator that splits hardly more
# than half of the rows alike is only a mark of punctuation.
_LEAST_AGREEMENT: Final = 0.5
_NUMBER: Final = re.compile(
    r"[-+]?(\d+([.,]\d*)?|\.\d+)(e[-+]?\d+)?|[-+]?inf|true|false", re.IGNORECASE
)
_SPACES: Final = re.compile(rb'("(?:[^"]|"")*")|[ \t]+')


def parse_rows(
    text: str, separator: str, *, quoted: bool = True, blank_rows: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a text, each with the number of its last line.

    Blank lines are left out, unless they count as rows, as they do in a file of one column.

    Raises
    ------
    csv.Error
        If a field is longer than 128 KiB, as when a quote is never closed.
    """
    # newline="": only the line ends of CSV count, not every separator that Unicode knows.
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    return ((reader.line_num, row) for row in reader if row or blank_rows)


def first_rows(sample: str, separator: str, *, quoted: bool = True) -> list[tuple[int, list[str]]]:
    """Return the rows of a sample as `parse_rows` does, as far as they can be parsed.

    A header that is one name short gets an empty one in front, if the separator is blank: so R's
    write.table writes row names.
    """
    rows: list[tuple[int, list[str]]] = []
    with suppress(csv.Error):
        rows.extend(parse_rows(sample, separator, quoted=quoted))
    if rows and separator in "\t " and len(rows[0][1]) + 1 == commonest_width(rows):
        rows[0][1].insert(0, "")
    return rows


def sniff_separator(sample: str) -> str | None:
    r"""Find the separator that splits most rows into equally many fields, or None if none does.

    A space is taken only if it splits every row alike and some column holds numbers.

    Examples
    --------
    >>> sniff_separator("name;size\nant, red;3\nbee;12\n")
    ';'
    >>> sniff_separator("one\ntwo\n") is None
    True
    """
    agreements = {separator: _agreement(sample, separator) for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda separator: agreements[separator])
    return best if agreements[best] > _LEAST_AGREEMENT else None


def commonest_width(rows: list[tuple[int, list[str]]]) -> int:
    """Return the number of fields that most rows have."""
    return Counter(len(row) for _, row in rows).most_common(1)[0][0]


def has_header(rows: list[list[str]]) -> bool:
    """Judge from the first rows whether the first one names the columns.

    It does if its cells are names: known but for the outermost, all different, none a number,
    and none recurring below in its own column. It also does if some cell is text while all known
    values below it are numbers.

    Examples
    --------
    >>> has_header([["name", "size"], ["ant", "3"], ["bee", "12"]])
    True
    >>> has_header([["ham", "Ok lar"], ["spam", "Free entry"], ["ham", "See you"]])
    False
    """
    first = [cell.strip() for cell in rows[0]]
    below = [[cell.strip() for cell in column] for column in zip(*rows[1:], strict=False)]
    if any(
        head not in MISSING and not _is_number(head) and _all_numbers(column)
        for head, column in zip(first, below, strict=False)
    ):
        return True
    names = [cell for cell in first if cell]
    return (
        bool(names)
        and all(first[1:-1])
        and len(set(names)) == len(names)
        and not any(_is_number(name) or name in MISSING for name in names)
        and not any(head and head in column for head, column in zip(first, below, strict=False))
    )


def quoting_breaks_at(data: bytes, separator: str) -> int | None:
    """Return the position of the first quote that is neither an opening, closing nor plain one.

    A quote opens where a field starts; its field must then end with a quote before a separator or
    line end. A quote inside an unquoted field is plain. None if every quote fits.
    """
    if b'"' not in data:
        return None
    end = _well_quoted(separator).match(data)
    reached = end.end() if end else 0
    return None if reached == len(data) else reached


def squeeze_spaces(data: bytes) -> bytes:
    """Make one space of each run of blanks outside quotes, and none at the ends of lines."""
    squeezed = _SPACES.sub(lambda match: match[1] or b" ", data)
    return re.sub(rb"(?m)^ | (?=\r?$)", b"", squeezed)


def _well_quoted(separator: str) -> re.Pattern[bytes]:
    edge = re.escape(separator).encode() + rb"\r\n"
    # Possessive repeats (++, *+) never go back, so the time is linear and the memory constant.
    return re.compile(
        rb'(?:[^"]++'
        rb"|(?:(?<=[" + edge + rb'])|\A)"(?:[^"]++|"")*+"(?=[' + edge + rb"]|\Z)"
        rb"|(?<![" + edge + rb'])(?!\A)")*+'
    )


def _agreement(sample: str, separator: str) -> float:
    """Return the share of rows that have the commonest number of fields, or 0 if that is 1."""
    if separator not in sample:
        return 0.0
    text = squeeze_spaces(sample.encode()).decode() if separator == " " else sample
    numbered = first_rows(text, separator)
    fields = commonest_width(numbered) if numbered else 1
    if fields == 1:
        return 0.0
    rows = [row for _, row in numbered if len(row) == fields]
    agreement = len(rows) / len(numbered)
    if separator == " " and (
        agreement < 1 or not any(map(_all_numbers, zip(*rows[1:], strict=True)))
    ):
        return 0.0
    return agreement


def _all_numbers(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell not in MISSING]
    return bool(known) and all(_is_number(cell) for cell in known)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None
