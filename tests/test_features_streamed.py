import datetime as dt
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import issparse, vstack

from linnet.data.frames import as_table
from linnet.data.plain import plain_table
from linnet.data.reading import read_table
from linnet.data.streams import Chunk, TableStream
from linnet.data.tables import Table, select_column
from linnet.errors import SettingError, TableError
from linnet.features import summaries, text
from linnet.features.categories import CategoryEncoder
from linnet.features.columns import infer_task
from linnet.features.dates import DateEncoder
from linnet.features.encoder import TableEncoder
from linnet.features.labels import read_labels
from linnet.features.quantities import NumberEncoder
from linnet.features.streamed import EncodedRows
from linnet.features.text import TextEncoder

EPS = np.finfo(float).eps


class Cut:
    """A table in memory, given in chunks of these sizes in turn."""

    def __init__(self, table, sizes, first_row=1) -> None:
        self.table, self.sizes, self.first_row = as_table(table), sizes, first_row
        self.passes = []
        self.notes = ("cut up",)
        self.n_bytes = self.table.columns.nbytes

    @property
    def origin(self):
        return self.table.origin

    @property
    def names(self):
        return tuple(self.table.names)

    def chunks(self, columns=None):
        columns = list(self.names if columns is None else columns)
        self.passes.append(columns)
        start, turn = 0, 0
        while start < self.table.n_rows:
            size = self.sizes[turn % len(self.sizes)]
            part = self.table.columns.select(columns).slice(start, size)
            yield Chunk(Table(part, self.origin), self.first_row + start, start + len(part))
            start, turn = start + size, turn + 1


def dense(matrix):
    return matrix.toarray() if issparse(matrix) else matrix


def stacked(rows):
    batches = list(rows.batches())
    X = [batch.X for batch in batches]
    assert {issparse(matrix) for matrix in X} == {rows.is_sparse}
    weight = None if rows.weight is None else np.concatenate([b.weight for b in batches])
    return (
        vstack(X) if rows.is_sparse else np.vstack(X),
        np.concatenate([batch.y for batch in batches]),
        weight,
    )


def in_memory(table, target, encoder):
    """What TableModel does with the rows whose target is known."""
    known = np.flatnonzero(np.asarray(table.column(target).is_valid()))
    rows = plain_table(table.columns.take(known), table.origin)
    fitted = TableEncoder(**encoder.get_params()).fit(rows.without(target))
    return fitted, fitted.transform(rows.without(target)), rows.column(target)


def close_numbers(found, expected, n):
    # Sums of n numbers below 1 are off by n roundings at most; means are relative to the spread.
    tolerance = 8 * n * EPS
    assert found.name == expected.name
    assert found.varies == expected.varies
    assert found.flagged == expected.flagged
    np.testing.assert_allclose(found.fill, expected.fill, rtol=0, atol=tolerance * size(expected))
    np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-9)
    np.testing.assert_allclose(
        found.centre, expected.centre, rtol=0, atol=tolerance * size(expected)
    )


def size(number):
    return abs(number.fill) + number.scale


def assert_same_encoder(found, expected, n):
    assert found.kinds_ == expected.kinds_
    assert found.notes_ == expected.notes_
    assert found.columns_ == expected.columns_
    assert len(found.encoders_) == len(expected.encoders_)
    for one, other in zip(found.encoders_, expected.encoders_, strict=True):
        match other:
            case NumberEncoder():
                close_numbers(one, other, n)
            case DateEncoder():
                close_numbers(one.days, other.days, n)
                assert one.parts == other.parts
            case CategoryEncoder():
                assert one == other
            case TextEncoder():
                assert one.words == other.words
                assert one.width == other.width
                np.testing.assert_array_equal(one.rarity, other.rarity)


texts = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "d e", "A", "é", "other", "missing"]))
# Quarters of small whole numbers: sums and means are exact but for few roundings.
numbers = st.one_of(st.none(), st.integers(-20, 20).map(lambda i: i / 4))
moments = st.one_of(
    st.none(),
    st.datetimes(
        dt.datetime.fromisoformat("2023-11-01T22:00"), dt.datetime.fromisoformat("2024-03-01T02:00")
    ),
)
COLUMNS = {
    "c": (texts, pa.large_string()),
    "x": (numbers, pa.float64()),
    "i": (st.integers(-3, 3), pa.int64()),
    "b": (st.one_of(st.none(), st.booleans()), pa.bool_()),
    "t": (moments, pa.timestamp("us")),
    "d": (texts, pa.dictionary(pa.int32(), pa.large_string())),
    "nothing": (st.none(), pa.null()),
    "said": (texts, pa.large_string()),
}


