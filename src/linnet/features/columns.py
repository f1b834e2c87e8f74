"""What kind of thing a column holds, and so how it enters a model, is decided in this one place."""

from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

from linnet.data.tables import ArrowColumn, Table

__all__ = ["ColumnKind", "Task", "TaskGuess", "column_kind", "column_kinds", "infer_task"]

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
    """Decide what a column of a `Table` holds.

    Numbers are numbers also where they are codes. Texts are categories, unless more than half of
    the rows, and more than 50, differ: then they are text if most have several words or are
    long, else identifiers. A column without missing values whose values are all the same is
    constant; one with only missing values is empty.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        A column of a `Table`.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> table = as_table({"age": [31, 45], "sex": ["f", "m"], "planet": ["Earth", "Earth"]})
    >>> {name: str(kind) for name, kind in column_kinds(table).items()}
    {'age': 'number', 'sex': 'category', 'planet': 'constant'}
    """
    import pyarrow.compute as pc
    from pyarrow import types

    if column.null_count == len(column):
        return ColumnKind.EMPTY
    is_dictionary = types.is_dictionary(column.type)
    if is_dictionary or types.is_string(column.type) or types.is_large_string(column.type):
        return _text_kind(column, declared=is_dictionary)
    bounds = pc.min_max(column).as_py()
    if column.null_count == 0 and bounds["min"] == bounds["max"]:
        return ColumnKind.CONSTANT
    if types.is_boolean(column.type):
        return ColumnKind.BOOLEAN
    return ColumnKind.DATE if types.is_temporal(column.type) else ColumnKind.NUMBER


def column_kinds(table: Table) -> dict[str, ColumnKind]:
    """Decide what each column of a table holds: see `column_kind`."""
    return {name: column_kind(table.column(name)) for name in table.names}


def infer_task(target: ArrowColumn) -> TaskGuess:
    """Guess from a target whether classes or numbers are to be predicted.

    Parameters
    ----------
    target : pyarrow.ChunkedArray
        The target, a column of a `Table`.

    Returns
    -------
    TaskGuess
        Classification for texts, categories, booleans, and whole numbers of at most 20 distinct
        values; regression for all others. The reason is a sentence for the user.

    Examples
    --------
    >>> from linnet.data.frames import as_table
    >>> infer_task(as_table({"price": [2.5, 3.75]}).column("price"))
    TaskGuess(task='regression', reason='it holds numbers with fractions')
    """
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_boolean(target.type):
        return TaskGuess("classification", "it holds true and false")
    if types.is_temporal(target.type):
        return TaskGuess("regression", "it holds dates")
    if not (types.is_integer(target.type) or types.is_floating(target.type)):
        return TaskGuess("classification", "it holds text")
    # A column of whole numbers with missing values may arrive as floats.
    if types.is_floating(target.type) and not pc.all(pc.equal(target, pc.round(target))).as_py():
        return TaskGuess("regression", "it holds numbers with fractions")
    distinct = pc.count_distinct(target).as_py()
    if distinct <= _FEW_LABELS:
        reason = f"it holds {distinct} distinct whole numbers, at most {_FEW_LABELS}"
        return TaskGuess("classification", reason)
    reason = f"it holds {distinct} distinct whole numbers, more than {_FEW_LABELS}"
    return TaskGuess("regression", reason)


def _text_kind(column: ArrowColumn, *, declared: bool) -> ColumnKind:
    import pyarrow.compute as pc

    known = column.drop_null()
    # The values of a dictionary are all in use: see linnet.data.plain.
    distinct = len(known.chunk(0).dictionary) if declared else pc.count_distinct(known).as_py()
    if distinct == 1 and column.null_count == 0:
        return ColumnKind.CONSTANT
    if declared or distinct <= max(_FEW_TEXTS, _MOST_DISTINCT * len(known)):
        return ColumnKind.CATEGORY
    with_space = pc.mean(pc.match_substring_regex(known, r"\S\s+\S")).as_py()
    is_long = pc.mean(pc.utf8_length(known)).as_py() > _WORD_LENGTH
    return ColumnKind.TEXT if with_space > 0.5 or is_long else ColumnKind.IDENTIFIER
