"""A fitted encoder as JSON and arrays, and back: no pickle, so loading one runs no code."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, cast

import numpy as np

from linnet.errors import ModelFileError
from linnet.features.categories import CategoryEncoder
from linnet.features.dates import DateEncoder, DatePart
from linnet.features.plan import ColumnEncoder
from linnet.features.quantities import NumberEncoder
from linnet.features.text import TextEncoder
from linnet.types import Array

__all__ = ["encoders_from_state", "encoders_to_state"]

_TAGS: Final[dict[type, str]] = {
    NumberEncoder: "number",
    CategoryEncoder: "category",
    DateEncoder: "date",
    TextEncoder: "text",
}


def encoders_to_state(
    encoders: Sequence[ColumnEncoder],
) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """Return what JSON can hold of each encoder, and the arrays, named by position."""
    records, arrays = [], {}
    for i, encoder in enumerate(encoders):
        # Python writes floats to JSON so that they are read back to the last bit.
        record = asdict(cast("Any", encoder))
        if isinstance(encoder, TextEncoder):
            rarity = record.pop("rarity")
            # Hashed words have none, and not every file format takes an empty array.
            if encoder.words:
                arrays[f"rarity {i}"] = rarity
        records.append({"encoder": _TAGS[type(encoder)], **record})
    return records, arrays


def encoders_from_state(
    records: Sequence[Mapping[str, Any]], arrays: Mapping[str, Array]
) -> tuple[ColumnEncoder, ...]:
    """Return the encoders that `encoders_to_state` took apart.

    Raises
    ------
    ModelFileError
        If a part is missing, superfluous, or of an unknown kind.
    """
    try:
        return tuple(_encoder(i, dict(record), arrays) for i, record in enumerate(records))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(
            f"The encoder's state is damaged or of another version: {error!r}. Save it again."
        ) from error


def _encoder(i: int, record: dict[str, Any], arrays: Mapping[str, Array]) -> ColumnEncoder:
    match record.pop("encoder"):
        case "number":
            return NumberEncoder(**record)
        case "category":
            levels, rare = tuple(record.pop("levels")), tuple(record.pop("rare"))
            return CategoryEncoder(**record, levels=levels, rare=rare)
        case "date":
            parts = tuple(DatePart(p["unit"], tuple(p["seen"])) for p in record.pop("parts"))
            return DateEncoder(**record | {"days": NumberEncoder(**record["days"])}, parts=parts)
        case "text":
            words = tuple(record.pop("words"))
            rarity = np.asarray(arrays[f"rarity {i}"]) if words else np.empty(0)
            return TextEncoder(**record, words=words, rarity=rarity)
        case unknown:
            raise ValueError(unknown)
