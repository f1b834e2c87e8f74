"""Which encoder a column gets, and what the user should know about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, final, runtime_checkable

from linnet.data.tables import ArrowColumn, name_list
from linnet.errors import TableError
from linnet.features.categories import CategoryEncoder
from linnet.features.columns import ColumnKind, column_kind
from linnet.features.dates import DateEncoder
from linnet.features.design import Part
from linnet.features.quantities import NumberEncoder, number_values
from linnet.features.settings import EncoderSettings
from linnet.features.text import TextEncoder

__all__ = ["ColumnEncoder", "Plan", "joined_notes", "plan_column"]


@runtime_checkable
class ColumnEncoder(Protocol):
    """Turns one column of a table into columns of the design matrix."""

    @property
    def name(self) -> str:
        """The column's name."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns made."""
        ...

    @property
    def centres(self) -> tuple[float, ...]:
        """What was subtracted in each column made."""
        ...

    @property
    def scales(self) -> tuple[float, ...]:
        """What each column made was divided by."""
        ...

    def encode(self, column: ArrowColumn, origin: str) -> Part:
        """Encode a column of the table called ``origin``."""
        ...


@final
@dataclass(frozen=True)
class Plan:
    """What becomes of one column: its encoder, or None if it is left out, and notes."""

    kind: ColumnKind
    encoder: ColumnEncoder | None
    notes: tuple[str, ...] = ()


_ONE_VALUE: Final = "left out, the same in every row"
_LEFT_OUT: Final = {
    ColumnKind.EMPTY: "left out, no value is known",
    ColumnKind.CONSTANT: _ONE_VALUE,
    ColumnKind.TEXT: "left out, texts that differ in most rows: to use their words, name the "
    "column in text (--text)",
    ColumnKind.IDENTIFIER: "left out, values that differ in most rows and so name them: to use "
    "them nevertheless, name the column in text (--text) or in categorical",
}


def plan_column(name: str, column: ArrowColumn, settings: EncoderSettings, origin: str) -> Plan:
    """Choose the encoder of a column and fit it.

    Raises
    ------
    TableError
        If a number is infinite, or a column to be read as text has no words.
    """
    kind = _kind(name, column, settings)
    if kind in _LEFT_OUT and name not in settings.text:
        return Plan(kind, None, (_LEFT_OUT[kind],))
    encoder = _fit(kind, name, column, settings, origin)
    if len(encoder.names) == 0 or _is_constant(encoder):
        return Plan(kind, None, (_ONE_VALUE,))
    return Plan(kind, encoder, _notes(column, encoder))


def joined_notes(plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """Return each note once, with the names of the columns it is about."""
    about: dict[str, list[str]] = {}
    for name, plan in plans.items():
        for note in plan.notes:
            about.setdefault(note, []).append(name)
    return tuple(f"{name_list(names)}: {note}" for note, names in about.items())


def _kind(name: str, column: ArrowColumn, settings: EncoderSettings) -> ColumnKind:
    kind = column_kind(column)
    if kind is ColumnKind.EMPTY:
        return kind
    if name in settings.text:
        return ColumnKind.TEXT
    if name in settings.categorical and kind is not ColumnKind.CONSTANT:
        return ColumnKind.CATEGORY
    return kind


def _fit(
    kind: ColumnKind, name: str, column: ArrowColumn, settings: EncoderSettings, origin: str
) -> ColumnEncoder:
    match kind:
        case ColumnKind.CATEGORY:
            share = settings.min_frequency < 1
            return CategoryEncoder.fit(
                name,
                column,
                most_levels=settings.max_categories,
                least_rows=settings.min_frequency * (len(column) if share else 1),
            )
        case ColumnKind.DATE:
            return DateEncoder.fit(name, column, origin, scaled=settings.scale)
        case ColumnKind.NUMBER | ColumnKind.BOOLEAN:
            # A boolean stays 0 or 1, so that its coefficient is the effect of being true.
            scaled = settings.scale and kind is ColumnKind.NUMBER
            return NumberEncoder.fit(name, number_values(column, name, origin), scaled=scaled)
        case _:
            return _fit_text(name, column, settings, origin)


def _fit_text(
    name: str, column: ArrowColumn, settings: EncoderSettings, origin: str
) -> TextEncoder:
    try:
        return TextEncoder.fit(
            name,
            column,
            method=settings.text_method,
            n_grams=settings.n_grams,
            hash_size=settings.hash_size,
        )
    except TableError as error:
        raise TableError(f"{origin}, {error}") from None


def _is_constant(encoder: ColumnEncoder) -> bool:
    return isinstance(encoder, CategoryEncoder) and len(encoder.names) == 1


def _notes(column: ArrowColumn, encoder: ColumnEncoder) -> tuple[str, ...]:
    notes = []
    if isinstance(encoder, CategoryEncoder) and encoder.rare:
        notes.append(f"{len(encoder.rare):,} rare values count as 'other'")
    if column.null_count and not isinstance(encoder, TextEncoder):
        notes.append("values are missing, and a further column says where")
    if _counts_rows(column):
        notes.append("counts the rows 1, 2, …: leave it out if that means nothing")
    return tuple(notes)


def _counts_rows(column: ArrowColumn) -> bool:
    import pyarrow.compute as pc
    from pyarrow import types

    if not types.is_integer(column.type) or column.null_count or len(column) < 3:
        return False
    # Differences between chunks are not formed; within them they are enough.
    return pc.all(pc.equal(pc.pairwise_diff(column.combine_chunks(), 1), 1)).as_py()
