"""Code written for scikit-learn runs after changing the import, and finds the same optimum."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.datasets import load_breast_cancer, load_iris, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from linnet import SoftmaxRegression, SoftmaxRegressionCV, encode_labels, load, scan, to_sklearn
from linnet.errors import DataError, DataTypeError, SettingError

SOLVERS = ["lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"]
TWO = load_breast_cancer(return_X_y=True)
TWO = (StandardScaler().fit_transform(TWO[0]), TWO[1])
THREE = load_iris(return_X_y=True)


def farthest(gap, X, C, total):
    """Largest difference that two probabilities can have, both models within ``gap`` of F*.

    F is 1/(C S)-strongly convex in W, so ‖W − W*‖ ≤ √(2 gap C S); a score then differs by at most
    2 ‖x‖ √(2 gap C S), the intercept included for centred rows, and a probability by half of that.
    """
    return np.linalg.norm(X, axis=1).max() * np.sqrt(2 * gap * C * total)


@pytest.mark.parametrize(("X", "y"), [TWO, THREE], ids=["two classes", "three"])
@pytest.mark.parametrize("weighted", [False, True])
def test_probabilities_are_scikit_learns_to_what_the_certificate_allows(X, y, weighted):
    weight = 1.0 + np.arange(len(y)) % 3 if weighted else None
    y = np.array(["benign", "malign", "other"])[y]
    theirs = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000, solver="newton-cholesky")

    theirs.fit(X, y, sample_weight=weight)
    ours = SoftmaxRegression(C=0.5, tol=1e-12).fit(X, y, sample_weight=weight)

    total = len(y) if weight is None else weight.sum()
    bound = farthest(ours.certificate_.gap, X, 0.5, total) + 1e-8
    assert bound < 1e-3
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=bound)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    for name in ("coef_", "intercept_", "classes_", "n_iter_"):
        assert np.shape(getattr(ours, name)) == np.shape(getattr(theirs, name)), name
    assert ours.decision_function(X).shape == theirs.decision_function(X).shape
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_that_scikit_learn_names_finds_the_one_optimum(solver):
    X, y = TWO

    named = SoftmaxRegression(
        penalty="l2",
        C=0.1,
        l1_ratio=0.0,
        dual=False,
        tol=1e-8,
        fit_intercept=True,
        intercept_scaling=1,
        class_weight="balanced",
        random_state=None,
        solver=solver,
        max_iter=1000,
        verbose=0,
        warm_start=False,
        n_jobs=None,
    ).fit(X, y)

    plain = SoftmaxRegression(C=0.1, tol=1e-8, class_weight="balanced").fit(X, y)
    assert named.certificate_.gap <= 1e-8
    # Both lie within the tolerance of the same minimum.
    assert named.loss_ == pytest.approx(plain.loss_, abs=1e-8)


def test_every_parameter_of_logistic_regression_is_taken():
    known = SoftmaxRegression().get_params()

    assert set(LogisticRegression().get_params()) <= set(known)


def test_no_penalty_is_an_infinite_C():
    X, y = make_classification(n_samples=300, n_features=6, flip_y=0.3, random_state=0)

    none = SoftmaxRegression(penalty=None, C=0.01).fit(X, y)
    infinite = SoftmaxRegression(C=np.inf).fit(X, y)

    np.testing.assert_array_equal(none.coef_, infinite.coef_)
    assert np.inf == to_sklearn(none).C
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(X, y)
    ours = float(none.code_lengths(X, y, unit="nats").mean())
    assert ours == pytest.approx(log_loss(y, theirs.predict_proba(X)), abs=none.tol)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"penalty": "l1"}, "penalty='l1' asks for a penalty on absolute weights"),
        ({"penalty": "elasticnet", "l1_ratio": 0.5}, "penalty='elasticnet' asks"),
        ({"l1_ratio": 0.5}, "l1_ratio=0.5 asks"),
        ({"l1_ratio": "half"}, "l1_ratio='half': it must be a number"),
        ({"penalty": "l3"}, "penalty='l3': it must be"),
        ({"solver": "newton"}, "solver='newton': it must be one of 'auto'"),
    ],
)
def test_settings_that_mean_something_else_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        SoftmaxRegression(**settings).fit(*THREE)


def test_verbose_writes_a_line_for_each_step(capsys):
    model = SoftmaxRegression(verbose=1).fit(*THREE)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(model.history_)
    assert lines[0].startswith("step 0: objective 1.09861")


@pytest.mark.parametrize(("X", "y"), [TWO, THREE], ids=["two classes", "three"])
def test_sparse_coefficients_predict_encode_and_save_as_dense_ones(X, y, tmp_path):
    model = SoftmaxRegression().fit(X, y)
    dense, expected = model.coef_, model.predict_proba(X)
    encoded = encode_labels(model, X, y)

    assert sp.issparse(model.sparsify().coef_)

    # A product in another order may round otherwise.
    for rows in (X, sp.csr_array(X), X.astype(np.float32)):
        np.testing.assert_allclose(model.predict_proba(rows), expected, rtol=0, atol=1e-5)
    assert encode_labels(model, X, y) == encoded
    model.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").coef_, dense)
    exported = to_sklearn(model)
    np.testing.assert_allclose(exported.predict_proba(X), expected, rtol=0, atol=1e-12)
    assert exported.n_iter_.shape == (1,)
    np.testing.assert_array_equal(model.densify().coef_, dense)
    assert model.densify() is model
    # A sparse model can begin the next fit.
    assert model.sparsify().set_params(warm_start=True).fit(X, y).coef_.shape == dense.shape


def test_weights_are_routed_through_a_pipeline():
    X, y = THREE
    weight = 1.0 + np.arange(len(y)) % 3
    with sklearn.config_context(enable_metadata_routing=True):
        model = SoftmaxRegression().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        routed = make_pipeline(scaler, model).fit(X, y, sample_weight=weight)

    alone = SoftmaxRegression().fit(StandardScaler().fit_transform(X), y, weight)
    np.testing.assert_array_equal(routed[-1].coef_, alone.coef_)


def test_a_warm_start_from_the_optimum_takes_no_step():
    model = SoftmaxRegression(warm_start=True).fit(*THREE)
    steps = model.n_iter_

    assert model.fit(*THREE).n_iter_[0] == 0 < steps[0]
    assert model.n_iter_.shape == (1,)


def test_a_frame_keeps_the_names_of_its_columns():
    X, y = THREE
    names = ["a", "b", "c", "d"]

    model = SoftmaxRegression().fit(pd.DataFrame(X, columns=names), y)

    assert list(model.feature_names_in_) == names
    with pytest.raises(DataError, match="feature names"):
        model.predict(pd.DataFrame(X, columns=names[::-1]))


def test_counts_need_rows_in_memory(tmp_path):
    pd.DataFrame({"a": [1, 2, 3], "kind": ["x", "y", "x"]}).to_csv(tmp_path / "t.csv")
    rows = scan(tmp_path / "t.csv", target="kind")

    with pytest.raises(DataTypeError, match="fit_counts takes rows in memory"):
        SoftmaxRegression().fit_counts(rows, np.ones((3, 2)))
    with pytest.raises(DataTypeError, match="SoftmaxRegressionCV takes rows in memory"):
        SoftmaxRegressionCV().fit(rows)
    with pytest.raises(SettingError, match="X is a scan"):
        SoftmaxRegression().fit(rows, classes=["x", "y"])
