"""LinearRegression: against scikit-learn, statsmodels, and the Gaussian's own code length."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import statsmodels.api as sm
from scipy.stats import norm
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression as SklearnLinearRegression
from sklearn.linear_model import Ridge

from linnet import LinearRegression, ridge_path
from linnet.errors import DataError, SettingError
from linnet.solvers import least_squares

X, Y = load_diabetes(return_X_y=True)
WEIGHT = np.random.default_rng(0).integers(0, 4, len(Y)).astype(float)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("targets", [Y, np.stack([Y, X @ np.arange(10)], axis=1)], ids=["1", "2"])
@pytest.mark.parametrize("store", [np.asarray, sp.csr_array], ids=["dense", "CSR"])
def test_fits_are_scikit_learns(fit_intercept, weight, targets, store):
    for alpha in (0.0, 3.0):
        peer = Ridge(alpha, fit_intercept=fit_intercept, solver="cholesky")
        if alpha == 0:
            peer = SklearnLinearRegression(fit_intercept=fit_intercept)
        peer.fit(X, targets, weight)
        model = LinearRegression(alpha, fit_intercept=fit_intercept).fit(store(X), targets, weight)

        np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(model.intercept_, peer.intercept_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(model.predict(store(X)), peer.predict(X), rtol=1e-9)
        assert model.score(store(X), targets, weight) == pytest.approx(
            peer.score(X, targets, weight), rel=1e-12
        )


def test_residual_variance_and_fit_agree_with_statsmodels():
    peer = sm.WLS(Y, sm.add_constant(X), weights=WEIGHT).fit()
    model = LinearRegression().fit(X, Y, WEIGHT)

    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], peer.params, rtol=1e-8)
    assert model.residual_variance_ == pytest.approx(peer.ssr / WEIGHT.sum(), rel=1e-10)
    assert model.rank_ == peer.df_model
    assert model.certificate_.kind == "proven"
    assert model.certificate_.gap < 1e-12


def test_condition_number_is_that_of_the_centred_unit_columns():
    A = X * [1, 10, 100, 1, 1, 1e-3, 1, 1, 1, 1e5] + 3
    model = LinearRegression().fit(A, Y)

    A = A - A.mean(axis=0)
    in_two_norm = np.linalg.cond(A / np.linalg.norm(A, axis=0))
    # The 1-norm of R is within a factor of k of the 2-norm, each way; LAPACK's estimate within 3.
    assert in_two_norm / 3 <= model.condition_number_ <= 10 * in_two_norm


@pytest.mark.parametrize("targets", [Y, np.stack([Y, Y**2], axis=1)], ids=["1", "2"])
def test_partial_fit_is_the_fit_of_all_rows_so_far(targets):
    model = LinearRegression(0.1)
    for rows in np.array_split(np.arange(len(Y)), 7):
        model.partial_fit(sp.csr_array(X[rows]), targets[rows], WEIGHT[rows])
    whole = LinearRegression(0.1).fit(X, targets, WEIGHT)

    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-8)
    np.testing.assert_allclose(model.intercept_, whole.intercept_, rtol=1e-9)
    np.testing.assert_allclose(model.residual_variance_, whole.residual_variance_, rtol=1e-9)
    assert model.coef_.shape == whole.coef_.shape


def test_partial_fit_refuses_targets_of_another_number():
    model = LinearRegression().partial_fit(X, Y)

    with pytest.raises(DataError, match="2 targets a row, but 1 in the calls"):
        model.partial_fit(X, np.stack([Y, Y], axis=1))


def test_code_lengths_are_those_of_the_gaussian_of_the_residuals():
    model = LinearRegression().fit(X, Y)
    density = norm.logpdf(Y, model.predict(X), np.sqrt(model.residual_variance_))

    lengths = model.code_lengths(X, Y, precision=0.5, unit="nats")

    np.testing.assert_allclose(np.asarray(lengths), -(density + np.log(0.5)), rtol=1e-10)
    assert lengths.unit == "nats"
    # The mean over the training rows is half the logarithm of 2πe σ²/Δ².
    mean = 0.5 * np.log(2 * np.pi * np.e * model.residual_variance_ / 0.25)
    assert float(lengths.mean()) == pytest.approx(mean, rel=1e-12)


def test_a_perfect_fit_has_no_gaussian_code():
    with pytest.raises(DataError, match="without any residual"):
        LinearRegression().fit([[0.0], [1.0]], [0.0, 0.0]).code_lengths([[0.0]], [0.0], precision=1)


def test_collinear_columns_give_the_shortest_weights():
    doubled = pd.DataFrame(np.concatenate([X, X], axis=1))
    doubled.columns = [f"x{i}" for i in range(20)]
    model, plain = LinearRegression().fit(doubled, Y), LinearRegression().fit(X, Y)

    np.testing.assert_allclose(model.coef_, np.tile(plain.coef_ / 2, 2), rtol=1e-7, atol=1e-7)
    assert model.rank_ == 10
    assert model.condition_number_ == np.inf


@pytest.mark.parametrize("alpha", [-1.0, np.nan, np.inf, "1", True])
def test_alpha_out_of_range_is_refused(alpha):
    with pytest.raises(SettingError, match=r"alpha=.*at least 0"):
        LinearRegression(alpha).fit(X, Y)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("row", [0, 333])
def test_large_data_are_checked_by_their_sums(bad, order, row, monkeypatch):
    """The check is not a reading of its own, but names the value as ever."""
    monkeypatch.setattr(least_squares, "LARGEST_REFINED", 0)
    spoilt = np.array(X, order=order)
    spoilt[row, 4] = bad

    for fit_intercept in (True, False):
        with pytest.raises(DataError, match=f"in row {row}, column 4; 1 of its values"):
            LinearRegression(fit_intercept=fit_intercept).fit(spoilt, Y)
        with pytest.raises(DataError, match=f"in row {row}, column 4; 1 of its values"):
            ridge_path(spoilt, Y, [1.0], fit_intercept=fit_intercept)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_large_data_are_neither_copied_nor_changed(order, dtype):
    rng = np.random.default_rng(2)
    rows = np.asarray(rng.integers(0, 50, (400_000, 20)).astype(dtype), order=order)
    targets = rows @ np.arange(20.0) + rng.normal(size=len(rows))
    rows.setflags(write=False)
    targets.setflags(write=False)
    LinearRegression(n_jobs=2).fit(rows[:100_000], targets[:100_000])

    tracemalloc.start()
    LinearRegression(n_jobs=2).fit(rows, targets)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    # A tile of 1 MiB for each thread, with its targets and products, whatever the number of rows.
    assert peak < 2 * 1.5 * 2**20
