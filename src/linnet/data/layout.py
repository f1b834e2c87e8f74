"""The layout of a delimited text: separator, quotes and names, found from its beginning."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, final

from linnet.data.sniff import (
    commonest_width,
    first_rows,
    has_header,
    quoting_breaks_at,
    sniff_separator,
    squeeze_spaces,
)
from linnet.data.tables import check_names
from linnet.errors import SettingError, TableError

__all__ = ["Layout", "check_separator", "find_layout", "guess_separator", "line_at"]

_SAMPLE_BYTES: Final = 1 << 18
_SAMPLE_ROWS: Final = 1000
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_CONTROLS: Final = "\x1f\x1e\x1d\x1c"
_SEPARATOR_NAMES: Final = {"\t": "tab", " ": "space"}


@final
@dataclass(frozen=True)
class Layout:
    """What was found out about a text before its values are read.

    Parameters
    ----------
    separator : str
        The character between fields; a control character where there is only one column.
    quoted : bool
        Whether quotes enclose fields, or are plain characters.
    named : bool
        Whether the first row names the columns.
    names : tuple of str
        Names of the columns.
    start : int
        Where the first row of values starts, in bytes.
    notes : tuple of str
        What was assumed, in sentences for the user.
    """

    separator: str
    quoted: bool
    named: bool
    names: tuple[str, ...]
    start: int
    notes: tuple[str, ...]


def check_separator(separator: str | None) -> None:
    """Raise SettingError unless it can stand between fields, or is None."""
    if separator is not None and (len(separator.encode()) != 1 or separator in '"\r\n'):
        raise SettingError(
            f"separator must be one character, such as ',' or ';', not {separator!r}."
        )


def find_layout(
    data: bytes, origin: str, separator: str | None, *, header: bool | None
) -> tuple[bytes, Layout]:
    """Find the layout of a text, or of whole rows from its beginning.

    Parameters
    ----------
    data : bytes
        The text, UTF-8 without byte order mark.
    origin : str
        The file's name, for errors.
    separator : str or None
        One character; None finds out.
    header : bool or None
        Whether the first row names the columns; None finds out.

    Returns
    -------
    bytes
        The text; with one blank for each run of them where blanks separate fields.
    Layout
        Its layout.

    Raises
    ------
    TableError
        If names recur, or there is no row of values.
    SettingError
        If ``separator`` is not one character.
    """
    check_separator(separator)
    if not data.strip():
        raise TableError(f"{origin}: the file holds only blank lines. It needs rows of values.")
    sample = _sample(data)
    chosen = separator if separator is not None else sniff_separator(sample)
    if chosen == " ":
        data = squeeze_spaces(data)
        sample = _sample(data)
    return data, _layout(data, sample, origin, chosen, header=header)


def guess_separator(data: bytes) -> str | None:
    """Return the separator of a text that starts so, or None if it has one column."""
    return sniff_separator(_sample(data))


def line_at(data: bytes, position: int) -> int:
    """Return the number, from 1, of the line in which a position lies."""
    return len(_LINE_END.findall(data, 0, position)) + 1


def _sample(data: bytes) -> str:
    start = data[:_SAMPLE_BYTES]
    if len(data) > _SAMPLE_BYTES:
        # The last line is cut off; a file of one endless line is left as it is.
        start = start[: start.rfind(b"\n") + 1] or start
    return "".join(islice(start.decode(errors="ignore").splitlines(keepends=True), _SAMPLE_ROWS))


def _layout(
    data: bytes, sample: str, origin: str, separator: str | None, *, header: bool | None
) -> Layout:
    # A file of one column needs a separator that never occurs: a control character made for it.
    actual = separator or next(s for s in _CONTROLS if s.encode() not in data)
    broken = quoting_breaks_at(data, actual)
    numbered = first_rows(sample, actual, quoted=broken is None)
    if not numbered:
        raise TableError(f"{origin}, line 1: a field is longer than 128 KiB.")
    rows = [row for _, row in numbered]
    named = has_header(rows) if header is None else header
    names = _names(rows[0] if named else [""] * commonest_width(numbered))
    check_names(names, origin)
    start = _end_of_line(sample, numbered[0][0]) if named else 0
    if not data[start:].strip():
        raise TableError(
            f"{origin}: its only row was read as the names of the columns, and no values follow. "
            "Add rows, or say header=False (--no-header) if that row holds values."
        )
    notes = (*_layout_notes(separator, named=named), *_quote_notes(data, broken))
    return Layout(actual, broken is None, named, names, start, notes)


def _names(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.strip() or f"c{i}" for i, cell in enumerate(cells, start=1))


def _end_of_line(sample: str, number: int) -> int:
    """Return the position, in bytes, after the line of this number."""
    return len("".join(islice(io.StringIO(sample, newline=""), number)).encode())


def _layout_notes(separator: str | None, *, named: bool) -> tuple[str, ...]:
    first = "the first row names the columns" if named else "no header: columns are c1, c2, …"
    if separator is None or separator in _CONTROLS:
        return (f"one column, no separator found; {first}",)
    return (f"fields are separated by {_SEPARATOR_NAMES.get(separator, separator)}; {first}",)


def _quote_notes(data: bytes, broken: int | None) -> tuple[str, ...]:
    if broken is None:
        return ()
    return (f"quotes are plain characters: the one on line {line_at(data, broken)} ends no field",)
