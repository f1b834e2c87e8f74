"""The ridge path: against one fit for each penalty, scikit-learn, and leaving rows out."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from linnet import ConvergenceWarning, LinearRegression, RidgePath, load, ridge_path
from linnet.errors import DataError, SettingError
from linnet.numeric import EPSILON
from linnet.solvers import iterative
from linnet.solvers import least_squares as methods

X, Y = load_diabetes(return_X_y=True)
TWO = np.stack([Y, Y**2 / 100], axis=1)
WEIGHT = np.random.default_rng(0).integers(0, 4, len(Y)).astype(float)
ALPHAS = [1.0, 0.0, 1e-3, 100.0, 1e6]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("targets", [Y, TWO], ids=["1", "2"])
@pytest.mark.parametrize("store", [np.asarray, np.asfortranarray, sp.csr_array])
def test_each_model_is_the_regression_with_its_penalty(fit_intercept, weight, targets, store):
    path = ridge_path(store(X), targets, ALPHAS, fit_intercept=fit_intercept, sample_weight=weight)

    assert [model.alpha for model in path] == ALPHAS == path.alphas.tolist()
    for place, alpha in enumerate(ALPHAS):
        one = LinearRegression(alpha, fit_intercept=fit_intercept).fit(X, targets, weight)
        # Conditions here are some 1e2, squared where the residual matters; 442 rows.
        close = {"rtol": 0, "atol": 1e4 * 442 * EPSILON * np.abs(one.coef_).max()}
        np.testing.assert_allclose(path.coef[place], one.coef_, **close)
        np.testing.assert_allclose(path.intercept[place], one.intercept_, rtol=1e-11)
        np.testing.assert_allclose(path.mean_squares[place], one.residual_variance_, rtol=1e-11)
        assert path[place].rank_ == one.rank_
        # The 1-norm of a triangle depends on the order of its columns: by a factor of √10 each.
        ratio = path[place].condition_number_ / one.condition_number_
        assert 0.1 <= ratio <= 10
        assert path[place].certificate_.kind == "proven"
        # Rounding of a gradient of 442 terms, squared, on the scale of the loss.
        assert path.gap[place] <= (1e4 * 442 * EPSILON) ** 2 * np.sum(targets**2)


def test_the_path_is_scikit_learns_ridge():
    path = ridge_path(X, Y, ALPHAS)

    for model in path:
        peer = Ridge(model.alpha).fit(X, Y)
        np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-8)
        assert model.intercept_ == pytest.approx(peer.intercept_, rel=1e-12)
    np.testing.assert_array_equal(path.predict(X), [model.predict(X) for model in path])


def test_shapes_have_the_penalties_first():
    one, two = ridge_path(X, Y, ALPHAS), ridge_path(X, TWO, ALPHAS)

    assert len(one) == len(two) == 5
    assert one.coef.shape == (5, 10)
    assert two.coef.shape == (5, 2, 10)
    assert one.intercept.shape == one.mean_squares.shape == (5,)
    assert two.intercept.shape == two.generalised_cross_validation.shape == (5, 2)
    assert one.objective.shape == two.objective.shape == one.gap.shape == (5,)
    assert two.predict(X).shape == (5, len(Y), 2)


@pytest.mark.parametrize("targets", [Y, TWO], ids=["1", "2"])
def test_the_objective_is_that_of_the_conventions(targets):
    path = ridge_path(X, targets, ALPHAS, sample_weight=WEIGHT)

    for model, objective in zip(path, path.objective, strict=True):
        losses = (targets - model.predict(X)) ** 2 / 2
        S = WEIGHT.sum()
        loss = WEIGHT @ losses.reshape(len(Y), -1).sum(axis=1) / S
        penalty = model.alpha / S * np.sum(model.coef_**2) / 2
        assert objective == pytest.approx(loss + penalty, rel=1e-12)


def test_degrees_of_freedom_are_the_trace_of_the_hat_matrix():
    path = ridge_path(X, Y, ALPHAS)

    A = X - X.mean(axis=0)
    squares = np.linalg.svd(A, compute_uv=False) ** 2
    for alpha, freedom in zip(ALPHAS, path.degrees_of_freedom, strict=True):
        assert freedom == pytest.approx((squares / (squares + alpha)).sum(), rel=1e-9)


def test_generalised_cross_validation_is_leaving_one_out_where_leverages_are_equal():
    """An orthogonal design of ±1 gives every row the same leverage."""
    places = np.arange(32)
    design = np.stack([places // 2 % 2, places // 8 % 2], axis=1) * 2.0 - 1
    y = np.random.default_rng(1).normal(size=32)

    path = ridge_path(design, y, [0.0, 3.0], fit_intercept=False)

    for alpha, expected in zip(path.alphas, path.generalised_cross_validation, strict=True):
        errors = []
        for out in range(32):
            rest = np.delete(np.arange(32), out)
            model = LinearRegression(alpha, fit_intercept=False).fit(design[rest], y[rest])
            errors.append((y[out] - model.predict(design[[out]])[0]) ** 2)
        assert expected == pytest.approx(np.mean(errors), rel=1e-10)


def test_the_best_model_has_the_least_error_to_expect():
    path = ridge_path(X, TWO, np.logspace(-4, 2, 13))

    errors = path.generalised_cross_validation.sum(axis=1)
    assert path.best() is path[int(np.argmin(errors))]
    assert 0 < int(np.argmin(errors)) < 12


def test_without_rows_to_spare_there_is_no_best():
    with pytest.raises(DataError, match="cannot tell the penalties apart"):
        ridge_path(np.eye(5), np.arange(5.0), [0.0]).best()


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), fit_intercept=st.booleans(), weighted=st.booleans())
def test_more_columns_than_rows_are_solved_in_the_span_of_the_rows(seed, fit_intercept, weighted):
    rng = np.random.default_rng(seed)
    wide, y = rng.normal(size=(12, 40)) + 1, rng.normal(size=(12, 2))
    weight = rng.random(12) + 0.1 if weighted else None

    path = ridge_path(wide, y, [0.0, 0.1, 10.0], fit_intercept=fit_intercept, sample_weight=weight)

    for model in list(path)[1:]:
        peer = Ridge(model.alpha, fit_intercept=fit_intercept).fit(wide, y, weight)
        np.testing.assert_allclose(model.coef_, peer.coef_, rtol=0, atol=1e-10)
        np.testing.assert_allclose(model.intercept_, peer.intercept_, rtol=0, atol=1e-10)
        assert model.certificate_.kind == "proven"
        assert model.certificate_.gap < 1e-20
    np.testing.assert_allclose(path[0].predict(wide), y, atol=1e-10)


def test_nearly_dependent_columns_are_left_to_the_orthogonal_factor(monkeypatch):
    """At α = 0 the normal equations would lose every digit; with a penalty they do not."""
    t = np.linspace(0, 1, 300)[:, None]
    powers = t ** np.arange(1, 10)
    y = powers @ np.arange(9)
    exact = ridge_path(powers, y, [0.0, 1e-1])
    monkeypatch.setattr(methods, "LARGEST_REFINED", 0)
    by_blocks = ridge_path(powers, y, [0.0, 1e-1])

    assert exact[0].condition_number_ > 1e6
    assert exact[1].condition_number_ < 1e3
    np.testing.assert_allclose(exact.coef[0], np.arange(9), atol=1e-8)
    kappa = exact[0].condition_number_
    np.testing.assert_allclose(by_blocks.coef[0], np.arange(9), atol=100 * kappa * EPSILON)
    np.testing.assert_allclose(by_blocks.coef[1], exact.coef[1], atol=1e-9)


def test_a_model_of_the_path_is_saved_and_loaded_as_any(tmp_path):
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(10)])
    model = ridge_path(frame, Y, [0.1, 1.0])[1]
    model.save(tmp_path / "model.linnet")

    again = load(tmp_path / "model.linnet")

    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    assert list(again.feature_names_in_) == list(frame.columns)
    assert again.alpha == 1.0


def test_the_table_has_a_line_for_each_penalty():
    path = ridge_path(X, Y, ALPHAS)
    lines = repr(path).splitlines()

    assert isinstance(path, RidgePath)
    assert lines[0].split()[:4] == ["alpha", "freedom", "objective", "gap"]
    assert [float(line.split()[0]) for line in lines[1:]] == ALPHAS
    assert len({len(line) for line in lines}) == 1


def test_very_wide_sparse_data_have_no_count_of_freedom(monkeypatch):
    monkeypatch.setattr(methods, "LARGEST_GRAM", 5)
    path = ridge_path(sp.csr_array(X), Y, [0.1, 1.0])

    np.testing.assert_allclose(path.coef, ridge_path(X, Y, [0.1, 1.0]).coef, rtol=1e-7)
    assert np.isnan(path.degrees_of_freedom).all()
    with pytest.raises(DataError, match="not known"):
        path.best()


def test_a_penalty_short_of_its_optimum_is_named(monkeypatch):
    monkeypatch.setattr(methods, "LARGEST_GRAM", 5)
    monkeypatch.setattr(iterative, "MAXIMUM_ITERATIONS", 1)

    with pytest.warns(
        ConvergenceWarning, match=r"ridge_path at alpha=0.1: the iteration .* increase alpha"
    ):
        ridge_path(sp.csr_array(X), Y, [0.1])


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ([], "one or more penalties"),
        (1.0, "one or more penalties"),
        ([[1.0]], "one or more penalties"),
        ([0.1, -1.0], r"alphas\[1\]=-1.0: it must be a number at least 0"),
        ([np.nan], r"alphas\[0\]=nan"),
        (["strong"], r"alphas\[0\]='strong'"),
        ([[1.0], 2.0], "must be a list of numbers"),
    ],
)
def test_alphas_that_are_no_penalties_are_refused(alphas, message):
    with pytest.raises(SettingError, match=message):
        ridge_path(X, Y, alphas)


def test_bad_rows_are_named():
    spoilt = X.copy()
    spoilt[3, 2] = np.nan

    with pytest.raises(DataError, match="row 3, column 2"):
        ridge_path(spoilt, Y, [1.0])
    with pytest.raises(DataError, match="442 rows but y has 441"):
        ridge_path(X, Y[1:], [1.0])
