"""Numerical Jacobians against closed forms, and their own estimate of the error."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.calculus import jacobian
from linnet.errors import DataError

jax.config.update("jax_enable_x64", True)

EPS = np.finfo(float).eps

# Each example evaluates f some hundred times: fewer examples, and no clock.
few = settings(max_examples=30, deadline=None)

FUNCTIONS = {
    "exp": (np.exp, np.exp, -20, 20),
    "log": (np.log, lambda x: 1 / x, 1e-6, 1e6),
    "sin": (np.sin, np.cos, -50, 50),
    "square root": (np.sqrt, lambda x: 0.5 / np.sqrt(x), 1e-6, 1e6),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, 1e-3, 1e3),
    "affine": (lambda x: 3 * x + 1, lambda _: 3.0, -1e6, 1e6),
    "constant": (lambda _: 4.0, lambda _: 0.0, -1e6, 1e6),
    "rapid": (
        lambda x: np.sin(200 * np.pi * x),
        lambda x: 200 * np.pi * np.cos(200 * np.pi * x),
        -1,
        1,
    ),
}


@pytest.mark.parametrize(("f", "slope", "low", "high"), FUNCTIONS.values(), ids=FUNCTIONS)
@few
@given(data=st.data())
def test_slope_is_right_within_its_error_and_the_error_is_small(f, slope, low, high, data):
    x = data.draw(st.floats(low, high))

    result = jacobian(f, x)

    truth = slope(x)
    # The estimate is no bound: a tenfold of it, and the rounding of the truth itself.
    assert abs(result.value - truth) <= 10 * result.error + 4 * EPS * abs(truth)
    # With a step as large as the scale of f, rounding costs a few digits of f's own.
    scale = abs(truth) + abs(f(x)) / max(1e-6, min(1, abs(x)))
    assert result.error <= 1e-7 * scale


@few
@given(st.integers(0, 2**32 - 1))
def test_axes_of_the_output_come_before_those_of_the_input(seed):
    x = np.random.default_rng(seed).normal(size=(2, 3))

    def peer(x):
        return jnp.sin(x.T @ x)

    result = jacobian(lambda x: np.sin(x.T @ x), x)

    assert result.value.shape == result.error.shape == (3, 3, 2, 3)
    gap = np.abs(result.value - jax.jacobian(peer)(x))
    assert (gap <= 10 * result.error + 10 * EPS * (1 + np.abs(x).max() ** 2)).all()


def test_a_function_in_single_precision_reports_a_coarser_error():
    result = jacobian(lambda x: np.float32(np.exp(x)), 0.5)

    assert abs(result.value - np.exp(0.5)) <= 10 * result.error
    assert result.error > np.finfo("f4").eps


def test_empty_inputs_give_empty_jacobians():
    assert jacobian(np.sum, np.empty(0)).value.shape == (0,)
    assert jacobian(np.sin, np.empty((2, 0))).value.shape == (2, 0, 2, 0)


def test_the_point_is_left_as_it_was_even_by_a_function_that_changes_its_argument():
    x = np.array([1.0, 2.0])

    def careless(x):
        x *= 2
        return x

    np.testing.assert_allclose(jacobian(careless, x).value, 2 * np.eye(2), rtol=100 * EPS)
    assert x.tolist() == [1.0, 2.0]


def test_a_value_that_is_not_finite_is_named():
    with pytest.raises(DataError, match=r"f is nan in entry \[1\] at x itself"):
        jacobian(np.log, [1.0, -1.0])
    with pytest.raises(DataError, match=r"f is inf at x itself"):
        jacobian(lambda x: 1 / x, np.float64(0.0))


def test_an_edge_of_the_domain_is_named():
    with pytest.raises(DataError, match=r"x\[1, 0\] = 0.0 changes"):
        jacobian(np.sqrt, [[1.0], [0.0]])


def test_a_value_whose_shape_changes_is_an_error():
    with pytest.raises(DataError, match="one shape"):
        jacobian(lambda x: np.zeros(2 if x > 1 else 1), 1.0)
