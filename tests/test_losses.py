"""Losses: their derivatives against Taylor's order, JAX and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.calculus import check_gradient
from linnet.losses import Loss, SoftmaxCrossEntropy, SquaredLoss
from linnet.numeric import EPSILON

seeds = st.integers(0, 2**32 - 1)
LOSSES = [SquaredLoss(), SoftmaxCrossEntropy(), SoftmaxCrossEntropy(anchored=True)]
TARGETS = ["labels", "distributions"]
CASES = [
    pytest.param(loss, targets, id=f"{loss}-{targets}")
    for loss in LOSSES
    for targets in TARGETS
    if not (isinstance(loss, SquaredLoss) and targets == "labels")
]


def random_case(loss, targets, seed, scale=3.0):
    """Scores, targets and a direction, for 5 samples and 1 to 6 scores."""
    rng = np.random.default_rng(seed)
    n, m = 5, int(rng.integers(1, 7))
    Z, U = scale * rng.normal(size=(2, n, m))
    if isinstance(loss, SquaredLoss):
        return Z, rng.normal(size=(n, m)), U
    q = m + loss.anchored
    return Z, rng.integers(q, size=n) if targets == "labels" else rng.dirichlet(np.ones(q), n), U


def in_jax(loss, Z, y):
    """Sum of the losses, written with JAX's own functions."""
    if isinstance(loss, SquaredLoss):
        return 0.5 * ((Z - y) ** 2).sum()
    if loss.anchored:
        Z = jnp.pad(Z, ((0, 0), (1, 0)))
    Y = jax.nn.one_hot(y, Z.shape[1], dtype=Z.dtype) if y.ndim == 1 else y
    return -(Y * jax.nn.log_softmax(Z, axis=1)).sum()


@pytest.mark.parametrize(("loss", "targets"), CASES)
@settings(max_examples=20)
@given(seed=seeds)
def test_value_gradient_and_hessian_agree_with_jax(loss, targets, seed):
    Z, y, U = random_case(loss, targets, seed)
    with jax.enable_x64(True):
        value, slope = jax.value_and_grad(lambda scores: in_jax(loss, scores, y))(jnp.asarray(Z))
        _, curved = jax.jvp(
            jax.grad(lambda scores: in_jax(loss, scores, y)), (jnp.asarray(Z),), (jnp.asarray(U),)
        )

    # Sums of some dozen terms of size 10 or so.
    tolerance = 1000 * EPSILON * (1 + np.abs(Z).max() + np.abs(U).max()) ** 2
    got, gradient = loss.value_and_gradient(Z, y)
    np.testing.assert_allclose(got.sum(), value, rtol=0, atol=tolerance)
    np.testing.assert_allclose(loss.value(Z, y), got, rtol=0, atol=tolerance)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=tolerance)
    np.testing.assert_allclose(loss.hessian_product(Z, U), curved, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("loss", "targets"), CASES)
def test_taylor_remainder_of_the_gradient_has_order_two(loss, targets):
    Z, y, _ = random_case(loss, targets, seed=5, scale=1.0)

    check = check_gradient(
        lambda scores: loss.value(scores, y).sum(),
        lambda scores: loss.value_and_gradient(scores, y)[1],
        Z,
    )

    assert check.order == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@given(seed=seeds)
def test_every_form_of_the_hessian_is_the_same_matrix(loss, seed):
    Z, _, U = random_case(loss, "distributions", seed)
    weight = np.random.default_rng(seed).random(len(Z))
    matrices = loss.hessian(Z)

    tolerance = 100 * EPSILON * (1 + np.abs(U).max())
    np.testing.assert_allclose(
        loss.hessian_product(Z, U), np.einsum("nab,nb->na", matrices, U), rtol=0, atol=tolerance
    )
    np.testing.assert_allclose(
        loss.hessian_diagonal(Z), np.einsum("naa->na", matrices), rtol=0, atol=tolerance
    )
    np.testing.assert_allclose(
        loss.hessian_sum(Z, weight), np.einsum("n,nab->ab", weight, matrices), atol=tolerance
    )
    assert np.linalg.eigvalsh(matrices).min() >= -tolerance

    # A row of zeros stands for what has no score.
    units = np.concatenate([np.eye(Z.shape[1]), np.zeros((1, Z.shape[1]))])
    first, second = loss.pairs(Z.shape[1]).T
    differences = units[first] - units[second]
    couplings = loss.couplings(Z)
    assert np.all(couplings >= 0)
    of_pairs = np.einsum("cn,ca,cb->nab", couplings, differences, differences)
    np.testing.assert_allclose(of_pairs, matrices, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("loss", "targets"), CASES)
