"""Inference of least squares against statsmodels, NIST, and models fitted again."""

import json
import re

import numpy as np
import pytest
import scipy.sparse as sp
import statsmodels.api as sm

from linnet import LinearRegression
from linnet.errors import DataError, SettingError

KINDS = {"hessian": "nonrobust", "sandwich": "HC0", "hc3": "HC3"}
# Both solve to some ten digits; what cancels loses a few.
NEAR = 1e-9


def problem(seed, n=80):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) @ rng.normal(size=(3, 3)) + [5, 0, -10]
    return X, X @ [1.0, 2.0, 0.0] + rng.normal(size=n) + 7, rng.random(n) + 0.5


def wine(real_data):
    file = real_data("wine_quality/winequality-red.csv")
    table = np.genfromtxt(file, delimiter=",", skip_header=1)
    return table[:, :-1], table[:, -1], np.random.default_rng(0).random(len(table)) + 0.5


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_all_is_as_in_statsmodels(kind, weighted, fit_intercept, real_data):
    X, y, weight = wine(real_data)
    design = sm.add_constant(X) if fit_intercept else X
    weight = weight if weighted else None
    theirs = sm.WLS(y, design, weights=1.0 if weight is None else weight).fit(
        cov_type=KINDS[kind], use_t=True
    )

    model = LinearRegression(fit_intercept=fit_intercept).fit(X, y, weight)
    told = model.inference(X, y, weight, covariance=kind, weights="precisions")

    np.testing.assert_allclose(told.parameters, theirs.params, rtol=NEAR)
    np.testing.assert_allclose(told.standard_errors, theirs.bse, rtol=NEAR)
    np.testing.assert_allclose(told.t, theirs.tvalues, rtol=NEAR)
    np.testing.assert_allclose(told.p_values, theirs.pvalues, rtol=100 * NEAR)
    np.testing.assert_allclose(told.confidence_intervals(), theirs.conf_int(), rtol=NEAR)
    np.testing.assert_allclose(told.covariance(), theirs.cov_params(), rtol=NEAR, atol=1e-12)
    assert told.model_test.statistic == pytest.approx(theirs.fvalue, rel=NEAR)
    assert told.model_test.p_value == pytest.approx(theirs.f_pvalue, rel=1e-6)
    for ours, other in (
        ("r_squared", "rsquared"),
        ("adjusted_r_squared", "rsquared_adj"),
        ("log_likelihood", "llf"),
        ("aic", "aic"),
        ("bic", "bic"),
        ("residual_variance", "scale"),
        ("residual_freedom", "df_resid"),
    ):
        assert getattr(told, ours) == pytest.approx(getattr(theirs, other), rel=NEAR)
    told_of = told.predict(X[:30], level=0.9)
    frame = theirs.get_prediction(design[:30], weights=1).summary_frame(alpha=0.1)
    np.testing.assert_allclose(told_of.mean, frame["mean"], rtol=NEAR)
    np.testing.assert_allclose(told_of.standard_errors, frame["mean_se"], rtol=NEAR)
    np.testing.assert_allclose(
        told_of.of_mean, frame[["mean_ci_lower", "mean_ci_upper"]], rtol=NEAR
    )
    np.testing.assert_allclose(
        told_of.of_target, frame[["obs_ci_lower", "obs_ci_upper"]], rtol=NEAR
    )


@pytest.mark.parametrize("kind", list(KINDS))
def test_terms_are_tested_as_in_statsmodels(kind, real_data):
    X, y, _ = wine(real_data)
    theirs = sm.OLS(y, sm.add_constant(X)).fit(cov_type=KINDS[kind], use_t=True)
    model = LinearRegression().fit(X, y)

    tests = model.inference(X, y, covariance=kind, terms={"sulphur": [5, 6]}).f_tests()

    (sulphur,) = [test for test in tests if test.term == "sulphur"]
    R = np.zeros((2, 12))
    R[[0, 1], [6, 7]] = 1
    assert len(tests) == 10
    assert sulphur.statistic == pytest.approx(theirs.f_test(R).fvalue, rel=NEAR)
    assert sulphur.p_value == pytest.approx(float(theirs.f_test(R).pvalue), rel=1e-6)
    assert (sulphur.degrees_of_freedom, sulphur.residual_freedom) == (2, 1587)


