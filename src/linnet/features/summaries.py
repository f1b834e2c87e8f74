"""All that choosing and fitting a column's encoder needs, gathered in one pass, chunk by chunk."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, final

from linnet.data.tables import ArrowColumn
from linnet.errors import TableError
from linnet.features.dates import Places, date_values
from linnet.features.moments import Moments
from linnet.features.quantities import number_values
from linnet.features.tallies import Spelling, Tally
from linnet.features.text import WordCounts

__all__ = ["MOST_LEVELS", "ColumnSummary", "Nature", "Role", "nature_of", "summarise"]

# A model learns nothing from a text that occurs once, and tallies have to fit beside the data.
MOST_LEVELS: Final = 100_000
_MOST_LEVEL_BYTES: Final = 32 << 20
# Where the user asks for it, more is borne.
_MOST_NAMED_LEVELS: Final = 1_000_000
_MOST_NAMED_BYTES: Final = 256 << 20


class Nature(StrEnum):
    """What a column's type says it holds."""

    NOTHING = "nothing"
    NUMBER = "numbers"
    BOOLEAN = "booleans"
    CATEGORY = "categories"
    TEXT = "text"
    DATE = "dates"


class Role(StrEnum):
    """What a column is summarised for, and so what of it is counted."""

    FEATURE = "feature"
    CATEGORY = "category"
    WORDS = "words"
    TARGET = "target"


@final
@dataclass(frozen=True)
class Steps:
    """First and last of whole numbers, and whether each is one more than the one before it."""

    first: int
    last: int
    by_one: bool


@final
@dataclass(frozen=True, kw_only=True)
class ColumnSummary:
    """What is known of a column, or of some of its rows; summaries of rows add up.

    Parameters
    ----------
    name : str
        The column's name.
    nature : Nature
        What its type says it holds.
    role : Role
        What it is summarised for.
    n_rows, n_missing : int
        Number of rows, and of those whose value is missing.
    low, high : number, date or None
        The least and greatest value; None of texts, and where none is known.
    moments : Moments or None
        Of numbers, of booleans as 0 and 1, and of dates in days since 1970-01-01.
    steps : Steps or None
        Of whole numbers none of which is missing.
    is_whole : bool
        Of a target: whether it holds whole numbers.
    places : Places or None
        Of dates: where they lie in the year, the week and the day.
    tally : Tally or None
        How often each text occurs, or each value of a target; None once there are too many.
    spelling : Spelling or None
        How texts look, once there are too many to count.
    words : WordCounts or None
        Of a column whose words are used.
    """

    name: str
    nature: Nature
    role: Role
    n_rows: int
    n_missing: int
    low: Any = None
    high: Any = None
    moments: Moments | None = None
    steps: Steps | None = None
    is_whole: bool = False
    places: Places | None = None
    tally: Tally | None = None
    spelling: Spelling | None = None
    words: WordCounts | None = None

    @property
    def n_known(self) -> int:
        """Number of rows whose value is known."""
        return self.n_rows - self.n_missing

    def merged(self, other: "ColumnSummary", origin: str) -> "ColumnSummary":
        """Return the summary of these rows and of the ``other`` ones, which follow them.

        Raises
        ------
        TableError
            If the two hold different things, or hold too much to count.
        """
        nature = _common_nature(self, other, origin)
        tally, spelling = _merged_tallies(self, other, origin)
        words = _merged(self.words, other.words)
        if words is not None:
            words.check_size(self.name, origin)
        return replace(
            self,
            nature=nature,
            n_rows=self.n_rows + other.n_rows,
            n_missing=self.n_missing + other.n_missing,
            low=_known_bound(min, self.low, other.low),
            high=_known_bound(max, self.high, other.high),
            moments=_merged(self.moments, other.moments),
            steps=_merged_steps(self, other),
            is_whole=self.is_whole and other.is_whole,
            places=_merged(self.places, other.places),
            tally=tally,
            spelling=spelling,
            words=words,
        )


def summarise(
    name: str,
    column: ArrowColumn,
    origin: str = "table",
    *,
    role: Role = Role.FEATURE,
    words: WordCounts | None = None,
) -> ColumnSummary:
    """Summarise rows of a column.

    Parameters
    ----------
    name : str
        The column's name.
    column : pyarrow.ChunkedArray
        Some rows of a column of a `Table`.
    origin : str
        What error messages call the table.
    role : Role
        What the summary is for.
    words : WordCounts, optional
        Counts of no text, which say how the words of a column are to be counted.

    Raises
    ------
    TableError
        If a number is infinite.
    """
    nature = nature_of(column)
    summary = ColumnSummary(
        name=name, nature=nature, role=role, n_rows=len(column), n_missing=column.null_count
    )
    if role is Role.WORDS:
        return replace(summary, words=None if words is None else words.counted(column))
    if nature is Nature.NOTHING:
        # Nothing known contradicts that a target is whole.
        return replace(summary, is_whole=True)
    if nature in (Nature.TEXT, Nature.CATEGORY):
        return replace(summary, tally=Tally.of(column))
    return _summarise_values(summary, column, origin)