@st.composite
def arrow_tables(draw, target=None):
    n = draw(st.integers(2, 12))
    kinds = COLUMNS if target is None else COLUMNS | {"y": target}
    columns = {
        name: pa.array(draw(st.lists(values, min_size=n, max_size=n)), kind)
        for name, (values, kind) in kinds.items()
    }
    # One column at least can be used.
    columns["row"] = pa.array(range(n))
    return pa.table(columns)


sizes = st.lists(st.integers(1, 5), min_size=1, max_size=3)
encoders = st.builds(
    TableEncoder,
    scale=st.booleans(),
    max_categories=st.sampled_from([None, 2]),
    min_frequency=st.sampled_from([1, 2, 0.3]),
    categorical=st.sampled_from([(), ("i",), ("x", "b")]),
    text=st.sampled_from([(), ("said",)]),
    text_method=st.sampled_from(["counted", "hashed"]),
    n_grams=st.sampled_from([1, 2]),
    hash_size=st.just(16),
)


def fitted_or_message(fit):
    try:
        return fit()
    except TableError as error:
        return str(error)


@given(arrow_tables(), sizes, encoders)
def test_the_encoder_of_a_stream_is_that_of_the_whole_table(columns, cuts, encoder):
    table = plain_table(columns, "drawn")
    expected = fitted_or_message(lambda: TableEncoder(**encoder.get_params()).fit(table))
    found = fitted_or_message(lambda: encoder.fit_stream(Cut(table, cuts)))
    if isinstance(expected, str):
        assert found == expected
    else:
        assert_same_encoder(found, expected, table.n_rows)


@given(arrow_tables(target=(texts, pa.large_string())), sizes, encoders)
def test_batches_hold_the_design_matrix_and_classes_of_the_rows_with_a_target(
    columns, cuts, encoder
):
    table = plain_table(columns, "drawn")
    labels = {v for v in table.column("y").to_pylist() if v is not None}
    if len(labels) < 2:
        with pytest.raises(TableError, match=r"missing in every row|one class only"):
            EncodedRows.of(Cut(table, cuts), target="y", encoder=encoder)
        return
    whole = fitted_or_message(lambda: in_memory(table, "y", encoder))
    if isinstance(whole, str):
        with pytest.raises(TableError) as raised:
            EncodedRows.of(Cut(table, cuts), target="y", encoder=encoder)
        assert str(raised.value) == whole
        return
    expected, matrix, y = whole

    rows = EncodedRows.of(Cut(table, cuts), target="y", encoder=encoder)
    X, codes, weight = stacked(rows)

    truth = read_labels(np.array(y.to_pylist(), dtype=object))
    assert rows.task == "classification"
    assert rows.classes.tolist() == truth.classes.tolist()
    np.testing.assert_array_equal(codes, truth.codes)
    assert codes.dtype == np.int64
    assert weight is None
    assert rows.n_samples == len(y) == rows.total_weight
    assert rows.n_missing == table.n_rows - len(y)
    assert rows.n_features == X.shape[1]
    assert_same_encoder(rows.encoder, expected, table.n_rows)
    # Days since 1970 are some 20,000, and may spread over a second only.
    np.testing.assert_allclose(dense(X), dense(matrix), atol=1e-6)


@given(arrow_tables(target=(numbers, pa.float64())), sizes)
def test_the_task_of_a_stream_is_inferred_as_from_the_whole_target(columns, cuts):
    table = plain_table(columns, "drawn")
    values = table.column("y")
    # In one row nothing can differ.
    assume(len(values.drop_null()) > 1)
    guess = infer_task(values)
    if guess.task == "classification" and len(set(values.drop_null().to_pylist())) < 2:
        with pytest.raises(TableError, match="one class only"):
            EncodedRows.of(Cut(table, cuts), target="y")
        return
    rows = EncodedRows.of(Cut(table, cuts), target="y")
    assert (rows.task, rows.reason) == guess
    _, y, _ = stacked(rows)
    known = values.drop_null().to_numpy()
    if rows.task == "regression":
        assert rows.classes is None
        np.testing.assert_array_equal(y, known.reshape(-1, 1))
    else:
        assert rows.classes.dtype == np.int64
        np.testing.assert_array_equal(rows.classes[y], known)


