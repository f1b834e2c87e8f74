"""What was learnt from a stream, as a dict that JSON can hold and arrays, and back again.

Data classes are taken apart field by field, whatever the loss and the rule of the steps: those that
can be restored are named here, and nothing else is ever made of a file.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

import numpy as np

from linnet.data.batch import Batch
from linnet.engine import Iterate
from linnet.estimators.hashed_stream import HashedBlock
from linnet.estimators.learnt import Learnt, Pace
from linnet.estimators.progressive import Mark, ProgressiveLoss
from linnet.estimators.progressive_errors import ErrorMark, ErrorSums, ProgressiveErrors
from linnet.estimators.saving import State
from linnet.estimators.target_spread import TargetSpread
from linnet.features.hashed_table import HashedKind, HashedTable, HashingSettings
from linnet.features.moments import Moments
from linnet.solvers.schedules import Schedule
from linnet.types import Array

__all__ = ["learnt_from_state", "state_of_learnt"]

_KINDS: Final[Mapping[str, Any]] = {
    kind.__name__: kind
    for kind in (
        Batch,
        ErrorMark,
        ErrorSums,
        HashedBlock,
        HashedKind,
        HashedTable,
        HashingSettings,
        Iterate,
        Learnt,
        Mark,
        Moments,
        Pace,
        ProgressiveErrors,
        ProgressiveLoss,
        Schedule,
        TargetSpread,
    )
}

# Types of arrays that stand in a file as they are; labels may be text.
_NUMBERS: Final = frozenset("biuf")


def state_of_learnt(learnt: Learnt) -> State:
    """Take apart what was learnt.

    Raises
    ------
    TypeError
        If a part of it is of a kind that could not be restored.
    """
    arrays: dict[str, Array] = {}
    return {"learnt": _taken_apart(learnt, "learnt", arrays)}, arrays


def learnt_from_state(state: State) -> Learnt:
    """Put together what :func:`state_of_learnt` took apart, to the last bit.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the state is of another kind, or of another version.
    """
    meta, arrays = state
    learnt = _put_together(meta["learnt"], arrays)
    if not isinstance(learnt, Learnt):
        raise TypeError(f"a {type(learnt).__name__} is not what is learnt from a stream")
    return learnt


def _taken_apart(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    def part(key: object, each: Any) -> Any:
        return _taken_apart(each, f"{name}.{key}", arrays)

    apart: Any
    if isinstance(value, Enum) and _is_known(value):
        apart = {"of": type(value).__name__, "value": value.value}
    elif is_dataclass(value) and _is_known(value):
        parts = {each.name: part(each.name, getattr(value, each.name)) for each in fields(value)}
        apart = {"of": type(value).__name__, "parts": parts}
    elif isinstance(value, np.ndarray) and value.dtype.kind in _NUMBERS:
        arrays[name] = value
        apart = {"array": name}
    elif isinstance(value, np.ndarray):
        apart = {"labels": value.tolist(), "dtype": value.dtype.str}
    elif isinstance(value, Mapping):
        apart = {"entries": [[key, part(key, each)] for key, each in value.items()]}
    elif isinstance(value, tuple):
        apart = {"items": [part(number, each) for number, each in enumerate(value)]}
    elif value is None or isinstance(value, str | int | float | np.generic):
        apart = value
    else:
        raise TypeError(f"{name}: a {type(value).__name__} cannot be noted")
    return apart


def _put_together(value: Any, arrays: Mapping[str, Array]) -> Any:
    whole: Any = value
    match value:
        case {"of": kind, "value": of}:
            whole = _KINDS[kind](of)
        case {"of": kind, "parts": parts}:
            whole = _KINDS[kind](**{name: _put_together(parts[name], arrays) for name in parts})
        case {"labels": labels, "dtype": dtype}:
            whole = np.array(labels, dtype=np.dtype(dtype))
        case {"array": name}:
            whole = arrays[name]
        case {"entries": entries}:
            whole = {key: _put_together(each, arrays) for key, each in entries}
        case {"items": items}:
            whole = tuple(_put_together(each, arrays) for each in items)
    return whole


def _is_known(value: object) -> bool:
    return _KINDS.get(type(value).__name__) is type(value)
