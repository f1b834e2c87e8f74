"""Two columns are counted over one alphabet that depends on their pooled rows alone."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.data.frames import as_table
from linnet.features.alphabets import count_pair

numbers = st.lists(st.integers(-5, 60), min_size=1, max_size=60)
texts = st.lists(st.sampled_from(["a", "b", "熵", None]), min_size=1, max_size=30)


def column(values):
    return as_table({"x": np.array(values, dtype=object)}).column("x")


def counted(first, second, bins=5):
    return count_pair(column(first), column(second), bins=bins)


def counts(pair):
    rows = zip(pair.symbols, pair.first, pair.second, strict=True)
    return {symbol: (int(first), int(second)) for symbol, first, second in rows}


@given(first=texts, second=texts)
def test_texts_are_counted_as_by_hand_and_missing_is_one_of_them(first, second):
    expected = {
        "missing" if value is None else value: (first.count(value), second.count(value))
        for value in {*first, *second}
    }

    assert counts(counted(first, second)) == expected


@given(first=numbers, second=numbers)
def test_every_row_is_counted_once_and_swapping_tables_swaps_counts(first, second):
    pair, swapped = counted(first, second), counted(second, first)

    assert (pair.first.sum(), pair.second.sum()) == (len(first), len(second))
    assert swapped.symbols == pair.symbols
    np.testing.assert_array_equal(swapped.first, pair.second)


@given(first=numbers, second=numbers)
def test_bins_are_the_same_in_any_unit(first, second):
    """Any rising function leaves quantiles where they were."""
    pair = counted(first, second)
    scaled = counted([np.exp(x / 10) for x in first], [np.exp(x / 10) for x in second])

    np.testing.assert_array_equal(scaled.first, pair.first)
    np.testing.assert_array_equal(scaled.second, pair.second)


@given(size=st.integers(6, 200), cut=st.integers(1, 5), bins=st.integers(2, 5))
def test_bins_of_distinct_values_hold_equal_shares(size, cut, bins):
    values = np.random.default_rng(size).permutation(size).tolist()

    pair = counted(values[:cut], values[cut:], bins)

    pooled = pair.first + pair.second
    assert len(pooled) == bins
    assert pooled.max() - pooled.min() <= 1


def test_ranges_say_what_is_in_them():
    pair = counted([0, 0, 0, 1, 2], [0, 3, 4, 5, 6, 7], bins=3)

    # Of 11 rows the 4th and the 8th are the last of their thirds.
    assert counts(pair) == {"up to 0": (3, 1), "above 0 to 4": (2, 2), "above 4": (0, 3)}


def test_few_values_are_symbols_themselves():
    assert counts(counted([1, 2, 2], [1, 3])) == {"1": (1, 1), "2": (2, 0), "3": (0, 1)}
    assert counts(counted([1.5, 2.0], [1.5])) == {"1.5": (1, 1), "2": (1, 0)}


def test_fractions_are_written_short_unless_that_would_join_them():
    wide = counted([i / 7 for i in range(20)], [0.1], bins=2)
    near = counted([1 + i * 1e-9 for i in range(20)], [1.0], bins=3)

    assert wide.symbols == ["up to 1.28571", "above 1.28571"]
    assert len(set(near.symbols)) == 3


def test_infinite_numbers_and_missing_ones_have_their_places():
    pair = counted([float("nan"), 1.0, 2.0, float("inf")], [None, float("-inf")], bins=9)

    assert counts(pair) == {
        "-inf": (0, 1),
        "1": (1, 0),
        "2": (1, 0),
        "inf": (1, 0),
        "missing": (1, 1),
    }


def test_dates_are_ranges_of_time():
    days = [dt.date(2024, 1, day) for day in range(1, 11)]

    pair = counted(days[:5], days[5:], bins=2)
    mixed = counted(days[:1], [np.datetime64("2024-01-01T12:00", "us").item()])

    assert pair.kind == "date"
    assert counts(pair) == {"up to 2024-01-05": (5, 0), "above 2024-01-05": (0, 5)}
    assert counts(mixed) == {"2024-01-01": (1, 0), "2024-01-01T12:00:00": (0, 1)}


def test_numbers_and_texts_are_compared_as_texts():
    pair = counted([1, 2], ["1", "x"])

    assert counts(pair) == {"1": (1, 1), "2": (1, 0), "x": (0, 1)}
    assert pair.unlike == ("number", "category")
    assert counted([True, False], ["true"]).unlike == ()


def test_a_column_where_nothing_is_known_is_of_any_kind():
    pair = counted([1.5, 2.5], [None, None])

    assert pair.kind == "number"
    assert counts(pair) == {"1.5": (1, 0), "2.5": (1, 0), "missing": (0, 2)}
    assert counts(counted([None], [None, None])) == {"missing": (1, 2)}


def test_categories_of_a_data_frame_are_their_texts():
    pandas = pytest.importorskip("pandas")
    frames = [
        as_table(pandas.DataFrame({"x": pandas.Categorical(values)})).column("x")
        for values in (["b", "a"], ["c", "b"])
    ]

    assert counts(count_pair(*frames, bins=5)) == {"b": (1, 1), "a": (1, 0), "c": (0, 1)}


def test_the_rarest_of_many_values_are_joined_whichever_table_they_are_in():
    common = [f"c{i}" for i in range(999)] * 3
    rare = [f"r{i:02}" for i in range(20)]

    pair = counted([*common, *rare[10:]], [*common, *rare[:10]])

    # Each rare value occurs once, and one of them finds room: the first in order of text.
    assert pair.symbols[-2:] == ["r00", "all others"]
    assert (pair.first[-1], pair.second[-1]) == (10, 9)
    assert pair.joined == 19
