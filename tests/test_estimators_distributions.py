"""Targets as distributions and as counts: each fits as the rows that it stands for."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from linnet import SoftmaxRegression, load, softmax_path
from linnet.errors import DataError, SettingError

X = load_iris(return_X_y=True)[0][::10]
N = len(X)
Y = np.random.default_rng(0).dirichlet(np.ones(3), N)
COUNTS = np.arange(3 * N).reshape(N, 3) % 5
TOL = 1e-12


def expanded(X, counts):
    """One row with one label for each count."""
    n, q = counts.shape
    rows = np.repeat(np.arange(n), counts.sum(axis=1))
    labels = np.concatenate([np.repeat(np.arange(q), row) for row in counts])
    return X[rows], labels


def agree(a, b, *, total):
    """Assert that two fits reached the one minimum, to what their certificates allow.

    Each W is within √(2 gap C S) of the best.
    """
    assert a.loss_ == pytest.approx(b.loss_, abs=2 * TOL, rel=1e-12)
    far = 2 * np.sqrt(2 * TOL * a.C * total) + 1e-12
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=0, atol=far)


@settings(max_examples=40)
@given(
    st.integers(2, 4).flatmap(
        lambda q: st.lists(
            st.lists(st.integers(0, 4), min_size=q, max_size=q), min_size=N, max_size=N
        )
    ),
    st.sampled_from([0.1, 1.0, 10.0]),
    st.sampled_from([None, "balanced", {0: 2.0, 1: 0.5}]),
)
def test_counts_fit_as_the_rows_expanded(table, C, class_weight):
    counts = np.array(table)
    counts[: counts.shape[1]] += np.eye(counts.shape[1], dtype=int)
    if isinstance(class_weight, dict):
        class_weight = class_weight | dict.fromkeys(range(2, counts.shape[1]), 1.0)
    settings = {"C": C, "tol": TOL, "class_weight": class_weight}

    grouped = SoftmaxRegression(**settings).fit_counts(X, counts)
    rows, labels = expanded(X, counts)
    apart = SoftmaxRegression(**settings).fit(rows, labels)

    factor = 1.0 if class_weight is None else 2.0
    agree(grouped, apart, total=factor * counts.sum())
    np.testing.assert_array_equal(grouped.classes_, apart.classes_)


def test_counts_of_any_make_are_read():
    dense = SoftmaxRegression().fit_counts(X, COUNTS)

    for counts in (sp.csr_array(COUNTS), pd.DataFrame(COUNTS), COUNTS.tolist(), COUNTS / 1.0):
        other = SoftmaxRegression().fit_counts(X, counts)
        np.testing.assert_array_equal(other.coef_, dense.coef_)


def test_weights_multiply_counts():
    weight = 1 + np.arange(N) % 3

    weighed = SoftmaxRegression(tol=TOL).fit_counts(X, COUNTS, sample_weight=weight)
    repeated = SoftmaxRegression(tol=TOL).fit_counts(X, COUNTS * weight[:, None])

    agree(weighed, repeated, total=(COUNTS * weight[:, None]).sum())


def test_a_row_of_zero_counts_changes_nothing():
    counts = COUNTS.copy()
    counts[3] = 0
    others = np.arange(N) != 3

    kept = SoftmaxRegression(tol=TOL).fit_counts(X, counts)
    left_out = SoftmaxRegression(tol=TOL).fit_counts(X[others], counts[others])

    agree(kept, left_out, total=counts.sum())


def test_distributions_with_weights_and_class_weights_are_weighed_rows_of_labels():
    weight = 1.0 + np.arange(N) % 3
    every = np.repeat(np.arange(N), 3)
    settings = {"tol": TOL, "class_weight": "balanced"}

    soft = SoftmaxRegression(**settings).fit(X, Y, sample_weight=weight)
    hard = SoftmaxRegression(**settings).fit(
        X[every], np.tile(np.arange(3), N), sample_weight=(weight[:, None] * Y).ravel()
    )

    agree(soft, hard, total=weight.sum())


def test_two_columns_are_two_classes_with_one_score():
    Y2 = np.stack([Y[:, 0], 1 - Y[:, 0]], axis=1)

    model = SoftmaxRegression(tol=TOL).fit(X, Y2)

    assert model.coef_.shape == (1, 4)
    # The minimum over intercepts makes the mean probability that of the targets.
    np.testing.assert_allclose(model.predict_proba(X).mean(axis=0), Y2.mean(axis=0), atol=1e-5)


def test_named_classes_are_sorted_and_take_their_columns_along():
    named = SoftmaxRegression(tol=TOL).fit(X, Y, classes=["setosa", "ash", "oak"])
    plain = SoftmaxRegression(tol=TOL).fit(X, Y)

    assert list(named.classes_) == ["ash", "oak", "setosa"]
    agree(named, SoftmaxRegression(tol=TOL).fit(X, Y[:, [1, 2, 0]]), total=N)
    np.testing.assert_array_equal(
        named.predict(X), np.array(["setosa", "ash", "oak"])[plain.predict(X)]
    )


def test_a_model_of_named_classes_is_saved_with_their_names(tmp_path):
    model = SoftmaxRegression().fit_counts(X, COUNTS, classes=["c", "a", "b"])

    model.save(tmp_path / "model")

    assert list(load(tmp_path / "model").classes_) == ["a", "b", "c"]


def test_code_lengths_of_distributions_are_means_over_their_classes():
    model = SoftmaxRegression().fit(X, Y)

    lengths = model.code_lengths(X, Y, unit="nats")

    log_q = model.predict_log_proba(X)
    np.testing.assert_allclose(lengths, -(Y * log_q).sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(
        model.code_lengths(X, np.eye(3)[[0] * N]), model.code_lengths(X, [0] * N), rtol=1e-14
    )
    path = softmax_path(X, Y, [0.1, 1.0])
    assert path.cross_entropy(X, Y, unit="nats")[1] == pytest.approx(lengths.mean(), abs=1e-3)


def test_label_smoothing_keeps_separable_rows_finite_without_a_penalty():
    """The least cross entropy of smoothed labels is their own entropy, reached when they fit."""
    rows, labels = np.array([[0.0], [1.0]]), np.eye(2)
    smooth = 0.9 * labels + 0.05

    model = SoftmaxRegression(penalty=None, tol=1e-12).fit(rows, smooth)

    # F is quadratic near its minimum: a gap of 1e-12 moves a probability by some 1e-6.
    np.testing.assert_allclose(model.predict_proba(rows), smooth, atol=1e-5)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (COUNTS[1:], f"X has {N} rows but counts has {N - 1}"),
        (COUNTS[:, 0], "needs shape"),
        (COUNTS[:, :1], "2 or more classes"),
        (np.where(np.arange(3 * N).reshape(N, 3) == 7, -1, COUNTS), "-1.0 in row 2, column 1"),
        (np.where(np.arange(3 * N).reshape(N, 3) == 7, np.nan, COUNTS), "nan in row 2, column 1"),
        (0 * COUNTS, "zero everywhere"),
        (np.full((N, 3), "many"), "must be a table of numbers"),
    ],
)
def test_counts_that_cannot_be_are_named_by_row_and_column(counts, message):
    with pytest.raises(DataError, match=message):
        SoftmaxRegression().fit_counts(X, counts)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["a", "b"], r"shape \(2,\) and y has 3 columns"),
        (["a", "b", "a"], "names 2 columns a"),
        (["a", None, "b"], "classes cannot name the columns of y"),
    ],
)
def test_names_must_name_each_column_once(classes, message):
    with pytest.raises(DataError, match=message):
        SoftmaxRegression().fit(X, Y, classes=classes)


def test_names_are_refused_beside_labels():
    with pytest.raises(SettingError, match="y has one label a row"):
        SoftmaxRegression().fit(X, [0, 1, 2] * 5, classes=["a", "b", "c"])


def test_code_lengths_need_a_column_for_each_class():
    model = SoftmaxRegression().fit(X, Y)

    with pytest.raises(DataError, match="y has 2 columns and the model 3 classes"):
        model.code_lengths(X, np.full((N, 2), 0.5))
    with pytest.raises(DataError, match=f"X has {N} rows but y has 2"):
        model.code_lengths(X, Y[:2])
