"""An exported Python module predicts what the model predicts, with nothing but math at hand."""

import ast
import datetime as dt
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export_cases import TARGETS, assert_same, expected, strange_rows, table_model
from linnet import LinearRegression, SoftmaxRegression, TableEncoder, TableModel, to_python
from linnet.data.reading import read_table
from linnet.errors import SettingError
from linnet.export import standalone


def module(model):
    """The names that an exported module defines."""
    names = {}
    exec(compile(to_python(model), "exported", "exec"), names)  # noqa: S102 - what is tested
    return names


def predicted(model, rows):
    """What the module's function gives for each row, as a matrix."""
    predict = module(model)["predict"]
    return np.array([list(predict(row).values()) for row in rows.to_dict("records")])


@pytest.mark.parametrize("target", TARGETS)
def test_the_function_predicts_what_the_model_predicts(target):
    model, table = table_model(target)

    assert_same(predicted(model, table), model, table)


def test_the_answer_is_named_by_class_or_as_predictions():
    for target, keys in (
        ("two classes", ['it\'s "no"', "yes"]),
        ("three classes", [-1, 3, 7]),
        ("truth", [False, True]),
        ("number", ["prediction"]),
        ("two numbers", ["prediction 1", "prediction 2"]),
    ):
        model, table = table_model(target)
        names = module(model)

        found = list(names["predict"](table.iloc[0].to_dict()))

        assert found == keys
        assert [type(key) for key in found] == [type(key) for key in keys]
        assert list(names["COLUMNS"]) == list(table.columns)


@pytest.mark.filterwarnings("ignore::linnet.errors.DataWarning")
@pytest.mark.parametrize("min_frequency", [1, 10, 200])
def test_values_not_seen_count_as_they_do_for_the_encoder(min_frequency):
    model, table = table_model("three classes", min_frequency=min_frequency)
    rows = strange_rows(table)

    assert_same(predicted(model, rows.astype(object)), model, rows)


def test_the_module_runs_alone_and_imports_math_only(tmp_path):
    model, table = table_model("three classes", dates=False)
    file = tmp_path / "exported.py"
    file.write_text(to_python(model), encoding="utf-8")
    rows = table.head(30).astype(object)
    rows = rows.where(rows.notna(), None).to_dict("records")
    code = (
        "import json, sys; before = set(sys.modules); source = open(sys.argv[1], encoding='utf-8')"
        "; exec(source.read()); rows = json.load(sys.stdin)"
        "; print(json.dumps([[*predict(row).values()] for row in rows]))"
        "; print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    )

    # No site-packages, no environment, no folder of one's own.
    ended = subprocess.run(
        [sys.executable, "-S", "-I", "-c", code, file],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
    )

    assert_same(np.array(json.loads(ended.stdout)), model, table.head(30))
    assert set(ended.stderr.split()) <= {"math"}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [alias.name for node in imports for alias in node.names] == ["math"]


def test_texts_of_a_file_spell_numbers_truth_and_gaps():
    model, table = table_model("number", dates=False)
    predict = module(model)["predict"]
    row = table.iloc[0].to_dict()

    for age, written in ((41.5, " 41.5 "), (np.nan, "n/a"), (None, "")):
        assert predict(row | {"age": written}) == predict(row | {"age": age})
    assert predict(row | {"member": "True"}) == predict(row | {"member": True})
    assert predict(row | {"code": 2.0}) == predict(row | {"code": "2"})


def test_every_kind_of_gap_and_number_is_taken():
    model, table = table_model("number")
    predict = module(model)["predict"]
    row = table.iloc[0].to_dict()

    for column in table:
        found = {
            predict(row | {column: gap})["prediction"]
            for gap in (None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT)
        }
        assert len(found) == 1
    for code in (np.int64(2), np.float64(2), np.float32(2), 2.0):
        assert predict(row | {"code": code}) == predict(row | {"code": 2})
    assert predict(row | {"member": np.True_}) == predict(row | {"member": 1})


def test_rows_that_cannot_be_predicted_are_errors_that_name_the_column():
    model, table = table_model("number")
    predict = module(model)["predict"]
    row = table.iloc[0].to_dict()

    for change, message in (
        ({"age": np.inf}, "'age': inf is not finite"),
        ({"age": "old"}, "'age': 'old' is not a number"),
        ({"age": [1]}, r"'age': \[1\] is not a number"),
        ({"when": "2024-01-01"}, "'when': '2024-01-01' is not a date"),
        ({"when": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)}, "'when'.*has a time zone"),
    ):
        with pytest.raises(ValueError, match=message):
            predict(row | change)
    with pytest.raises(ValueError, match="lacks the column 'age'; its columns are"):
        predict({key: value for key, value in row.items() if key != "age"})
    plain = module(LinearRegression().fit([[0.0], [1.0]], [1.0, 2.0]))["predict"]
    with pytest.raises(ValueError, match="'c1' holds no number, and the model knows of no gaps"):
        plain({"c1": None})


@given(moment=st.datetimes(min_value=dt.datetime(1, 1, 1), max_value=dt.datetime(9999, 12, 31)))  # noqa: DTZ001 - dates of tables have no zone
def test_dates_have_the_days_and_places_that_python_says(moment):
    since = moment - dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the same

    assert standalone.days(moment, "day") == since / dt.timedelta(microseconds=1) / 86_400_000_000
    assert standalone.days(moment.date(), "day") == since.days
    assert standalone.place(moment, "day", "weekday") == moment.weekday()
    assert standalone.place(moment, "day", "month") == moment.month - 1
    assert standalone.place(moment, "day", "hour") == moment.hour


@given(
    st.lists(
        st.text(st.sampled_from("abAB_ 1²٣é'-\n\u0301名"), max_size=12)
        | st.text(st.characters(exclude_categories=["Cs"])),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 3),
)
def test_words_are_weighed_as_scikit_learn_weighs_them(texts, n_grams):
    texts = ["so it begins", *texts]
    table = {"text": texts}
    encoder = TableEncoder(text=["text"], n_grams=n_grams, sparse=False).fit(table)
    (words,) = encoder.encoders_
    rarity = dict(zip(words.words, words.rarity.tolist(), strict=True))

    for text, row in zip(texts, encoder.transform(table), strict=True):
        shares = standalone.word_shares(text, n_grams, rarity)

        found = [shares.get(word, 0.0) for word in words.words]
        # Each share is a product, a root and a quotient of a few numbers.
        np.testing.assert_allclose(found, row, rtol=32 * np.finfo(float).eps)


def test_messages_are_told_from_spam_alike(real_data):
    table = read_table(real_data("sms_spam/SMSSpamCollection"), header=False)
    y = np.asarray(table.column("c1").to_pylist())
    model = TableModel(SoftmaxRegression(), TableEncoder(text=["c2"])).fit(table.only(["c2"]), y)
    rows = pd.DataFrame({"c2": [*table.column("c2").to_pylist()[:500], None]})

    np.testing.assert_allclose(
        predicted(model, rows), expected(model, rows), rtol=0, atol=1000 * np.finfo(float).eps
    )


def test_hashed_words_are_refused():
    table = {"text": ["a good day", "bad day", "good", "a bad one"]}
    encoder = TableEncoder(text=["text"], text_method="hashed", hash_size=16)
    model = TableModel(SoftmaxRegression(), encoder).fit(table, [1, 0, 1, 0])

    with pytest.raises(SettingError, match="words of a text in column 'text'"):
        to_python(model)
