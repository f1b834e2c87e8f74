"""Which encoder a column gets, and what the user should know about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, final, runtime_checkable

from linnet.data.tables import ArrowColumn, name_list
from linnet.errors import TableError
from linnet.features.categories import CategoryEncoder
from linnet.features.columns import ColumnKind, kind_of
from linnet.features.dates import DateEncoder
from linnet.features.design import Part
from linnet.features.moments import NO_NUMBERS, Moments
from linnet.features.quantities import NumberEncoder
from linnet.features.settings import EncoderSettings
from linnet.features.summaries import MOST_LEVELS, ColumnSummary, Role, summarise
from linnet.features.text import TextEncoder, WordCounts

__all__ = ["ColumnEncoder", "Plan", "TablePlan", "plan_columns", "summarise_feature"]


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
    """What becomes of one column: its encoder, or None if it is left out, and notes.

    ``n_entries`` is about how many numbers other than 0 its rows become.
    """

    kind: ColumnKind
    encoder: ColumnEncoder | None
    notes: tuple[str, ...] = ()
    n_entries: int = 0


@final
@dataclass(frozen=True)
class TablePlan:
    """What becomes of all columns of a table: see `Plan`."""

    encoders: tuple[ColumnEncoder, ...]
    kinds: dict[str, ColumnKind]
    notes: tuple[str, ...]
    n_entries: int


_ONE_VALUE: Final = "left out, the same in every row"
_TOO_MANY: Final = (
    f"left out, texts of more than {MOST_LEVELS:,} kinds: to use their words, name the column in "
    "text (--text); to use the commonest as they are, name it in categorical"
)
_LEFT_OUT: Final = {
    ColumnKind.EMPTY: "left out, no value is known",
    ColumnKind.CONSTANT: _ONE_VALUE,
    ColumnKind.TEXT: "left out, texts that differ in most rows: to use their words, name the "
    "column in text (--text)",
    ColumnKind.IDENTIFIER: "left out, values that differ in most rows and so name them: to use "
    "them nevertheless, name the column in text (--text) or in categorical",
}


def summarise_feature(
    name: str, column: ArrowColumn, settings: EncoderSettings, origin: str
) -> ColumnSummary:
    """Summarise rows of a column as far as choosing and fitting its encoder needs it.

    Raises
    ------
    TableError
        If a number is infinite.
    """
    words = WordCounts(settings.text_method, settings.n_grams, settings.hash_size)
    return summarise(name, column, origin, role=_role(name, settings), words=words)


def plan_column(summary: ColumnSummary, settings: EncoderSettings, origin: str) -> Plan:
    """Choose the encoder of a column and fit it.

    Raises
    ------
    TableError
        If a column to be read as text has no words.
    """
    kind = kind_of(summary)
    if kind in _LEFT_OUT and summary.words is None:
        return Plan(kind, None, (_TOO_MANY if summary.spelling else _LEFT_OUT[kind],))
    if kind is ColumnKind.EMPTY:
        return Plan(kind, None, (_LEFT_OUT[kind],))
    encoder = _fit(kind, summary, settings, origin)
    if len(encoder.names) == 0 or _is_constant(encoder):
        return Plan(kind, None, (_ONE_VALUE,))
    return Plan(kind, encoder, _notes(summary, encoder), _count_entries(summary, encoder))


def plan_columns(
    summaries: Mapping[str, ColumnSummary], settings: EncoderSettings, origin: str
) -> TablePlan:
    """Choose and fit the encoders of a table's columns.

    Raises
    ------
    TableError
        If no column can be used, or one to be read as text has no words.
    """
    plans = {name: plan_column(summary, settings, origin) for name, summary in summaries.items()}
    encoders = [plan.encoder for plan in plans.values() if plan.encoder is not None]
    notes = _joined_notes(plans)
    if not encoders:
        n_rows = max((summary.n_rows for summary in summaries.values()), default=0)
        raise TableError(
            f"{origin}: none of its {len(plans)} columns can be used with {n_rows} sample(s), "
            f"n_samples={n_rows}: {'; '.join(notes)}."
        )
    # Words come last, so that the columns before them can be joined in one pass.
    encoders.sort(key=lambda encoder: isinstance(encoder, TextEncoder))
    kinds = {name: plan.kind for name, plan in plans.items()}
    return TablePlan(tuple(encoders), kinds, notes, sum(plan.n_entries for plan in plans.values()))


def _joined_notes(plans: Mapping[str, Plan]) -> tuple[str, ...]:
    """Return each note once, with the names of the columns it is about."""
    about: dict[str, list[str]] = {}
    for name, plan in plans.items():
        for note in plan.notes:
            about.setdefault(note, []).append(name)
    return tuple(f"{name_list(names)}: {note}" for note, names in about.items())


def _role(name: str, settings: EncoderSettings) -> Role:
    """Return what a column has to be summarised for."""
    if name in settings.text:
        return Role.WORDS
    return Role.CATEGORY if name in settings.categorical else Role.FEATURE


def _fit(
    kind: ColumnKind, summary: ColumnSummary, settings: EncoderSettings, origin: str
) -> ColumnEncoder:
    name, flagged = summary.name, summary.n_missing > 0
    if summary.words is not None:
        return TextEncoder.fit(name, summary.words, origin)
    if summary.tally is not None:
        share = settings.min_frequency < 1
        return CategoryEncoder.fit(
            name,
            summary.tally,
            flagged=flagged,
            most_levels=settings.max_categories,
            least_rows=settings.min_frequency * (summary.n_rows if share else 1),
        )
    moments = NO_NUMBERS if summary.moments is None else summary.moments
    if summary.places is not None:
        return DateEncoder.fit(
            name, moments, summary.places, scaled=settings.scale, flagged=flagged
        )
    # A boolean stays 0 or 1, so that its coefficient is the effect of being true.
    scaled = settings.scale and kind is ColumnKind.NUMBER
    return NumberEncoder.fit(name, moments, scaled=scaled, flagged=flagged)


def _is_constant(encoder: ColumnEncoder) -> bool:
    return isinstance(encoder, CategoryEncoder) and len(encoder.names) == 1


def _notes(summary: ColumnSummary, encoder: ColumnEncoder) -> tuple[str, ...]:
    notes = []
    if isinstance(encoder, CategoryEncoder) and encoder.rare:
        notes.append(f"{len(encoder.rare):,} rare values count as 'other'")
    if summary.n_missing and not isinstance(encoder, TextEncoder):
        notes.append("values are missing, and a further column says where")
    steps = summary.steps
    if steps is not None and steps.by_one and summary.n_rows >= 3:
        notes.append("counts the rows 1, 2, …: leave it out if that means nothing")
    return tuple(notes)


def _count_entries(summary: ColumnSummary, encoder: ColumnEncoder) -> int:
    """Count the numbers other than 0 that the rows summarised become, or nearly so.

    A number that equals the mean is counted though it becomes 0.
    """
    if summary.words is not None:
        return summary.words.n_entries
    if isinstance(encoder, CategoryEncoder) or summary.moments is None:
        return summary.n_rows
    if isinstance(encoder, DateEncoder):
        cycles = len(encoder.parts) * summary.n_known
        return cycles + _count_number_entries(summary, summary.moments, encoder.days)
    if isinstance(encoder, NumberEncoder):
        return _count_number_entries(summary, summary.moments, encoder)
    return summary.n_rows


def _count_number_entries(summary: ColumnSummary, moments: Moments, encoder: NumberEncoder) -> int:
    is_shifted = encoder.centre != 0
    # A missing number is filled with the mean, which becomes 0 if that is subtracted.
    filled = 0 if is_shifted or encoder.fill == 0 else summary.n_missing
    known = moments.count - (0 if is_shifted else moments.zeros)
    return (known + filled) * encoder.varies + summary.n_missing * encoder.flagged