@pytest.mark.parametrize("name", ["Longley", "Norris", "Pontius"])
def test_errors_certified_by_nist_are_reached(name, real_data):
    certified = json.loads(real_data("nist_strd_linear/certified.json").read_text())[name]
    lines = real_data(f"nist_strd_linear/{name}.dat").read_text().splitlines()
    place = next(line for line in lines if re.match(r"\s*Data\s+\(lines", line))
    first = int(re.search(r"lines\s+(\d+)", place)[1])
    rows = np.array([line.split() for line in lines[first - 1 :] if line.split()], float)
    X, y = rows[:, 1:], rows[:, 0]
    if name == "Pontius":
        X = np.column_stack([X, X**2])

    told = LinearRegression().fit(X, y).inference(X, y)

    np.testing.assert_allclose(told.parameters, np.array(certified["params"], float), rtol=1e-9)
    np.testing.assert_allclose(
        told.standard_errors, np.array(certified["std_err"], float), rtol=1e-9
    )


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_weight_counts_equal_rows(kind):
    X, y, _ = problem(1)
    counts = np.random.default_rng(1).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), counts)

    weighed = LinearRegression().fit(X, y, counts).inference(X, y, counts, covariance=kind)
    repeated = LinearRegression().fit(X[rows], y[rows]).inference(X[rows], y[rows], covariance=kind)

    np.testing.assert_allclose(weighed.standard_errors, repeated.standard_errors, rtol=NEAR)
    np.testing.assert_allclose(weighed.p_values, repeated.p_values, rtol=1e-7)
    np.testing.assert_allclose(weighed.leverage[rows], repeated.leverage, rtol=NEAR)
    np.testing.assert_allclose(weighed.cooks_distance()[rows], repeated.cooks_distance(), rtol=1e-7)
    assert weighed.bic == pytest.approx(repeated.bic, rel=NEAR)


