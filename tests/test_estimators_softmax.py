"""SoftmaxRegression: the optimum scikit-learn would reach, and what only linnet gives."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from linnet import ConvergenceWarning, SoftmaxRegression
from linnet.errors import DataError, SettingError
from linnet.estimators.softmax_parameters import theta_of
from linnet.numeric import EPSILON

IRIS = load_iris(return_X_y=True)
seeds = st.integers(0, 2**32 - 1)


def problem(q=3, n=200, k=5, seed=0):
    return make_classification(
        n, k, n_informative=k, n_redundant=0, n_classes=q, n_clusters_per_class=1,
        class_sep=0.5, random_state=seed,
    )  # fmt: skip


def objective(model, X, y, weight=None):
    """Mathematics §7 from predicted probabilities, by scikit-learn's own measure."""
    weight = np.ones(len(y)) if weight is None else weight
    loss = log_loss(y, model.predict_proba(X), sample_weight=weight)
    return loss + (model.coef_**2).sum() / (2 * model.C * weight.sum())


@pytest.mark.parametrize("q", [2, 4])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_optimum_is_scikit_learns(q, fit_intercept, C, weighted):
    X, y = problem(q)
    weight = np.random.default_rng(0).integers(0, 4, len(y)).astype(float) if weighted else None
    peer = LogisticRegression(
        C=C, fit_intercept=fit_intercept, tol=1e-12, max_iter=10_000, solver="newton-cholesky"
    ).fit(X, y, weight)

    model = SoftmaxRegression(C, fit_intercept=fit_intercept, tol=1e-12).fit(X, y, weight)

    assert objective(model, X, y, weight) <= objective(peer, X, y, weight) + 1e-12
    # A gap of 1e-12 leaves the coefficients some 1e-6/√λ apart, λ being 1/(C n).
    close = {"rtol": 0, "atol": 2e-6 * np.sqrt(2 * C * len(y))}
    np.testing.assert_allclose(model.coef_, peer.coef_, **close)
    np.testing.assert_allclose(model.intercept_, peer.intercept_, **close)
    assert model.coef_.shape == peer.coef_.shape
    assert model.loss_ == pytest.approx(objective(model, X, y, weight), rel=1e-12)


@pytest.mark.parametrize("solver", ["auto", "newton-cg", "lbfgs", "gradient-descent"])
@pytest.mark.parametrize("q", [2, 3])
def test_every_solver_is_within_the_gap_it_proves(solver, q):
    X, y = problem(q)
    best = SoftmaxRegression(C=0.1, tol=1e-13).fit(X, y).loss_

    model = SoftmaxRegression(C=0.1, solver=solver).fit(X, y)

    assert model.certificate_.kind == "proven"
    assert model.certificate_.unit == "nats"
    assert model.loss_ - best <= model.certificate_.gap <= 1e-6
    assert model.history_[-1].value >= model.loss_ - 1e-12
    assert model.n_iter_ == len(model.history_) - 1


@pytest.mark.parametrize("q", [2, 3])
def test_dense_sparse_and_other_types_give_the_same_fit(q):
    X, y = problem(q)
    X = X.round(2).astype(np.float32)
    plain = SoftmaxRegression(tol=1e-16).fit(X.astype(np.float64), y)

    for other in (
        X,
        np.asfortranarray(X),
        sp.csr_array(X),
        sp.csr_matrix(X),
        sp.csc_array(X),
        sp.coo_array(X),
        pd.DataFrame(X, columns=list("abcde")),
        pl.DataFrame(X, schema=list("abcde")),
    ):
        model = SoftmaxRegression(tol=1e-16).fit(other, y)
        np.testing.assert_allclose(model.coef_, plain.coef_, rtol=0, atol=1e-9)
        np.testing.assert_allclose(model.predict_proba(other), plain.predict_proba(X), atol=1e-9)


def test_sparse_indices_of_64_bits_are_taken():
    X, y = problem()
    csr = sp.csr_array(X)
    wide = sp.csr_array(
        (csr.data, csr.indices.astype(np.int64), csr.indptr.astype(np.int64)), shape=X.shape
    )

    np.testing.assert_allclose(
        SoftmaxRegression().fit(wide, y).coef_, SoftmaxRegression().fit(csr, y).coef_
    )


