"""The narrowest type that holds what files, or parts of one, hold in the same column."""

from typing import Any, TypeAlias

__all__ = ["ArrowType", "widest"]

ArrowType: TypeAlias = Any
"""A ``pyarrow.DataType``."""


def widest(first: ArrowType, second: ArrowType) -> ArrowType | None:
    """Return the type that holds the values of both, or None if there is none but text.

    Null gives way to anything, integers to floats, dates to timestamps, categories to text.

    Examples
    --------
    >>> import pyarrow as pa
    >>> widest(pa.int64(), pa.float64())
    DataType(double)
    >>> widest(pa.bool_(), pa.int64()) is None
    True
    """
    import pyarrow as pa
    from pyarrow import types

    if first == second or types.is_null(second):
        return first
    if types.is_null(first):
        return second
    both = (first, second)
    if all(types.is_integer(kind) or types.is_floating(kind) for kind in both):
        return pa.int64() if all(map(types.is_integer, both)) else pa.float64()
    if all(types.is_dictionary(kind) or _is_text(kind) for kind in both):
        return pa.large_string()
    if all(types.is_date(kind) or types.is_timestamp(kind) for kind in both):
        return _widest_time(*both)
    return None


def _widest_time(first: ArrowType, second: ArrowType) -> ArrowType | None:
    import pyarrow as pa
    from pyarrow import types

    instants = [kind for kind in (first, second) if types.is_timestamp(kind)]
    if len({kind.tz for kind in instants}) > 1 or (len(instants) == 1 and instants[0].tz):
        return None
    units = {kind.unit for kind in instants}
    finest = next(unit for unit in ("ns", "us", "ms", "s") if unit in units)
    return pa.timestamp(finest, instants[0].tz)


def _is_text(kind: ArrowType) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind)