@given(seed=seeds)
def test_slope_at_infinity_is_the_limit_of_the_slope(loss, targets, seed):
    if isinstance(loss, SquaredLoss):
        return
    Z, y, U = random_case(loss, targets, seed)
    t = 1e12

    # log q of the softmax is at most log of the number of classes, here below 2 nats.
    far = (loss.value(t * U, y) - loss.value(Z * 0, y)) / t
    np.testing.assert_allclose(loss.slope_at_infinity(U, y), far, rtol=1e-9, atol=10 / t)


@pytest.mark.parametrize(("loss", "targets"), CASES)
@given(seed=seeds)
def test_scores_moved_to_mean_zero_are_as_good(loss, targets, seed):
    Z, y, _ = random_case(loss, targets, seed)
    centred = loss.centred(Z)
    np.testing.assert_allclose(loss.value(centred, y), loss.value(Z, y), rtol=1e-12, atol=1e-12)
    if loss == SoftmaxCrossEntropy():
        np.testing.assert_allclose(centred.mean(axis=1), 0, atol=1e-14)


def test_worked_case_costs_minus_log_of_seven_tenths():
    Z, y = np.log([[0.7, 0.2, 0.1]]), np.array([0])

    value, gradient = SoftmaxCrossEntropy().value_and_gradient(Z, y)

    assert value[0] == pytest.approx(0.3566749439, abs=1e-10)
    assert value[0] / np.log(2) == pytest.approx(0.5145731728, abs=1e-10)
    np.testing.assert_allclose(gradient, [[-0.3, 0.2, 0.1]], atol=4 * EPSILON)


@given(seed=seeds)
def test_one_anchored_score_is_logistic_regression(seed):
    rng = np.random.default_rng(seed)
    z, y = 5 * rng.normal(size=(8, 1)), rng.integers(2, size=8)
    pair = np.concatenate([np.zeros((8, 1)), z], axis=1)

    np.testing.assert_allclose(
        SoftmaxCrossEntropy(anchored=True).value(z, y),
        SoftmaxCrossEntropy().value(pair, y),
        rtol=10 * EPSILON,
        atol=10 * EPSILON,
    )


@pytest.mark.parametrize("size", [1e3, 1e8, 1e300])
def test_huge_scores_neither_overflow_nor_lose_the_loss(size):
    Z = np.array([[size, 0.0], [0.0, size]])

    value, gradient = SoftmaxCrossEntropy().value_and_gradient(Z, np.array([0, 0]))

    np.testing.assert_array_equal(value, [0, size])
    np.testing.assert_array_equal(gradient, [[0, 0], [-1, 1]])


def test_a_class_that_the_target_never_names_costs_nothing_at_probability_zero():
    Z = np.array([[0.0, -np.inf]])

    assert SoftmaxCrossEntropy().value(Z, np.array([[1.0, 0.0]]))[0] == 0
    assert SoftmaxCrossEntropy().value(Z, np.array([[0.5, 0.5]]))[0] == np.inf


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_losses_meet_the_protocol(loss):
    assert isinstance(loss, Loss)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
@settings(max_examples=20)
@given(seed=seeds)
def test_no_curvature_exceeds_the_greatest(loss, seed):
    Z, _, _ = random_case(loss, "labels", seed)

    assert np.linalg.eigvalsh(loss.hessian(Z)).max() <= loss.greatest_curvature + 1e-12


@pytest.mark.parametrize("loss", [SquaredLoss(), SoftmaxCrossEntropy()], ids=str)
@settings(max_examples=20)
@given(seed=seeds)
def test_slopes_that_a_loss_can_have_see_a_diagonal_hessian(loss, seed):
    Z, y, _ = random_case(loss, "distributions", seed, scale=1.0)
    slope = loss.value_and_gradient(Z, y)[1]

    step = slope / loss.uncoupled(Z)

    np.testing.assert_allclose(loss.hessian_product(Z, step), slope, rtol=1e-9, atol=1e-12)
