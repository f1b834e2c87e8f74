"""The hashing encoder: fixed columns, numbers scaled as they come, a hash for each column."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils import murmurhash3_32

from linnet import HashingEncoder, SoftmaxRegression, TableModel, to_sql
from linnet.errors import DataTypeError, ModelFileError, SettingError, TableError
from linnet.features.words import plain_hashed_words, seed_of
from linnet.numeric import EPSILON

few = settings(max_examples=50, deadline=None)
values = st.one_of(st.none(), st.floats(-1e6, 1e6))

FRUIT = {
    "size": [1.0, None, 4.0, 7.0],
    "sort": ["fig", "plum", None, "fig"],
    "said": ["two figs", None, "", "Two, two plums"],
    "day": pa.array(["2024-02-29", "2024-03-01", None, "2025-01-01"]).cast(pa.date32()),
    "ripe": [True, False, True, None],
}


def rows(table, some):
    return {name: pa.array(column)[some].to_pylist() for name, column in table.items()}


def place_of(name, value, bits):
    """Column among those hashed into, and sign, as scikit-learn hashes."""
    number = int(murmurhash3_32(value.encode(), seed_of(name)))
    return abs(number) % 2**bits, 1.0 if number >= 0 else -1.0


def test_each_kind_of_column_enters_as_it_says():
    encoder = HashingEncoder(bits=10, text="said")
    X = encoder.fit_transform(FRUIT).toarray()
    assert {name: str(kind) for name, kind in encoder.kinds_.items()} == {
        "size": "number",
        "sort": "category",
        "said": "text",
        "day": "date",
        "ripe": "number",
    }
    names = list(encoder.get_feature_names_out())
    assert names[:6] == ["size", "size missing", "day", "day missing", "ripe", "ripe missing"]
    size = np.array([1.0, 4.0, 7.0])
    expected = np.array([1.0, 4.0, 4.0, 7.0])
    np.testing.assert_allclose(X[:, 0], (expected - 4) / size.std(), atol=4 * EPSILON)
    np.testing.assert_array_equal(X[:, 1], [0, 1, 0, 0])
    hashed = np.zeros((4, 2**10))
    for row, value in enumerate(FRUIT["sort"]):
        name, key = ("sort", value) if value else ("sort missing", "")
        column, sign = place_of(name, key, 10)
        hashed[row, column] += sign
    # Months and weekdays are counted from 0; 2024-02-29 was a Thursday, 2025-01-01 a Wednesday.
    cycles = [(1, 3, 0), (2, 4, 0), None, (0, 2, 0)]
    for row, cycle in enumerate(cycles):
        for unit, place in zip(("month", "weekday", "hour"), cycle or (None,) * 3, strict=True):
            name = f"day {unit}"
            named, key = (f"{name} missing", "") if place is None else (name, str(place))
            column, sign = place_of(named, key, 10)
            hashed[row, column] += sign
    texts = [text or "" for text in FRUIT["said"]]
    hashed += plain_hashed_words(texts, seed=seed_of("said"), bits=10).toarray()
    np.testing.assert_allclose(X[:, 6:], hashed, atol=4 * EPSILON)


@few
@given(st.lists(st.tuples(values, st.sampled_from([None, "a", "b"])), min_size=1, max_size=30))
def test_rows_in_parts_are_known_as_rows_at_once(pairs):
    table = {"x": pa.array([x for x, _ in pairs], pa.float64()), "c": [c or "" for _, c in pairs]}
    half = max(1, len(pairs) // 2)
    parts = HashingEncoder(bits=4).partial_fit({k: v[:half] for k, v in table.items()})
    if len(pairs) > half:
        parts.partial_fit({k: v[half:] for k, v in table.items()})
    whole = HashingEncoder(bits=4).fit(table)
    one, other = parts.known_.moments["x"], whole.known_.moments["x"]
    size = max([1.0, *(abs(x) for x, _ in pairs if x is not None)])
    assert one.count == other.count
    assert abs(one.mean - other.mean) <= 10 * EPSILON * size * len(pairs)
    # A deviation is the root of a sum of squares, which errs by some roundings of the largest.
    bound = 10 * np.sqrt(EPSILON * len(pairs)) * size
    assert abs(one.deviation - other.deviation) <= bound


def test_values_not_seen_before_and_further_columns_do_no_harm():
    encoder = HashingEncoder(bits=6).fit({"c": ["a", "b"]})
    new = encoder.transform({"other": [1], "c": ["never seen"]})
    assert new.shape == (1, 64)
    assert np.abs(new.toarray()).sum() == 1


def test_equal_values_of_two_columns_are_two_things():
    X = HashingEncoder(bits=20).fit_transform({"a": ["x"], "b": ["x"]})
    assert X.nnz == 2


def test_a_code_is_the_same_as_whole_number_and_as_fraction():
    encoder = HashingEncoder(bits=12, categorical="c").fit({"c": [3, 4]})
    whole = encoder.transform({"c": [3, 4]})
    assert (whole != encoder.transform({"c": [3.0, 4.0]})).nnz == 0


def test_unscaled_numbers_enter_as_they_are():
    X = HashingEncoder(bits=1, scale=False).fit_transform({"x": [1.0, 5.0]})
    np.testing.assert_array_equal(X.toarray()[:, 0], [1.0, 5.0])


def test_a_state_gives_the_same_encoder():
    encoder = HashingEncoder(bits=8, text=["said"], n_grams=2).fit(FRUIT)
    meta, arrays = encoder.to_state()
    again = HashingEncoder.from_state(meta, arrays)
    assert (encoder.transform(FRUIT) != again.transform(FRUIT)).nnz == 0
    assert again.kinds_ == encoder.kinds_
    assert clone(again).get_params() == {**encoder.get_params(), "categorical": []}
    with pytest.raises(ModelFileError, match="damaged"):
        HashingEncoder.from_state({**meta, "kinds": {"size": "colour"}}, arrays)


def test_a_column_without_a_value_is_left_out_and_told():
    encoder = HashingEncoder(bits=2).fit({"x": [1.0], "nothing": pa.nulls(1)})
    assert list(encoder.kinds_) == ["x"]
    assert "'nothing': left out" in encoder.notes_[0]


@pytest.mark.parametrize("bits", [0, 27, -1, 1.5, "18", True, None])
def test_bits_out_of_range_are_refused(bits):
    with pytest.raises(SettingError, match="bits must be a whole number from 1 to 26"):
        HashingEncoder(bits=bits).fit(FRUIT)


def test_tables_that_cannot_be_used_are_refused():
    fitted = HashingEncoder(bits=4, text="said").fit(FRUIT)
    with pytest.raises(TableError, match=r"lacks the columns 'said'"):
        fitted.transform({k: v for k, v in FRUIT.items() if k != "said"})
    with pytest.raises(TableError, match="'x' is not a number"):
        fitted.transform({**FRUIT, "size": ["x"] * 4})
    with pytest.raises(TableError, match="holds numbers, but its words are to be used"):
        fitted.transform({**FRUIT, "said": [1, 2, 3, 4]})
    with pytest.raises(TableError, match=r"column 'size', row 2: .*infinite"):
        fitted.transform({**FRUIT, "size": [1, np.inf, 1, 1]})
    with pytest.raises(TableError, match="hold no value"):
        HashingEncoder().fit({"x": pa.nulls(3)})
    with pytest.raises(TableError, match="0 sample"):
        HashingEncoder().fit({"x": pa.array([], pa.float64())})
    with pytest.raises(TableError, match="no column"):
        HashingEncoder(text="words").fit(FRUIT)
    with pytest.raises(SettingError, match="either text or categorical"):
        HashingEncoder(text="said", categorical="said").fit(FRUIT)
    with pytest.raises(SettingError, match="n_grams"):
        HashingEncoder(n_grams=0).fit(FRUIT)
    with pytest.raises(DataTypeError, match="Sparse"):
        fitted.transform(fitted.transform(FRUIT))


def test_models_of_hashed_columns_are_not_exported():
    fitted = TableModel(SoftmaxRegression(), HashingEncoder(bits=4)).fit(
        {"c": ["a", "b", "a", "b"]}, ["x", "y", "x", "y"]
    )
    with pytest.raises(SettingError, match="which no export can write"):
        to_sql(fitted, "rows")
