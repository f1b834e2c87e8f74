"""The functions of an exported Python module: only ``math`` is imported, nothing of linnet.

They are written into the module without their annotations. What they read, the dict ``model``, is
written beside them: see `linnet.export.python_source`.
"""

import math
from typing import Any

__all__ = [
    "cell",
    "days",
    "number",
    "place",
    "row_scores",
    "softmax",
    "spelling",
    "word_scores",
    "word_shares",
]


def row_scores(row: dict[str, Any], model: dict[str, Any]) -> list[float]:
    """Add up what the columns of a row say."""
    parts = [model["intercept"]]
    for column, is_date, fill, centre, scale, weights in model["quantities"]:
        x = (days if is_date else number)(cell(row, column), column, model["gaps_in_text"])
        x = fill if x is None else x
        if x is None:
            raise ValueError(f"column {column!r} holds no number, and the model knows of no gaps")
        parts.append([w * ((x - centre) / scale) for w in weights])
    for column, is_date, weights in model["gaps"]:
        x = (days if is_date else number)(cell(row, column), column, model["gaps_in_text"])
        parts.append([w * (x is None) for w in weights])
    for column, levels, other, missing in model["levels"]:
        text = spelling(cell(row, column))
        parts.append(missing if text is None else levels.get(text, other))
    for column, unit, places in model["cycles"]:
        found = place(cell(row, column), column, unit)
        parts.append(places.get(found, [0.0] * len(model["intercept"])))
    for column, n_grams, words in model["words"]:
        parts += word_scores(spelling(cell(row, column)) or "", n_grams, words)
    return [math.fsum(each) for each in zip(*parts, strict=True)]


def softmax(scores: list[float]) -> list[float]:
    """Return probabilities in proportion to the exponentials of the scores."""
    top = max(scores)
    exponentials = [math.exp(score - top) for score in scores]
    whole = math.fsum(exponentials)
    return [each / whole for each in exponentials]


def cell(row: dict[str, Any], column: str) -> Any:
    """Return the value in a column; None where it is missing."""
    if column not in row:
        raise ValueError(f"the row lacks the column {column!r}; its columns are {sorted(row)}")
    value = row[column]
    # pandas has values of its own for what is missing; NaN differs from itself.
    if type(value).__name__ in {"NAType", "NaTType"} or value != value:  # noqa: PLR0124
        return None
    return value


def number(value: Any, column: str, gaps_in_text: tuple[str, ...]) -> float | None:
    """Return a number, which text may spell; None where it is missing."""
    if isinstance(value, str):
        value = value.strip()
        if value in gaps_in_text:
            return None
        value = {"true": 1, "false": 0}.get(value.lower(), value)
    if value is None:
        return None
    try:
        x = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"column {column!r}: {value!r} is not a number") from None
    if not math.isfinite(x):
        raise ValueError(f"column {column!r}: {value!r} is not finite")
    return x


def days(value: Any, column: str, gaps_in_text: tuple[str, ...] = ()) -> float | None:
    """Return the days since 1970-01-01, with fractions; None where the date is missing."""
    del gaps_in_text
    if value is None:
        return None
    if getattr(value, "toordinal", None) is None:
        raise ValueError(f"column {column!r}: {value!r} is not a date; give a datetime or a date")
    if getattr(value, "tzinfo", None) is not None:
        raise ValueError(f"column {column!r}: {value!r} has a time zone; give UTC without one")
    hour, minute, second, micros = (
        getattr(value, unit, 0) for unit in ("hour", "minute", "second", "microsecond")
    )
    seconds = ((value.toordinal() - 719163) * 24 + hour) * 3600 + minute * 60 + second
    return float(seconds * 1_000_000 + micros) / 86_400_000_000


def place(value: Any, column: str, unit: str) -> int | None:
    """Return a date's place in the year, the week or the day, counted from 0."""
    day = days(value, column)
    if day is None:
        return None
    if unit == "weekday":
        return int(math.floor(day) + 3) % 7
    return int(value.month - 1 if unit == "month" else getattr(value, "hour", 0))


def spelling(value: Any) -> str | None:
    """Return a value as the levels of a category are written; None where it is missing."""
    # Of NumPy, too, by its name: it is not imported.
    if type(value).__name__ in {"bool", "bool_"}:
        return "true" if value else "false"
    is_whole = getattr(value, "is_integer", None)
    if is_whole is not None and is_whole() and abs(value) < 1e9:
        return str(int(value))
    return None if value is None else str(value)


def word_scores(text: str, n_grams: int, words: dict[str, Any]) -> list[list[float]]:
    """Return what each word of a text adds: its share of a vector of length 1."""
    shares = word_shares(text, n_grams, {word: rarity for word, (rarity, _) in words.items()})
    return [[share * w for w in words[word][1]] for word, share in shares.items()]


def word_shares(text: str, n_grams: int, rarity: dict[str, float]) -> dict[str, float]:
    """Weigh each word by how often it occurs here and how rarely elsewhere."""
    spaced = "".join(c if c.isalnum() or c == "_" else " " for c in text.lower())
    tokens = [token for token in spaced.split(" ") if len(token) > 1]
    counts: dict[str, int] = {}
    for n in range(1, n_grams + 1):
        for start in range(len(tokens) - n + 1):
            word = " ".join(tokens[start : start + n])
            if word in rarity:
                counts[word] = counts.get(word, 0) + 1
    weights = {word: (1 + math.log(count)) * rarity[word] for word, count in counts.items()}
    length = math.sqrt(math.fsum(weight**2 for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()}