def nature_of(column: ArrowColumn) -> Nature:
    """Tell what the type of a column of a `Table` says it holds."""
    from pyarrow import types

    kind = column.type
    if types.is_null(kind):
        return Nature.NOTHING
    if types.is_dictionary(kind):
        return Nature.CATEGORY
    if types.is_boolean(kind):
        return Nature.BOOLEAN
    if types.is_temporal(kind):
        return Nature.DATE
    is_number = types.is_integer(kind) or types.is_floating(kind)
    return Nature.NUMBER if is_number else Nature.TEXT


def _summarise_values(summary: ColumnSummary, column: ArrowColumn, origin: str) -> ColumnSummary:
    """Add what is known of numbers, booleans and dates."""
    import pyarrow.compute as pc
    from pyarrow import types

    bounds = pc.min_max(column).as_py()
    summary = replace(summary, low=bounds["min"], high=bounds["max"])
    if summary.role is Role.CATEGORY:
        return replace(summary, tally=Tally.of(column).as_text())
    if summary.role is Role.TARGET:
        rounded = types.is_floating(column.type) and pc.equal(column, pc.round(column))
        is_whole = not types.is_floating(column.type) or pc.all(rounded).as_py() is not False
        return replace(summary, tally=Tally.of(column), is_whole=is_whole)
    if summary.nature is Nature.DATE:
        days, places = date_values(column, summary.name, origin)
        return replace(summary, moments=Moments.of(days), places=places)
    x = number_values(column, summary.name, origin)
    return replace(summary, moments=Moments.of(x), steps=_steps(column))


def _steps(column: ArrowColumn) -> Steps | None:
    import pyarrow.compute as pc
    from pyarrow import types

    if not types.is_integer(column.type) or column.null_count or not len(column):
        return None
    by_one = pc.all(pc.equal(pc.pairwise_diff(column.combine_chunks(), 1), 1)).as_py()
    # Of one number there is no difference to look at.
    return Steps(column[0].as_py(), column[-1].as_py(), by_one=by_one is not False)


def _common_nature(first: ColumnSummary, second: ColumnSummary, origin: str) -> Nature:
    if first.nature is second.nature or second.nature is Nature.NOTHING:
        return first.nature
    if first.nature is Nature.NOTHING:
        return second.nature
    raise TableError(
        f"{origin}, column {first.name!r}: it holds {first.nature} in its first {first.n_rows} "
        f"rows and {second.nature} after them. Give the column one type in all of the data."
    )


def _merged(first: Any, second: Any) -> Any:
    if first is None or second is None:
        return second if first is None else first
    return first.merged(second)


def _known_bound(choose: Any, first: Any, second: Any) -> Any:
    if first is None or second is None:
        return second if first is None else first
    return choose(first, second)


def _merged_steps(first: ColumnSummary, second: ColumnSummary) -> Steps | None:
    a, b = first.steps, second.steps
    if not first.n_rows or not second.n_rows:
        return b if not first.n_rows else a
    if a is None or b is None:
        return None
    return Steps(a.first, b.last, by_one=a.by_one and b.by_one and b.first == a.last + 1)


def _merged_tallies(
    first: ColumnSummary, second: ColumnSummary, origin: str
) -> tuple[Tally | None, Spelling | None]:
    given_up = _has_given_up(first) or _has_given_up(second)
    if not given_up:
        tally = _merged(first.tally, second.tally)
        if tally is None or not _is_too_large(tally, first, origin):
            return tally, None
    looks = [each for each in (_spelling(first), _spelling(second)) if each is not None]
    return None, looks[0] if len(looks) == 1 else looks[0].merged(looks[1])


def _has_given_up(summary: ColumnSummary) -> bool:
    return summary.spelling is not None


def _spelling(summary: ColumnSummary) -> Spelling | None:
    if summary.tally is None:
        return summary.spelling
    is_text = summary.nature in (Nature.TEXT, Nature.CATEGORY)
    return Spelling.of(summary.tally) if is_text else Spelling(len(summary.tally), 0, 0)


def _is_too_large(tally: Tally, of: ColumnSummary, origin: str) -> bool:
    if of.role is not Role.CATEGORY:
        return len(tally) > MOST_LEVELS or tally.n_bytes > _MOST_LEVEL_BYTES
    if len(tally) > _MOST_NAMED_LEVELS or tally.n_bytes > _MOST_NAMED_BYTES:
        raise TableError(
            f"{origin}, column {of.name!r}: it is to be taken as categories, but holds "
            f"{len(tally):,} different values in its first rows already, too many to count. "
            "Leave the column out, or group its values."
        )
    return False
