"""ONNX graphs predict in onnxruntime what the model predicts."""

import sys

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_cases import COLOUR, TARGETS, assert_same, strange_rows, table_model
from linnet import LinearRegression, SoftmaxRegression, TableEncoder, TableModel, to_onnx
from linnet.data.reading import read_table
from linnet.errors import MissingDependencyError, SettingError
from linnet.export.formula import Formula, formula_of
from linnet.export.onnx_graph import OnnxGraph, described
from linnet.export.onnx_terms import term_nodes
from linnet.export.terms import ColumnType, Cycle


def run(model, feed):
    """The outputs of a model's graph, by name."""
    made = to_onnx(model)
    onnx.checker.check_model(made, full_check=True)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(None, feed), strict=True))


def fed(table):
    """The inputs that the documents ask for."""
    feed = {}
    for name, column in table.items():
        if column.dtype.kind == "M":
            feed[name] = column.to_numpy().astype("datetime64[us]").astype(np.int64)
        elif name == "code" or column.dtype.kind not in "fib":
            feed[name] = column.fillna("").astype(str).to_numpy(object)
        else:
            feed[name] = column.to_numpy(float, na_value=np.nan)
    return feed


@pytest.mark.parametrize("target", TARGETS)
def test_a_graph_of_columns_predicts_what_the_model_predicts(target):
    model, table = table_model(target)

    outputs = run(model, fed(table))

    if target in ("number", "two numbers"):
        assert outputs["prediction"].shape == model.predict(table).shape
        assert_same(outputs["prediction"].reshape(len(table), -1), model, table)
    else:
        assert outputs["label"].tolist() == model.predict(table).tolist()
        assert_same(outputs["probabilities"], model, table)


@pytest.mark.filterwarnings("ignore::linnet.errors.DataWarning")
@pytest.mark.parametrize("min_frequency", [1, 10, 200])
def test_values_not_seen_count_as_they_do_for_the_encoder(min_frequency):
    model, table = table_model("three classes", min_frequency=min_frequency)
    # Empty text is a gap in ONNX.
    rows = strange_rows(table).query(f"`{COLOUR}` != ''")
    used = rows[list(formula_of(model).columns)]

    assert_same(run(model, fed(used))["probabilities"], model, rows)


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("classes", [0, 2, 4])
def test_a_graph_of_a_matrix_predicts_what_the_model_predicts(classes, n_targets):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    if classes:
        model = SoftmaxRegression().fit(X, rng.integers(0, classes, 60))
        outputs = run(model, {"X": X})
        assert_same(outputs["probabilities"], model, X)
        assert outputs["label"].tolist() == model.predict(X).tolist()
    else:
        model = LinearRegression().fit(X, rng.normal(size=(60, n_targets)))
        assert_same(run(model, {"X": X})["prediction"], model, X)


def test_columns_may_be_called_as_the_outputs_and_nodes():
    rng = np.random.default_rng(0)
    names = ["label", "label_", "probabilities!", "prediction", "linnet 0", "linnet node 0"]
    table = pd.DataFrame(rng.normal(size=(30, 6)), columns=names)
    model = TableModel(SoftmaxRegression()).fit(table, rng.integers(0, 3, 30))

    outputs = run(model, fed(table))

    assert list(outputs) == ["label__", "probabilities"]
    assert_same(outputs["probabilities"], model, table)


@given(st.lists(st.datetimes(), min_size=1), st.sampled_from(["month", "weekday", "hour"]))
def test_dates_have_the_places_that_python_says(moments, unit):
    """A table of weights that are the places themselves gives them back."""
    lengths = {"month": 12, "weekday": 7, "hour": 24}
    places = tuple(range(lengths[unit]))
    term = Cycle("when", unit, places, np.arange(1.0, lengths[unit] + 1)[:, None])
    graph = OnnxGraph("linnet ")
    formula = Formula(
        {"when": ColumnType.DATE},
        (term,),
        np.zeros(1),
        classes=None,
        single=True,
        of_table=True,
        named=True,
    )
    (found,) = term_nodes(graph, formula)
    graph.apply("Identity", found, gives="places")
    made = graph.model([described("when", np.int64, "n")], [described("places", float, "n", 1)])
    session = onnxruntime.InferenceSession(made.SerializeToString())

    feed = np.array([*moments, None], dtype="datetime64[us]").astype(np.int64)
    (given_back,) = session.run(None, {"when": feed})

    wanted = {
        "month": [moment.month for moment in moments],
        "weekday": [moment.weekday() + 1 for moment in moments],
        "hour": [moment.hour + 1 for moment in moments],
    }[unit]
    assert given_back[:, 0].tolist() == [*wanted, 0]


def test_adult_is_predicted_alike(real_data):
    train, test = (
        read_table(real_data(f"adult/adult-{part}.csv"), header=False) for part in ("train", "test")
    )
    y = np.asarray(train.column("c15").to_pylist())
    model = TableModel(SoftmaxRegression()).fit(train.without("c15"), y)

    outputs = run(model, fed(test.without("c15").columns.to_pandas()))

    np.testing.assert_allclose(
        outputs["probabilities"], model.predict_proba(test), rtol=0, atol=1e-13
    )
    assert outputs["label"].tolist() == model.predict(test).tolist()


def test_what_a_graph_cannot_take_is_refused():
    words = TableModel(SoftmaxRegression(), TableEncoder(text=["text"]))
    words.fit({"text": ["a good day", "bad day", "good", "a bad one"]}, [1, 0, 1, 0])
    blank = TableModel(SoftmaxRegression())
    blank.fit({"x": np.array(["", None, "a", "a"], dtype=object)}, [1, 0, 1, 0])
    nameless = TableModel(SoftmaxRegression()).fit({"": [0.0, 1.0, 2.0, 3.0]}, [1, 0, 1, 0])

    for model, message in (
        (words, "words of a text in column 'text', which ONNX cannot"),
        (blank, "'x' had both empty texts and gaps"),
        (nameless, "the name '', which no input"),
    ):
        with pytest.raises(SettingError, match=message):
            to_onnx(model)


def test_empty_text_is_a_level_where_it_was_one():
    table = {"x": np.array(["", "", "a", "a", "b"], dtype=object)}
    model = TableModel(SoftmaxRegression()).fit(table, [1, 0, 1, 1, 0])

    outputs = run(model, table)

    np.testing.assert_allclose(outputs["probabilities"], model.predict_proba(table), rtol=1e-14)


def test_without_onnx_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(MissingDependencyError, match=r"pip install 'linnet\[export\]'"):
        to_onnx(LinearRegression().fit([[0.0], [1.0]], [1.0, 2.0]))
