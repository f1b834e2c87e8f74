"""SQL that DuckDB runs predicts what the model predicts, whatever the names and values are."""

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from export_cases import TARGETS, assert_same, strange_rows, table_model, targets
from linnet import LinearRegression, SoftmaxRegression, TableEncoder, TableModel, to_sql
from linnet.data.reading import read_table
from linnet.errors import DataWarning, SettingError

# SQL has neither empty names nor NUL in them; Arrow and Parquet take no lone surrogates.
characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=8)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def run(query, table, name="rows"):
    """The answer of a query over a table, as columns by name."""
    with duckdb.connect() as connection:
        connection.register("given", table)
        quoted = '"' + name.replace('"', '""') + '"'
        connection.execute(f"CREATE TABLE {quoted} AS SELECT * FROM given")
        return connection.sql(query).to_arrow_table()


def numbers(answer, model):
    """The columns of numbers that a query gave."""
    skipped = int(not isinstance(getattr(model, "estimator_", model), LinearRegression))
    columns = [column.to_numpy() for column in answer.columns]
    return np.column_stack(columns[skipped:])


@pytest.mark.parametrize("target", TARGETS)
def test_a_query_predicts_what_the_model_predicts(target):
    model, table = table_model(target)

    answer = run(to_sql(model, "rows"), table)

    assert_same(numbers(answer, model), model, table)
    if target in ("two classes", "three classes", "truth"):
        assert answer["prediction"].to_pylist() == model.predict(table).tolist()
        assert answer.column_names[1:] == [f"p({label})" for label in model.classes_]


@pytest.mark.filterwarnings("ignore::linnet.errors.DataWarning")
@pytest.mark.parametrize("min_frequency", [1, 10, 200])
def test_values_not_seen_count_as_they_do_for_the_encoder(min_frequency):
    model, table = table_model("three classes", min_frequency=min_frequency)
    rows = strange_rows(table)
    with pytest.warns(DataWarning, match="not seen"):
        model.predict(rows)

    assert_same(numbers(run(to_sql(model, "rows"), rows), model), model, rows)


def test_codes_may_be_stored_as_whole_floats_or_texts():
    codes = [None if i % 7 == 0 else i % 4 - 1 for i in range(300)]
    table = pd.DataFrame({"code": pd.array(codes, "Int64")})
    y = targets()["two classes"]
    model = TableModel(SoftmaxRegression(), TableEncoder(categorical=["code"])).fit(table, y)

    for column in (
        pa.array(codes),
        pa.array([None if code is None else str(code) for code in codes]),
        pa.array([np.nan if code is None else float(code) for code in codes]),
    ):
        answer = run(to_sql(model, "rows"), pa.table({"code": column}))
        assert_same(numbers(answer, model), model, table)


def test_scores_too_large_for_exp_give_probabilities_all_the_same():
    X = np.array([[-2000.0], [0.0], [2000.0]])
    for classes in (2, 3):
        model = SoftmaxRegression().fit(np.eye(classes), np.arange(classes))
        model.n_features_in_, model.coef_ = 1, np.arange(1.0, classes + (classes > 2))[:, None]
        table = pa.table({"c1": X[:, 0]})

        found = numbers(run(to_sql(model, "rows"), table), model)

        # exp of a score that is off by ε of its size is off by the same amount, relatively.
        np.testing.assert_allclose(found, model.predict_proba(X), rtol=6000 * np.finfo(float).eps)


@settings(max_examples=30)
@given(name=names, table=names, levels=st.lists(texts, min_size=2, max_size=4, unique=True))
@example(name="select", table="from", levels=["'", "''"])
@example(name='a"b', table='"; DROP TABLE x; --', levels=["'; --", "\\'", "\0", "NULL"])
@example(name="r", table="v1", levels=["", " ", "\n"])
def test_no_name_level_or_label_breaks_a_query(name, table, levels):
    # Labels become names of columns.
    labels = [level.replace("\0", "0") + str(i) for i, level in enumerate(levels)]
    data = {name: np.array(levels * 3, dtype=object)}
    model = TableModel(SoftmaxRegression()).fit(data, labels * 3)

    answer = run(to_sql(model, table, keep=[name]), pa.table(data), table)

    assert answer.column(0).to_pylist() == levels * 3
    assert answer.column(1).to_pylist() == model.predict(data).tolist()
    found = np.column_stack([column.to_numpy() for column in answer.columns[2:]])
    np.testing.assert_allclose(found, model.predict_proba(data), rtol=1e-14)


