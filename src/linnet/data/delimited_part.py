"""A delimited text too large to be held is read in blocks of rows, of types found beforehand."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import islice
from typing import Final, final

from linnet.data.layout import Layout, find_layout, guess_separator
from linnet.data.parts import Parsed, TypedColumn, wider
from linnet.data.row_ends import last_row_end
from linnet.data.sniff import quoting_breaks_at, squeeze_spaces
from linnet.data.stored import StoredFile
from linnet.data.text_blocks import TextBlock, count_lines, further_pieces, text_blocks
from linnet.data.text_columns import found_types, typed_rows
from linnet.errors import TableError

__all__ = ["DelimitedPart", "open_delimited"]

_HEAD_BYTES: Final = 1 << 20
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")


@final
@dataclass(frozen=True)
class DelimitedPart:
    """A file of delimited text.

    Parameters
    ----------
    file : StoredFile
        The file.
    layout : Layout
        Its layout, found from its beginning.
    n_header_lines : int
        How many lines come before the first row of values.
    line_end : bytes
        The byte that ends its rows.
    encoding : str
        Its encoding.
    block_bytes : int
        How much is parsed at a time.
    can_seek : bool
        Whether rows in the middle of it can be read by themselves.
    """

    file: StoredFile
    layout: Layout
    n_header_lines: int
    line_end: bytes
    encoding: str
    block_bytes: int
    can_seek: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns, in its own order."""
        return self.layout.names

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, in sentences for the user."""
        return self.layout.notes

    @property
    def is_text(self) -> bool:
        """Whether the types of its columns are only known from its values: yes."""
        return True

    @property
    def decimal_comma(self) -> bool:
        """Whether 3,5 may stand for 3.5."""
        return self.layout.separator == ";"

    def widened(self, first: TypedColumn, second: TypedColumn) -> TypedColumn:
        """Return the column that holds what another file and this one hold: text, at worst."""
        return wider(first, second)

    def sampled(self, n_pieces: int) -> tuple[TypedColumn, ...]:
        """Find the types in the first rows and, where they can be reached, in pieces further on."""
        import pyarrow as pa

        first = next(self._blocks(_HEAD_BYTES))
        samples = [found_types(self._text(first), self.layout, ragged={})]
        count = n_pieces if self.can_seek else 0
        for piece in filter(self._is_whole, further_pieces(self.file, count, _HEAD_BYTES)):
            # Rows of different lengths: the piece may not have started where a row does.
            with suppress(pa.ArrowInvalid):
                rows = self._text(TextBlock(piece, 0, 0))
                samples.append(found_types(rows, self.layout))
        return tuple(reduce(wider, columns) for columns in zip(*samples, strict=True))

    def pieces(self, columns: Sequence[TypedColumn]) -> Iterator[TextBlock]:  # noqa: ARG002
        """Go through the file in blocks of whole rows."""
        return self._blocks(self.block_bytes)

    def parse(self, piece: TextBlock, columns: Sequence[TypedColumn]) -> Parsed:
        """Make of a block these columns, of these types."""
        if self.layout.quoted and piece.bytes_read >= self.file.size:
            self._require_closed_quotes(piece)
        table, faults = typed_rows(self._text(piece), self.layout, columns, piece.first_line)
        return Parsed(table, table.num_rows + len(faults), piece.bytes_read, faults)

    def _require_closed_quotes(self, block: TextBlock) -> None:
        """Raise TableError if a quote in the last rows would make one field of what follows it."""
        rows = block.data.rstrip(b"\r\n")
        end = self._row_end(rows + b"\r\n")
        if end <= len(rows):
            line = block.first_line + count_lines(rows[:end])
            raise TableError(
                f"{self.file.name}, line {line}: a quote in the row that starts here is never "
                "closed, or is not followed by a separator. Mend the row."
            )

    def _text(self, block: TextBlock) -> bytes:
        data = squeeze_spaces(block.data) if self.layout.separator == " " else block.data
        # In a file of one column a blank line is a missing value; but not at the end of a block,
        # where there is one only at the end of the file.
        return data.rstrip(b"\r\n") + b"\n" if len(self.names) == 1 else data

    def _blocks(self, block_bytes: int) -> Iterator[TextBlock]:
        """Give the blocks that hold rows of values, the first without the header."""
        header = self.n_header_lines
        for block in text_blocks(
            self.file, encoding=self.encoding, block_bytes=block_bytes, row_end=self._row_end
        ):
            lines = count_lines(block.data) if header else 0
            if lines < header:
                header -= lines
                continue
            found = _without_lines(block, header) if header else block
            header = 0
            if found.data.strip(b"\r\n"):
                yield found

    def _row_end(self, data: bytes) -> int:
        layout = self.layout
        end = last_row_end(data, layout.separator, quoted=layout.quoted, line_end=self.line_end)
        if len(layout.names) > 1 or not end:
            return end
        # Blank lines at the end of a block go to the next one: see _text.
        text = len(data[:end].rstrip(b"\r\n"))
        return data.find(self.line_end, text) + 1 if text else 0

    def _is_whole(self, rows: bytes) -> bool:
        """Tell whether quotes do not speak against rows that are cut out of the file."""
        return not self.layout.quoted or quoting_breaks_at(rows, self.layout.separator) is None


def open_delimited(
    file: StoredFile,
    *,
    separator: str | None,
    header: bool | None,
    encoding: str,
    block_bytes: int,
    can_seek: bool,
) -> DelimitedPart:
    """Find the layout of a delimited text from its beginning; see `find_layout` for errors."""
    head = next(
        text_blocks(
            file,
            encoding=encoding,
            block_bytes=_HEAD_BYTES,
            row_end=partial(_likely_row_end, separator),
        )
    )
    text, layout = find_layout(head.data, file.name, separator, header=header)
    return DelimitedPart(
        file,
        replace(layout, start=0),
        len(_LINE_END.findall(text, 0, layout.start)),
        b"\n" if b"\n" in text or b"\r" not in text else b"\r",
        encoding,
        block_bytes,
        can_seek=can_seek,
    )


def _likely_row_end(separator: str | None, data: bytes) -> int:
    """Find where rows end in a text of which it is not yet known whether its quotes mean so."""
    chosen = separator or guess_separator(data) or "\x1f"
    return last_row_end(data, chosen, quoted=True) or data.rfind(b"\n") + 1


def _without_lines(block: TextBlock, count: int) -> TextBlock:
    end = next(islice(_LINE_END.finditer(block.data), count - 1, None)).end()
    return replace(block, data=block.data[end:], first_line=block.first_line + count)
