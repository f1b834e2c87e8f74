import datetime as dt
import json
import math
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from linnet.data.frames import as_table
from linnet.errors import DataError, DataWarning, ModelFileError, SettingError, TableError
from linnet.features.encoder import TableEncoder

EPS = np.finfo(float).eps

TRAIN = {
    "age": [30.0, 50.0, None, 41.0, 27.0],
    "sex": ["f", "m", "f", None, "m"],
    "member": [True, False, False, True, None],
    "joined": [dt.date(2024, 1, 1), dt.date(2024, 2, 6), None, dt.date(2023, 1, 2)] * 1
    + [dt.date(2024, 1, 8)],
    "planet": ["Earth"] * 5,
    "nothing": [None] * 5,
    "said": ["yes and no", "no no", None, "maybe", "yes, maybe yes"],
}


def quietly(encoder, X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return encoder.transform(X)


def dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix


@parametrize_with_checks([TableEncoder()])
def test_scikit_learn_accepts_it(estimator, check):
    with warnings.catch_warnings():
        # The checks transform gaps that were not there when fitting; the warning is rightful.
        warnings.simplefilter("ignore", DataWarning)
        check(estimator)


def test_each_kind_of_column_is_encoded_as_documented():
    encoder = TableEncoder(text=["said"])
    matrix = encoder.fit_transform(TRAIN)
    names = list(encoder.get_feature_names_out())
    columns = dict(zip(names, dense(matrix).T, strict=True))

    ages = np.array([30.0, 50.0, 37.0, 41.0, 27.0])
    known = ages[[0, 1, 3, 4]]
    np.testing.assert_allclose(
        columns["age"], (ages - known.mean()) / known.std(), rtol=8 * EPS, atol=8 * EPS
    )
    assert columns["age missing"].tolist() == [0, 0, 1, 0, 0]
    assert columns["sex=f"].tolist() == [1, 0, 1, 0, 0]
    assert columns["sex=m"].tolist() == [0, 1, 0, 0, 1]
    assert columns["sex missing"].tolist() == [0, 0, 0, 1, 0]
    assert columns["member"].tolist() == [1, 0, 0, 1, 0.5]
    assert columns["joined month=Jan"].tolist() == [1, 0, 0, 1, 1]
    assert columns["joined weekday=Tue"].tolist() == [0, 1, 0, 0, 0]
    assert columns["joined days missing"].tolist() == [0, 0, 1, 0, 0]
    assert "joined hour=00" not in names
    assert names[-4:] == ["said:and", "said:maybe", "said:no", "said:yes"]
    assert not any(name.startswith(("planet", "nothing")) for name in names)
    assert any("'planet'" in note for note in encoder.notes_)
    assert any("'nothing'" in note for note in encoder.notes_)
    assert encoder.kinds_["planet"] == "constant"


def test_coefficients_can_be_told_in_the_columns_own_units():
    rng = np.random.default_rng(0)
    frame = {"x": rng.normal(5, 3, 50), "g": rng.choice(["a", "b"], 50), "z": rng.normal(size=50)}
    encoder = TableEncoder()
    standard = encoder.fit_transform(frame)

    plain = TableEncoder(scale=False).fit_transform(frame)

    # A few roundings of values about |mean / sd| in size.
    np.testing.assert_allclose(standard * encoder.scale_ + encoder.mean_, plain, atol=64 * EPS)


def test_numbers_are_scaled_as_scikit_learn_scales_them():
    X = np.random.default_rng(1).normal(3, 7, (40, 5))
    # Both take means and square roots of 40 numbers.
    np.testing.assert_allclose(
        TableEncoder().fit_transform(X), StandardScaler().fit_transform(X), atol=400 * EPS
    )


@pytest.mark.parametrize("factor", [1e-300, 1e300, 2.0**1000])
def test_extreme_units_do_not_matter(factor):
    X = np.array([[1.0], [2.0], [-1.5]])
    np.testing.assert_allclose(
        TableEncoder().fit_transform(factor * X), TableEncoder().fit_transform(X), rtol=16 * EPS
    )


values = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d", "A", "é", "other", "missing"]))
numbers = st.one_of(st.none(), st.integers(-5, 5).map(float))
moments = st.one_of(
    st.none(),
    st.datetimes(
        dt.datetime.fromisoformat("2023-11-01T22:00"), dt.datetime.fromisoformat("2024-03-01T02:00")
    ),
)


@st.composite
def tables(draw, n=None):
    n = draw(st.integers(2, 12)) if n is None else n
    return {
        "c": draw(st.lists(values, min_size=n, max_size=n)),
        "x": draw(st.lists(numbers, min_size=n, max_size=n)),
        "t": draw(st.lists(moments, min_size=n, max_size=n)),
    }


EPOCH = dt.datetime.fromisoformat("1970-01-01T00:00")
FORMATS = {"month": "%b", "weekday": "%a", "hour": "%H"}


def days(moment):
    return None if moment is None else (moment - EPOCH) / dt.timedelta(days=1)


def standardised(value, column):
    known = [v for v in column if v is not None]
    return 0 if value is None else (value - np.mean(known)) / np.std(known)


def kept_levels(column, most, least):
    counts = {level: column.count(level) for level in set(column) - {None}}
    order = sorted(counts, key=lambda level: (-counts[level], level))
    return [level for level in order[:most] if counts[level] >= least]


def brute_entry(name, names, train, row, kept):
    """Entry of one row in the column of this name, from what the name promises."""
    c, x, t = row["c"], row["x"], row["t"]
    entries = {
        "c missing": lambda: c is None,
        "c other": lambda: "c missing" not in names if c is None else c not in kept,
        "x missing": lambda: x is None,
        "x": lambda: standardised(x, train["x"]),
        "t days missing": lambda: t is None,
        "t days": lambda: standardised(days(t), [days(moment) for moment in train["t"]]),
    }
    if name in entries:
        return entries[name]()
    if name.startswith("c="):
        return c == name[2:]
    unit, place = name.removeprefix("t ").split("=")
    return t is not None and t.strftime(FORMATS[unit]) == place


@given(tables(), tables(), st.sampled_from([None, 1, 2, 3]), st.sampled_from([1, 2, 3]))
def test_encoding_equals_a_row_by_row_brute_force(train, test, most, least):
    # One column at least can be used.
    train["x"][:2] = [1.0, 2.0]
    encoder = TableEncoder(max_categories=most, min_frequency=least).fit(train)
    names = list(encoder.get_feature_names_out())
    kept = kept_levels(train["c"], most, least)
    # Days since 1970 are some 20,000 and may spread over seconds only. Rounding one, and the sums
    # for mean and deviation, errs by 10 · 20,000 · ε; the deviation is over a sixth of the spread.
    spread = np.ptp([t.timestamp() for t in train["t"] if t is not None] or [0]) / 86_400
    tolerance = 1e-12 if "t days" not in names else max(1e-12, 12e5 * EPS / max(spread, EPS))

    for X in (train, test):
        rows = [dict(zip(X, row, strict=True)) for row in zip(*X.values(), strict=True)]
        expected = [[brute_entry(n, names, train, row, kept) for n in names] for row in rows]
        found = quietly(encoder, X)
        np.testing.assert_allclose(found, expected, atol=tolerance, rtol=tolerance)


@given(tables(n=8), tables())
def test_sparse_and_dense_agree_bit_for_bit(train, test):
    train["x"][:2] = [1.0, 2.0]
    thin = TableEncoder(sparse=True).fit(train)
    thick = TableEncoder(sparse=False).fit(train)
    for X in (train, test):
        found = quietly(thin, X)
        assert found.format == "csr"
        assert found.has_canonical_format
        np.testing.assert_array_equal(found.toarray(), quietly(thick, X))


@pytest.mark.parametrize("method", ["counted", "hashed"])
@pytest.mark.parametrize("layout", ["auto", True, False])
def test_state_survives_json_and_transforms_bit_for_bit(method, layout):
    encoder = TableEncoder(
        text="said", text_method=method, n_grams=2, hash_size=64, min_frequency=2, sparse=layout
    ).fit(TRAIN)
    meta, arrays = encoder.to_state()

    again = TableEncoder.from_state(json.loads(json.dumps(meta)), arrays)

    np.testing.assert_array_equal(
        dense(quietly(again, TRAIN)), dense(quietly(encoder, TRAIN)), strict=True
    )
    assert list(again.get_feature_names_out()) == list(encoder.get_feature_names_out())
    assert again.notes_ == encoder.notes_
    assert again.kinds_ == encoder.kinds_
    np.testing.assert_array_equal(again.mean_, encoder.mean_)
    assert again.get_params()["n_grams"] == 2


def test_a_damaged_state_is_a_model_file_error():
    meta, arrays = TableEncoder(text=["said"]).fit(TRAIN).to_state()
    for damaged in ({}, meta | {"encoders": [{"encoder": "magic"}]}, meta | {"settings": {"x": 1}}):
        with pytest.raises(ModelFileError, match="damaged or of another version"):
            TableEncoder.from_state(damaged, arrays)
    with pytest.raises(ModelFileError, match="damaged or of another version"):
        TableEncoder.from_state(meta, {})


def test_it_can_be_cloned_and_put_in_a_pipeline():
    encoder = TableEncoder(text=["said"], min_frequency=2)
    assert clone(encoder).get_params() == encoder.get_params()
    model = make_pipeline(clone(encoder), LogisticRegression()).fit(TRAIN_FRAME, [0, 1, 0, 1, 0])
    assert model.predict(TRAIN_FRAME).shape == (5,)


TRAIN_FRAME = pd.DataFrame({name: pd.Series(column) for name, column in TRAIN.items()})


def test_it_gives_frames_where_asked():
    frame = TRAIN_FRAME.set_index(pd.Index(list("abcde")))
    found = TableEncoder().set_output(transform="pandas").fit_transform(frame)
    assert isinstance(found, pd.DataFrame)
    assert list(found.index) == list("abcde")
    assert "sex=f" in found.columns


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict", "Table"])
def test_every_kind_of_table_is_encoded_alike(kind):
    X = {
        "pandas": lambda: TRAIN_FRAME,
        "polars": lambda: pl.DataFrame(TRAIN),
        "pyarrow": lambda: pa.table(TRAIN),
        "dict": lambda: TRAIN,
        "Table": lambda: as_table(TRAIN),
    }[kind]()
    encoder = TableEncoder().fit(X)
    np.testing.assert_array_equal(encoder.transform(X), TableEncoder().fit_transform(TRAIN))
    assert list(encoder.feature_names_in_) == list(TRAIN)


def test_columns_are_found_by_name_and_further_ones_ignored():
    encoder = TableEncoder().fit(TRAIN)
    shuffled = {"new": [1] * 5, **dict(reversed(TRAIN.items()))}
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(TRAIN))