@settings(max_examples=10)
@given(seed=seeds)
def test_a_weight_of_two_is_a_row_given_twice(seed):
    X, y = problem(seed=seed % 1000)
    repeats = np.random.default_rng(seed).integers(0, 3, len(y))

    weighted = SoftmaxRegression(tol=1e-12).fit(X, y, repeats.astype(float))
    repeated = SoftmaxRegression(tol=1e-12).fit(np.repeat(X, repeats, 0), np.repeat(y, repeats))

    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-4)
    assert weighted.loss_ == pytest.approx(repeated.loss_, abs=2e-12)


def test_distributions_as_targets_equal_weighted_repetition():
    X, _ = problem()
    Y = np.random.default_rng(0).dirichlet(np.ones(3), len(X))

    soft = SoftmaxRegression(tol=1e-11).fit(X, Y)
    hard = SoftmaxRegression(tol=1e-11).fit(
        np.repeat(X, 3, axis=0), np.tile([0, 1, 2], len(X)), Y.ravel()
    )

    assert soft.loss_ == pytest.approx(hard.loss_, abs=3e-11)
    np.testing.assert_allclose(soft.coef_, hard.coef_, atol=1e-4)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 5.0, 2: 0.5}])
def test_class_weights_mean_what_they_mean_in_scikit_learn(class_weight):
    X, y = problem()
    keep = (y > 0) | (np.arange(len(y)) % 3 == 0)
    X, y = X[keep], y[keep]
    peer = LogisticRegression(class_weight=class_weight, tol=1e-12, max_iter=10_000).fit(X, y)

    model = SoftmaxRegression(class_weight=class_weight, tol=1e-12).fit(X, y)

    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-4)


def test_code_lengths_are_the_surprise_at_each_label():
    X, y = IRIS
    model = SoftmaxRegression().fit(X, y)
    surprise = -np.log(model.predict_proba(X)[np.arange(len(y)), y])

    nats, bits = model.code_lengths(X, y, unit="nats"), model.code_lengths(X, y)

    np.testing.assert_allclose(np.asarray(nats), surprise, rtol=1e-10)
    np.testing.assert_allclose(np.asarray(bits), surprise / np.log(2), rtol=1e-10)
    assert (nats.unit, bits.unit) == ("nats", "bits")
    assert float(nats.mean()) == pytest.approx(log_loss(y, model.predict_proba(X)))


def test_a_label_never_seen_has_an_infinite_code():
    X, y = IRIS
    model = SoftmaxRegression().fit(X, y.astype(str))

    assert np.isinf(np.asarray(model.code_lengths(X[:2], ["0", "seven"]))).tolist() == [False, True]


def test_probabilities_do_not_underflow_in_their_logarithms():
    X, y = np.array([[-1.0], [1.0]]), [0, 1]
    model = SoftmaxRegression(C=1e6).fit(X, y)

    far = np.array([[1e4]])
    assert model.predict_proba(far)[0, 0] == 0
    assert np.isfinite(model.predict_log_proba(far)).all()
    assert model.predict_log_proba(far)[0, 0] == pytest.approx(-model.decision_function(far)[0])


def test_without_penalty_the_marginal_rates_are_matched_exactly():
    X, y = problem()
    model = SoftmaxRegression(C=np.inf, tol=1e-12).fit(X, y)

    # The intercept's equation at the optimum: mean probability = share of the class.
    np.testing.assert_allclose(
        model.predict_proba(X).mean(axis=0), np.bincount(y) / len(y), atol=1e-7
    )
    assert model.certificate_.kind == "estimate"
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=100 * EPSILON)


