"""What kind of thing a column holds, and so how it enters a model, is decided in this one place."""

from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

from linnet.data.tables import ArrowColumn, Table
from linnet.features.summaries import MOST_LEVELS, ColumnSummary, Nature, Role, summarise
from linnet.features.tallies import Spelling

__all__ = [
    "ColumnKind",
    "Task",
    "TaskGuess",
    "column_kind",
    "column_kinds",
    "infer_task",
    "kind_of",
    "task_of",
]

Task: TypeAlias = Literal["classification", "regression"]

# A column of texts that hardly repeat names or describes each row: a level of its own for each
# value would be learnt by heart. Small tables are given the benefit of the doubt.
_FEW_TEXTS: Final = 50
_MOST_DISTINCT: Final = 0.5
# Longer values than this are sentences even where, as in Chinese, no spaces part the words.
_WORD_LENGTH: Final = 20
_FEW_LABELS: Final = 20


class ColumnKind(StrEnum):
    """What a column holds, as far as a model is concerned."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATE = "date"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    EMPTY = "empty"


class TaskGuess(NamedTuple):
    """What to do with a target, and why."""

    task: Task
    reason: str


def column_kind(column: ArrowColumn) -> ColumnKind:
    """Decide what a column of a `Table` holds: see `kind_of`.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> table = as_table({"age": [31, 45], "sex": ["f", "m"], "planet": ["Earth", "Earth"]})
    >>> {name: str(kind) for name, kind in column_kinds(table).items()}
    {'age': 'number', 'sex': 'category', 'planet': 'constant'}
    """
    return kind_of(summarise("column", column))


def kind_of(summary: ColumnSummary) -> ColumnKind:
    """Decide what a column holds.

    Numbers are numbers also where they are codes. Texts are categories, unless more than half of
    the rows, and more than 50, differ: then they are text if most have several words or are
    long, else identifiers. So they are, too, once a stream holds more different ones than can be
    counted. A column without missing values whose values are all the same is constant; one with
    only missing values is empty.

    Parameters
    ----------
    summary : ColumnSummary
        What is known of the column.
    """
    if not summary.n_known:
        return ColumnKind.EMPTY
    if summary.role is Role.WORDS:
        return ColumnKind.TEXT
    if summary.nature in (Nature.TEXT, Nature.CATEGORY):
        kind = _text_kind(summary)
    elif summary.n_missing == 0 and summary.low == summary.high:
        kind = ColumnKind.CONSTANT
    elif summary.nature is Nature.BOOLEAN:
        kind = ColumnKind.BOOLEAN
    else:
        kind = ColumnKind.DATE if summary.nature is Nature.DATE else ColumnKind.NUMBER
    is_named = summary.role is Role.CATEGORY and kind is not ColumnKind.CONSTANT
    return ColumnKind.CATEGORY if is_named else kind


def column_kinds(table: Table) -> dict[str, ColumnKind]:
    """Decide what each column of a table holds: see `column_kind`."""
    return {name: column_kind(table.column(name)) for name in table.names}


def infer_task(target: ArrowColumn) -> TaskGuess:
    """Guess from a target whether classes or numbers are to be predicted: see `task_of`.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> infer_task(as_table({"price": [2.5, 3.75]}).column("price"))
    TaskGuess(task='regression', reason='it holds numbers with fractions')
    """
    return task_of(summarise("target", target, role=Role.TARGET))


def task_of(target: ColumnSummary) -> TaskGuess:
    """Guess from a target whether classes or numbers are to be predicted.

    Parameters
    ----------
    target : ColumnSummary
        What is known of the target, summarised as such.

    Returns
    -------
    TaskGuess
        Classification for texts, categories, booleans, and whole numbers of at most 20 distinct
        values; regression for all others. The reason is a sentence for the user.
    """
    if target.nature is Nature.BOOLEAN:
        return TaskGuess("classification", "it holds true and false")
    if target.nature is Nature.DATE:
        return TaskGuess("regression", "it holds dates")
    if target.nature is not Nature.NUMBER:
        return TaskGuess("classification", "it holds text")
    # A column of whole numbers with missing values may arrive as floats.
    if not target.is_whole:
        return TaskGuess("regression", "it holds numbers with fractions")
    few = target.tally is not None and len(target.tally) <= _FEW_LABELS
    distinct = f"over {MOST_LEVELS:,}" if target.tally is None else f"{len(target.tally)}"
    if few:
        reason = f"it holds {distinct} distinct whole numbers, at most {_FEW_LABELS}"
        return TaskGuess("classification", reason)
    reason = f"it holds {distinct} distinct whole numbers, more than {_FEW_LABELS}"
    return TaskGuess("regression", reason)


def _text_kind(summary: ColumnSummary) -> ColumnKind:
    spelling = summary.spelling
    if summary.tally is not None:
        distinct = len(summary.tally)
        if distinct == 1 and summary.n_missing == 0:
            return ColumnKind.CONSTANT
        declared = summary.nature is Nature.CATEGORY
        if declared or distinct <= max(_FEW_TEXTS, _MOST_DISTINCT * summary.n_known):
            return ColumnKind.CATEGORY
        spelling = Spelling.of(summary.tally)
    if spelling is None:
        return ColumnKind.EMPTY
    with_space = spelling.spaced / spelling.texts
    is_long = spelling.characters / spelling.texts > _WORD_LENGTH
    return ColumnKind.TEXT if with_space > 0.5 or is_long else ColumnKind.IDENTIFIER