def test_the_columns_of_an_array_are_taken_by_position():
    X = np.random.default_rng(2).normal(size=(6, 2))
    encoder = TableEncoder().fit(pd.DataFrame(X, columns=["a", "b"]))
    np.testing.assert_array_equal(encoder.transform(X), TableEncoder().fit_transform(X))


def test_unseen_values_are_told_and_counted():
    encoder = TableEncoder(min_frequency=2).fit(
        {"city": ["Rome", "Rome", "Oslo", "Bern", "Bern"], "x": [1, 2, 3, 4, 5]}
    )
    test = {"city": ["Wien", "Rome", "Oslo", "Wien", None], "x": [1, 2, None, 4, 5]}

    with pytest.warns(DataWarning, match=r"'city': 'Wien' in 2 rows, '\(missing\)' in 1 rows"):
        matrix = encoder.transform(test)

    assert encoder.unseen(test) == {"city": {"Wien": 2, "(missing)": 1}, "x": {"(missing)": 1}}
    names = list(encoder.get_feature_names_out())
    assert names == ["city=Bern", "city=Rome", "city other", "x"]
    assert matrix[:, 2].tolist() == [1, 0, 1, 1, 1]
    assert matrix[2, 3] == 0


def test_an_unseen_value_without_a_column_for_others_is_no_level():
    encoder = TableEncoder().fit({"city": ["Rome", "Oslo", "Rome"]})
    assert quietly(encoder, {"city": ["Wien"]}).tolist() == [[0, 0]]


