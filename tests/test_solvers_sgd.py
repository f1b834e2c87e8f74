"""Stochastic solvers: every rule and schedule comes near the optimum, at rates found out."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss

from linnet import SoftmaxRegression, load
from linnet.data import Batch, MemorySource
from linnet.engine import Iterate, StepRule, Walk, descend
from linnet.errors import SettingError
from linnet.estimators import ConvergenceWarning
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss
from linnet.numeric import EPSILON
from linnet.objective import Objective
from linnet.solvers import Ending, StochasticGradientDescent
from linnet.solvers.choice import choose_rule
from linnet.solvers.sgd import default_learning_rate

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=10, deadline=None)
WAYS = [
    {},
    {"batch_size": 64},
    {"average": True},
    {"momentum": 0.9},
    {"momentum": 0.9, "average": True},
    {"schedule": "cosine"},
    {"schedule": "one-cycle"},
    {"solver": "adagrad"},
    {"solver": "adam", "batch_size": 8},
]
each_way = pytest.mark.parametrize("way", WAYS, ids=str)


def rows(q=3, n=600, seed=0):
    return make_classification(
        n, 5, n_informative=5, n_redundant=0, n_classes=q, n_clusters_per_class=1,
        class_sep=0.5, random_state=seed,
    )  # fmt: skip


@each_way
@pytest.mark.parametrize("in_csr", [False, True])
@pytest.mark.parametrize("q", [2, 3])
def test_twenty_epochs_come_within_three_per_cent_of_the_optimum(q, in_csr, way):
    X, y = rows(q)
    X = sp.csr_array(X) if in_csr else X
    best = SoftmaxRegression().fit(X, y)
    model = SoftmaxRegression(solver="sgd", max_iter=20, tol=1e-9).set_params(**way)

    with pytest.warns(ConvergenceWarning, match="Increase max_iter"):
        model.fit(X, y)

    assert model.n_iter_ == 20
    assert best.loss_ <= model.loss_ < 1.03 * best.loss_
    assert model.loss_ - best.loss_ <= model.certificate_.gap


@each_way
def test_partial_fit_over_batches_comes_near_the_optimum(way):
    X, y = rows(n=2000)
    best = SoftmaxRegression().fit(X, y)
    model = SoftmaxRegression(max_iter=200).set_params(**way)
    rng = np.random.default_rng(0)

    for _ in range(40):
        for part in np.array_split(rng.permutation(len(y)), 5):
            model.partial_fit(X[part], y[part], classes=[0, 1, 2])

    # 40 epochs of steps that fall as 1/√t: within 1 % of the loss.
    assert log_loss(y, model.predict_proba(X)) < 1.01 * log_loss(y, best.predict_proba(X))
    assert model.n_iter_ == 200


@pytest.mark.parametrize(
    "way", [{}, {"average": True}, {"momentum": 0.9}, {"solver": "adam"}, {"solver": "adagrad"}],
    ids=str,
)  # fmt: skip
def test_what_a_rule_remembers_goes_on_from_call_to_call(way):
    """Three calls are three steps of one walk: with all rows in a step no shuffling is seen."""
    X, y = rows(seed=1)
    model = SoftmaxRegression(
        C=np.inf, batch_size=600, schedule="constant", learning_rate=0.1
    ).set_params(**way)
    for _ in range(3):
        model.partial_fit(X, y, classes=[0, 1, 2])
    rule = choose_rule(model.solver, momentum=model.momentum, average=model.average)
    walk = Walk(order=np.tile(np.arange(600), 3), batch_size=600, rates=np.full(3, 0.1))

    after = descend(
        SoftmaxCrossEntropy(), Batch(X, y), walk, rule, Iterate.begin(np.zeros((3, 6)), rule)
    )

    theta = after.estimate(rule)
    np.testing.assert_allclose(model.coef_, (theta - theta.mean(axis=0))[:, :5], atol=1e-12)


@few
@given(seed=seeds, scale=st.sampled_from([1e-3, 1.0, 1e3]), batch_size=st.sampled_from([1, 8, 64]))
def test_rates_found_out_do_not_diverge(seed, scale, batch_size):
    X, y = rows(n=200, seed=seed)
    objective = Objective(
        source=MemorySource(scale * X, y), loss=SoftmaxCrossEntropy(), n_scores=3, l2=0.0
    )
    start = np.zeros(objective.shape)

    for rule in (StepRule(), StepRule(momentum=0.9), StepRule(optimizer="adagrad")):
        solver = StochasticGradientDescent(rule=rule, max_steps=5, batch_size=batch_size)
        assert solver.minimise(objective, start).value <= objective.value(start)


def test_the_rate_is_the_one_that_theory_gives():
    """Rows of one length along one axis: t = λ₁ = x², and the rate is 1/(x² + λ) for any B."""
    X, y = np.full((50, 1), 3.0), np.zeros((50, 1))
    objective = Objective(
        source=MemorySource(X, y), loss=SquaredLoss(), n_scores=1, l2=0.5, fit_intercept=False
    )
    random = np.random.default_rng(0)

    for batch_size in (1, 10):
        rate = default_learning_rate(objective, StepRule(), batch_size, random)
        assert rate == pytest.approx(1 / (9 + 0.5))
    slower = default_learning_rate(objective, StepRule(momentum=0.9), 1, random)
    assert slower == pytest.approx(0.1 / 9.5)
    adam = default_learning_rate(objective, StepRule(optimizer="adam"), 25, random)
    assert adam == pytest.approx(0.05 / 3)
    adagrad = default_learning_rate(objective, StepRule(optimizer="adagrad"), 25, random)
    assert adagrad == pytest.approx(0.7 / 3)
    # Rows along two axes in turn: t = x², λ₁ = x²/2, and of 50 rows 10 leave out 40/49.
    across = replace(objective, source=MemorySource(np.tile(3 * np.eye(2), (25, 1)), y))
    rate = default_learning_rate(across, StepRule(), 10, random)
    assert rate == pytest.approx(1 / (4.5 + 0.5 + 4.5 / 10 * 40 / 49 / 2))
    assert default_learning_rate(across, StepRule(), 50, random) == pytest.approx(1 / 5)


def test_a_rate_far_too_large_is_told_apart_from_too_few_steps():
    X, y = rows()
    objective = Objective(source=MemorySource(X, y), loss=SoftmaxCrossEntropy(), n_scores=3, l2=0.0)

    solution = StochasticGradientDescent(learning_rate=1e6).minimise(
        objective, np.zeros(objective.shape)
    )

    assert solution.ending is Ending.DIVERGED


def test_schedules_with_an_end_need_the_number_of_calls():
    X, y = rows()
    with pytest.raises(SettingError, match="Set max_iter to the number of calls"):
        SoftmaxRegression(schedule="one-cycle").partial_fit(X, y, classes=[0, 1, 2])
    model = SoftmaxRegression(schedule="cosine", max_iter=2)
    model.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    at_the_end = model.coef_.copy()

    # The rate has come down to nothing; what is left is the rounding of weights that sum to zero.
    model.partial_fit(X, y)

    np.testing.assert_allclose(model.coef_, at_the_end, rtol=0, atol=10 * EPSILON)


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ({"momentum": 1.0}, "less than 1"),
        ({"momentum": -0.1}, "at least 0"),
        ({"momentum": "high"}, "must be a number"),
        ({"average": 10}, "average=10: it must be True or False"),
        ({"solver": "adam", "momentum": 0.9}, "takes neither momentum=0.9 nor"),
        ({"solver": "adagrad", "average": True}, 'use solver="sgd"'),
    ],
)
def test_steps_that_make_no_sense_are_refused(way, message):
    X, y = rows()
    with pytest.raises(SettingError, match=message):
        SoftmaxRegression(**way).fit(X, y)
    with pytest.raises(SettingError, match=message):
        SoftmaxRegression(**way).partial_fit(X, y, classes=[0, 1, 2])


def test_new_settings_are_saved_with_the_model(tmp_path):
    X, y = rows()
    model = SoftmaxRegression(momentum=0.5, average=True).partial_fit(X, y, classes=[0, 1, 2])
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")

    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
