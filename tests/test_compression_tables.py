"""Tables in memory come back with their values and types."""

import datetime as dt
import decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet import compress_table, decompress_table
from linnet.compression.lines import compress_lines, decompress_lines
from linnet.errors import DataError, DataTypeError

FROZEN = Path(__file__).parent / "data" / "codes"
DAY = dt.date(2020, 2, 29)


def same(one, other):
    """Equal to the last bit: NaN is itself, and −0 is not 0."""
    assert one.schema == other.schema
    assert one.num_rows == other.num_rows
    for a, b in zip(one.columns, other.columns, strict=True):
        assert repr(a.to_pylist()) == repr(b.to_pylist())


COLUMNS = {
    "whole": pa.array([1, None, 2**63 - 1, -(2**63)], pa.int64()),
    "unsigned": pa.array([2**64 - 1, 0, 1, None], pa.uint64()),
    "small": pa.array([-128, 127, None, 0], pa.int8()),
    "float": pa.array([1.5, -0.0, float("nan"), None]),
    "zeros": pa.array([0.0, -0.0, 1e-300, 5e-324]),
    "single": pa.array([0.1, 1e30, float("-inf"), None], pa.float32()),
    "half": pa.array(np.array([0.1, 1, 2, 3], np.float16)),
    "text": ["a\nb", "", None, "ü中\0"],
    "long text": pa.array(["x", "y", None, "x"], pa.large_string()),
    "bytes": [b"\0\1", None, b"", b"x"],
    "yes": [True, None, False, True],
    "day": [DAY, None, dt.date(1960, 2, 3), None],
    "day64": pa.array([0, 86_400_000, None, 0], pa.date64()),
    "moment": pa.array([1, 2, None, -4], pa.timestamp("ns", "Europe/Berlin")),
    "time": pa.array([1, 2, 3, None], pa.time32("s")),
    "length": pa.array([1, 2, 3, None], pa.duration("us")),
    "money": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-3.25"), None]),
    "category": pa.array(["a", "b", None, "a"]).dictionary_encode(),
    "nothing": pa.nulls(4),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_type_comes_back(name):
    table = pa.table({name: COLUMNS[name]})
    same(table, decompress_table(compress_table(table)))


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_tables_of_few_rows_come_back(rows):
    table = pa.table(COLUMNS).slice(0, rows)
    same(table, decompress_table(compress_table(table)))


def test_columns_of_one_name_come_back():
    table = pa.table([[1, 2], [3, 4], ["x", "y"]], names=["a", "a", ""])
    same(table, decompress_table(compress_table(table)))


def test_a_table_without_columns_comes_back():
    same(pa.table({}), decompress_table(compress_table(pa.table({}))))


values = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))),
    st.lists(st.one_of(st.none(), st.floats())),
    st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))),
    st.lists(st.one_of(st.none(), st.booleans())),
)


@settings(max_examples=60)
@given(columns=st.lists(values, max_size=4), data=st.data())
def test_random_tables_come_back(columns, data):
    n = data.draw(st.integers(0, max(map(len, columns), default=0)))
    padded = [(column + [None] * n)[:n] for column in columns]
    table = pa.table(padded, names=[f"c{i}" for i in range(len(padded))])
    same(table, decompress_table(compress_table(table)))


def test_chunks_make_no_difference():
    table = pa.table({"x": list(range(100)), "y": [f"k{i % 3}" for i in range(100)]})
    parts = pa.concat_tables([table.slice(0, 30), table.slice(30)])
    assert compress_table(parts) == compress_table(table)


def test_data_frames_become_tables():
    frame = pd.DataFrame({"x": [1, 2, 2], "y": ["a", None, "b"]})
    table = decompress_table(compress_table(frame))
    assert table.to_pydict() == {"x": [1, 2, 2], "y": ["a", None, "b"]}


def test_a_compressed_text_file_is_read_as_a_table():
    data, _ = compress_lines(b"bird,grams\nlinnet,19.5\nwren,NA\n")
    table = decompress_table(data)
    assert table.to_pydict() == {"bird": ["linnet", "wren"], "grams": [19.5, None]}


def test_a_table_is_not_decompressed_as_text():
    with pytest.raises(DataError, match="no text file"):
        decompress_lines(compress_table({"x": [1, 2]}))


def test_types_that_cannot_be_written_are_named():
    with pytest.raises(DataTypeError, match="'lists' is of type list"):
        compress_table(pa.table({"x": [1], "lists": [[1, 2]]}))


def frozen_lines():
    """The lines in lines-1.lnt: all ways of coding occur in it."""
    x = [(i * i * 7919 + i) % 1009 for i in range(1500)]
    rows = [
        f"{i + 100},{a},{3 * a + a % 4},{a / 8:.3f},k{a % 11},"
        f"{'?' if a % 17 == 0 else a % 50},{'xyz'[a % 3]}{a * a * i % 99991}"
        for i, a in enumerate(x)
    ]
    return "\n".join(["# a remark", "row,a,b,eighth,kind,few,text", *rows]).encode()


def test_the_frozen_lines_are_read_for_ever():
    assert decompress_lines((FROZEN / "lines-1.lnt").read_bytes()) == frozen_lines()


def test_the_frozen_table_is_read_for_ever():
    same(pa.table(COLUMNS), decompress_table((FROZEN / "table-1.lnt").read_bytes()))
