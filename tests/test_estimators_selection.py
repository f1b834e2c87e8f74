"""The penalty chosen by rows held out: scores, errors and choice are as scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn import linear_model
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from linnet import LinearRegression, Ridge, RidgeCV, SoftmaxRegression, SoftmaxRegressionCV, load
from linnet.errors import DataError, SettingError
from linnet.solvers import listening

X, y = load_iris(return_X_y=True)
X = X - X.mean(axis=0)
XR, YR = load_diabetes(return_X_y=True)
CS = [0.01, 0.1, 1.0, 10.0]
ALPHAS = [0.001, 0.1, 10.0]
TOL = 1e-10
# Each fit is within √(2 gap C S) of the best W, and a log-probability moves by at most twice that
# times ‖x‖: below 1e-3 here. scikit-learn's own tolerance is smaller.
FAR = 2 * np.linalg.norm(X, axis=1).max() * np.sqrt(2 * TOL * max(CS) * len(X))


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_and_choice_are_those_of_scikit_learns_search(classes):
    rows = y < classes
    ours = SoftmaxRegressionCV(CS, cv=4, scoring="neg_log_loss", tol=TOL).fit(X[rows], y[rows])
    theirs = linear_model.LogisticRegressionCV(
        Cs=CS,
        cv=4,
        scoring="neg_log_loss",
        tol=1e-10,
        max_iter=10_000,
        l1_ratios=(0,),
        use_legacy_attributes=False,
    ).fit(X[rows], y[rows])

    np.testing.assert_allclose(ours.scores_, theirs.scores_[:, 0], atol=FAR)
    assert ours.C_ == theirs.C_
    np.testing.assert_array_equal(ours.Cs_, theirs.Cs_)
    np.testing.assert_array_equal(ours.predict(X[rows]), theirs.predict(X[rows]))
    assert ours.coef_.shape == theirs.coef_.shape
    # Its score is that of its scorer, as theirs is.
    assert ours.score(X[rows], y[rows]) == pytest.approx(theirs.score(X[rows], y[rows]), abs=FAR)


def test_bits_are_the_log_loss_of_labels_held_out():
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = SoftmaxRegressionCV(CS, tol=TOL).fit(X, names)

    for place, C in enumerate(CS):
        nats = []
        for train, test in StratifiedKFold(5).split(X, names):
            alone = SoftmaxRegression(C, tol=TOL).fit(X[train], names[train])
            nats.append(log_loss(names[test], alone.predict_proba(X[test])))
        bits = np.array(nats) / np.log(2)
        np.testing.assert_allclose(-model.scores_[:, place], bits, atol=2 * FAR / np.log(2))
        # Folds of equal size: the usual mean, and its standard error.
        assert model.selection_.bits[place] == pytest.approx(bits.mean(), abs=4 * FAR)
        usual = bits.std(ddof=1) / np.sqrt(5)
        assert model.selection_.standard_error[place] == pytest.approx(usual, abs=4 * FAR)
    assert CS[int(np.argmin(model.selection_.bits))] == model.C_


def test_the_folds_share_the_work_of_their_fits():
    """A step tells the passes of its own fit so far: the last of each fit tells them all."""

    def passes(steps):
        ends = [a for a, b in zip(steps, [*steps[1:], None], strict=True) if not b or not b.number]
        return sum(step.passes for step in ends)

    together, apart = [], []
    with listening(together.append):
        SoftmaxRegressionCV(10, cv=3).fit(X, y)
    with listening(apart.append):
        for train, _ in StratifiedKFold(3).split(X, y):
            for C in np.logspace(-4, 4, 10):
                SoftmaxRegression(C).fit(X[train], y[train])

    # The selection counts its last fit besides.
    assert passes(together) < 0.75 * passes(apart)


@pytest.mark.parametrize("kind", ["softmax", "ridge"])
def test_one_standard_error_takes_the_strongest_penalty_that_is_as_good(kind):
    noisy = np.where(np.random.default_rng(0).random(len(y)) < 0.3, (y + 1) % 3, y)
    if kind == "softmax":
        models = [SoftmaxRegressionCV(12, one_standard_error=one).fit(X, noisy) for one in (0, 1)]
    else:
        alphas = np.logspace(-4, 2, 13)
        models = [RidgeCV(alphas, one_standard_error=one).fit(XR, YR) for one in (0, 1)]

    best, one = (model.selection_ for model in models)
    assert one.best == best.best == best.chosen
    strong = one.settings if kind == "softmax" else -one.settings
    enough = one.bits <= one.bits[one.best] + one.standard_error[one.best]
    assert strong[one.chosen] == strong[enough].min() < strong[one.best]


def test_the_model_is_the_fit_of_all_rows_at_the_chosen_penalty(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcd"))
    chosen = SoftmaxRegressionCV(CS).fit(frame, y)
    alone = SoftmaxRegression(chosen.C_).fit(frame, y)

    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        np.testing.assert_array_equal(getattr(chosen, method)(frame), getattr(alone, method)(frame))
    np.testing.assert_array_equal(chosen.coef_, alone.coef_)
    np.testing.assert_array_equal(chosen.code_lengths(frame, y), alone.code_lengths(frame, y))
    assert list(chosen.feature_names_in_) == list("abcd")
    assert chosen.n_iter_.shape == (1,)
    chosen.save(tmp_path / "model")
    np.testing.assert_array_equal(load(tmp_path / "model").predict(frame), alone.predict(frame))


def test_weights_count_as_repeated_rows_in_fits_and_scores():
    weight = 1 + np.arange(len(y)) % 3
    every = np.repeat(np.arange(len(y)), weight)
    fold = np.arange(len(y)) % 3

    def parts(of):
        return [(np.flatnonzero(of != f), np.flatnonzero(of == f)) for f in range(3)]

    weighed = SoftmaxRegressionCV(CS, cv=parts(fold), tol=TOL).fit(X, y, sample_weight=weight)
    repeated = SoftmaxRegressionCV(CS, cv=parts(fold[every]), tol=TOL).fit(X[every], y[every])

    np.testing.assert_allclose(weighed.scores_, repeated.scores_, atol=4 * FAR)
    np.testing.assert_array_equal(weighed.selection_.weights, repeated.selection_.weights)


def test_groups_are_held_out_together():
    groups = np.arange(len(y)) // 5
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))

    by_name = SoftmaxRegressionCV(CS, cv=GroupKFold(5)).fit(X, y, groups=groups)
    by_number = RidgeCV(ALPHAS, cv=5).fit(X[order], y[order], groups=groups[order])

    assert by_name.scores_.shape == (5, 4)
    folds = list(GroupKFold(5).split(X, y, groups[order]))
    again = RidgeCV(ALPHAS, cv=folds).fit(X[order], y[order])
    np.testing.assert_array_equal(by_number.scores_, again.scores_)


def test_groups_are_routed_through_a_pipeline():
    groups = np.arange(len(y)) // 5
    with sklearn.config_context(enable_metadata_routing=True):
        model = SoftmaxRegressionCV(CS, cv=GroupKFold(5)).set_fit_request(groups=True)
        routed = make_pipeline(FunctionTransformer(), model).fit(X, y, groups=groups)

    alone = SoftmaxRegressionCV(CS, cv=GroupKFold(5)).fit(X, y, groups=groups)
    np.testing.assert_array_equal(routed[-1].scores_, alone.scores_)


def test_distributions_are_chosen_for_by_their_mean_code_length():
    Y = 0.9 * np.eye(3)[y] + 0.1 / 3
    order = np.random.default_rng(0).permutation(len(y))

    model = SoftmaxRegressionCV(CS, cv=3).fit(X[order], Y[order], classes=["c", "a", "b"])

    assert list(model.classes_) == ["a", "b", "c"]
    # No code of a distribution is shorter than its entropy.
    assert model.selection_.bits.min() > -(Y[0] * np.log2(Y[0])).sum()


def test_ridge_scores_and_choice_are_those_of_cross_validation():
    ours = RidgeCV(ALPHAS, cv=4, scoring="neg_mean_squared_error").fit(XR, YR)

    for place, alpha in enumerate(ALPHAS):
        theirs = cross_val_score(
            linear_model.Ridge(alpha), XR, YR, cv=4, scoring="neg_mean_squared_error"
        )
        np.testing.assert_allclose(ours.scores_[:, place], theirs, rtol=1e-9)
    search = linear_model.RidgeCV(ALPHAS, cv=4, scoring="neg_mean_squared_error").fit(XR, YR)
    assert ours.alpha_ == search.alpha_
    assert ours.best_score_ == pytest.approx(search.best_score_, rel=1e-9)
    np.testing.assert_allclose(ours.predict(XR), search.predict(XR), rtol=1e-9)
    assert ours.score(XR, YR) == pytest.approx(search.score(XR, YR), rel=1e-9)


@pytest.mark.parametrize("targets", [1, 2])
def test_ridge_bits_are_the_gaussian_codes_of_targets_held_out(targets):
    Y = YR if targets == 1 else np.stack([YR, XR @ np.arange(10.0) + YR / 100], axis=1)
    model = RidgeCV(ALPHAS, cv=KFold(3)).fit(XR, Y)

    for place, alpha in enumerate(ALPHAS):
        for fold, (train, test) in enumerate(KFold(3).split(XR)):
            alone = LinearRegression(alpha).fit(XR[train], Y[train])
            bits = alone.code_lengths(XR[test], Y[test], precision=1.0).mean()
            assert -model.scores_[fold, place] == pytest.approx(float(bits), rel=1e-9)
    assert model.predict(XR).shape == Y.shape


def test_sparse_rows_are_chosen_for_as_dense_ones():
    dense = RidgeCV(ALPHAS).fit(XR, YR)
    sparse = RidgeCV(ALPHAS).fit(sp.csr_array(XR), YR)

    np.testing.assert_allclose(sparse.scores_, dense.scores_, rtol=1e-9)


@pytest.mark.parametrize("shape", [(442,), (442, 1), (442, 2)])
def test_ridge_and_linear_regression_have_scikit_learns_numbers_and_shapes(shape):
    Y = np.stack([YR, YR**0.5], axis=1)[:, : shape[1]] if len(shape) > 1 else YR
    pairs = [
        (Ridge(), linear_model.Ridge()),
        (Ridge(0.1, fit_intercept=False), linear_model.Ridge(0.1, fit_intercept=False)),
        (LinearRegression(), linear_model.LinearRegression()),
    ]
    for ours, theirs in pairs:
        ours.fit(XR, Y)
        theirs.fit(XR, Y)
        # scikit-learn's Ridge alone drops the axis of one column.
        expected = theirs.predict(XR).reshape(Y.shape)
        np.testing.assert_allclose(ours.predict(XR), expected, rtol=1e-7)
        np.testing.assert_allclose(ours.coef_.ravel(), theirs.coef_.ravel(), rtol=1e-6)
        assert ours.coef_.shape == (*Y.shape[1:], 10)


def test_every_parameter_of_scikit_learns_models_is_taken():
    for ours, theirs in [
        (Ridge(), linear_model.Ridge()),
        (RidgeCV(), linear_model.RidgeCV()),
        (LinearRegression(), linear_model.LinearRegression()),
        (SoftmaxRegressionCV(), linear_model.LogisticRegressionCV()),
    ]:
        assert set(theirs.get_params()) <= set(ours.get_params())
    solvers = ["svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"]
    fits = [Ridge(solver=solver, max_iter=50).fit(XR, YR) for solver in solvers]
    assert all(np.array_equal(fit.coef_, fits[0].coef_) for fit in fits)


def test_a_ridge_is_saved_as_a_ridge(tmp_path):
    model = Ridge(0.5, solver="svd").fit(XR, YR)

    model.save(tmp_path / "model")

    again = load(tmp_path / "model")
    assert isinstance(again, Ridge)
    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.predict(XR), model.predict(XR))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Ridge(alpha=[0.1, 0.2]), r"alpha has shape \(2,\): there is one penalty"),
        (Ridge(positive=True), "positive=True bounds the weights"),
        (Ridge(solver="newton"), "solver='newton': it must be one of 'auto'"),
        (Ridge(max_iter=0), "max_iter=0"),
        (LinearRegression(positive=True), "positive=True bounds the weights"),
        (LinearRegression(tol=-1), "tol=-1"),
        (RidgeCV(alpha_per_target=True), "alpha_per_target=True: there is one penalty"),
        (RidgeCV(store_cv_results=True), "store_cv_results=True: no row is left out"),
        (RidgeCV(gcv_mode="fast"), "gcv_mode='fast'"),
        (RidgeCV([]), "alphas has shape"),
        (RidgeCV(cv=1), "cv=1 cannot split these rows"),
        (RidgeCV(cv="five"), "cv='five' cannot split these rows"),
        (RidgeCV(cv=[]), "gives no fold"),
        (RidgeCV(cv=[([], [0, 1])]), "fold 0 has no rows to fit to"),
        (RidgeCV(scoring="beauty"), "scoring='beauty'"),
        (RidgeCV(cv=[([0, 1], [2, 3])], one_standard_error=True), "two folds at least"),
        (SoftmaxRegressionCV(penalty=None), "penalty=None leaves no C to choose"),
        (SoftmaxRegressionCV(l1_ratios=(0, 0.5)), "l1_ratio=0.5 asks"),
        (SoftmaxRegressionCV(use_legacy_attributes=True), "use_legacy_attributes=True"),
        (SoftmaxRegressionCV(Cs=0), "Cs=0: it must be a whole number"),
        (SoftmaxRegressionCV(Cs=[1.0, -1.0]), r"Cs\[1\]=-1.0"),
        (SoftmaxRegressionCV(solver="best"), "solver='best'"),
    ],
    ids=repr,
)
def test_settings_out_of_range_are_named(model, message):
    with pytest.raises(SettingError, match=message):
        model.fit(X, y)


def test_a_class_that_no_fold_can_learn_is_named_with_its_fold():
    labels = np.where(np.arange(len(y)) < 30, "rare", np.where(y == 1, "b", "c"))
    folds = list(KFold(5).split(X))

    with pytest.raises(DataError, match="Fold 0 holds out every row of class rare"):
        SoftmaxRegressionCV(CS, cv=folds).fit(X, labels)
    with pytest.raises(DataError, match="In the rows fitted for fold 0: y holds one class only"):
        SoftmaxRegressionCV(CS, cv=[(np.arange(20), np.arange(20))]).fit(X, labels)


def test_what_cannot_be_scored_or_kept_is_said():
    Y = np.eye(3)[y]

    with pytest.raises(SettingError, match="scoring='accuracy' needs one label a row"):
        SoftmaxRegressionCV(CS, scoring="accuracy").fit(X, Y)
    compared = SoftmaxRegressionCV(CS, refit=False).fit(X, y)
    assert compared.C_ in CS
    with pytest.raises(SettingError, match="refit=False compares values of C"):
        compared.predict(X)
    scored = RidgeCV(ALPHAS, scoring="r2").fit(XR, YR)
    with pytest.raises(SettingError, match="scored by scoring"):
        _ = scored.selection_.bits
    assert "mean score" in repr(scored.selection_)
    constant = RidgeCV(ALPHAS).fit(XR, np.ones(len(YR)))
    assert constant.alpha_ == max(ALPHAS)
