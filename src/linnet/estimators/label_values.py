"""Labels as symbols of a model's alphabet, and those outside it as bytes.

    number   0 a missing label, 1 text, 2 a whole number
    number   size of what follows; not for a missing label
    bytes    the text in UTF-8, or the number in decimal digits

So a label that no model knew comes back as it was.
"""

from typing import Any, Final

import numpy as np

from linnet.codes.blocks import Block
from linnet.codes.fields import Fields, number
from linnet.errors import DataError, DataTypeError
from linnet.features.labels import class_codes, label_kind, one_type
from linnet.types import Array

__all__ = ["joined_labels", "label_array", "label_block", "labels_of"]

_MISSING: Final = 0
_TEXT: Final = 1
_WHOLE: Final = 2


def label_array(y: Any) -> Array:
    """Labels as an array of one axis, numbers beside text kept as they are.

    Raises
    ------
    DataError
        If they have more than one column.
    """
    listed = isinstance(y, list | tuple)
    array = np.asarray(y, dtype=object) if listed else np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"y has shape {array.shape}. Give one label for each row of X.")
    return array


def label_block(y: Array, classes: Array) -> Block:
    """Symbols of labels; one that is missing or unknown is escaped.

    Raises
    ------
    DataError
        If a label cannot be one, or labels are text where the classes are numbers, or the other
        way round.
    """
    q = len(classes)
    symbols = np.full(len(y), q, dtype=np.int32)
    present = np.flatnonzero(~_missing(y))
    if len(present):
        labels = one_type(y[present])
        _check_kind(labels, classes)
        codes = class_codes(labels, classes)
        symbols[present] = np.where(codes < 0, q, codes)
    escaped = np.flatnonzero(symbols == q)
    return Block(symbols, b"".join(_to_bytes(y[row]) for row in escaped))


def labels_of(block: Block, classes: Array) -> Array:
    """Labels of a block: of the type of the classes where that can hold all of them."""
    q = len(classes)
    escaped = block.symbols == q
    if not escaped.any():
        return classes[block.symbols]
    fields = Fields(memoryview(block.escaped))
    values = [_from_bytes(fields) for _ in range(int(escaped.sum()))]
    fields.close()
    known = classes[np.minimum(block.symbols, q - 1)]
    for dtype in _types(classes, values):
        joined = known.astype(dtype)
        joined[escaped] = values
        if joined[escaped].tolist() == values and (joined == known)[~escaped].all():
            return joined
    joined = known.astype(object)
    joined[escaped] = values
    return joined


def joined_labels(parts: list[Array], classes: Array) -> Array:
    """Join the labels of blocks, which differ in type where only some hold unknown labels."""
    if not parts:
        return classes[:0]
    kinds = {part.dtype.kind for part in parts}
    # Integers with and without a sign have only floats in common.
    if "O" in kinds or {"i", "u"} <= kinds:
        return np.concatenate([part.astype(object) for part in parts])
    return np.concatenate(parts)


def _types(classes: Array, values: list[Any]) -> list[Any]:
    """Types other than object that may hold classes and further values, the likeliest first."""
    kind = classes.dtype.kind
    if kind == "O" or any(value is None for value in values):
        return []
    if kind == "U":
        return [f"U{max(len(text) for text in [*classes.tolist(), *values])}"]
    if kind == "f":
        return [classes.dtype]
    integers = [np.dtype(t) for t in (classes.dtype, np.int64, np.uint64)]
    return [
        t
        for t in integers
        if t.kind in "iu" and np.iinfo(t).min <= min(values) <= max(values) <= np.iinfo(t).max
    ]


def _missing(y: Array) -> Array:
    if y.dtype.kind == "f":
        return np.isnan(y)
    if y.dtype.kind == "O":
        return np.array([label_kind(label) == "missing" for label in y], dtype=bool)
    return np.zeros(len(y), dtype=bool)


def _check_kind(labels: Array, classes: Array) -> None:
    if labels.dtype.kind == "S" or classes.dtype.kind == "S":
        raise DataTypeError("Labels are bytes. Decode them to text, and fit the model to that.")
    text, expected = (array.dtype.kind in "OU" for array in (labels, classes))
    if text != expected:
        kinds = {True: "text", False: "numbers"}
        raise DataError(
            f"The labels are {kinds[text]}, such as {labels[:1].tolist()[0]!r}, but the model's "
            f"classes are {kinds[expected]}, such as {classes[:1].tolist()[0]!r}. "
            "Give labels of the same kind."
        )


def _to_bytes(label: Any) -> bytes:
    if label_kind(label) == "missing":
        return number(_MISSING)
    if isinstance(label, str):
        data, kind = label.encode("utf-8", "surrogatepass"), _TEXT
    else:
        data, kind = str(int(label)).encode(), _WHOLE
    return number(kind) + number(len(data)) + data


def _from_bytes(fields: Fields) -> Any:
    kind = fields.number()
    if kind == _MISSING:
        return None
    data = bytes(fields.take(fields.number()))
    return data.decode("utf-8", "surrogatepass") if kind == _TEXT else int(data)
