import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from linnet.data.frames import as_table
from linnet.data.tables import select_column
from linnet.errors import DataTypeError, TableError

DATE = dt.date(2024, 2, 29)
COLUMNS = {"n": [1, 2], "x": [0.5, None], "word": ["a", None], "day": [DATE, DATE]}

SOURCES = {
    "pandas": lambda: pd.DataFrame({**COLUMNS, "x": [0.5, np.nan]}),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "pyarrow": lambda: pa.table(COLUMNS),
    "dict": lambda: COLUMNS,
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same_table(source):
    table = as_table(SOURCES[source]())
    assert table.columns.to_pydict() == COLUMNS
    assert (table.n_rows, table.names) == (2, list(COLUMNS))


def test_a_table_stays_as_it_is():
    table = as_table(COLUMNS)
    assert as_table(table) is table


def test_an_index_is_no_column():
    frame = pd.DataFrame({"x": [1, 2]}, index=["row a", "row b"])
    assert as_table(frame).names == ["x"]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["b", "a", None], dtype="category"),
        pl.Series(["b", "a", None], dtype=pl.Categorical),
        pl.Series(["b", "a", None], dtype=pl.Enum(["a", "b"])),
    ],
    ids=["pandas", "polars categorical", "polars enum"],
)
def test_categories_keep_their_values(column):
    frame = (pd if isinstance(column, pd.Series) else pl).DataFrame({"c": column})
    table = as_table(frame)
    assert pa.types.is_dictionary(table.columns["c"].type)
    assert table.columns["c"].to_pylist() == ["b", "a", None]


def test_whole_number_categories_become_text():
    frame = pd.DataFrame({"grade": pd.Categorical([3, 1, 3])})
    assert as_table(frame).columns["grade"].to_pylist() == ["3", "1", "3"]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, np.uint8, bool, object])
def test_the_columns_of_an_array_are_numbered(order, dtype):
    array = np.array([[0, 1, 1], [1, 1, 0]], dtype=dtype, order=order)
    assert as_table(array).columns.to_pydict() == {"c1": [0, 1], "c2": [1, 1], "c3": [1, 0]}


def test_arrays_of_text_and_of_objects_are_tables():
    assert as_table(np.array([["a", "b"], ["c", "d"]])).columns.to_pydict() == {
        "c1": ["a", "c"],
        "c2": ["b", "d"],
    }
    mixed = np.array([["a", 1.5], [None, np.nan]], dtype=object)
    assert as_table(mixed).columns.to_pydict() == {"c1": ["a", None], "c2": [1.5, None]}


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"a": [1, 2], "b": [1]}, TableError, "'a' has 2, 'b' has 1"),
        ({"a": np.ones((2, 2))}, TableError, "column 'a': it has the shape"),
        ({"a": 3}, TableError, "column 'a': a sequence is needed"),
        ({}, TableError, r"0 feature\(s\)"),
        ({"a": np.array([1, "x"], dtype=object)}, TableError, r"int \(row 1\), str \(row 2\)"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), TableError, "'x' at positions 1, 2"),
        (np.ones(3), TableError, "Reshape your data"),
        (np.ones((2, 2), dtype=complex), TableError, "Complex data not supported"),
        (np.ones((2, 2, 2)), DataTypeError, "cannot be made of ndarray"),
        (3, DataTypeError, "cannot be made of int"),
    ],
)
def test_what_is_no_table_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        as_table(data)


@pytest.mark.parametrize(
    ("which", "name"), [("b", "b"), (1, "a"), (-1, "c"), ("3", "c"), ("-3", "a"), ("2", "b")]
)
def test_columns_are_found_by_name_and_by_position(which, name):
    table = as_table({"a": [1], "b": [2], "c": [3]})
    assert select_column(table, which) == name


def test_a_name_counts_before_a_position():
    assert select_column(as_table({"x": [1], "1": [2]}), "1") == "1"


@pytest.mark.parametrize("which", [0, 4, -4])
def test_positions_outside_the_table_are_refused(which):
    with pytest.raises(TableError, match=f"no column at position {which}; the 3 columns"):
        select_column(as_table({"a": [1], "b": [2], "c": [3]}), which)


def test_an_unknown_name_is_answered_with_near_ones():
    table = as_table({"income": [1], "outcome": [2], "age": [3]})
    with pytest.raises(TableError, match="Did you mean 'income'") as caught:
        select_column(table, "incone")
    assert "'income', 'outcome' and 'age'" in str(caught.value)


def test_columns_are_kept_and_left_out_by_name():
    table = as_table({"a": [1], "b": [2], "c": [3]})
    assert table.only(["c", "a"]).names == ["c", "a"]
    assert table.without("b").names == ["a", "c"]
