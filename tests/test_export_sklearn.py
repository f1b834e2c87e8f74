"""What is made for scikit-learn is fitted, predicts alike, and needs no linnet."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model as sk
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from export_cases import COLOUR, TARGETS, assert_same, expected, strange_rows, table_model
from linnet import LinearRegression, SoftmaxRegression, TableEncoder, TableModel, to_sklearn
from linnet.data.reading import read_table
from linnet.errors import MissingDependencyError, SettingError

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))


@pytest.mark.parametrize(
    ("model", "y", "kind"),
    [
        (SoftmaxRegression(C=3.0), rng.choice(["a", "b"], 60), sk.LogisticRegression),
        (SoftmaxRegression(fit_intercept=False), rng.integers(0, 4, 60), sk.LogisticRegression),
        (SoftmaxRegression(C=np.inf, tol=1e-3), rng.integers(0, 3, 60), sk.LogisticRegression),
        (LinearRegression(), rng.normal(size=60), sk.LinearRegression),
        (LinearRegression(alpha=2.0), rng.normal(size=(60, 3)), sk.Ridge),
        (LinearRegression(alpha=2.0, fit_intercept=False), rng.normal(size=60), sk.Ridge),
    ],
)
def test_a_regression_becomes_one_that_predicts_alike_and_can_be_fitted_again(model, y, kind):
    model.fit(pd.DataFrame(X, columns=list("abcd")), y)
    rows = pd.DataFrame(X, columns=list("abcd"))

    made = to_sklearn(model)

    assert type(made) is kind
    check_is_fitted(made)
    assert_same(expected(made, rows), model, rows)
    assert made.predict(rows).shape == model.predict(rows).shape
    if kind is sk.LogisticRegression:
        assert made.predict(rows).tolist() == model.predict(rows).tolist()
    assert list(made.feature_names_in_) == list("abcd")
    again = clone(made).fit(rows, y)
    assert again.coef_.shape == made.coef_.shape


@pytest.mark.parametrize("target", TARGETS)
def test_a_model_of_tables_becomes_a_pipeline_that_predicts_alike(target):
    model, table = table_model(target, dates=False)

    made = to_sklearn(model)

    assert_same(expected(made, table), model, table)


@pytest.mark.filterwarnings("ignore::linnet.errors.DataWarning")
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("min_frequency", [1, 10, 200])
def test_values_not_seen_count_as_they_do_for_the_encoder(min_frequency, scale):
    model, table = table_model(
        "three classes", dates=False, min_frequency=min_frequency, scale=scale
    )
    rows = strange_rows(table)
    made = to_sklearn(model)

    for kind in (object, "str", "string", "category"):
        assert_same(expected(made, rows.astype({COLOUR: kind})), model, rows)
    for kind in ("str", object, float, "Int64"):
        assert_same(expected(made, rows.astype({"code": kind, "age": object})), model, rows)


def test_the_pipeline_knows_nothing_of_linnet():
    model, table = table_model("two classes", dates=False)

    content = pickle.dumps(to_sklearn(model))

    assert b"linnet" not in content
    assert_same(expected(pickle.loads(content), table), model, table)  # noqa: S301 - our own


def test_a_model_of_an_array_takes_arrays():
    values = np.array([[1.0, "a"], [None, "b"], [3.0, "a"], [2.0, None]] * 4, dtype=object)
    model = TableModel(SoftmaxRegression()).fit(values, [0, 1, 1, 0] * 4)

    np.testing.assert_allclose(
        to_sklearn(model).predict_proba(values), model.predict_proba(values), rtol=1e-14
    )


@pytest.mark.parametrize("method", ["counted", "hashed"])
def test_words_are_weighed_by_the_vectorizers_of_scikit_learn(method, real_data):
    table = read_table(real_data("sms_spam/SMSSpamCollection"), header=False)
    y = np.asarray(table.column("c1").to_pylist())
    encoder = TableEncoder(text=["c2"], text_method=method, n_grams=2)
    model = TableModel(SoftmaxRegression(), encoder).fit(table.only(["c2"]), y)
    rows = pd.DataFrame({"c2": table.column("c2").to_pylist()[:500]})

    np.testing.assert_allclose(
        to_sklearn(model).predict_proba(rows),
        model.predict_proba(rows),
        rtol=0,
        atol=1000 * np.finfo(float).eps,
    )


def test_codes_too_long_for_floats_stay_texts():
    table = pd.DataFrame({"id": ["9007199254740992", "9007199254740993", "1", "2"] * 3})
    model = TableModel(SoftmaxRegression()).fit(table, [0, 1, 1, 0] * 3)

    np.testing.assert_allclose(
        to_sklearn(model).predict_proba(table), model.predict_proba(table), rtol=1e-14
    )


def test_letters_without_lower_case_raise_no_doubts():
    table = pd.DataFrame({"text": ["𝐀𝐁 day", "good day", "𝐀𝐁", "a bad one"]})
    model = TableModel(SoftmaxRegression(), TableEncoder(text=["text"])).fit(table, [1, 0, 1, 0])

    np.testing.assert_allclose(
        to_sklearn(model).predict_proba(table), model.predict_proba(table), rtol=1e-14
    )


def test_adult_is_predicted_alike(real_data):
    train, test = (
        read_table(real_data(f"adult/adult-{part}.csv"), header=False) for part in ("train", "test")
    )
    y = np.asarray(train.column("c15").to_pylist())
    model = TableModel(SoftmaxRegression()).fit(train.without("c15"), y)

    made = to_sklearn(model).predict_proba(test.columns.to_pandas())

    np.testing.assert_allclose(made, model.predict_proba(test), rtol=0, atol=1e-13)


def test_penguins_are_told_apart_alike(real_data):
    table = read_table(real_data("penguins/penguins.csv"))
    y = np.asarray(table.column("species").to_pylist())
    model = TableModel(SoftmaxRegression()).fit(table.without("species"), y)
    made = to_sklearn(model)

    frame = table.columns.to_pandas()

    np.testing.assert_allclose(
        made.predict_proba(frame), model.predict_proba(table), rtol=0, atol=1e-13
    )
    np.testing.assert_array_equal(made.predict(frame), model.predict(table))


def test_dates_are_refused_with_what_can_take_them():
    model, _ = table_model("number")

    with pytest.raises(SettingError, match="dates in column 'when', which scikit-learn cannot"):
        to_sklearn(model)


def test_without_pandas_it_is_said_what_to_install(monkeypatch):
    model, _ = table_model("number", dates=False)
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(MissingDependencyError, match="pip install pandas"):
        to_sklearn(model)
