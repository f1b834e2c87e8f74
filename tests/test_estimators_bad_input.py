"""Bad input is refused early, and the message names the place."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from linnet import LinearRegression, LinnetError, SoftmaxRegression
from linnet.errors import DataError, DataTypeError, SettingError

X = np.arange(12.0).reshape(6, 2)
LABELS = ["a", "b", "a", "b", "a", "b"]
NUMBERS = np.arange(6.0)
BOTH = [(SoftmaxRegression(), LABELS), (LinearRegression(), NUMBERS)]
both = pytest.mark.parametrize(("model", "y"), BOTH, ids=["softmax", "linear"])


def spoilt(value, row=3, column=1):
    bad = X.copy()
    bad[row, column] = value
    return bad


@both
@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")]
)
def test_nan_and_infinity_are_named_by_row_and_column(model, y, value, word):
    bad = spoilt(value)

    with pytest.raises(DataError, match=rf"{word} in row 3, column 1; 1 of its values"):
        model.fit(bad, y)
    with pytest.raises(DataError, match=rf"{word} in row 3, column 'width'"):
        model.fit(pd.DataFrame(bad, columns=["length", "width"]), y)
    with pytest.raises(DataError, match=rf"{word} in row 3, column 1"):
        model.fit(sp.csr_array(bad), y)
    with pytest.raises(DataError, match=rf"{word} in row 3, column 1"):
        model.fit(X, y).predict(bad)


@both
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 1, -2, 1, 1, 1], "negative in row 2"),
        (np.zeros(6), "zero in every row"),
        ([1, 1, np.nan, 1, 1, 1], "NaN in row 2"),
        (np.ones(5), "X has 6 rows but sample_weight has 5"),
        (np.ones((6, 1)), "1D array or scalar"),
        (["heavy"] * 6, "must be numbers"),
    ],
)
def test_weights_must_be_one_number_of_at_least_zero_a_row(model, y, weight, message):
    with pytest.raises(DataError, match=message):
        model.fit(X, y, sample_weight=weight)


@both
def test_shapes_that_disagree_are_told_with_both_numbers(model, y):
    with pytest.raises(DataError, match="X has 6 rows but y has 5"):
        model.fit(X, y[:5])
    with pytest.raises(DataError, match=r"3 features, but .* is expecting 2 features"):
        model.fit(X, y).predict(np.ones((1, 3)))
    with pytest.raises(DataError, match="1D array"):
        model.fit(X[:, 0], y)
    with pytest.raises(DataError, match=r"0 sample\(s\)"):
        model.fit(X[:0], y[:0])


@both
def test_text_among_the_features_is_refused(model, y):
    with pytest.raises(DataError, match="could not convert string to float"):
        model.fit(np.array([["x", "y"]] * 6), y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a"] * 6, "one class only, a, in 6 rows"),
        ([1, "b", 1, "b", 1, "b"], r"mixes types: row 0 is a number \(1\), row 1 is text \('b'\)"),
        ([True, "b"] * 3, "mixes types: row 0 is boolean"),
        (["a", None, "a", "b", "a", None], r"no label \(NaN or None\) in row 1, and in 2 rows"),
        (pd.Series(["a", pd.NA, "a", "b", "a", "b"]), "no label .* in row 1"),
        ([0.0, 1.0, np.nan, 1.0, 0.0, 1.0], r"no label \(NaN or None\) in row 2"),
        ([0.0, 1.0, 0.5, 1.0, 0.0, 1.0], "continuous, 0.5 in row 2"),
        ([["a"], ["b"]] * 3, None),
        ([(1,), {2}, 3, 4, 5, 6], "holds .*a tuple"),
        (np.array([1, 2, 1, 2, 1, 2], dtype="timedelta64[s]"), "Unknown label type"),
        (None, "the target y is None"),
        (np.full((6, 2), 0.6), r"y\[0\]|row 0"),
    ],
)
def test_labels_that_cannot_be_classes_are_refused_with_their_row(y, message):
    if message is None:
        with pytest.warns(UserWarning, match="column-vector"):
            SoftmaxRegression().fit(X, y)
        return
    with pytest.raises(DataError, match=message):
        SoftmaxRegression().fit(X, y if y is None or isinstance(y, pd.Series) else _array(y))


def _array(y):
    if isinstance(y, np.ndarray):
        return y
    array = np.empty(len(y), dtype=object)
    array[:] = y
    return array


def test_a_label_for_every_row_teaches_nothing():
    with pytest.raises(DataError, match="30 different labels in 30 rows"):
        SoftmaxRegression().fit(np.ones((30, 1)), np.arange(30))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["one"] * 6, "y must be numbers"),
        ([0, 1, np.inf, 1, 0, 1], "infinity in row 2"),
        (np.ones((6, 2, 2)), "shape"),
        (None, "the target y is None"),
    ],
)
def test_targets_that_are_no_numbers_are_refused(y, message):
    with pytest.raises(DataError, match=message):
        LinearRegression().fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"C": 0}, "C=0: it must be a number greater than 0"),
        ({"C": -1.0}, "greater than 0"),
        ({"C": "1"}, "greater than 0"),
        ({"C": np.nan}, "greater than 0"),
        ({"tol": 0.0}, "tol=0.0"),
        ({"tol": np.inf}, "greater than 0 and finite"),
        ({"max_iter": 0}, "whole number of at least 1"),
        ({"batch_size": 2.5}, "whole number of at least 1"),
        ({"solver": "best"}, "one of 'auto', 'newton-cg'"),
        ({"schedule": "random"}, "one of 'inverse-scaling'"),
        ({"learning_rate": -1}, "learning_rate=-1"),
        ({"class_weight": "even"}, "class_weight='even'"),
        ({"class_weight": {"a": -1.0, "b": 1.0}}, "none negative"),
    ],
)
def test_settings_out_of_range_are_refused_with_what_they_may_be(settings, message):
    with pytest.raises(SettingError, match=message):
        SoftmaxRegression(**settings).fit(X, LABELS)


def test_every_error_is_linnets_and_the_built_in_of_its_kind():
    with pytest.raises(LinnetError):
        SoftmaxRegression().fit(spoilt(np.nan), LABELS)
    assert issubclass(DataError, ValueError)
    assert issubclass(DataTypeError, TypeError)
    assert issubclass(SettingError, ValueError)


@both
def test_a_fit_that_fails_leaves_the_old_fit_in_place(model, y):
    model.fit(X, y)
    before = model.coef_.copy()

    with pytest.raises(DataError):
        model.fit(X, y, sample_weight=-np.ones(6))

    np.testing.assert_array_equal(model.coef_, before)
