"""A path of softmax regressions: each is the fit that its C alone would give, and proven."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris, load_wine

from linnet import ConvergenceWarning, SoftmaxRegression, softmax_path
from linnet.errors import DataError, SettingError
from linnet.solvers import listening

CS = np.logspace(-6, 6, 13)


def far_between(a, b, X):
    """Largest difference of a probability."""
    return np.abs(a.predict_proba(X) - b.predict_proba(X)).max()


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("intercept", [True, False])
def test_each_model_is_the_fit_of_its_own_C(load, intercept):
    X, y = load(return_X_y=True)
    path = softmax_path(X, y, CS, fit_intercept=intercept)

    assert len(path) == len(CS)
    assert path.gap.max() <= 1e-6
    for C, model, value in zip(CS, path, path.objective, strict=True):
        alone = SoftmaxRegression(C, fit_intercept=intercept).fit(X, y)
        assert model.C == C
        assert model.certificate_.kind == "proven"
        # Each lies within its gap of the same minimum.
        assert abs(value - alone.loss_) <= 1e-6


def test_two_classes_weights_and_sparse_rows_are_fitted_alike():
    X, y = load_iris(return_X_y=True)
    y, weight = np.array(["a", "b"])[(y > 0).astype(int)], 1.0 + np.arange(len(y)) % 3

    dense, sparse = (
        softmax_path(rows, y, [0.1, 10], tol=1e-10, sample_weight=weight)
        for rows in (X, sp.csr_array(X))
    )

    assert dense.coef.shape == (2, 1, 4)
    assert dense.intercept.shape == (2, 1)
    assert list(dense.classes) == ["a", "b"]
    for one, other in zip(dense, sparse, strict=True):
        assert far_between(one, other, X) < 1e-4
    alone = SoftmaxRegression(10, tol=1e-10).fit(X, y, weight)
    assert far_between(dense[1], alone, X) < 1e-4


def test_results_stand_in_the_order_given_and_duplicates_are_allowed():
    X, y = load_iris(return_X_y=True)

    path = softmax_path(X, y, [10, 0.1, 10])

    np.testing.assert_array_equal(path.Cs, [10, 0.1, 10])
    sizes = np.linalg.norm(path.coef, axis=(1, 2))
    assert sizes[1] < sizes[0]
    assert sizes[0] == pytest.approx(sizes[2], rel=1e-3)


def test_a_path_takes_fewer_passes_than_its_fits_one_by_one():
    X, y = load_wine(return_X_y=True)
    together, apart = [], []

    with listening(together.append):
        softmax_path(X, y, np.logspace(-3, 3, 25))
    for C in np.logspace(-3, 3, 25):
        with listening(apart.append):
            SoftmaxRegression(C).fit(X, y)

    def passes(steps):
        ends = [a for a, b in zip(steps, [*steps[1:], None], strict=True) if not b or not b.number]
        return sum(step.passes for step in ends)

    assert passes(together) < 0.75 * passes(apart)


def test_the_best_model_codes_rows_held_out_in_fewest_bits():
    X, y = load_wine(return_X_y=True)
    path = softmax_path(X[::2], y[::2], np.logspace(-4, 4, 9))

    lengths = path.cross_entropy(X[1::2], y[1::2], unit="nats")

    best = path.best(X[1::2], y[1::2])
    assert best is path[int(np.argmin(np.asarray(lengths)))]
    expected = [np.mean(m.code_lengths(X[1::2], y[1::2], unit="nats")) for m in path]
    np.testing.assert_allclose(lengths, expected)


def test_the_models_predict_save_and_know_their_columns(tmp_path):
    X, y = load_iris(return_X_y=True, as_frame=True)
    path = softmax_path(X, y, [1.0])

    path[0].save(tmp_path / "model.linnet")

    assert list(path[0].feature_names_in_) == list(X.columns)
    assert path[0].score(X, y) > 0.9
    assert isinstance(X, pd.DataFrame)
    assert str(path).splitlines()[0].split() == [
        "C",
        "objective",
        "gap",
        "passes",
        "size",
        "of",
        "W",
    ]
    assert len(str(path).splitlines()) == 2


@pytest.mark.parametrize(
    ("Cs", "message"),
    [
        ([], r"shape \(0,\)"),
        (1.0, r"shape \(\)"),
        ([[1.0]], r"shape \(1, 1\)"),
        ([1, 0], r"Cs\[1\]"),
        ([1, -2], r"Cs\[1\]"),
        ([np.inf], r"Cs\[0\]"),
        ([np.nan], r"Cs\[0\]"),
        (["many"], r"Cs\[0\]"),
        ([[1], [1, 2]], "list of numbers"),
    ],
)
def test_strengths_that_make_no_sense_are_named(Cs, message):
    with pytest.raises(SettingError, match=message):
        softmax_path([[0.0], [1.0]], [0, 1], Cs)


def test_bad_rows_are_named_as_in_a_single_fit():
    with pytest.raises(DataError, match="row 1"):
        softmax_path([[0.0], [np.nan]], [0, 1], [1.0])


def test_a_fit_that_falls_short_says_at_which_C():
    X, y = load_iris(return_X_y=True)

    with pytest.warns(ConvergenceWarning, match="softmax_path at C=0.5"):
        softmax_path(X * 1e150, y, [0.5], tol=1e-300)
