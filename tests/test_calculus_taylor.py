"""The order of the Taylor remainder tells a right gradient from one nearly right."""

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.calculus import check_gradient
from linnet.errors import DataError, SettingError

mpl.use("Agg")

# Each example evaluates f some hundred times: fewer examples, and no clock.
few = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**32 - 1)

FUNCTIONS = {
    "cubic": (lambda x: (x**3).sum(), lambda x: 3 * x**2),
    "quartic, flat at 0": (lambda x: (x**4).sum() + x @ x, lambda x: 4 * x**3 + 2 * x),
    "waves": (lambda x: np.sin(5 * x).sum(), lambda x: 5 * np.cos(5 * x)),
    "rosenbrock": (
        lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2,
        lambda x: np.array(
            [-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)]
        ),
    ),
    "logarithm": (lambda x: np.log(1 + x**2).sum(), lambda x: 2 * x / (1 + x**2)),
}


@pytest.mark.parametrize(("f", "gradient"), FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e2])
@few
@given(seed=seeds)
def test_right_gradients_have_order_2_and_wrong_ones_order_1(f, gradient, scale, seed):
    x = scale * np.random.default_rng(seed).normal(size=2)

    assert check_gradient(f, gradient, x, seed=seed).order > 1.95
    assert check_gradient(f, gradient, x, seed=seed).ok
    for factor in (1.03, -1.0, 0.0):
        wrong = check_gradient(f, lambda x, c=factor: c * gradient(x), x, seed=seed)
        assert abs(wrong.order - 1) < 0.05
        assert not wrong.ok


@few
@given(seed=seeds)
def test_one_wrong_entry_among_many_is_found(seed):
    x = np.random.default_rng(seed).normal(size=(10, 10))

    def gradient(x):
        g = np.exp(x)
        g[3, 4] *= 1.03
        return g

    assert not check_gradient(lambda x: np.exp(x).sum(), gradient, x).ok
    assert check_gradient(lambda x: np.exp(x).sum(), np.exp, x).ok


@few
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_an_affine_function_has_nothing_but_rounding_left(slope, offset):
    check = check_gradient(lambda x: slope * x.sum() + offset, lambda _: slope * np.ones(2), [1, 2])

    assert check.order == np.inf
    assert check.ok
    assert "inf" in str(check)


@few
@given(st.floats(1e-3, 1e6), seeds)
def test_a_quadratic_has_order_2_exactly(curvature, seed):
    x = np.random.default_rng(seed).normal(size=3)

    check = check_gradient(lambda x: curvature * (x @ x), lambda x: 2 * curvature * x, x)

    assert abs(check.order - 2) < 0.01


def test_steps_outside_the_domain_are_left_out():
    check = check_gradient(lambda x: np.log(x).sum(), lambda x: 1 / x, [1e-3, 1.0])

    assert np.isnan(check.remainders).any()
    assert abs(check.order - 2) < 0.05


def test_single_precision_is_judged_by_its_own_rounding():
    def f(x):
        return np.exp(x.astype(np.float32)).sum()

    assert check_gradient(f, np.exp, [0.5, -0.5]).ok
    assert not check_gradient(f, lambda x: 1.03 * np.exp(x), [0.5, -0.5]).ok


def test_the_same_seed_gives_the_same_table():
    first, second = (check_gradient(np.sum, np.ones_like, [1.0, 2.0], seed=3) for _ in range(2))

    np.testing.assert_array_equal(first.remainders, second.remainders)


def test_the_table_shows_steps_remainders_and_verdict():
    check = check_gradient(lambda x: x @ x, lambda x: 2 * x, [1.0, 2.0], directions=2)

    text = str(check)
    assert "direction 2" in text
    assert "direction 3" not in text
    assert f"{check.steps[0]:.1e}" in text
    assert text.endswith("Order 2.00: the gradient is right.")
    assert check.remainders.shape == (2, len(check.steps))


def test_the_plot_draws_each_direction_on_logarithmic_axes():
    from matplotlib import pyplot as plt

    check = check_gradient(lambda x: x @ x, lambda x: 2 * x, [1.0, 2.0])
    ax = check.plot()

    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert len(ax.lines) == 3 + 3
    assert check.plot(ax) is ax
    assert check_gradient(np.sum, np.ones_like, [1.0]).plot(ax) is ax
    plt.close("all")


@pytest.mark.parametrize(
    ("f", "gradient", "message"),
    [
        (lambda x: x, lambda x: x, r"f has shape \(2,\)"),
        (np.sum, lambda x: x[:1], r"shape \(1,\) but x has shape \(2,\)"),
        (lambda x: np.log(-x).sum(), np.ones_like, "f is nan at x"),
        (np.sum, lambda x: x * np.nan, "gradient is not finite"),
        (lambda x: 0.0 if x[0] == 1 else np.nan, np.ones_like, "beside x"),
    ],
)
def test_what_cannot_be_checked_is_an_error(f, gradient, message):
    with pytest.raises(DataError, match=message):
        check_gradient(f, gradient, [1.0, 2.0])


def test_a_check_needs_a_direction():
    with pytest.raises(SettingError, match="at least 1"):
        check_gradient(np.sum, np.ones_like, [1.0], directions=0)
