"""The row space: coordinates keep lengths and scores, and the fit in them is the fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine_cases import rows_of
from linnet.data import MemorySource
from linnet.engine import RowSpace
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss
from linnet.numeric import EPSILON
from linnet.objective import Objective
from linnet.solvers import Automatic, Ending
from linnet.solvers.certificate import certify

seeds = st.integers(0, 2**32 - 1)
# XXᵀ squares the condition number, which is below 100 for random rows of these shapes.
ROUNDING = 1e4 * 100 * EPSILON


@pytest.mark.parametrize("storage", ["float64", "float32", "float16", "uint8"])
@pytest.mark.parametrize("order", ["C", "F", "strided columns"])
@settings(max_examples=10)
@given(seed=seeds, n=st.integers(1, 12), twice=st.booleans())
def test_scores_and_lengths_are_those_of_the_weights(storage, order, *, seed, n, twice):
    rng = np.random.default_rng(seed)
    X = rows_of(rng, n, 60, storage, order)
    if twice:
        X = np.concatenate([X, X[:1]])
    V = rng.normal(size=(3, RowSpace.of(X).rows.shape[1]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linnet.engine.row_space.BLOCK_VALUES", 7 * len(X))
        space = RowSpace.of(X)
        W = space.weights(V)
        back = space.coordinates(W)

    assert len(space.rows[0]) == np.linalg.matrix_rank(X.astype(float))
    atol = ROUNDING * 60 * np.abs(X.astype(float)).max()
    np.testing.assert_allclose(X.astype(float) @ W.T, space.rows @ V.T, rtol=0, atol=atol)
    np.testing.assert_allclose(back, V, rtol=0, atol=ROUNDING)
    assert np.linalg.norm(W) == pytest.approx(np.linalg.norm(V), rel=ROUNDING)


def test_rows_of_zeros_span_nothing_and_huge_ones_too_much():
    assert RowSpace.of(np.zeros((3, 9))) is None
    assert RowSpace.of(np.full((3, 9), 1e200)) is None


def wide(seed, *, n=40, k=900, l2=0.01, loss="softmax", intercept=True):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k)) + rng.normal(size=(n, 3)) @ rng.normal(size=(3, k))
    if loss == "squared":
        kind, y = SquaredLoss(), rng.normal(size=(n, 3))
    else:
        kind, y = SoftmaxCrossEntropy(), rng.integers(3, size=n)
        y[:3] = np.arange(3)
    return Objective(
        source=MemorySource(X, y, rng.random(n) + 0.5),
        loss=kind,
        n_scores=3,
        l2=l2,
        fit_intercept=intercept,
    )


@pytest.mark.parametrize("loss", ["softmax", "squared"])
@settings(max_examples=6)
@given(seed=seeds, l2=st.sampled_from([1e-3, 1.0, 100.0]), intercept=st.booleans())
def test_more_features_than_rows_are_fitted_in_the_row_space(loss, *, seed, l2, intercept):
    objective = wide(seed, l2=l2, loss=loss, intercept=intercept)
    start = 0.03 * np.random.default_rng(seed).normal(size=objective.shape)

    solution = Automatic(tol=1e-8).minimise(objective, start)

    assert solution.ending is Ending.CONVERGED
    assert solution.certificate.kind == "proven"
    assert solution.value == pytest.approx(objective.value(solution.theta), rel=1e-12)
    assert certify(objective, solution.theta)[2].gap <= 1e-8
    # The data are read to find the space, and the steps go through what is 22 times smaller.
    assert solution.steps[-1].passes < 10


def test_without_penalty_the_shortest_weights_are_found():
    objective = wide(0, l2=0.0, loss="squared", intercept=False)
    start = np.random.default_rng(1).normal(size=objective.shape)

    solution = Automatic(tol=1e-16).minimise(objective, start)

    shortest = np.linalg.lstsq(objective.source.X, objective.source.y)[0].T
    np.testing.assert_allclose(solution.theta, shortest, rtol=0, atol=1e-7 * np.abs(shortest).max())


def test_separable_classes_are_told_from_the_row_space_too():
    objective = wide(2, l2=0.0)
    solution = Automatic().minimise(objective, np.zeros(objective.shape))
    assert solution.ending is Ending.SEPARABLE


def test_where_the_subspace_is_too_rough_newton_goes_on_in_all_of_it():
    objective = wide(3, k=4500, l2=1e-3)
    rough = objective.in_row_space()[1]
    spoilt = RowSpace(rough.X, rough.rows * (1 + 1e-3), rough.mixing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowSpace, "of", lambda _: spoilt)
        solution = Automatic(tol=1e-9).minimise(objective, np.zeros(objective.shape))
    assert solution.certificate.gap <= 1e-9
    assert [step.number for step in solution.steps] == list(range(len(solution.steps)))


@pytest.mark.parametrize("shape", [(40, 60), (3, 100)])
def test_problems_that_would_not_shrink_stay_as_they_are(shape):
    n, k = shape
    assert wide(4, n=n, k=k).in_row_space() is None
