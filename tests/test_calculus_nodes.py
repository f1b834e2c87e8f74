"""Every node's Jacobian and vector-Jacobian product against differences, JAX and brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.calculus import (
    Affine,
    AffineWeights,
    Chain,
    CrossEntropy,
    LogSumExp,
    Node,
    Softmax,
    SquaredError,
    check_gradient,
    jacobian,
)
from linnet.errors import DataError, DataTypeError, SettingError
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss

jax.config.update("jax_enable_x64", True)

EPS = np.finfo(float).eps
# JAX and the checks are slow beside the nodes: fewer examples, and no clock.
few = settings(max_examples=10, deadline=None)
seeds = st.integers(0, 2**32 - 1)


class Draw:
    """Sample x, weights W, bias b, target y and probabilities p of random sizes."""

    def __init__(self, seed) -> None:
        rng = np.random.default_rng(seed)
        q, k = rng.integers(2, 6, size=2)
        self.y, self.p = rng.dirichlet(np.ones(q), size=2)
        self.x, self.W, self.b = rng.normal(size=k), rng.normal(size=(q, k)), rng.normal(size=q)


# Each case: the node, a point for it, and the same function written for JAX.
CASES = {
    "affine": lambda d: (Affine(d.W, d.b), d.x, lambda x: d.W @ x + d.b),
    "linear": lambda d: (Affine(d.W), d.x, lambda x: d.W @ x),
    "weights": lambda d: (AffineWeights(d.x, d.b), d.W, lambda W: W @ d.x + d.b),
    "softmax": lambda d: (Softmax(), d.b, jax.nn.softmax),
    "logsumexp": lambda d: (LogSumExp(), d.b, lambda z: jax.nn.logsumexp(z, keepdims=True)),
    "cross entropy": lambda d: (
        CrossEntropy(d.y),
        d.p,
        lambda p: -jnp.sum(d.y * jnp.log(p), keepdims=True),
    ),
    "squared error": lambda d: (
        SquaredError(d.y),
        d.b,
        lambda z: 0.5 * jnp.sum((d.y - z) ** 2, keepdims=True),
    ),
    "softmax regression": lambda d: (
        Chain(Affine(d.W, d.b), Softmax(), CrossEntropy(d.y)),
        d.x,
        lambda x: -jnp.sum(d.y * jax.nn.log_softmax(d.W @ x + d.b), keepdims=True),
    ),
    "softmax regression in W": lambda d: (
        Chain(AffineWeights(d.x, d.b), Softmax(), CrossEntropy(d.y)),
        d.W,
        lambda W: -jnp.sum(d.y * jax.nn.log_softmax(W @ d.x + d.b), keepdims=True),
    ),
    "chain of a chain": lambda d: (
        Chain(Chain(Affine(d.W, d.b), Softmax()), Softmax()),
        d.x,
        lambda x: jax.nn.softmax(jax.nn.softmax(d.W @ x + d.b)),
    ),
}
every_node = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_node
@few
@given(seed=seeds)
def test_value_and_jacobian_are_those_of_jax(case, seed):
    node, point, peer = case(Draw(seed))
    value, slope = peer(point), jax.jacobian(peer)(point)

    assert isinstance(node, Node)
    # Sums of at most 25 products, through at most three nodes; 1/p is at worst the largest entry.
    tolerance = 100 * EPS * (1 + np.abs(slope).max())
    np.testing.assert_allclose(node.forward(point), value, rtol=100 * EPS, atol=tolerance)
    J = node.jacobian(point)
    assert J.shape == (value.size, point.size)
    np.testing.assert_allclose(J, slope.reshape(J.shape), rtol=100 * EPS, atol=tolerance)


@every_node
@few
@given(seed=seeds)
def test_jacobian_is_that_of_differences(case, seed):
    node, point, _ = case(Draw(seed))

    numerical = jacobian(node.forward, point)

    J = node.jacobian(point).reshape(numerical.value.shape)
    # The error is an estimate: a tenfold of it, and the rounding of J itself.
    assert (np.abs(J - numerical.value) <= 10 * numerical.error + 100 * EPS * np.abs(J)).all()


@every_node
@few
@given(seed=seeds)
def test_vector_jacobian_product_is_the_product_shaped_like_the_variable(case, seed):
    node, point, _ = case(Draw(seed))
    J = node.jacobian(point)
    v = np.random.default_rng(seed).normal(size=len(J))

    product = node.vjp(point, v)

    assert product.shape == point.shape
    scale = np.abs(v) @ np.abs(J)
    assert (np.abs(product.ravel() - v @ J) <= 100 * EPS * (1 + scale)).all()


@every_node
@few
@given(seed=seeds)
def test_taylor_order_is_2_for_the_product_and_1_for_one_3_percent_off(case, seed):
    node, point, _ = case(Draw(seed))
    v = np.random.default_rng(seed).normal(size=len(node.jacobian(point)))

    def function(x):
        return v @ node.forward(x)

    right = check_gradient(function, lambda x: node.vjp(x, v), point)
    wrong = check_gradient(function, lambda x: 1.03 * node.vjp(x, v), point)

    assert right.ok
    assert right.order == np.inf or right.order > 1.95
    assert not wrong.ok
    assert abs(wrong.order - 1) < 0.05


LOSSES = {
    "squared": (SquaredLoss(), lambda rng, n, m: rng.normal(size=(n, m))),
    "softmax": (SoftmaxCrossEntropy(), lambda rng, n, m: rng.integers(m, size=n)),
    "softmax, distributions": (
        SoftmaxCrossEntropy(),
        lambda rng, n, m: rng.dirichlet(np.ones(m), size=n),
    ),
    "anchored": (SoftmaxCrossEntropy(anchored=True), lambda rng, n, m: rng.integers(m + 1, size=n)),
    "anchored, distributions": (
        SoftmaxCrossEntropy(anchored=True),
        lambda rng, n, m: rng.dirichlet(np.ones(m + 1), size=n),
    ),
}
every_loss = pytest.mark.parametrize(("loss", "target"), LOSSES.values(), ids=LOSSES)


@every_loss
@few
@given(seed=seeds)
def test_the_losses_gradients_are_of_order_2_and_3_percent_off_of_order_1(loss, target, seed):
    rng = np.random.default_rng(seed)
    Z = 3 * rng.normal(size=(4, 3))
    y = target(rng, 4, 3)

    def total(Z):
        return loss.value(Z, y).sum()

    right = check_gradient(total, lambda Z: loss.value_and_gradient(Z, y)[1], Z)
    wrong = check_gradient(total, lambda Z: 1.03 * loss.value_and_gradient(Z, y)[1], Z)

    assert right.ok
    assert abs(right.order - 2) < 0.05
    assert not wrong.ok
    assert abs(wrong.order - 1) < 0.05


@every_loss
@few
@given(seed=seeds)
def test_the_losses_hessians_are_the_jacobians_of_their_gradients(loss, target, seed):
    rng = np.random.default_rng(seed)
    Z = 3 * rng.normal(size=(2, 3))
    y = target(rng, 2, 3)

    numerical = jacobian(lambda Z: loss.value_and_gradient(Z, y)[1], Z)

    H = loss.hessian(Z)
    for i in range(2):
        for j in range(2):
            expected = H[i] if i == j else np.zeros((3, 3))
            gap = np.abs(numerical.value[i, :, j] - expected)
            # ŷ − y loses the last places of ŷ ≤ 1, which a step of 1/100 divides.
            assert (gap <= 10 * numerical.error[i, :, j] + 1000 * EPS).all()


@few
@given(seed=seeds)
def test_gradient_of_softmax_regression_is_the_outer_product_of_residual_and_sample(seed):
    d = Draw(seed)
    x, W, b, y = d.x, d.W, d.b, d.y

    G = Chain(AffineWeights(x, b), Softmax(), CrossEntropy(y)).gradient(W)

    scores = W @ x + b
    P = np.exp(scores - scores.max())
    expected = np.outer(P / P.sum() - y, x)
    assert G.shape == W.shape
    # −y/ŷ and ŷ cancel in the chain: their rounding is relative to y and ŷ, both at most 1.
    np.testing.assert_allclose(G, expected, atol=50 * EPS * np.abs(x).max())


@few
@given(seed=seeds)
def test_softmax_is_the_gradient_of_logsumexp_and_its_jacobian_annihilates_constants(seed):
    scores = Draw(seed).b

    np.testing.assert_array_equal(LogSumExp().jacobian(scores)[0], Softmax().forward(scores))
    J = Softmax().jacobian(scores)
    np.testing.assert_array_equal(J, J.T)
    assert np.abs(J @ np.ones(len(scores))).max() <= 4 * EPS * len(scores)


def test_a_class_that_the_target_never_names_costs_nothing_even_at_probability_0():
    loss = CrossEntropy([1.0, 0.0])

    assert loss.forward([1.0, 0.0]).tolist() == [0.0]
    assert loss.jacobian([1.0, 0.0]).tolist() == [[-1.0, 0.0]]
    assert loss.forward([0.0, 1.0]).tolist() == [np.inf]
    assert loss.jacobian([0.0, 1.0]).tolist() == [[-np.inf, 0.0]]


def test_a_node_keeps_its_own_copy_that_nobody_can_change():
    W = np.eye(2)
    node = Affine(W)

    W[0, 0] = 5

    assert node.forward([1.0, 1.0]).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        node.weights[0, 0] = 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Affine([[1, 2]]).forward([1, 2, 3]), r"x has shape \(3,\).*2 entries"),
        (lambda: Affine([[1, 2]]).vjp([1, 2], [1, 2]), r"v has shape \(2,\).*1 entries"),
        (lambda: Affine([1, 2]), r"weights has shape \(2,\).*matrix"),
        (lambda: Affine([[1, 2]], [1, 2]), r"bias has shape \(2,\).*1 entries"),
        (lambda: AffineWeights([1, 2]).jacobian([[1, 2, 3]]), r"weights has shape \(1, 3\)"),
        (lambda: Affine([[1, 2], [3]]), "weights is no rectangular array"),
        (lambda: Softmax().forward([[1, 2]]), r"scores has shape \(1, 2\).*vector"),
        (lambda: LogSumExp().forward([]), r"at least one entry"),
        (lambda: CrossEntropy([0.5, 0.6]), "y sums to 1.1"),
        (lambda: CrossEntropy([0.5, 0.5]).forward([1.0]), r"probabilities has shape \(1,\)"),
        (lambda: SquaredError([1.0]).forward([1.0, 2.0]), r"prediction has shape \(2,\)"),
        (lambda: Chain(Softmax()).gradient([1.0, 2.0]), "2 values.*loss"),
    ],
)
def test_what_does_not_fit_is_named_with_its_shape(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_words_are_no_numbers_and_nothing_is_no_chain():
    with pytest.raises(DataTypeError, match="real numbers"):
        Softmax().forward(["a", "b"])
    with pytest.raises(SettingError, match="at least one node"):
        Chain()
