"""The objective of mathematics §7, against JAX and against itself on other storage."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.calculus import check_gradient
from linnet.data import MemorySource, Source, memory
from linnet.data.memory import KEPT_VALUES
from linnet.engine import Iterate, StepRule
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss
from linnet.numeric import EPSILON
from linnet.objective import Objective
from linnet.solvers.problem import Problem

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15)
MODELS = ["squared", "softmax", "anchored", "distributions"]


def random_problem(model, seed, *, intercept=True, weighted=True, l2=0.3, X=None):
    """An objective over 40 rows of 3 features, and parameters with a direction."""
    rng = np.random.default_rng(seed)
    n, k = 40, 3
    X = rng.normal(size=(n, k)) if X is None else X
    weight = rng.integers(0, 4, n).astype(float) + (np.arange(n) == 0) if weighted else None
    m, loss, y = {
        "squared": (2, SquaredLoss(), rng.normal(size=(n, 2))),
        "softmax": (4, SoftmaxCrossEntropy(), rng.integers(4, size=n)),
        "anchored": (1, SoftmaxCrossEntropy(anchored=True), rng.integers(2, size=n)),
        "distributions": (3, SoftmaxCrossEntropy(), rng.dirichlet(np.ones(3), n)),
    }[model]
    objective = Objective(
        source=MemorySource(X, y, weight), loss=loss, n_scores=m, l2=l2, fit_intercept=intercept
    )
    return objective, *rng.normal(size=(2, *objective.shape))


def in_jax(objective, theta):
    """Mathematics §7 once more, written out with JAX."""
    source, k = objective.source, objective.source.n_features
    W = theta[:, :k]
    Z = source.X @ W.T + (theta[:, k] if objective.fit_intercept else 0)
    s = jnp.ones(len(Z)) if source.weight is None else source.weight
    if isinstance(objective.loss, SquaredLoss):
        losses = 0.5 * ((Z - source.y) ** 2).sum(axis=1)
    else:
        Z = jnp.pad(Z, ((0, 0), (1, 0))) if objective.loss.anchored else Z
        Y = jax.nn.one_hot(source.y, Z.shape[1]) if source.y.ndim == 1 else source.y
        losses = -(Y * jax.nn.log_softmax(Z, axis=1)).sum(axis=1)
    return (s * losses).sum() / s.sum() + 0.5 * objective.l2 * (W**2).sum()


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("model", MODELS)
@few
@given(seed=seeds)
def test_value_gradient_and_hessian_agree_with_jax(model, intercept, seed):
    objective, theta, direction = random_problem(model, seed, intercept=intercept)
    with jax.enable_x64(True):
        value, gradient = jax.value_and_grad(lambda t: in_jax(objective, t))(jnp.asarray(theta))
        hessian = jax.hessian(lambda t: in_jax(objective, t))(jnp.asarray(theta))

    close = {"rtol": 1e-11, "atol": 1e-11}  # some thousand roundings of numbers around 10
    got_value, got_gradient = objective.value_and_gradient(theta)
    np.testing.assert_allclose(got_value, value, **close)
    np.testing.assert_allclose(objective.value(theta), value, **close)
    np.testing.assert_allclose(got_gradient, gradient, **close)
    np.testing.assert_allclose(
        objective.hessian_at(theta)(direction),
        np.einsum("apbq,bq->ap", hessian, direction),
        **close,
    )
    whole = objective.hessian(theta)
    np.testing.assert_allclose(whole, hessian, **close)
    np.testing.assert_allclose(
        objective.hessian_diagonal(theta), np.einsum("apap->ap", hessian), **close
    )
    # What no curvature of the loss in the weights exceeds.
    k = objective.source.n_features
    of_weights = whole[:, :k, :, :k].reshape(objective.n_scores * k, -1)
    assert np.linalg.eigvalsh(of_weights)[-1] <= objective.curvature_bound() + objective.l2 + 1e-9
    if intercept:
        _, slope, curvature = objective.intercept_derivatives(theta)
        np.testing.assert_allclose(slope, gradient[:, -1], **close)
        np.testing.assert_allclose(curvature, hessian[:, -1, :, -1], **close)


@pytest.mark.parametrize("model", MODELS)
@few
@given(seed=seeds, intercept=st.booleans(), room=st.booleans())
def test_hessians_of_what_a_gradient_kept_are_those_worked_out_anew(model, seed, intercept, room):
    objective, theta, direction = random_problem(model, seed, intercept=intercept)
    with pytest.MonkeyPatch.context() as patch:
        if not room:
            patch.setattr("linnet.data.memory.KEPT_VALUES", 0)
        value, gradient, kept = objective.gradient_and_curvatures(theta)

        assert bool(kept) == room
        assert value == objective.value_and_gradient(theta)[0]
        np.testing.assert_array_equal(gradient, objective.value_and_gradient(theta)[1])
        np.testing.assert_array_equal(
            objective.hessian_at(theta, kept=kept)(direction),
            objective.hessian_at(theta)(direction),
        )
        _, _, single = objective.gradient_and_curvatures(theta, precise=False)
        for got, want in zip(
            objective.score_hessians(theta, 50.0, 2, kept=single),
            objective.score_hessians(theta, 50.0, 2),
            strict=True,
        ):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("model", MODELS)
@few
@given(seed=seeds, intercept=st.booleans(), sparse=st.booleans())
def test_hessians_of_single_scores_are_blocks_of_the_whole(model, seed, intercept, sparse):
    objective, theta, _ = random_problem(model, seed, intercept=intercept)
    if sparse:
        source = objective.source
        X = sp.csr_array(np.asarray(source.X, dtype=float))
        objective = replace(objective, source=MemorySource(X, source.y, source.weight))
    whole = objective.hessian(theta)

    # So many draws that each row has its share to some millionths.
    blocks = list(objective.score_hessians(theta, 1e7, at_once=2))

    assert len(blocks) == objective.n_scores
    for score, block in enumerate(blocks):
        wanted = whole[score, :, score, :]
        # Rows are squared and added in single precision.
        np.testing.assert_allclose(block, wanted, rtol=0, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("model", MODELS)
def test_taylor_remainder_of_the_gradient_has_order_two(model):
    objective, theta, _ = random_problem(model, seed=11)

    check = check_gradient(objective.value, lambda t: objective.value_and_gradient(t)[1], theta)

    assert check.order == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize("model", MODELS)
@few
@given(seed=seeds)
def test_a_weight_of_two_is_a_row_given_twice(model, seed):
    objective, theta, _ = random_problem(model, seed)
    source = objective.source
    repeats = source.weight.astype(int)
    repeated = Objective(
        source=MemorySource(np.repeat(source.X, repeats, 0), np.repeat(source.y, repeats, 0)),
        loss=objective.loss,
        n_scores=objective.n_scores,
        l2=objective.l2,
    )

    value, gradient = objective.value_and_gradient(theta)
    other, other_gradient = repeated.value_and_gradient(theta)

    np.testing.assert_allclose(value, other, rtol=100 * EPSILON)
    np.testing.assert_allclose(gradient, other_gradient, rtol=0, atol=100 * EPSILON * (1 + value))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "store",
    [np.asfortranarray, sp.csr_array, sp.csr_matrix, lambda X: np.repeat(X, 2, axis=0)[::2]],
    ids=["Fortran", "csr_array", "csr_matrix", "strided"],
)
@few
@given(seed=seeds)
def test_storage_does_not_change_what_is_computed(model, store, seed):
    X = np.random.default_rng(seed).normal(size=(40, 3)).round(1)
    plain, theta, direction = random_problem(model, seed, X=X)
    other, _, _ = random_problem(model, seed, X=store(X))
    rows = np.random.default_rng

    close = {"rtol": 0, "atol": 1e-12}  # sums of 40 numbers around 10, in another order
    for f in (
        lambda o: o.value_and_gradient(theta)[0],
        lambda o: o.value_and_gradient(theta)[1],
        lambda o: o.hessian_at(theta)(direction),
        lambda o: o.hessian_diagonal(theta),
        lambda o: o.sample(20, rows(0)).hessian(theta),
    ):
        np.testing.assert_allclose(f(other), f(plain), **close)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8, np.int64, np.bool_])
@pytest.mark.parametrize("sparse", [False, True])
def test_data_keep_their_type_and_are_summed_in_float64(dtype, sparse):
    if sparse and dtype == np.float16:
        return  # SciPy has no sparse matrices of it
    X = np.random.default_rng(0).integers(0, 2, size=(40, 3)).astype(dtype)
    exact, theta, direction = random_problem("softmax", 0, X=X.astype(np.float64))
    other, _, _ = random_problem("softmax", 0, X=sp.csr_array(X) if sparse else X)

    assert other.source.X.dtype == dtype
    assert other.value(theta) == pytest.approx(exact.value(theta), rel=10 * EPSILON)
    np.testing.assert_allclose(
        other.hessian_at(theta)(direction),
        exact.hessian_at(theta)(direction),
        rtol=0,
        atol=100 * EPSILON,
    )


@pytest.mark.parametrize("sparse", [False, True])
def test_tiles_add_up_to_the_whole(sparse, monkeypatch):
    X = np.random.default_rng(0).normal(size=(40, 3))
    objective, theta, direction = random_problem("softmax", 0, X=sp.csr_array(X) if sparse else X)
    whole = objective.value_and_gradient(theta), objective.hessian_at(theta)(direction)
    monkeypatch.setattr(memory, "MINIMUM_TILE_ROWS", 1)
    monkeypatch.setattr(memory, "TILE_VALUES", 28)  # 7 dense rows: 40 is no multiple
    tiles = [batch.n_samples for batch in objective.source.tiles()]

    assert len(tiles) > 5
    assert sum(tiles) == 40
    (value, gradient), product = whole
    np.testing.assert_allclose(objective.value_and_gradient(theta)[0], value, rtol=40 * EPSILON)
    np.testing.assert_allclose(objective.value_and_gradient(theta)[1], gradient, atol=1e-14)
    np.testing.assert_allclose(objective.hessian_at(theta)(direction), product, atol=1e-13)


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_an_epoch_takes_each_row_once_and_goes_on_counting(batch_size):
    """From steps of the size of rounding each row's own gradient can be told: they add up."""
    objective, theta, _ = random_problem("softmax", 0, l2=0.0)
    numbers = []

    def rates(t):
        numbers.extend(t)
        return np.full(len(t), 1e-7)

    begun = replace(Iterate.begin(theta, StepRule()), steps=5)
    after = objective.walk(
        begun, StepRule(), rates=rates, batch_size=batch_size, random=np.random.default_rng(0)
    )

    steps = -(-40 // batch_size)
    assert numbers == list(range(5, 5 + steps))
    assert after.steps == 5 + steps
    assert len(after.losses) == steps
    if batch_size != 7:  # the last batch of 5 rows counts as much as those of 7
        gradient = objective.value_and_gradient(theta)[1]
        np.testing.assert_allclose((theta - after.theta) / 1e-7 / steps, gradient, atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("in_csr", [True, False])
def test_curvatures_are_those_of_the_hessian_at_zero(in_csr, model):
    X = np.random.default_rng(1).normal(size=(40, 3)) * [1, 2, 5]
    objective, _, _ = random_problem(model, 1, X=sp.csr_array(X) if in_csr else X)
    m, p = objective.shape

    row, greatest = objective.curvatures(np.random.default_rng(0))

    hessian = objective.hessian(np.zeros((m, p))).reshape(m * p, m * p)
    penalty = objective.l2 * np.tile(np.arange(p) < 3, m)
    top = np.linalg.eigvalsh(hessian - np.diag(penalty))[-1]
    assert greatest == pytest.approx(top, rel=0.01)
    share = objective.source.weight * 40 / objective.source.total_weight
    of_scores = np.trace(objective.loss.hessian(np.zeros((1, m)))[0])
    traces = share * of_scores * (1 + (X**2).sum(axis=1))
    assert row == pytest.approx((traces**2).sum() / traces.sum())
    alike = random_problem(model, 1, X=np.ones((40, 3)), weighted=False)[0]
    assert alike.curvatures(np.random.default_rng(0))[0] == pytest.approx(4 * of_scores)


def test_rows_without_weight_or_values_have_no_curvature():
    X = np.zeros((3000, 2))
    weight = (np.arange(3000) == 2999).astype(float)
    objective = Objective(
        source=MemorySource(X, X, weight), loss=SquaredLoss(), n_scores=2, l2=0.0,
        fit_intercept=False,
    )  # fmt: skip

    assert objective.curvatures(np.random.default_rng(0)) == (0.0, 0.0)


def test_no_fold_touches_the_callers_arrays():
    objective, theta, direction = random_problem("softmax", 3)
    source = objective.source
    before = [array.copy() for array in (source.X, source.y, source.weight, theta, direction)]

    objective.value_and_gradient(theta)
    objective.hessian_at(theta)(direction)
    objective.hessian(theta)
    objective.curvatures(np.random.default_rng(0))
    objective.walk(
        Iterate.begin(theta, StepRule()),
        StepRule(),
        rates=lambda t: np.ones(len(t)),
        batch_size=8,
        random=np.random.default_rng(0),
    )

    for array, copy in zip(
        (source.X, source.y, source.weight, theta, direction), before, strict=True
    ):
        np.testing.assert_array_equal(array, copy)


def test_objective_and_source_meet_their_protocols():
    objective, _, _ = random_problem("softmax", 0)

    assert isinstance(objective, Problem)
    assert isinstance(objective.source, Source)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("model", MODELS)
@few
@given(seed=seeds, length=st.floats(0, 2))
def test_a_line_gives_value_slope_and_curvature_of_the_objective(model, intercept, seed, length):
    objective, theta, direction = random_problem(model, seed, intercept=intercept)

    line = objective.along(theta, direction)

    there = theta + length * direction
    value, gradient = objective.value_and_gradient(there)
    curved = objective.hessian_at(there)(direction)
    expected = value, np.vdot(gradient, direction), np.vdot(curved, direction)
    # Sums of 40 rows of a few features each; terms may cancel.
    rounding = 1000 * EPSILON * (np.abs(theta).sum() + np.abs(direction).sum()) ** 2
    np.testing.assert_allclose(line.derivatives(length), expected, rtol=0, atol=rounding)


def test_a_line_that_would_keep_too_many_scores_is_refused():
    objective, theta, direction = random_problem("softmax", 0)
    many = replace(objective, n_scores=KEPT_VALUES)

    assert objective.along(theta, direction) is not None
    assert many.along(theta, direction) is None
