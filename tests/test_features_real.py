import numpy as np
import pytest
from scipy.sparse import issparse

from linnet.data.reading import read_table
from linnet.data.tables import select_column
from linnet.features.columns import column_kinds, infer_task
from linnet.features.encoder import TableEncoder
from real_files import real


def split(name, target):
    table = read_table(real(name))
    target = select_column(table, target)
    return table.without(target), table.column(target)


@pytest.mark.parametrize(
    ("name", "target", "task"),
    [
        ("adult/adult-train.csv", -1, "classification"),
        ("diamonds/diamonds.csv", "price", "regression"),
        ("california_housing/housing.csv", "median_house_value", "regression"),
        ("penguins/penguins.csv", "species", "classification"),
        ("letter/letter-recognition.data", 1, "classification"),
        ("covtype_20k/covtype.20k.data", -1, "classification"),
        ("wine_quality/winequality-red.csv", "class", "classification"),
        ("anes96/anes96.csv", "PID", "classification"),
        ("hsbdemo/hsbdemo.csv", "prog", "classification"),
        ("beijing_air_quality/PRSA_Data_Dongsi_20130301-20170228.csv", "PM2.5", "regression"),
    ],
)
def test_real_tables_become_finite_matrices_of_sensible_scale(name, target, task):
    table, y = split(name, target)
    encoder = TableEncoder()
    X = encoder.fit_transform(table)
    assert X.shape == (table.n_rows, len(encoder.get_feature_names_out()))
    assert np.isfinite(X).all()
    assert infer_task(y).task == task
    scaled = encoder.scale_ != 1
    # The mean of n numbers of size 1 is off by at most n roundings.
    bound = table.n_rows * np.finfo(float).eps
    np.testing.assert_allclose(X[:, scaled].mean(axis=0), 0, atol=bound)


def test_adult_has_108_columns():
    """6 numbers, and 8 categories of 99 levels as adult.names lists them, 3 with missing values."""
    table, _ = split("adult/adult-train.csv", -1)
    encoder = TableEncoder().fit(table)
    assert len(encoder.get_feature_names_out()) == 6 + 99 + 3
    test, _ = split("adult/adult-test.csv", -1)
    assert encoder.transform(test).shape == (16_281, 108)


def test_flights_are_sparse():
    table, _ = split("hflights/hflights.csv.gz", "ArrDelay")
    X = TableEncoder().fit_transform(table)
    assert issparse(X)
    assert X.shape[0] == 227_496
    assert X.nnz <= 227_496 * (2 * 20)


def test_a_column_that_never_varies_is_left_out():
    """The mushrooms' veil-type is partial in every row."""
    table, _ = split("uci_mushroom/agaricus-lepiota.data", 1)
    assert column_kinds(table)["c17"] == "constant"
    names = TableEncoder().fit(table).get_feature_names_out()
    assert not any(name.startswith("c17") for name in names)


def test_messages_are_text_left_out_unless_asked_for():
    table, _ = split("sms_spam/SMSSpamCollection", 1)
    assert column_kinds(table) == {"c2": "text"}
    X = TableEncoder(text=["c2"]).fit_transform(table)
    assert issparse(X)
    # scikit-learn's TfidfVectorizer finds as many words.
    assert X.shape == (5574, 8713)