@pytest.mark.parametrize(
    ("name", "target", "settings"),
    [
        ("adult/adult-train.csv", -1, {}),
        ("adult/adult-train.csv", -1, {"max_categories": 5, "scale": False}),
        ("beijing_air_quality/PRSA_Data_Dongsi_20130301-20170228.csv", "PM2.5", {}),
        ("hflights/hflights.csv.gz", "ArrDelay", {"min_frequency": 0.001}),
        ("hsbdemo/hsbdemo.csv", "prog", {}),
        ("sms_spam/SMSSpamCollection", 1, {"text": ["c2"], "n_grams": 2}),
    ],
)
def test_real_tables_in_chunks_are_encoded_as_the_whole(real_data, name, target, settings):
    table = read_table(real_data(name))
    target = select_column(table, target)
    encoder = TableEncoder(**settings)
    expected, matrix, y = in_memory(table, target, encoder)

    rows = EncodedRows.of(Cut(table, [9_973, 1, 20_011]), target=target, encoder=encoder)
    X, codes, _ = stacked(rows)

    assert_same_encoder(rows.encoder, expected, table.n_rows)
    assert rows.is_sparse == issparse(matrix)
    assert (rows.task, rows.reason) == infer_task(y)
    if rows.task == "classification":
        truth = read_labels(np.asarray(y.to_pylist()))
        assert rows.classes.tolist() == truth.classes.tolist()
        np.testing.assert_array_equal(codes, truth.codes)
    else:
        np.testing.assert_array_equal(codes[:, 0], np.asarray(y, dtype=float))
    # Means and deviations of n numbers differ by n roundings at most, times the numbers' size.
    difference = abs(X - matrix)
    assert difference.max() <= 8 * table.n_rows * EPS * abs(matrix).max()


def test_beijing_stations_one_after_another_are_one_table(real_data):
    stations = ("Dongsi", "Changping", "Gucheng")
    tables = [
        read_table(real_data(f"beijing_air_quality/PRSA_Data_{s}_20130301-20170228.csv"))
        for s in stations
    ]
    table = plain_table(pa.concat_tables([t.columns for t in tables]), "beijing")
    _, matrix, _ = in_memory(table, "PM2.5", TableEncoder())
    rows = EncodedRows.of(Cut(table, [tables[0].n_rows, 7_001]), target="PM2.5")
    X, _, _ = stacked(rows)
    assert {f"station={s}" for s in stations} <= set(rows.encoder.get_feature_names_out())
    np.testing.assert_allclose(X, matrix, atol=8 * table.n_rows * EPS * abs(matrix).max())


TRAIN = {
    "x": [1.0, 2.0, 4.0, None, 8.0, 16.0],
    "c": ["a", "b", "a", "b", None, "b"],
    "w": [1.0, 0.5, 2.0, 1.0, 3.0, 0.0],
    "y": ["no", "yes", None, "no", "yes", "no"],
}


def test_weights_and_dropped_columns_are_no_features():
    stream = Cut(TRAIN, [4, 2])
    rows = EncodedRows.of(stream, target="y", weight="w", drop=["c"])
    assert isinstance(stream, TableStream)
    assert list(rows.encoder.get_feature_names_out()) == ["x", "x missing"]
    _, _, weight = stacked(rows)
    assert weight.tolist() == [1.0, 0.5, 1.0, 3.0, 0.0]
    assert rows.total_weight == 5.5
    assert rows.notes[0] == "cut up"
    # The first pass reads what may be used, later ones what is.
    assert stream.passes == [["x", "y", "w"], ["x", "y", "w"]]


def test_later_passes_read_only_what_is_used_and_can_be_made_again():
    stream = Cut(TRAIN | {"same": [1] * 6}, [1])
    rows = EncodedRows.of(stream, target="y")
    first, second = stacked(rows), stacked(rows)
    np.testing.assert_array_equal(first[0], second[0])
    assert stream.passes[1:] == [["x", "c", "w", "y"]] * 2


def test_progress_is_told_in_both_passes():
    told = []
    rows = EncodedRows.of(Cut(TRAIN, [4]), target="y", progress=lambda *at: told.append(at))
    list(rows.batches(progress=lambda *at: told.append(at)))
    assert told == [(4, 4), (6, 6)] * 2


@pytest.mark.parametrize("value", [math.inf, -math.inf])
@pytest.mark.parametrize("name", ["x", "w", "y"])
def test_an_infinite_number_is_told_with_file_and_row(name, value):
    columns = {n: [0.5, 1.0, 2.0, 3.0, 4.0, 5.0] for n in "xwy"}
    columns["y"][3] = None
    columns[name] = [*columns[name][:4], value, 5.0]
    stream = Cut(Table(as_table(columns).columns, "far.csv"), [3], first_row=101)
    with pytest.raises(TableError, match=rf"far\.csv, column '{name}', row 105: .*infinite"):
        EncodedRows.of(stream, target="y", weight="w")
    with pytest.raises(TableError, match=rf"far\.csv, column '{name}', row 105: .*infinite"):
        TableEncoder().fit_stream(stream)