@given(x=st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_numbers_are_read_back_to_the_last_bit(x):
    from linnet.export.sql_text import number

    answer = duckdb.sql(f"SELECT {number(x)}").fetchall()[0][0]

    assert np.float64(answer).tobytes() == np.float64(x).tobytes() or x == answer == 0


def test_columns_may_be_called_as_those_inside_the_query():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(30, 6)), columns=["v1", "z1", "top", "r", "k1", "whole"])
    model = TableModel(SoftmaxRegression()).fit(table, rng.integers(0, 3, 30))

    answer = run(to_sql(model, "r", keep=["top", "k1"]), table, "r")

    np.testing.assert_array_equal(answer["top"], table["top"])
    found = np.column_stack([answer[f"p({i})"].to_numpy() for i in range(3)])
    assert_same(found, model, table)


def test_a_model_of_many_features_is_no_deeper_query():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 1500))
    model = LinearRegression(alpha=1.0).fit(X, rng.normal(size=50))
    table = pa.table({f"c{i}": column for i, column in enumerate(X.T, start=1)})

    assert_same(numbers(run(to_sql(model, "rows"), table), model), model, X)


def test_what_no_prediction_can_be_made_of_is_an_error():
    model, table = table_model("number", dates=False)
    plain = LinearRegression().fit([[0.0], [1.0]], [1.0, 2.0])

    with pytest.raises(duckdb.Error, match="'age' holds an infinite number"):
        run(to_sql(model, "rows"), table.assign(age=np.inf))
    for gap in (None, np.nan):
        with pytest.raises(duckdb.Error, match="'c1' holds no number in a row"):
            run(to_sql(plain, "rows"), pa.table({"c1": pa.array([1.0, gap])}))
    assert run(to_sql(plain, "rows"), pa.table({"c1": pa.array([], pa.float64())})).num_rows == 0


def test_names_that_sql_does_not_have_are_refused():
    y = [0.0, 1.0, 0.5]
    alike = LinearRegression().fit(pd.DataFrame({"Age": y, "age": [1.0, 0, 0]}), y)
    plain = LinearRegression().fit(pd.DataFrame({"age": y}), y)

    with pytest.raises(SettingError, match="'Age' and 'age' are one in SQL"):
        to_sql(alike, "rows")
    with pytest.raises(SettingError, match="'id' and 'ID' are one"):
        to_sql(plain, "rows", keep=["id", "ID"])
    with pytest.raises(SettingError, match="keep names the column 'Prediction'"):
        to_sql(plain, "rows", keep=["Prediction"])
    with pytest.raises(SettingError, match="keep is the text 'age', and a list"):
        to_sql(plain, "rows", keep="age")
    for name in ("", "a\0b"):
        with pytest.raises(SettingError, match="cannot be written in SQL"):
            to_sql(plain, name)


def test_words_are_refused_with_what_can_take_them():
    table = {"text": ["a good day", "bad day", "good", "a bad one"]}
    model = TableModel(SoftmaxRegression(), TableEncoder(text=["text"])).fit(table, [1, 0, 1, 0])

    with pytest.raises(SettingError, match="words of a text in column 'text'"):
        to_sql(model, "rows")


def test_penguins_are_told_apart_in_a_file_that_duckdb_reads(real_data, tmp_path):
    table = read_table(real_data("penguins/penguins.csv"))
    y = np.asarray(table.column("species").to_pylist())
    model = TableModel(SoftmaxRegression()).fit(table.without("species"), y)
    file = tmp_path / 'it\'s "penguins".parquet'
    table.columns.to_pandas().to_parquet(file)

    answer = duckdb.sql(to_sql(model, str(file), keep=["species"])).to_arrow_table()

    assert answer["species"].to_pylist() == y.tolist()
    found = np.column_stack([answer[f"p({label})"].to_numpy() for label in model.classes_])
    np.testing.assert_allclose(found, model.predict_proba(table), rtol=0, atol=1e-13)


def test_adult_is_predicted_in_the_database(real_data):
    train, test = (
        read_table(real_data(f"adult/adult-{part}.csv"), header=False) for part in ("train", "test")
    )
    y = np.asarray(train.column("c15").to_pylist())
    model = TableModel(SoftmaxRegression()).fit(train.without("c15"), y)

    answer = run(to_sql(model, "rows"), test.columns)

    np.testing.assert_allclose(
        numbers(answer, model), model.predict_proba(test), rtol=0, atol=1e-13
    )
    assert answer["prediction"].to_pylist() == model.predict(test).tolist()


def test_dates_of_a_file_are_read_by_duckdb_as_by_linnet(real_data):
    file = real_data("bike_sharing/day.csv")
    table = read_table(file).without("casual", "registered")
    y = np.asarray(table.column("cnt").to_pylist(), dtype=float)
    model = TableModel(LinearRegression(alpha=1.0)).fit(table.without("cnt"), y)
    assert "dteday month=Jan" in model.encoder_.get_feature_names_out()

    answer = duckdb.sql(to_sql(model, str(file), keep=["cnt"])).to_arrow_table()

    assert answer["cnt"].to_pylist() == y.tolist()
    np.testing.assert_allclose(answer["prediction"], model.predict(table), rtol=1e-12)
