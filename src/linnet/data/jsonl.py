"""JSON lines are read as a table: one object a line, its keys the columns."""

import json
from typing import Any, Final

from linnet.data.plain import plain_table
from linnet.data.tables import Table
from linnet.errors import TableError

__all__ = ["kind_of_value", "read_json_lines", "record_of"]

_LEAST_BLOCK_BYTES: Final = 1 << 20


def read_json_lines(data: bytes, origin: str) -> Table:
    r"""Read a table from UTF-8 text that holds one JSON object a line.

    A key that a line lacks is missing there. Text that looks like a timestamp becomes one.

    Raises
    ------
    TableError
        If a line is no JSON object, or a key holds values of different kinds: the message names
        the line.

    Examples
    --------
    >>> data = b'{"x": 1, "label": "a"}\n{"label": "b"}\n'
    >>> read_json_lines(data, "pairs.jsonl").columns.to_pydict()
    {'x': [1, None], 'label': ['a', 'b']}
    """
    import pyarrow as pa
    from pyarrow import json as arrow_json

    # A block must hold the longest line whole.
    block = max(_LEAST_BLOCK_BYTES, 2 * max(map(len, data.split(b"\n"))))
    try:
        columns = arrow_json.read_json(
            pa.BufferReader(data), read_options=arrow_json.ReadOptions(block_size=block)
        )
    except pa.ArrowException as error:
        _raise_for_line(data, origin)
        raise TableError(f"{origin}: cannot be read as JSON lines: {error}.") from None
    return plain_table(columns, origin)


def _raise_for_line(data: bytes, origin: str) -> None:
    kinds: dict[str, str] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        for key, value in record_of(line, f"{origin}, line {number}").items():
            kind = kind_of_value(value)
            if kind != "nothing" and kinds.setdefault(key, kind) != kind:
                raise TableError(
                    f"{origin}, line {number}: {key!r} holds {kind} ({value!r}), but "
                    f"{kinds[key]} on lines before. A key must hold one kind of value."
                )


def record_of(line: bytes, place: str) -> dict[str, Any]:
    """Parse the JSON object of a line; raises TableError, which starts with ``place``."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise TableError(f"{place}: not valid JSON: {error}.") from None
    if not isinstance(record, dict):
        raise TableError(f"{place}: an object {{…}} is expected, not {kind_of_value(record)}.")
    return record


def kind_of_value(value: object) -> str:
    """Say what kind of JSON value it is."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