@pytest.mark.parametrize(
    ("weight", "seen"), [(None, "row 5: the weight is missing"), (-1, "row 5: the weight is -1")]
)
def test_a_wrong_weight_is_told_with_its_row(weight, seen):
    columns = TRAIN | {"w": [1.0, 1.0, -7.0, 1.0, weight, 1.0]}
    with pytest.raises(TableError, match=seen):
        # The weight of row 3, which has no target, does not matter.
        EncodedRows.of(Cut(columns, [2]), target="y", weight="w")


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"y": ["a", "b", None, "a", "b", "a"]}, {"task": "regression"}, "row 1: a is not a nu"),
        ({"y": [1.0, 2.0, 1.0, None, 2.5, 1.0]}, {"task": "classification"}, "row 5: 2.5 is no cl"),
        ({"y": [dt.date(2024, 1, d) for d in range(1, 7)]}, {}, "row 1: 2024-01-01 is not a numb"),
        ({"y": ["a"] * 6}, {}, "one class only, a, in 6 rows"),
        ({"y": [None] * 6}, {}, "the target is missing in every row"),
        ({"w": [0.0] * 6}, {"weight": "w"}, "the weight is zero in every row"),
        ({"w": ["1"] * 5 + ["a"]}, {"weight": "w"}, "it holds text, but weights are numbers"),
        ({}, {"known_classes": ["no", "maybe"]}, "the label yes, in 2 rows, is not among"),
        ({}, {"drop": ["x", "c", "w"]}, "no column is left"),
        ({}, {"drop": ["z"]}, "there is no column 'z'"),
    ],
)
def test_what_cannot_be_fitted_is_told(columns, options, message):
    with pytest.raises(TableError, match=message):
        EncodedRows.of(Cut(TRAIN | columns, [2]), target="y", **options)


@pytest.mark.parametrize(
    "options",
    [{"drop": ["y"]}, {"weight": "y"}, {"task": "magic"}, {"encoder": TableEncoder(n_grams=0)}],
)
def test_settings_that_contradict_each_other_are_refused(options):
    with pytest.raises(SettingError):
        EncodedRows.of(Cut(TRAIN, [2]), target="y", **options)


def test_a_target_of_nothing_but_different_labels_is_refused():
    columns = {"x": range(20), "y": [f"n{i}" for i in range(20)]}
    with pytest.raises(TableError, match="no label occurs twice"):
        EncodedRows.of(Cut(columns, [7]), target="y")


def test_known_classes_keep_their_numbers_though_some_do_not_occur():
    rows = EncodedRows.of(Cut(TRAIN, [2]), target="y", known_classes=["yes", "no", "maybe"])
    assert rows.classes.tolist() == ["maybe", "no", "yes"]
    assert stacked(rows)[1].tolist() == [1, 2, 1, 2, 1]


def test_declared_categories_may_change_their_dictionary_between_chunks():
    chunks = [["b", "a"], ["c", "b"], ["a", "c"]]
    pieces = [as_table(pd.DataFrame({"c": pd.Categorical(each)})).columns for each in chunks]

    class Changing(Cut):
        def chunks(self, columns=None):
            yield from (Chunk(Table(p.select(columns or p.column_names))) for p in pieces)

    whole = as_table(pd.DataFrame({"c": pd.Categorical([*chunks[0], *chunks[1], *chunks[2]])}))
    found = TableEncoder().fit_stream(Changing(whole, [1]))
    assert found.encoders_ == TableEncoder().fit(whole).encoders_


def test_a_column_that_changes_its_type_is_told():
    class Changing(Cut):
        def chunks(self, columns=None):
            del columns
            yield Chunk(as_table({"x": [1, 2]}))
            yield Chunk(as_table({"x": ["a", "b"]}))

    with pytest.raises(TableError, match="holds numbers in its first 2 rows and text after them"):
        TableEncoder().fit_stream(Changing({"x": [1]}, [1]))


def test_a_stream_that_lost_rows_is_told():
    stream = Cut(TRAIN, [2])
    rows = EncodedRows.of(stream, target="y")
    stream.table = Table(stream.table.columns.slice(0, 4), "table")
    with pytest.raises(TableError, match=r"it had 5 rows with a target .* now has 3"):
        list(rows.batches())


