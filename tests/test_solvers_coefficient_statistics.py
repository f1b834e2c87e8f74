"""Standard errors, t and R² against statsmodels."""

import numpy as np
import pytest
import scipy.sparse as sp
import statsmodels.api as sm

from linnet.data import MemorySource
from linnet.errors import SettingError
from linnet.solvers import least_squares as methods
from linnet.solvers.least_squares import least_squares, least_squares_of_moments
from linnet.solvers.moments import Moments


def problem(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 3)) + [5, 0, -100]
    return X, X @ [[1.0], [2.0], [0.0]] + rng.normal(size=(80, 1)) + 7, rng.random(80) + 0.5


def fitted(method, X, y, weight, alpha, *, fit_intercept, monkeypatch):
    if method == "moments":
        moments = Moments.empty(3, 1).with_rows(X, y, weight)
        return least_squares_of_moments(moments, alpha=alpha, fit_intercept=fit_intercept)
    if method == "sums":
        monkeypatch.setattr(methods, "LARGEST_REFINED", 0)
    X = sp.csr_array(X) if method == "sparse" else X
    return least_squares(MemorySource(X, y, weight), alpha=alpha, fit_intercept=fit_intercept)


@pytest.mark.parametrize("method", ["refined", "sums", "sparse", "moments"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_statistics_are_those_of_statsmodels(method, fit_intercept, weighted, monkeypatch):
    X, y, weight = problem(1)
    weight = weight if weighted else None
    fit = fitted(method, X, y, weight, 0.0, fit_intercept=fit_intercept, monkeypatch=monkeypatch)

    # In statsmodels weights are precisions of single rows.
    got = fit.statistics(n_observations=float(len(X)))

    design = np.concatenate([X, np.ones((len(X), int(fit_intercept)))], axis=1)
    want = sm.WLS(y[:, 0], design, weights=1.0 if weight is None else weight).fit()
    errors = np.append(got.coef_errors[:, 0], got.intercept_errors)
    t = np.append(got.coef_t[:, 0], got.intercept_t)
    if not fit_intercept:
        assert np.isnan(errors[-1])
        errors, t = errors[:-1], t[:-1]
    # Columns 100 from the origin: statsmodels squares a condition number of some 1e3.
    np.testing.assert_allclose(errors, want.bse, rtol=1e-8)
    np.testing.assert_allclose(t, want.tvalues, rtol=1e-7, atol=1e-8)
    assert got.residual_freedom == want.df_resid
    assert got.residual_variance[0] == pytest.approx(want.scale, rel=1e-9)
    assert got.r_squared[0] == pytest.approx(want.rsquared, rel=1e-9)


def test_a_weight_of_two_counts_as_the_row_given_twice():
    X, y, _ = problem(2)
    counts = np.arange(80) % 3

    weighted = least_squares(
        MemorySource(X, y, counts.astype(float)), alpha=0.0, fit_intercept=True
    ).statistics()

    rows = np.repeat(np.arange(80), counts)
    plain = least_squares(MemorySource(X[rows], y[rows]), alpha=0.0, fit_intercept=True)
    np.testing.assert_allclose(weighted.coef_errors, plain.statistics().coef_errors, rtol=1e-10)
    assert weighted.residual_freedom == plain.statistics().residual_freedom == len(rows) - 4


@pytest.mark.parametrize("alpha", [0.0, 30.0])
def test_errors_are_the_spread_of_the_linear_map_from_targets_to_coefficients(alpha):
    X, y, weight = problem(3)
    fit = least_squares(MemorySource(X, y, weight), alpha=alpha, fit_intercept=True)

    got = fit.statistics()

    # Targets with variance 1/s: the map of √s y is of orthonormal targets.
    root = np.sqrt(weight)
    units = MemorySource(X, np.diag(1 / root), weight)
    of_units = least_squares(units, alpha=alpha, fit_intercept=True)
    sigma = np.sqrt(got.residual_variance[0])
    spread = sigma * np.linalg.norm(of_units.coef, axis=1)
    np.testing.assert_allclose(got.coef_errors[:, 0], spread, rtol=1e-8)
    assert got.intercept_errors[0] == pytest.approx(
        sigma * np.linalg.norm(of_units.intercept), rel=1e-8
    )


def test_no_row_to_spare_leaves_the_errors_unknown():
    X, y, _ = problem(4)
    fit = least_squares(MemorySource(X[:4], y[:4]), alpha=0.0, fit_intercept=True)

    assert np.isnan(fit.statistics().coef_errors).all()


def test_a_fit_without_a_factor_says_why_it_has_no_errors(monkeypatch):
    monkeypatch.setattr(methods, "LARGEST_GRAM", 0)
    X, y, _ = problem(5)
    fit = least_squares(MemorySource(sp.csr_array(X), y), alpha=0.0, fit_intercept=True)

    with pytest.raises(SettingError, match="very many columns"):
        fit.statistics()