def test_separable_classes_are_warned_of_and_fitted_all_the_same():
    X, y = IRIS

    with pytest.warns(ConvergenceWarning, match=r"separable.*Set C to a finite value"):
        model = SoftmaxRegression(C=np.inf).fit(X[:100], y[:100])

    assert np.isfinite(model.coef_).all()
    assert model.score(X[:100], y[:100]) == 1


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "gradient-descent", "sgd", "adagrad", "adam"])
def test_stopping_early_is_one_warning_that_says_what_to_do(solver):
    X, y = problem(n=500)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        SoftmaxRegression(C=100.0, solver=solver, max_iter=1).fit(X, y)

    assert len(caught) == 1
    assert issubclass(caught[0].category, ConvergenceWarning)
    assert "Increase max_iter" in str(caught[0].message)
    assert "nats per sample of the optimum (proven)" in str(caught[0].message)


def test_a_warm_start_needs_no_step_from_its_own_optimum():
    X, y = problem()
    model = SoftmaxRegression(warm_start=True).fit(X, y)
    steps = model.n_iter_

    model.fit(X, y)

    assert model.n_iter_ == 0 < steps
    model.fit(X[:, :3], y)
    assert model.coef_.shape == (3, 3)


def test_a_class_of_zero_weight_stays_known_and_is_never_predicted():
    X, y = IRIS
    model = SoftmaxRegression().fit(X, y, (y > 0).astype(float))

    assert list(model.classes_) == [0, 1, 2]
    assert model.predict_proba(X)[:, 0].max() < 1e-10
    assert model.certificate_.gap <= 1e-6


def test_the_schedule_goes_on_falling_from_call_to_call():
    X, y = problem()
    falling, constant = (
        SoftmaxRegression(learning_rate=0.5, schedule=name).partial_fit(X, y, classes=[0, 1, 2])
        for name in ("inverse-scaling", "constant")
    )
    for _ in range(20):
        falling.partial_fit(X, y)
        constant.partial_fit(X, y)
    before = falling.coef_.copy(), constant.coef_.copy()
    falling.partial_fit(X, y)
    constant.partial_fit(X, y)

    assert np.abs(falling.coef_ - before[0]).max() < np.abs(constant.coef_ - before[1]).max()


def test_batches_of_zero_weight_and_balanced_classes_are_taken_by_partial_fit():
    X, y = problem()
    weight = np.zeros(len(y))
    weight[-1] = 1.0

    model = SoftmaxRegression(class_weight="balanced", batch_size=10)
    model.partial_fit(X, y, classes=[0, 1, 2], sample_weight=weight).partial_fit(X, y)

    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("in_csr", [False, True])
@pytest.mark.parametrize("average", [False, True])
def test_partial_fit_leaves_coefficients_that_were_read_before_as_they_are(average, in_csr):
    X, y = problem(3)
    X = sp.csr_matrix(X) if in_csr else X
    model = SoftmaxRegression(average=average).partial_fit(X, y, classes=[0, 1, 2])
    before = model.coef_, model.intercept_
    kept = [part.copy() for part in before]

    model.partial_fit(X, y)

    for part, old, now in zip(before, kept, (model.coef_, model.intercept_), strict=True):
        np.testing.assert_array_equal(part, old)
        assert not np.array_equal(part, now)


def test_partial_fit_that_fails_leaves_the_model_as_it_was():
    X, y = problem(3)
    rows = sp.csr_matrix(X)
    model = SoftmaxRegression().partial_fit(rows, y, classes=[0, 1, 2])
    expected = model.predict_proba(X)
    rows.indices[rows.indptr[150]] = 10**6

    with pytest.raises(DataError, match="row 150 of the sparse matrix names column 1000000"):
        model.partial_fit(rows, y)

    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("column", [5, -1, 10**6])
@pytest.mark.parametrize(
    "use",
    [
        lambda X, y: SoftmaxRegression().fit(X, y),
        lambda X, y: SoftmaxRegression(solver="sgd").fit(X, y),
        lambda X, y: SoftmaxRegression().partial_fit(X, y, classes=[0, 1, 2]),
        lambda X, _: SoftmaxRegression().fit(*problem(3)).predict(X),
    ],
    ids=["fit", "fit by steps", "first partial_fit", "predict"],
)
def test_an_entry_in_a_column_there_is_not_is_named(use, column):
    X, y = problem(3)
    X = sp.csr_matrix(X)
    X.indices[X.indptr[150]] = column

    with pytest.raises(DataError, match=f"row 150 of the sparse matrix names column {column},"):
        use(X, y)