@pytest.mark.parametrize("spaced", [True, False])
def test_texts_too_many_to_count_are_left_out_and_judged_by_their_looks(monkeypatch, spaced):
    monkeypatch.setattr(summaries, "MOST_LEVELS", 60)
    words = [f"no {i}" if spaced else f"no{i}" for i in range(100)]
    # Each value twice: held whole, they are a category.
    table = {"name": words * 2, "x": range(200)}
    assert TableEncoder().fit(table).kinds_["name"] == "category"

    found = TableEncoder().fit_stream(Cut(table, [30]))

    assert found.kinds_["name"] == ("text" if spaced else "identifier")
    assert any("'name': left out, texts of more than" in note for note in found.notes_)
    named = TableEncoder(categorical=["name"]).fit_stream(Cut(table, [30]))
    assert len(named.get_feature_names_out()) == 101


def test_named_categories_and_words_past_their_bounds_are_refused_with_advice(monkeypatch):
    table = {"name": [f"no {i}" for i in range(100)]}
    monkeypatch.setattr(summaries, "_MOST_NAMED_LEVELS", 60)
    with pytest.raises(TableError, match="'name': it is to be taken as categories, but holds"):
        TableEncoder(categorical=["name"]).fit_stream(Cut(table, [30]))
    monkeypatch.setattr(text, "_MOST_WORDS", 60)
    with pytest.raises(TableError, match="Set text_method='hashed'"):
        TableEncoder(text=["name"]).fit_stream(Cut(table, [30]))
    TableEncoder(text=["name"], text_method="hashed").fit_stream(Cut(table, [30]))


def test_extreme_units_do_not_overflow():
    for factor in (1e-300, 1e300, 2.0**1000):
        x = factor * np.array([1.0, 2.0, -1.5, 4.0, 4.0])
        found = TableEncoder().fit_stream(Cut({"x": x}, [2])).encoders_[0]
        whole = TableEncoder().fit({"x": x}).encoders_[0]
        np.testing.assert_allclose(
            [found.centre, found.scale], [whole.centre, whole.scale], rtol=16 * EPS
        )


def test_a_small_spread_about_a_large_mean_survives_chunks():
    """Sums of squares would lose it: 10⁹ squared has no room for a spread of 1."""
    x = 1e9 + np.random.default_rng(0).normal(size=10_000)
    found = TableEncoder().fit_stream(Cut({"x": x}, [7, 501])).encoders_[0]
    # Each x has rounding errors of 10⁹ε, and so has the mean.
    np.testing.assert_allclose(found.scale, np.std(x - 1e9), rtol=1e9 * EPS * 10)


def test_numbers_of_rows_are_recognised_across_chunks():
    table = {"row": range(10), "x": [1, 2, 3, 4, 5, 5, 6, 7, 8, 9]}
    notes = TableEncoder().fit_stream(Cut(table, [5])).notes_
    assert notes == ("'row': counts the rows 1, 2, …: leave it out if that means nothing",)


def test_a_large_thin_stream_is_sparse_in_every_batch():
    rng = np.random.default_rng(3)
    table = {"c": rng.integers(0, 2000, 20_000).astype(str), "y": rng.integers(0, 2, 20_000)}
    rows = EncodedRows.of(Cut(table, [1000]), target="y")
    assert rows.is_sparse
    X, _, _ = stacked(rows)
    assert X.shape == (20_000, rows.n_features)


def test_dense_batches_are_cut_to_size():
    table = {f"x{i}": np.arange(6000) ** 2 + i for i in range(700)} | {"y": np.arange(6000) % 2}
    rows = EncodedRows.of(Cut(table, [6000]), target="y")
    batches = list(rows.batches())
    assert [batch.n_samples for batch in batches] == [2995, 2995, 10]


def test_a_stream_without_rows_is_refused():
    empty = {"x": np.empty(0), "y": np.empty(0)}
    with pytest.raises(TableError, match="it has no row"):
        TableEncoder().fit_stream(Cut(empty, [1]))
    with pytest.raises(TableError, match="it has no row"):
        EncodedRows.of(Cut(empty, [1]), target="y")


def test_columns_of_a_stream_can_be_chosen():
    found = TableEncoder().fit_stream(Cut(TRAIN, [2]), columns=["c", 1])
    assert found.columns_ == ["c", "x"]


def test_targets_of_more_values_than_are_counted_are_numbers_or_refused(monkeypatch):
    monkeypatch.setattr(summaries, "MOST_LEVELS", 60)
    table = {"x": np.arange(200) ** 2, "y": np.arange(200)}
    rows = EncodedRows.of(Cut(table, [30]), target="y")
    assert rows.task == "regression"
    assert rows.reason == "it holds over 100,000 distinct whole numbers, more than 20"
    with pytest.raises(TableError, match="'y': it holds more than 100,000 different labels"):
        EncodedRows.of(Cut(table, [30]), target="y", task="classification")
