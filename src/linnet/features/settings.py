"""The settings of a table encoder, checked when it is fitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Final, final

from linnet.data.tables import Table, name_list, select_column
from linnet.errors import SettingError
from linnet.features.text import TEXT_METHODS

__all__ = ["EncoderSettings", "checked_settings", "column_names"]

_WHOLE_NUMBERS: Final = ("max_categories", "n_grams", "hash_size")


@final
@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """The settings of a TableEncoder, once found good: see there for their meaning."""

    scale: bool
    max_categories: int | None
    min_frequency: float
    categorical: tuple[str, ...]
    text: tuple[str, ...]
    text_method: str
    n_grams: int
    hash_size: int


def checked_settings(settings: Mapping[str, Any], table: Table) -> EncoderSettings:
    """Return settings of the right types, with columns by their names in the table.

    Raises
    ------
    SettingError
        If a value is out of range or of the wrong type, or two contradict each other.
    TableError
        If there is no such column.
    """
    for name in _WHOLE_NUMBERS:
        _check_whole(name, settings[name], optional=name == "max_categories")
    least = settings["min_frequency"]
    if not isinstance(least, Real) or not float(least) > 0:
        raise SettingError(
            "min_frequency must be a number of rows from 1, or a share of them between 0 and 1, "
            f"not {least!r}."
        )
    if settings["text_method"] not in TEXT_METHODS:
        raise SettingError(
            f"text_method must be 'counted' or 'hashed', not {settings['text_method']!r}."
        )
    if settings["sparse"] not in ("auto", True, False):
        raise SettingError(f"sparse must be 'auto', True or False, not {settings['sparse']!r}.")
    text, categorical = (
        tuple(select_column(table, name) for name in column_names(settings[role]))
        for role in ("text", "categorical")
    )
    both = [name for name in text if name in categorical]
    if both:
        raise SettingError(f"{name_list(both)}: a column is either text or categorical, not both.")
    return EncoderSettings(
        scale=bool(settings["scale"]),
        max_categories=settings["max_categories"],
        min_frequency=float(least),
        categorical=categorical,
        text=text,
        text_method=settings["text_method"],
        n_grams=settings["n_grams"],
        hash_size=settings["hash_size"],
    )


def column_names(names: Sequence[str | int] | str | int | None) -> list[str | int]:
    """Return names, or positions, as a list, also where one is given by itself."""
    return [names] if isinstance(names, str | int) else list(names or ())


def _check_whole(name: str, value: object, *, optional: bool) -> None:
    if optional and value is None:
        return
    if not isinstance(value, Integral) or value < 1:
        raise SettingError(f"{name} must be a whole number from 1, not {value!r}.")