def test_cooks_distance_is_that_of_fits_without_the_row():
    X, y, weight = problem(2)
    model = LinearRegression().fit(X, y, weight)
    told = model.inference(X, y, weight, weights="precisions")

    distances = []
    for row in range(10):
        rest = np.delete(np.arange(len(X)), row)
        without = LinearRegression().fit(X[rest], y[rest], weight[rest])
        moved = model.predict(X) - without.predict(X)
        distances.append(weight @ moved**2 / (4 * told.residual_variance))

    np.testing.assert_allclose(told.cooks_distance()[:10], distances, rtol=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_leverage_is_how_far_a_prediction_moves_with_its_target(alpha):
    X, y, weight = problem(3)
    model = LinearRegression(alpha).fit(X, y, weight)
    leverage = model.inference(X, y, weight, weights="precisions").leverage

    moved = []
    for row in range(10):
        other = y + 10 * (np.arange(len(y)) == row)
        again = LinearRegression(alpha).fit(X, other, weight)
        moved.append((again.predict(X[[row]]) - model.predict(X[[row]]))[0] / 10)

    np.testing.assert_allclose(leverage[:10], moved, rtol=1e-8)


@pytest.mark.parametrize("kind", list(KINDS))
def test_with_a_penalty_errors_are_those_of_the_linear_map(kind):
    X, y, _ = problem(4)
    alpha = 20.0
    told = LinearRegression(alpha).fit(X, y).inference(X, y, covariance=kind)

    design = np.column_stack([np.ones(len(X)), X])
    bread = np.linalg.inv(design.T @ design + np.diag([0, alpha, alpha, alpha]))
    to_parameters = bread @ design.T
    e = y - design @ (to_parameters @ y)
    h = np.einsum("np,pn->n", design, to_parameters)
    freedom = len(X) - h.sum()
    variances = {
        "hessian": np.full(len(X), (e @ e) / freedom),
        "sandwich": e**2,
        "hc3": (e / (1 - h)) ** 2,
    }
    V = (to_parameters * variances[kind]) @ to_parameters.T

    np.testing.assert_allclose(told.covariance(), V, rtol=1e-8)
    np.testing.assert_allclose(told.standard_errors, np.sqrt(np.diag(V)), rtol=1e-8)
    np.testing.assert_allclose(
        told.predict(X).standard_errors,
        np.sqrt(np.einsum("np,pq,nq->n", design, V, design)),
        rtol=1e-8,
    )
    assert told.degrees_of_freedom == pytest.approx(h.sum(), rel=1e-10)
    assert any("alpha=20" in note and "bias" in note for note in told.notes)


def test_a_block_of_the_covariance_is_that_of_the_whole():
    X, y, _ = problem(5)
    told = LinearRegression().fit(X, y).inference(X, y)

    np.testing.assert_allclose(
        told.covariance(["x2", "intercept"]), told.covariance()[np.ix_([3, 0], [3, 0])]
    )


def test_sparse_rows_tell_the_same():
    X, y, _ = problem(6)
    X = np.where(X > 0, X, 0.0)
    model = LinearRegression().fit(X, y)

    dense, sparse = (model.inference(rows, y, covariance="hc3") for rows in (X, sp.csr_array(X)))

    np.testing.assert_allclose(sparse.standard_errors, dense.standard_errors, rtol=1e-8)
    np.testing.assert_allclose(sparse.leverage, dense.leverage, rtol=1e-8)


@pytest.mark.parametrize("kind", list(KINDS))
def test_dependent_columns_count_as_zero_and_are_named(kind):
    X, y, _ = problem(7)
    more = np.column_stack([X, X[:, 0] - 2 * X[:, 1] + 3, np.full(len(X), 7.0)])

    told = LinearRegression().fit(more, y).inference(more, y, covariance=kind)
    fewer = LinearRegression().fit(X, y).inference(X, y, covariance=kind)

    assert any("x3, x4" in note and "not determined" in note for note in told.notes)
    np.testing.assert_allclose(told.parameters, [*fewer.parameters, np.nan, np.nan], rtol=1e-8)
    np.testing.assert_allclose(
        told.standard_errors, [*fewer.standard_errors, np.nan, np.nan], rtol=1e-8
    )
    assert np.isnan(told.covariance(["x0", "x4"])[1]).all()
    freedoms = [test.degrees_of_freedom for test in told.f_tests()]
    assert freedoms == [0, 0, 1, 0, 0]
    np.testing.assert_allclose(told.predict(more).of_target, fewer.predict(X).of_target, rtol=1e-8)


def test_a_perfect_fit_leaves_nothing_uncertain():
    X = np.arange(6.0)[:, None]
    told = LinearRegression().fit(X, 3 * X[:, 0] + 1).inference(X, 3 * X[:, 0] + 1)

    np.testing.assert_allclose(told.standard_errors, 0, atol=1e-14)
    assert told.r_squared == pytest.approx(1)
    assert "R²" in str(told)


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_targets_that_are_all_the_same_are_explained_by_nothing(value):
    X, _, _ = problem(13)
    y = np.full(80, value)
    told = LinearRegression().fit(X, y).inference(X, y)

    assert np.isnan(told.r_squared)
    assert np.isnan(told.model_test.statistic)
    assert "R²               —" in str(told)


def test_a_row_that_decides_alone_has_leverage_one():
    X, y, _ = problem(11)
    X[:, 2] = np.arange(80) == 17
    model = LinearRegression().fit(X, y)
    told = model.inference(X, y)

    assert told.leverage[17] == pytest.approx(1)
    assert np.flatnonzero(np.isnan(told.cooks_distance())).tolist() == [17]
    with pytest.raises(SettingError, match="0 in row 17"):
        model.inference(X, y, covariance="hc3").summary()


def test_fits_without_a_factor_say_so():
    rng = np.random.default_rng(12)
    X, y = rng.normal(size=(300, 400)), rng.normal(size=300)
    with pytest.raises(SettingError, match="formed no factor"):
        LinearRegression(1.0).fit(X, y).inference(X, y)


def test_other_rows_than_those_of_the_fit_are_refused():
    X, y, weight = problem(8)
    model = LinearRegression().fit(X, y, weight)

    with pytest.raises(DataError, match="not the fit to these rows"):
        model.inference(X, y + X[:, 0], weight)
    with pytest.raises(DataError, match="features"):
        model.inference(X[:, :2], y, weight)
    with pytest.raises(DataError, match="one entry of y for each row"):
        model.inference(X, y[1:], weight)


def test_no_row_to_spare_is_refused():
    X, y, _ = problem(9)
    model = LinearRegression().fit(X[:4], y[:4])

    with pytest.raises(DataError, match="4 observations for 4 parameters"):
        model.inference(X[:4], y[:4])


def test_settings_out_of_range_are_named():
    X, y, _ = problem(10)
    model = LinearRegression().fit(X, y)

    with pytest.raises(SettingError, match="covariance='HC1'"):
        model.inference(X, y, covariance="HC1")
    with pytest.raises(SettingError, match="weights='repeats'"):
        model.inference(X, y, weights="repeats")
    with pytest.raises(SettingError, match="one target"):
        LinearRegression().fit(X, np.column_stack([y, y])).inference(X, np.column_stack([y, y]))
    with pytest.raises(SettingError, match="no intercept"):
        LinearRegression(fit_intercept=False).fit(X, y).inference(X, y).covariance("intercept")
