"""The prequential code against closed forms, and against fits made one by one."""

from itertools import pairwise
from math import lgamma, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from linnet import SoftmaxRegression, TableModel, prequential_code_length
from linnet.errors import DataError, DataTypeError, DataWarning, SettingError

EPS = np.finfo(float).eps


class CountsOnly(ClassifierMixin, BaseEstimator):
    """The estimator of Krichevsky and Trofimov over the classes that it was fitted to."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        self.classes_, self.counts_ = np.unique(y, return_counts=True)
        return self

    def predict_proba(self, X):
        shares = (self.counts_ + 0.5) / (self.counts_ + 0.5).sum()
        return np.tile(shares, (len(X), 1))


def krichevsky_trofimov(y, q):
    """−log ∫ Π θ^n dDirichlet(½, …, ½), in nats."""
    counts = np.bincount(y, minlength=q)
    total = lgamma(len(y) + q / 2) - lgamma(q / 2)
    return total - sum(lgamma(count + 0.5) - lgamma(0.5) for count in counts)


label_lists = st.lists(st.integers(0, 4), min_size=1, max_size=40)


@given(labels=label_lists)
def test_counts_with_the_escape_give_the_closed_form_of_a_dirichlet_mixture(labels):
    """Row by row, whichever classes are known at a time, and in whatever order they come."""
    y = np.array(labels)

    code = prequential_code_length(
        CountsOnly(),
        np.zeros((len(y), 1)),
        y,
        blocks=range(1, len(y) + 1),
        classes=range(5),
        shuffle=False,
        unit="nats",
    )

    # n sums of logarithms err by a few units in the last place each.
    exact = pytest.approx(krichevsky_trofimov(y, 5), rel=100 * len(y) * EPS)
    assert float(code.total) == exact
    assert float(code.marginal) == exact


def test_each_block_is_coded_by_a_model_of_the_rows_before():
    X, y = load_iris(return_X_y=True)
    order = np.random.RandomState(3).permutation(len(y))
    ends = [30, 75, 150]

    code = prequential_code_length(
        LogisticRegression(max_iter=1000), X, y, blocks=(0.2, 0.5, 1.0), random_state=3
    )

    expected = [30 * np.log2(3)]
    for start, end in pairwise(ends):
        model = LogisticRegression(max_iter=1000).fit(X[order[:start]], y[order[:start]])
        P = model.predict_proba(X[order[start:end]])
        expected.append(-np.log2(P[np.arange(end - start), y[order[start:end]]]).sum())
    assert [float(block.total) for block in code.blocks] == pytest.approx(expected, rel=1e-12)
    assert [(block.known, block.rows) for block in code.blocks] == [(0, 30), (30, 45), (75, 75)]
    assert float(code.total) == pytest.approx(sum(expected), rel=1e-12)
    assert float(code.uniform) == pytest.approx(150 * np.log2(3))
    assert code.compression == pytest.approx(150 * np.log2(3) / sum(expected))
    np.testing.assert_array_equal(code.order, order)


def test_the_lengths_of_rows_stand_in_the_order_of_the_rows_given():
    X, y = load_iris(return_X_y=True)

    code = prequential_code_length(GaussianNB(), X, y, blocks=(0.5, 1.0), smoothing=1e-6)

    assert float(code.code_lengths.sum()) == pytest.approx(float(code.total), rel=1e-12)
    first = code.order[:75]
    np.testing.assert_allclose(np.asarray(code.code_lengths)[first], np.log2(3))


def test_dense_sparse_and_tables_of_the_same_numbers_have_one_code():
    X, y = load_iris(return_X_y=True)
    names = ["a", "b", "c", "d"]
    fits = {"blocks": (0.3, 1.0), "unit": "nats"}

    dense = prequential_code_length(SoftmaxRegression(tol=1e-12), X, y, **fits)
    sparse = prequential_code_length(SoftmaxRegression(tol=1e-12), csr_matrix(X), y, **fits)
    table = dict(zip(names, X.T, strict=True))
    scaled = prequential_code_length(TableModel(SoftmaxRegression()), table, y, **fits)

    # Within 1e-12 of an optimum with λ = 1/45, W lies within √(2e-12/λ) ≈ 1e-5 of where it is best:
    # 105 labels of rows of length up to 11 differ by at most 2·√2·11 times that each.
    assert float(sparse.total) == pytest.approx(float(dense.total), abs=105 * 31.2e-5)
    assert scaled.total < scaled.uniform


def test_a_class_that_comes_late_costs_what_was_said_and_is_counted():
    X = np.array([[0.0], [1.0], [0.0], [1.0], [2.0]])
    y = np.array(["a", "b", "a", "b", "c"])

    code = prequential_code_length(CountsOnly(), X, y, blocks=[4, 5], shuffle=False, unit="nats")

    assert code.unseen == code.blocks[1].unseen == 1
    # ½/(N + q/2) with N = 4 and q = 3.
    assert float(code.code_lengths[4]) == pytest.approx(log(5.5 / 0.5))


def test_while_one_class_alone_is_known_nothing_is_fitted():
    X = np.arange(6.0)[:, None]
    y = np.array([0, 0, 0, 0, 0, 1])

    code = prequential_code_length(
        LogisticRegression(), X, y, blocks=[3, 6], shuffle=False, unit="nats"
    )

    lengths = [-log(3.5 / 4), -log(3.5 / 4), -log(0.5 / 4)]
    assert np.asarray(code.code_lengths)[3:] == pytest.approx(lengths)


def test_a_label_of_probability_zero_is_infinite_and_told_and_smoothing_bounds_it():
    X, y = load_iris(return_X_y=True)
    y = y.copy()
    y[::10] = (y[::10] + 1) % 3
    tree = DecisionTreeClassifier(random_state=0)

    with pytest.warns(DataWarning, match="infinite code"):
        code = prequential_code_length(tree, X, y, blocks=(0.5, 1.0))
    smoothed = prequential_code_length(tree, X, y, blocks=(0.5, 1.0), smoothing=0.03)

    assert code.total == np.inf
    assert code.compression == 0
    # A leaf says 0 or 1 here, of which smoothing makes 0.01 or 0.98.
    lengths = np.unique(np.round(np.asarray(smoothed.code_lengths)[smoothed.order[75:]], 9))
    # Rounded to 9 places, so that equal ones are one.
    np.testing.assert_allclose(lengths, [-np.log2(0.98), -np.log2(0.01)], rtol=0, atol=1e-9)


def test_smoothing_in_full_is_the_uniform_code():
    X, y = load_iris(return_X_y=True)

    code = prequential_code_length(GaussianNB(), X, y, smoothing=1)

    assert float(code.total) == pytest.approx(float(code.uniform), rel=1e-12)


def test_blocks_that_end_on_one_row_count_once_and_the_default_doubles():
    X, y = load_iris(return_X_y=True)

    code = prequential_code_length(SoftmaxRegression(), X, y)

    # 0.1 % to 0.8 % of 150 rows round to 1 row at most, the next to 2, 5, 9, 19, 38, 75.
    assert [block.known for block in code.blocks] == [0, 1, 2, 5, 9, 19, 38, 75]
    assert sum(block.rows for block in code.blocks) == 150
    assert code.to_dict()["rows"] == 150
    assert "times shorter" in repr(code)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"blocks": (0.5, 0.2, 1.0)}, "ascend"),
        ({"blocks": (0.5,)}, r"ascend from above 0 to 1.0"),
        ({"blocks": (0, 150)}, "ascend"),
        ({"blocks": [10, 100]}, "to 150"),
        ({"blocks": "all"}, "where blocks end"),
        ({"blocks": ()}, "where blocks end"),
        ({"smoothing": 2}, "from 0 to 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    X, y = load_iris(return_X_y=True)

    with pytest.raises(SettingError, match=message):
        prequential_code_length(SoftmaxRegression(), X, y, **settings)


def test_classifiers_without_probabilities_are_refused():
    X, y = load_iris(return_X_y=True)

    with pytest.raises(DataTypeError, match="CalibratedClassifierCV"):
        prequential_code_length(LinearSVC(), X, y)
    with pytest.raises(DataTypeError, match="no estimator"):
        prequential_code_length(SoftmaxRegression, X, y)


def test_labels_must_fit_the_rows_and_the_alphabet():
    X, y = load_iris(return_X_y=True)

    with pytest.raises(DataError, match="one label for each row"):
        prequential_code_length(SoftmaxRegression(), X, y[:-1])
    with pytest.raises(DataError, match="label 2 in row 100"):
        prequential_code_length(SoftmaxRegression(), X, y, classes=[0, 1])


def test_a_fit_that_fails_says_on_which_rows():
    X, y = load_iris(return_X_y=True)
    X = X.copy()
    X[0, 0] = np.nan

    with pytest.raises(DataError, match=r"LogisticRegression .* first 75 rows sent \(75 rows, "):
        prequential_code_length(LogisticRegression(), X, y, blocks=(0.5, 1.0), shuffle=False)


def test_probabilities_that_do_not_sum_to_one_are_refused():
    class Wrong(CountsOnly):
        def predict_proba(self, X):
            return 0.9 * super().predict_proba(X)

    X, y = load_iris(return_X_y=True)

    with pytest.raises(DataError, match=r"sum to 0\.9\."):
        prequential_code_length(Wrong(), X, y)
