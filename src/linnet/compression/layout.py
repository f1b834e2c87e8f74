"""Bytes of a text file as lines of cells, and back to the same bytes whatever they are.

A line with as many cells as most have is a row; others stand aside whole. Nothing in a cell is
interpreted, its quotes included, so that cells, separator and line ends make up the file again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, final

import numpy as np
from jaxtyping import Int, UInt8

from linnet.compression.cells import Cells, cells_at
from linnet.types import Array

__all__ = ["Layout", "join_lines", "split_lines"]

_SEPARATORS: Final = b",;\t| "
_SAMPLE: Final = 1 << 17
_QUOTE: Final = 34
_NEWLINE: Final = 10
_PIECE: Final = 1 << 14


@final
@dataclass(frozen=True)
class Layout:
    """How a file's cells stand in it.

    Parameters
    ----------
    separator, newline : bytes
        What stands between cells, and after lines.
    ends : bool
        Whether the last line ends with a newline too.
    header : tuple of bytes
        The first row where it names the columns, else nothing.
    odd_lines : tuple of bytes
        Lines with another number of cells.
    odd_places : tuple of int
        Their places among all lines, the header counted.
    n_rows : int
        Rows below the header.
    """

    separator: bytes
    newline: bytes
    ends: bool
    header: tuple[bytes, ...]
    odd_lines: tuple[bytes, ...]
    odd_places: tuple[int, ...]
    n_rows: int


@final
@dataclass(frozen=True)
class _Fields:
    """Ends of all cells, which of them end a line, and how many cells each line has."""

    ends: Int[Array, " m"]
    line_ends: Int[Array, " n"]
    widths: Int[Array, " n"]

    @property
    def commonest(self) -> int:
        return int(np.bincount(self.widths).argmax()) if len(self.widths) else 0

    @property
    def regular(self) -> float:
        """Share of lines with the commonest number of cells, if that is more than one."""
        d = self.commonest
        return float((self.widths == d).mean()) if d > 1 else 0.0


def split_lines(data: bytes) -> tuple[Layout, list[Cells]]:
    """Take a file apart."""
    newline = b"\r\n" if data.count(b"\n") == data.count(b"\r\n") > 0 else b"\n"
    ends = data.endswith(newline) or not data
    content = np.frombuffer(data if ends else data + newline, dtype=np.uint8)
    separator, quoted = _dialect(content)
    fields = _fields(content, separator, quoted=quoted)
    d = fields.commonest
    regular = fields.widths == d
    last = fields.line_ends[regular]
    starts = np.concatenate([[0], fields.ends[:-1] + 1]) if len(fields.ends) else fields.ends
    columns = []
    for j in range(d):
        place = last - (d - 1) + j
        cut = len(newline) - 1 if j == d - 1 else 0
        begin = starts[place]
        columns.append(cells_at(content, begin, fields.ends[place] - begin - cut))
    odd = np.flatnonzero(~regular)
    first = starts[fields.line_ends[odd] - fields.widths[odd] + 1]
    stop = fields.ends[fields.line_ends[odd]] - (len(newline) - 1)
    layout = Layout(
        separator=bytes([separator]),
        newline=newline,
        ends=ends,
        header=(),
        odd_lines=tuple(data[a:b] for a, b in zip(first.tolist(), stop.tolist(), strict=True)),
        odd_places=tuple(odd.tolist()),
        n_rows=len(last),
    )
    return _with_header(layout, columns)


def join_lines(layout: Layout, columns: list[Cells]) -> bytes:
    """Put a file together again."""
    lines = _with_odd(layout, _rows(layout, columns))
    pieces = []
    while piece := list(islice(lines, _PIECE)):
        pieces.append(layout.newline.join(piece))
    text = layout.newline.join(pieces)
    return text + layout.newline if layout.ends and pieces else text


def _rows(layout: Layout, columns: list[Cells]) -> Iterator[bytes]:
    if layout.header:
        yield layout.separator.join(layout.header)
    for start in range(0, layout.n_rows, _PIECE):
        part = [Cells(each.texts, each.codes[start : start + _PIECE]).rows() for each in columns]
        yield from map(layout.separator.join, zip(*part, strict=True))


def _with_odd(layout: Layout, rows: Iterator[bytes]) -> Iterator[bytes]:
    line = 0
    for place, odd in zip(layout.odd_places, layout.odd_lines, strict=True):
        yield from islice(rows, place - line)
        yield odd
        line = place + 1
    yield from rows


def _dialect(content: UInt8[Array, " m"]) -> tuple[int, bool]:
    """Separator under which most lines have the same number of cells, and whether quotes count."""
    sample = content[:_SAMPLE]
    if len(content) > _SAMPLE:
        newlines = np.flatnonzero(sample == _NEWLINE)
        sample = sample[: newlines[-1] + 1] if len(newlines) else sample
    ways = [(each, True) for each in _SEPARATORS if (sample == _QUOTE).any()]
    ways += [(each, False) for each in _SEPARATORS]
    shares = [_fields(sample, each, quoted=quoted).regular for each, quoted in ways]
    return ways[int(np.argmax(shares))]


def _fields(content: UInt8[Array, " m"], separator: int, *, quoted: bool) -> _Fields:
    stops = (content == separator) | (content == _NEWLINE)
    if quoted:
        # Sums modulo 256 keep what matters: whether the number of quotes so far is odd.
        stops &= (np.cumsum(content == _QUOTE, dtype=np.uint8) & 1) == 0
        if len(content):
            stops[-1] = True
    ends = np.flatnonzero(stops)
    line_ends = np.flatnonzero(content[ends] == _NEWLINE)
    return _Fields(ends, line_ends, np.diff(line_ends, prepend=-1))


def _with_header(layout: Layout, columns: list[Cells]) -> tuple[Layout, list[Cells]]:
    """Take the first row as names if most of its cells stand nowhere else in their columns."""
    if layout.n_rows < 2:
        return layout, columns
    unique = [int((each.codes == each.codes[0]).sum()) == 1 for each in columns]
    numeric = any(each.texts[each.codes[0]][:1].isdigit() for each in columns)
    if numeric or 2 * sum(unique) <= len(columns):
        return layout, columns
    header = tuple(each.texts[each.codes[0]] for each in columns)
    without = replace(layout, header=header, n_rows=layout.n_rows - 1)
    return without, [each.without_first() for each in columns]