def test_values_seen_are_not_warned_about():
    TableEncoder(min_frequency=2).fit(TRAIN).transform(TRAIN)


def test_a_share_of_rows_limits_levels():
    column = ["a"] * 6 + ["b"] * 3 + ["c"]
    encoder = TableEncoder(min_frequency=0.2).fit({"c": column})
    assert list(encoder.get_feature_names_out()) == ["c=a", "c=b", "c other"]
    encoder = TableEncoder(max_categories=1).fit({"c": column})
    assert list(encoder.get_feature_names_out()) == ["c=a", "c other"]
    assert encoder.notes_ == ("'c': 2 rare values count as 'other'",)


def test_numbers_can_be_taken_as_categories():
    encoder = TableEncoder(categorical=["ses"]).fit({"ses": [1, 2, 3, 2], "x": [1, 2, 3, 5]})
    assert list(encoder.get_feature_names_out()) == ["ses=1", "ses=2", "ses=3", "x"]
    # A gap makes pandas turn whole numbers into floats; they are the same levels.
    assert encoder.transform({"ses": [2.0], "x": [1]})[0, :3].tolist() == [0, 1, 0]


def test_text_is_weighed_as_scikit_learn_weighs_it():
    texts = ["the cat sat", "the cat", "a dog dog dog", ""]
    found = TableEncoder(text=["t"], n_grams=2, sparse=True).fit_transform({"t": texts})
    expected = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit_transform(texts)
    np.testing.assert_array_equal(found.toarray(), expected.toarray())

    hashed = TableEncoder(text=["t"], text_method="hashed", hash_size=32).fit({"t": texts})
    expected = HashingVectorizer(n_features=32).transform(["dog cat"])
    np.testing.assert_array_equal(hashed.transform({"t": ["dog cat"]}), expected.toarray())
    assert hashed.get_feature_names_out()[3] == "t:#3"


