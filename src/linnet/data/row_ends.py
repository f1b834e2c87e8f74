"""Where the rows of a delimited text end: at a line end that no quotes enclose."""

import re
from typing import Final

import numpy as np

__all__ = ["last_row_end"]

_QUOTE: Final = ord('"')


def last_row_end(data: bytes, separator: str, *, quoted: bool, line_end: bytes = b"\n") -> int:
    r"""Return the position after the last row that ends within a text, 0 if none does.

    Parameters
    ----------
    data : bytes
        Text that starts with a row.
    separator : str
        What stands between fields.
    quoted : bool
        Whether quotes enclose fields.
    line_end : bytes
        One byte that ends each row.

    Examples
    --------
    >>> last_row_end(b'1,"a"\n2,"b\nc', ",", quoted=True)
    6
    """
    end = data.rfind(line_end)
    if end < 0 or not quoted or b'"' not in data:
        return end + 1
    text = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    if not _enclose_fields(text, quotes, separator):
        return _slowly(data, separator, line_end)
    # Between two quotes all line ends are alike: an odd number of quotes before one encloses it.
    before = int(np.searchsorted(quotes, end))
    while before % 2:
        end = data.rfind(line_end, 0, int(quotes[before - 1]))
        if end < 0:
            return 0
        before = int(np.searchsorted(quotes, end))
    return end + 1


def _enclose_fields(text: np.ndarray, quotes: np.ndarray, separator: str) -> bool:
    """Tell whether each odd quote stands where a field starts, and each even one where one ends.

    A quote within quotes is doubled: it closes the field and opens it again.
    """
    is_edge = np.zeros(256, bool)
    is_edge[[ord(separator), ord("\r"), ord("\n"), _QUOTE]] = True
    opening, closing = quotes[::2], quotes[1::2]
    before, after = text[np.maximum(opening - 1, 0)], text[np.minimum(closing + 1, len(text) - 1)]
    return bool(is_edge[before].all() and is_edge[after].all())


def _slowly(data: bytes, separator: str, line_end: bytes) -> int:
    """Go through the fields one by one: a quote inside an unquoted one is a plain character."""
    edge = re.escape(separator).encode() + rb"\r\n"
    row = (
        rb'(?:[^"\r\n' + re.escape(separator).encode() + rb"]"
        rb'(?:[^"\r\n' + re.escape(separator).encode() + rb']|")*+'
        rb"|" + re.escape(separator).encode() + rb'|"(?:[^"]++|"")*+"(?=[' + edge + rb"])"
        rb"|(?!" + line_end + rb")[\r\n])*+" + line_end
    )
    found = re.match(rb"(?:" + row + rb")*+", data)
    return found.end() if found else 0
