"""Inference of softmax models against statsmodels, published fits, and matrices written out."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet import ConvergenceWarning, SoftmaxRegression, load, scan
from linnet.errors import DataError, SettingError
from linnet.estimators.inference import curvature

# A fit of default tol stops some 0.01 standard errors from the optimum. Inference goes on to 1e-5
# of one, and a step further.
NEAR = 1e-6


def fitted(X, y, weight=None, **changed):
    return SoftmaxRegression(**({"C": np.inf} | changed)).fit(X, y, weight)


def problem(seed, n=120, k=3, q=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k)) @ rng.normal(size=(k, k)) + [5, 0, -20][:k]
    Z = (X - X.mean(axis=0)) @ rng.normal(size=(k, q)) * 0.5
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return X, (P.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)


def by_statsmodels(X, y, kind="nonrobust"):
    # Its last step moves the parameters by less than 1e-10, and the error is about the square.
    model = sm.MNLogit(y, sm.add_constant(X))
    return model.fit(method="newton", disp=0, tol=1e-10, maxiter=100, cov_type=kind)


def anes(real_data):
    table = np.genfromtxt(real_data("anes96/anes96.csv"), delimiter=",", names=True)
    names = ["logpopul", "selfLR", "age", "educ", "income"]
    return np.column_stack([table[name] for name in names]), table["PID"]


def test_the_published_fit_of_hsbdemo_is_reached(real_data):
    file = real_data("reference_multinomial_fits/reference_fits.json")
    expected = json.loads(file.read_text())["hsbdemo"]["newton_double"]
    lines = real_data("hsbdemo/hsbdemo.csv").read_text().splitlines()
    cells = [line.replace('"', "").split(";") for line in lines]
    ses, prog, write = (cells[0].index(name) for name in ("ses", "prog", "write"))
    X = np.array(
        [[r[ses] == "middle", r[ses] == "high", float(r[write])] for r in cells[1:]], float
    )
    y = np.array([r[prog] for r in cells[1:]])

    told = fitted(X, y).inference(X, y, reference="academic")

    assert told.scores == ("general", "vocation")
    np.testing.assert_allclose(told.parameters, expected["coef"], rtol=NEAR)
    np.testing.assert_allclose(told.standard_errors, expected["se"], rtol=NEAR)
    assert told.log_likelihood == pytest.approx(expected["loglik"], rel=1e-12)


def test_the_published_fit_of_anes_is_reached(real_data):
    file = real_data("reference_multinomial_fits/reference_fits.json")
    expected = json.loads(file.read_text())["anes96"]["newton_double"]
    X, y = anes(real_data)

    told = fitted(X, y).inference(X, y, reference=0.0)

    # There the intercept comes last.
    np.testing.assert_allclose(np.roll(told.parameters, -1, axis=1), expected["coef"], rtol=NEAR)
    np.testing.assert_allclose(np.roll(told.standard_errors, -1, axis=1), expected["se"], rtol=NEAR)
    assert told.log_likelihood == pytest.approx(expected["loglik"], rel=1e-12)


@pytest.mark.parametrize("kind", ["hessian", "sandwich"])
def test_all_is_as_in_statsmodels(kind, real_data):
    X, y = anes(real_data)
    theirs = by_statsmodels(X, y, {"hessian": "nonrobust", "sandwich": "HC0"}[kind])

    told = fitted(X, y).inference(X, y, covariance=kind, reference=0.0)

    np.testing.assert_allclose(told.parameters, theirs.params.T, rtol=NEAR)
    np.testing.assert_allclose(told.standard_errors, theirs.bse.T, rtol=NEAR)
    np.testing.assert_allclose(told.z, theirs.tvalues.T, rtol=NEAR)
    # A p-value moves by z times as much as z.
    np.testing.assert_allclose(told.p_values, theirs.pvalues.T, rtol=100 * NEAR)
    near = NEAR * np.abs(theirs.conf_int()).max()
    np.testing.assert_allclose(told.confidence_intervals(), theirs.conf_int(), atol=near)
    scale = np.outer(*2 * [told.standard_errors.ravel()])
    np.testing.assert_allclose(told.covariance() / scale, theirs.cov_params() / scale, atol=NEAR)
    for name in ("aic", "bic"):
        assert getattr(told, name) == pytest.approx(getattr(theirs, name), rel=1e-10)
    # Its null model is fitted to eight digits.
    assert told.mcfadden_r_squared == pytest.approx(theirs.prsquared, rel=1e-7)
    assert told.model_test.statistic == pytest.approx(theirs.llr, rel=1e-7)
    assert told.model_test.degrees_of_freedom == theirs.df_model


def test_terms_are_tested_as_statsmodels_fits_without_them():
    X, y = problem(0)
    told = fitted(X, y).inference(X, y, terms={"both": ["x0", 2]})

    both, other = told.likelihood_ratio_tests()

    full = by_statsmodels(X, y)
    for test, rest in ((both, [1]), (other, [0, 2])):
        less = by_statsmodels(X[:, rest], y)
        assert test.statistic == pytest.approx(2 * (full.llf - less.llf), rel=1e-8)
        assert test.degrees_of_freedom == 2 * (3 - len(rest))
    assert [both.term, other.term] == ["both", "x1"]
    # statsmodels orders its covariance class by class.
    wald = told.wald_tests()[0]
    R = np.zeros((4, 8))
    R[range(4), [1, 3, 5, 7]] = 1
    assert wald.statistic == pytest.approx(full.wald_test(R, scalar=True).statistic, rel=1e-6)
    assert wald.degrees_of_freedom == 4


def test_a_model_of_one_term_is_compared_with_the_shares_of_the_labels():
    X, y = problem(1)
    told = fitted(X, y).inference(X, y, terms={"all": [0, 1, 2]})

    (test,) = told.likelihood_ratio_tests()

    assert test.statistic == pytest.approx(told.model_test.statistic, rel=1e-12)
    assert test.p_value == pytest.approx(told.model_test.p_value, rel=1e-9)


def test_two_by_two_tables_have_woolfs_error():
    """The variance of a log odds ratio is the sum of the reciprocals of the four counts."""
    counts = np.array([10.0, 20.0, 35.0, 5.0])
    X, y = np.array([[0.0], [0.0], [1.0], [1.0]]), np.array(["no", "yes", "no", "yes"])
    told = fitted(X, y, counts).inference(X, y, counts)

    ratio = np.log(counts[3] * counts[0] / (counts[1] * counts[2]))
    assert told.parameters[0] == pytest.approx([np.log(2), ratio], rel=1e-6)
    assert told.standard_errors[0] == pytest.approx(
        np.sqrt([1 / 10 + 1 / 20, (1 / counts).sum()]), rel=1e-6
    )
    assert told.n_observations == 70
    other_way = told.against("yes")
    assert other_way.scores == ("no",)
    np.testing.assert_allclose(other_way.parameters, -told.parameters)
    np.testing.assert_allclose(other_way.standard_errors, told.standard_errors)


@pytest.mark.parametrize("kind", ["hessian", "sandwich"])
@pytest.mark.parametrize("C", [np.inf, 0.5])
@pytest.mark.parametrize("q", [2, 3])
def test_errors_are_those_of_the_matrices_written_out(kind, C, q):
    X, y = problem(2, q=q)
    model = fitted(X, y, C=C, tol=1e-13)
    told = model.inference(X, y, covariance=kind)

    # The zero-sum parameters are orthogonal to what adds one number to all scores, which the
    # pseudo-inverse takes out.
    design = np.column_stack([np.ones(len(X)), X])
    P = model.predict_proba(X)[:, -1:] if q == 2 else model.predict_proba(X)
    own = np.eye(q)[y][:, -P.shape[1] :]
    m, p = P.shape[1], 4
    curvatures = P[:, :, None] * (np.eye(m) - P[:, None, :])
    H = np.einsum("nab,nc,nd->acbd", curvatures, design, design).reshape(m * p, m * p)
    penalty = np.kron(np.eye(m), np.diag([0, 1, 1, 1])) / C
    G = np.einsum("na,nc->nac", P - own, design).reshape(len(X), m * p)
    inverse = np.linalg.pinv(H + penalty, rcond=1e-12)
    V = inverse @ (G.T @ G if kind == "sandwich" else H) @ inverse

    np.testing.assert_allclose(told.standard_errors, np.sqrt(np.diag(V)).reshape(m, p), rtol=1e-6)
    np.testing.assert_allclose(told.parameters[:, 1:], model.coef_, rtol=1e-6)
    np.testing.assert_allclose(told.parameters[:, 0], model.intercept_, rtol=1e-6)
    effective = (q - 1) * p if np.inf == C else np.trace(inverse @ H)
    assert told.degrees_of_freedom == pytest.approx(effective, rel=1e-8)
    assert any("bias" in note for note in told.notes) == (np.inf != C)


def test_a_block_of_the_covariance_is_that_of_the_whole():
    X, y = problem(3)
    told = fitted(X, y).inference(X, y, reference=1)

    whole = told.covariance().reshape(2, 4, 2, 4)
    block = told.covariance(["x2", "intercept"]).reshape(2, 2, 2, 2)

    np.testing.assert_allclose(block, whole[:, [3, 0]][:, :, :, [3, 0]], rtol=1e-10)
    np.testing.assert_allclose(
        np.sqrt(np.diag(told.covariance())), told.standard_errors.ravel(), rtol=1e-10
    )


@pytest.mark.parametrize("kind", ["hessian", "sandwich"])
def test_a_weight_counts_equal_rows(kind):
    X, y = problem(4)
    counts = np.random.default_rng(4).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), counts)

    weighed = fitted(X, y, counts).inference(X, y, counts, covariance=kind)
    repeated = fitted(X[rows], y[rows]).inference(X[rows], y[rows], covariance=kind)

    np.testing.assert_allclose(weighed.standard_errors, repeated.standard_errors, rtol=NEAR)
    assert weighed.bic == pytest.approx(repeated.bic, rel=1e-10)


def test_distributions_as_targets_are_rows_with_weights():
    X, y = problem(5)
    shares = 0.9 * np.eye(3)[y] + 0.1 / 3
    rows, labels = np.repeat(X, 3, axis=0), np.tile(np.arange(3), len(X))

    told = fitted(X, shares).inference(X, shares)
    expanded = fitted(rows, labels, shares.ravel()).inference(rows, labels, shares.ravel())

    np.testing.assert_allclose(told.standard_errors, expanded.standard_errors, rtol=NEAR)
    assert told.log_likelihood == pytest.approx(expanded.log_likelihood, rel=1e-10)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_sparse_rows_tell_the_same(fit_intercept):
    X, y = problem(6)
    X = np.where(np.random.default_rng(6).random(X.shape) < 0.5, X, 0)
    model = fitted(X, y, fit_intercept=fit_intercept)

    told = model.inference(X, y)
    of_sparse = model.inference(sp.csr_array(X), y)

    np.testing.assert_allclose(of_sparse.standard_errors, told.standard_errors, rtol=1e-9)
    assert told.names == ("intercept",) * fit_intercept + ("x0", "x1", "x2")
    for sparse, dense in zip(
        of_sparse.likelihood_ratio_tests(), told.likelihood_ratio_tests(), strict=True
    ):
        assert sparse.statistic == pytest.approx(dense.statistic, rel=1e-6)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), units=st.floats(1e-6, 1e6), offset=st.floats(-1e3, 1e3))
def test_errors_follow_the_units(seed, units, offset):
    X, y = problem(seed, k=2)
    model = fitted(X, y, tol=1e-8)
    told = model.inference(X, y)
    # The same model of columns in other units.
    model.coef_ = model.coef_ / units
    model.intercept_ = model.intercept_ - model.coef_.sum(axis=1) * offset
    moved = model.inference(X * units + offset, y)

    # Adding an offset rounds the columns to ε times its size.
    rounding = 1e-8 + 1e-13 * offset / units
    np.testing.assert_allclose(
        moved.standard_errors[:, 1:] * units, told.standard_errors[:, 1:], rtol=abs(rounding)
    )


def test_the_share_of_the_entropy_gained_is_mcfaddens():
    X, y = problem(7)
    told = fitted(X, y).inference(X, y)
    shares = np.bincount(y) / len(y)
    entropy = -(shares * np.log2(shares)).sum()

    assert told.mcfadden_r_squared == pytest.approx(float(told.bits_gained) / entropy)
    assert told.bits_gained.unit == "bits"


def test_dependent_columns_count_as_zero_and_are_named():
    X, y = problem(8)
    more = np.column_stack([X, X[:, 0] - 2 * X[:, 1] + 3, np.full(len(X), 7.0)])

    told = fitted(more, y).inference(more, y, reference=0)
    fewer = fitted(X, y).inference(X, y, reference=0)

    assert any("x3, x4" in note and "not determined" in note for note in told.notes)
    assert np.isnan(told.parameters[:, 4:]).all()
    assert np.isnan(told.standard_errors[:, 4:]).all()
    np.testing.assert_allclose(told.parameters[:, :4], fewer.parameters, rtol=1e-5)
    np.testing.assert_allclose(told.standard_errors[:, :4], fewer.standard_errors, rtol=1e-5)
    assert told.aic == pytest.approx(fewer.aic, rel=1e-10)
    assert np.isnan(told.covariance("x3")).all()
    # Without x1 the others give what it gave: only x2 can be tested.
    freedoms = {test.term: test.degrees_of_freedom for test in told.wald_tests()}
    assert freedoms == {"x0": 0, "x1": 0, "x2": 2, "x3": 0, "x4": 0}
    ratios = {test.term: test.degrees_of_freedom for test in told.likelihood_ratio_tests()}
    assert ratios == freedoms
    assert "—" in str(told)


@pytest.mark.parametrize("loaded", [False, True])
def test_separable_classes_have_no_errors_and_no_table(loaded, tmp_path):
    X, y = np.arange(10.0)[:, None], np.repeat(["low", "high"], 5)
    with pytest.warns(ConvergenceWarning, match="separable"):
        model = SoftmaxRegression(C=np.inf).fit(X, y)
    if loaded:
        model.save(tmp_path / "model.linnet")
        model = load(tmp_path / "model.linnet")

    told = model.inference(X, y)

    assert np.isnan(told.standard_errors).all()
    assert np.isnan(told.covariance("x0")).all()
    assert np.isnan(told.wald_tests()[0].statistic)
    summary = told.summary()
    assert "separable" in str(summary)
    assert summary.blocks == ()


def test_separation_that_the_fit_did_not_see_is_seen(real_data):
    """One class of dry beans is separable; a fit comes within tol of the limit before it shows."""
    lines = real_data("dry_bean/dry_bean.csv").read_text().splitlines()[1:]
    X = np.array([line.split(",")[:-1] for line in lines], float)
    y = np.array([line.split(",")[-1] for line in lines])
    model = fitted(X, y)

    told = model.inference(X, y)

    assert model.separation_ is None
    assert "BOMBAY from CALI (all 2,152 rows)" in told.notes[0]
    assert np.isnan(told.standard_errors).all()


def test_other_rows_than_those_of_the_fit_are_refused():
    X, y = problem(9)
    model = fitted(X, y)

    with pytest.raises(DataError, match="standard errors from the optimum of these rows"):
        model.inference(X + 1, y)
    with pytest.raises(DataError, match="features"):
        model.inference(X[:, :2], y)
    with pytest.raises(DataError, match="label 7 in row 119"):
        model.inference(X, np.where(np.arange(120) == 119, 7, y))
    with pytest.raises(DataError, match="one target for each row"):
        model.inference(X, y[:-1])
    with pytest.raises(DataError, match="2 probabilities a row"):
        model.inference(X, np.full((120, 2), 0.5))


def test_inference_goes_on_to_the_optimum_and_says_how_far_that_was():
    X, y = problem(10)
    model = fitted(X, y)
    told = model.inference(X, y)
    model.coef_ = model.coef_ + 0.1 * told.standard_errors[:, 1:]

    moved = model.inference(X, y)

    assert "standard errors from the optimum" in moved.notes[0]
    np.testing.assert_allclose(moved.parameters, told.parameters, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(moved.standard_errors, told.standard_errors, rtol=NEAR)


def test_no_more_rows_than_parameters_are_refused():
    X, y = problem(11)
    model = fitted(X, y)

    with pytest.raises(DataError, match="count for 4 observations"):
        model.inference(X, y, np.full(120, 4 / 120))


def test_settings_out_of_range_are_named(monkeypatch):
    X, y = problem(12)
    model = fitted(X, y)
    told = model.inference(X, y)

    for wrong, message in (
        ({"covariance": "robust"}, "covariance='robust'"),
        ({"reference": 9}, "reference=9 is no class"),
        ({"terms": {"a": ["x9"]}}, "'x9', which is no column"),
        ({"terms": {"a": [3]}}, "from 0 to 2"),
        ({"terms": {"a": "x0"}}, "must be a list"),
        ({"terms": ["x0"]}, "must be a dict"),
    ):
        with pytest.raises(SettingError, match=message):
            model.inference(X, y, **wrong)
    with pytest.raises(SettingError, match="no class"):
        told.against(5)
    with pytest.raises(SettingError, match="no parameter 'x9'"):
        told.covariance("x9")
    with pytest.raises(SettingError, match="level=1"):
        told.summary(level=1)
    with pytest.raises(SettingError, match="has a penalty"):
        fitted(X, y, C=1.0).inference(X, y).likelihood_ratio_tests()
    with pytest.raises(SettingError, match="class_weight='balanced'"):
        fitted(X, y, class_weight="balanced").inference(X, y)
    monkeypatch.setattr(curvature, "LARGEST_FACTOR", 7)
    with pytest.raises(SettingError, match="8 parameters"):
        model.inference(X, y)


def test_scans_are_refused(tmp_path):
    X, y = problem(13)
    file = tmp_path / "rows.csv"
    file.write_text(
        "a,b,c,y\n" + "\n".join(f"{a},{b},{c},c{v}" for (a, b, c), v in zip(X, y, strict=True))
    )

    with pytest.raises(SettingError, match="rows in memory"):
        fitted(X, y).inference(scan(str(file), target="y"), y)