def test_text_without_words_is_refused():
    with pytest.raises(TableError, match="column 't': no text in it holds a word"):
        TableEncoder(text=["t"]).fit({"t": ["!", "?!"], "x": [1, 2]})


def test_the_hour_counts_where_there_is_one():
    moments = [dt.datetime.fromisoformat(f"2024-05-06T{hour:02}:00") for hour in (1, 7, 23)]
    encoder = TableEncoder(scale=False).fit({"at": moments})
    assert list(encoder.get_feature_names_out()) == [
        "at days",
        "at hour=01",
        "at hour=07",
        "at hour=23",
    ]
    mean = (1 + 7 + 23) / 3 / 24
    # The number of days since 1970 is near 20,000, and a fraction of it loses as many places.
    np.testing.assert_allclose(
        encoder.transform({"at": moments})[:, 0],
        [h / 24 - mean for h in (1, 7, 23)],
        atol=4e4 * EPS,
    )
    assert encoder.unseen({"at": [dt.datetime.fromisoformat("2024-05-06T02:00")]}) == {
        "at": {"hour=02": 1}
    }


def test_large_thin_matrices_are_sparse_and_small_ones_dense():
    rng = np.random.default_rng(3)
    large = {"c": rng.integers(0, 2000, 20_000).astype(str)}
    assert sparse.issparse(TableEncoder().fit_transform(large))
    small = {"c": large["c"][:2000].astype("U2")}
    assert isinstance(TableEncoder().fit_transform(small), np.ndarray)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": [1, "old", 2, 3, 4]}, "column 'age', row 2: 'old' is not a number"),
        ({"age": [math.inf, 1, 2, 3, 4]}, r"column 'age', row 1: the value is infinite"),
        ({"age": [dt.date(2024, 1, 1)] * 5}, "column 'age': it holds dates, but held numbers"),
        ({"joined": ["soon"] * 5}, "column 'joined': it held dates .* such as 'soon'"),
        ({"member": ["yes"] * 5}, "column 'member', row 1: 'yes' is not a number"),
    ],
)
def test_a_column_that_changed_its_kind_is_named(change, message):
    encoder = TableEncoder().fit(TRAIN)
    changed = {n: [str(v) for v in c] if "old" in c else c for n, c in change.items()}
    with pytest.raises(TableError, match=message):
        encoder.transform({**TRAIN, **changed})


def test_spelt_numbers_and_dates_are_understood():
    encoder = TableEncoder().fit(TRAIN)
    spelt = {**TRAIN, "age": [" 30", "50.0", "NA", "41", "27"]}
    spelt["joined"] = [None if day is None else day.isoformat() for day in TRAIN["joined"]]
    np.testing.assert_array_equal(encoder.transform(spelt), encoder.transform(TRAIN))


def test_missing_columns_are_listed():
    encoder = TableEncoder().fit(TRAIN)
    with pytest.raises(TableError, match="lacks the columns 'age' and 'sex'"):
        encoder.transform({n: c for n, c in TRAIN.items() if n not in {"age", "sex"}})
    # A column that was left out when fitting is not needed.
    encoder.transform({n: c for n, c in TRAIN.items() if n not in {"planet", "nothing"}})


def test_infinity_is_refused_when_fitting():
    with pytest.raises(TableError, match="column 'x', row 3: the value is infinite"):
        TableEncoder().fit({"x": [1.0, 2.0, -math.inf]})


def test_a_table_without_a_usable_column_is_refused():
    with pytest.raises(
        TableError, match=r"none of its 2 columns .*'a' and 'b': left out, the same"
    ):
        TableEncoder().fit({"a": [1, 1], "b": ["x", "x"]})


@pytest.mark.parametrize(
    "settings",
    [
        {"max_categories": 0},
        {"min_frequency": 0},
        {"text_method": "magic"},
        {"n_grams": 0},
        {"hash_size": 2.5},
        {"min_frequency": "few"},
        {"sparse": "maybe"},
        {"text": ["said"], "categorical": ["said"]},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(SettingError):
        TableEncoder(**settings).fit(TRAIN)


def test_an_unknown_text_column_is_refused():
    with pytest.raises(TableError, match="Did you mean 'said'"):
        TableEncoder(text=["sayd"]).fit(TRAIN)


def test_names_of_inputs_are_checked():
    encoder = TableEncoder().fit(TRAIN)
    assert len(encoder.get_feature_names_out(list(TRAIN))) == encoder.transform(TRAIN).shape[1]
    with pytest.raises(DataError, match="input_features is not equal"):
        encoder.get_feature_names_out(["x"] * len(TRAIN))
