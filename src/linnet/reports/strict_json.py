"""What a report says, as JSON that every parser reads: no NaN, no bare Infinity."""

from collections.abc import Mapping
from math import isinf, isnan
from typing import Any

import numpy as np

__all__ = ["to_json_value"]


def to_json_value(value: Any) -> Any:
    """Replace what JSON lacks, at any depth.

    An infinite number becomes the text ``"Infinity"`` or ``"-Infinity"``, which both
    JavaScript's ``Number`` and Python's ``float`` read; a number that is unknown (NaN) becomes
    null. NumPy's numbers become plain ones; text and numbers alone can be keys.

    Examples
    --------
    >>> to_json_value({"loss": float("inf"), "rows": 3})
    {'loss': 'Infinity', 'rows': 3}
    """
    if isinstance(value, np.generic | np.ndarray):
        return to_json_value(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): to_json_value(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(entry) for entry in value]
    if isinstance(value, float):
        return _number(float(value))
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def _number(value: float) -> float | str | None:
    if isnan(value):
        return None
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