def fitted_in_many_ways(q, in_csr):
    X, y = problem(q)
    X = sp.csr_matrix(X) if in_csr else X
    yield SoftmaxRegression().fit(X, y)
    yield SoftmaxRegression().partial_fit(X, y, classes=np.arange(q))
    yield SoftmaxRegression(fit_intercept=False).fit(X, y)


@pytest.mark.parametrize("in_csr", [False, True])
@pytest.mark.parametrize("q", [2, 3, 6])
def test_predictions_copy_no_coefficients_and_see_every_change_of_them(q, in_csr):
    X, _ = problem(q)

    def assert_linear(model):
        Z = np.reshape(model.decision_function(X), (len(X), -1))
        np.testing.assert_allclose(Z, X @ model.coef_.T + model.intercept_)

    for model in fitted_in_many_ways(q, in_csr):
        assert np.shares_memory(theta_of(model), model.coef_)
        assert_linear(model)
        again = pickle.loads(pickle.dumps(model))  # noqa: S301 -- our own bytes
        assert_linear(again)
        np.testing.assert_array_equal(again.coef_, model.coef_)
        assert_linear(copy.deepcopy(model))
        model.coef_[:, 0] = 0
        assert_linear(model)
        model.coef_ = model.coef_ * 2
        assert_linear(model)


def test_partial_fit_needs_to_know_the_classes():
    X, y = IRIS

    with pytest.raises(DataError, match="classes must be passed on the first call"):
        SoftmaxRegression().partial_fit(X, y)
    with pytest.raises(DataError, match=r"label 2 in row 100.*not among the 2 classes 0, 1"):
        SoftmaxRegression().partial_fit(X, y, classes=[0, 1])
    model = SoftmaxRegression().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(DataError, match="not the same as on the last call"):
        model.partial_fit(X, y, classes=[0, 1, 2, 3])
    with pytest.raises(SettingError, match="needs the number of steps"):
        SoftmaxRegression(schedule="cosine").partial_fit(X, y, classes=[0, 1, 2])


def test_pipelines_searches_clones_and_pickles_work():
    X, y = IRIS
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SoftmaxRegression()),
        {"softmaxregression__C": [0.1, 1.0, 10.0]},
        scoring="neg_log_loss",
    ).fit(X, y)
    model = search.best_estimator_[-1]

    assert search.best_score_ > -0.2
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).coef_, model.coef_)  # noqa: S301
    assert clone(model).get_params() == model.get_params()


def test_feature_names_are_kept_and_held_to():
    X, y = IRIS
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = SoftmaxRegression().fit(frame, y)

    assert list(model.feature_names_in_) == ["a", "b", "c", "d"]
    with pytest.raises(DataError, match="feature names should match"):
        model.predict(frame[["b", "a", "c", "d"]])


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [-1, 1], [3.0, 7.0]])
def test_labels_come_back_as_they_were_given(labels):
    X, y = problem(2)
    labels = np.array(labels)

    model = SoftmaxRegression().fit(X, labels[y])

    assert model.classes_.dtype == labels.dtype
    assert set(model.predict(X).tolist()) <= set(labels.tolist())
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=10 * EPSILON)


def test_one_thread_gives_the_fit_of_all():
    X, y = problem()

    np.testing.assert_allclose(
        SoftmaxRegression(n_jobs=1).fit(X, y).coef_, SoftmaxRegression().fit(X, y).coef_, atol=1e-8
    )


def test_the_same_seed_gives_the_same_fit():
    X, y = problem()
    fits = [
        SoftmaxRegression(solver="sgd", random_state=seed, tol=1.0).fit(X, y).coef_
        for seed in (1, 1, np.random.RandomState(1))
    ]

    np.testing.assert_array_equal(fits[0], fits[1])
    np.testing.assert_array_equal(fits[0], fits[2])
