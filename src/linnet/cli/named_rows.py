"""The rows that a command names, of a file or of many, come whole or some at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, final

from linnet.cli.inputs import (
    AnyModel,
    Features,
    columns_of,
    number_columns_of,
    read_input,
    regression_of,
)
from linnet.cli.options import Reading
from linnet.cli.scanning import is_beyond_memory
from linnet.cli.terminal import note
from linnet.data.budget import (
    memory_budget,
    memory_for_data,
    return_freed_memory,
    text_block_bytes,
    uncounted,
)
from linnet.data.libsvm import LibsvmData, LibsvmStream
from linnet.data.opening import is_libsvm_file
from linnet.data.scanning import open_tables
from linnet.data.stored import find_files
from linnet.data.streams import TableStream
from linnet.data.tables import Table, select_column
from linnet.errors import SettingError
from linnet.estimators import SoftmaxRegression, TableModel
from linnet.features import HashingEncoder
from linnet.features.first_pass import no_rows
from linnet.features.quantities import number_values

__all__ = ["NamedRows", "SomeRows"]

# Encoded rows are made, scaled and multiplied; scores become logarithms and probabilities.
_COPIES: Final = 4
# What encoded rows may take; the rest is for text read ahead, and the tables made of it.
_ENCODED_SHARE: Final = 4


@final
@dataclass(frozen=True)
class SomeRows:
    """Rows that follow one another.

    Parameters
    ----------
    data : Table or LibsvmData
        The rows, as a reader of whole files gives them.
    first_row : int
        Number, in their file or query, of the first of them, from 1 on.
    """

    data: Table | LibsvmData
    first_row: int = 1

    @property
    def features(self) -> Features:
        """Features; a table holds its target too."""
        return self.data if isinstance(self.data, Table) else self.data.X


@final
@dataclass(frozen=True, kw_only=True)
class NamedRows:
    """What a command is told of the rows that a model is to predict, or to be judged by.

    Parameters
    ----------
    table : str or None
        A file, a pattern, an address; or the database of a query.
    query : str, optional
        A query.
    memory : str, optional
        What the process may take: then the rows come some at a time.
    reading : Reading
        How text is to be read.

    Raises
    ------
    SettingError
        If neither table nor query is named.
    """

    table: str | None
    query: str | None = None
    memory: str | None = None
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        if self.table is None and self.query is None:
            raise SettingError("Name a table: a file or a pattern; or give a query with --sql.")

    @property
    def name(self) -> str:
        """What the user calls them."""
        return self.query if self.query is not None else str(self.table)

    @property
    def is_streamed(self) -> bool:
        """Whether they come some at a time: asked for, of a query, several files, or large."""
        if self.table is None or self.query is not None or self.memory is not None:
            return True
        return is_beyond_memory((self.table,))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read, as far as their names are known."""
        if self.table is None or self.query is not None:
            return () if self.table is None else (Path(self.table),)
        return tuple(Path(file.name) for file in find_files(self.table))

    def some_at_a_time(self, model: AnyModel, besides: Sequence[str] = ()) -> Iterator[SomeRows]:
        """Give all rows, in order, that a model is for; whole, if they need not be streamed.

        Parameters
        ----------
        model : model
            The model: its columns are read.
        besides : sequence of str
            Further columns to read: by name, or position.

        Raises
        ------
        TableError
            If a row cannot be read, or a number cannot be one: with file and row.
        """
        n_features = regression_of(model).n_features_in_
        if not self.is_streamed:
            yield SomeRows(read_input(Path(str(self.table)), self.reading, n_features))
            return
        budget = memory_budget(self.memory)
        return_freed_memory()
        if self._is_libsvm():
            rows = _rows_at_once(model, memory_for_data(budget))
            _tell_uncounted(budget, 0)
            block = text_block_bytes(budget)
            libsvm = LibsvmStream.open(self.table, n_features, block_bytes=block)
            first = 1
            for batch in libsvm.batches():
                for start in range(0, len(batch.y), rows):
                    part = slice(start, start + rows)
                    some = LibsvmData(batch.X[part], batch.y[part], self.name)
                    yield SomeRows(some, first + start)
                first += len(batch.y)
            return
        stream, taken = self._stream(budget)
        rows = _rows_at_once(model, memory_for_data(budget, taken))
        _tell_uncounted(budget, taken)
        note(*stream.notes)
        numbers = number_columns_of(model)
        for chunk in stream.chunks(_columns_to_read(stream, model, besides)):
            for start in range(0, chunk.table.n_rows, rows):
                table = replace(chunk.table, columns=chunk.table.columns.slice(start, rows))
                _check_numbers(table, numbers, chunk.first_row + start)
                yield SomeRows(table, chunk.first_row + start)

    def _is_libsvm(self) -> bool:
        if self.query is not None or self.table is None:
            return False
        return is_libsvm_file(find_files(self.table)[0])

    def _stream(self, budget: int) -> tuple[TableStream, int]:
        """Open the tables, and say what a database takes beside them."""
        if self.query is not None:
            from linnet.data.sql import open_query

            memory = memory_for_data(budget) // 2
            answer = open_query(self.query, database=self.table, memory=memory)
            return answer, answer.taken
        tables = open_tables(
            self.table,
            separator=self.reading.field_separator,
            header=self.reading.header,
            encoding=self.reading.encoding,
            block_bytes=text_block_bytes(budget),
        )
        return tables, 0


def _tell_uncounted(budget: int, besides: int) -> None:
    told = uncounted(budget, besides)
    if told is not None:
        note(told)


def _rows_at_once(model: AnyModel, memory: int) -> int:
    """How many rows can be encoded and scored at once."""
    regression = regression_of(model)
    width = regression.n_features_in_
    if isinstance(model, TableModel):
        encoder = model.encoder_
        # Sparse rows hold a few values a column, whatever the number of features.
        if isinstance(encoder, HashingEncoder) or encoder.sparse_:
            width = min(width, 4 * encoder.n_features_in_)
    scores = len(regression.classes_) if isinstance(regression, SoftmaxRegression) else 1
    return max(1, memory // (_ENCODED_SHARE * 8 * _COPIES * (width + scores)))


def _columns_to_read(
    stream: TableStream, model: AnyModel, besides: Sequence[str]
) -> list[str] | None:
    """Columns that are needed; all of them where some are missing, for the model tells that."""
    used = columns_of(model)
    if used is None or not set(used) <= set(stream.names):
        return None
    header = no_rows(stream.names, stream.origin)
    return list(dict.fromkeys([*used, *(select_column(header, name) for name in besides)]))


def _check_numbers(table: Table, columns: Sequence[str], first_row: int) -> None:
    """Raise TableError with the row in the file: a model would count from the first of these."""
    if first_row == 1:
        return
    for name in set(columns) & set(table.names):
        number_values(table.column(name), name, table.origin, first_row=first_row)
