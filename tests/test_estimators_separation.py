"""Without a penalty, a fit without a minimum says which classes are told apart, and how."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from linnet import ConvergenceWarning, SoftmaxRegression


def fitted(X, y, weight=None, **settings):
    with pytest.warns(ConvergenceWarning, match="separable") as warned:
        model = SoftmaxRegression(C=np.inf, **settings).fit(X, y, weight)
    return model, str(warned[0].message)


def runs_ahead(model, X, y):
    """By how much each row's own class runs ahead of every other along the direction."""
    U = np.asarray(X) @ model.separation_.coef.T + model.separation_.intercept
    if U.shape[1] == 1:
        U = np.column_stack([np.zeros(len(U)), U])
    own = U[np.arange(len(U)), np.searchsorted(model.classes_, y)]
    return own[:, None] - U


def test_setosa_is_told_from_the_others_and_they_are_not_from_each_other():
    X, y = load_iris(return_X_y=True)
    y = np.array(["setosa", "versicolor", "virginica"])[y]

    model, message = fitted(X, y)

    pairs = {(pair.first, pair.second): pair for pair in model.separation_.pairs}
    assert {("setosa", "versicolor"), ("setosa", "virginica")} <= set(pairs)
    assert pairs["setosa", "versicolor"].total == 100
    assert "setosa from versicolor" in message
    # Along the direction no row falls behind, up to how nearly the fit has converged.
    ahead = runs_ahead(model, X, y)
    assert ahead.min() >= -1e-3 * np.abs(ahead).max()
    assert np.isfinite(model.coef_).all()
    assert model.score(X, y) > 0.97


@pytest.mark.parametrize("seed", range(5))
def test_two_clouds_apart_are_told_apart_in_every_row(seed):
    rng = np.random.default_rng(seed)
    X = np.concatenate([rng.normal(size=(30, 3)) - 8, rng.normal(size=(40, 3)) + 8])
    y = np.repeat([False, True], [30, 40])

    model, message = fitted(X, y)

    (pair,) = model.separation_.pairs
    assert (pair.first, pair.second, pair.rows, pair.total) == (False, True, 70, 70)
    assert "False from True (all 70 rows)" in message
    assert np.linalg.norm([*model.separation_.coef.ravel(), *model.separation_.intercept]) == (
        pytest.approx(1)
    )


def test_a_level_that_one_class_alone_has_is_found_and_its_rows_counted():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=300), rng.integers(2, size=300)
    rare = np.where(y == 1, rng.random(300) < 0.1, False)

    model, _ = fitted(np.column_stack([x, rare]), y)

    (pair,) = model.separation_.pairs
    assert pair.rows == rare.sum()
    assert pair.total == 300
    direction = np.append(model.separation_.coef, model.separation_.intercept)
    assert abs(direction[1]) > 0.99


def test_rows_without_weight_do_not_count():
    X = np.array([[-2.0], [-1.0], [1.0], [2.0], [-3.0]])
    y = np.array([0, 0, 1, 1, 1])

    model, _ = fitted(X, y, np.array([1.0, 1, 1, 1, 0]))

    (pair,) = model.separation_.pairs
    assert (pair.rows, pair.total) == (4, 4)


def test_with_a_minimum_there_is_no_separation():
    X, y = load_iris(return_X_y=True)

    assert SoftmaxRegression().fit(X, y).separation_ is None
    assert SoftmaxRegression(C=np.inf).fit(X[50:, :2], y[50:]).separation_ is None
