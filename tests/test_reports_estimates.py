"""Intervals are those of the textbooks, and cover what they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from linnet.reports.estimates import Estimate, RowSums, mean_estimate, share_estimate

EPS = np.finfo(float).eps
seeds = st.integers(0, 2**32 - 1)


def ratio_estimate(x, y):
    return RowSums.of(np.column_stack([x, y]), np.ones(len(x))).ratio([0, 1, 0], [0, 0, 1])


@given(hits=st.integers(0, 500), misses=st.integers(0, 500))
def test_share_interval_is_wilsons(hits, misses):
    n = hits + misses
    if n == 0:
        return

    estimate = share_estimate(hits / n, n)

    low, high = proportion_confint(hits, n, method="wilson")
    assert estimate.value == pytest.approx(hits / n, rel=4 * EPS)
    # A few roundings of terms no larger than 1.
    assert estimate.low == pytest.approx(low, abs=100 * EPS)
    assert estimate.high == pytest.approx(high, abs=100 * EPS)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@given(seed=seeds)
def test_mean_interval_is_that_of_the_standard_error(seed):
    x = np.random.default_rng(seed).normal(size=50)

    estimate = mean_estimate(x, np.ones(50))

    margin = 1.959963984540054 * x.std(ddof=1) / np.sqrt(50)
    assert estimate.value == pytest.approx(x.mean(), abs=50 * EPS)
    assert estimate.high - estimate.low == pytest.approx(2 * margin, rel=100 * EPS)


@given(seed=seeds)
def test_a_weight_of_two_moves_a_mean_as_a_repeated_row_does(seed):
    rng = np.random.default_rng(seed)
    x, weight = rng.normal(size=20), rng.integers(0, 4, 20).astype(float)
    weight[0] = 1

    weighted = mean_estimate(x, weight).value

    repeated = np.repeat(x, weight.astype(int)).mean()
    assert weighted == pytest.approx(repeated, abs=20 * EPS * np.abs(x).max())


def test_a_single_row_tells_no_spread():
    assert mean_estimate(np.array([2.0]), np.ones(1)) == Estimate(2.0, -np.inf, np.inf)


def test_an_infinite_value_makes_the_mean_infinite_and_its_interval_unknown():
    estimate = mean_estimate(np.array([1.0, np.inf]), np.ones(2))

    assert estimate == Estimate(np.inf, -np.inf, np.inf)


@pytest.mark.parametrize("law", ["normal", "exponential"])
def test_ratio_interval_covers_the_true_ratio_in_95_of_100_samples(law):
    """The delta method holds for skewed squares too, with 400 rows."""
    rng = np.random.default_rng(0)
    trials, n = 2000, 400
    inside = 0
    for _ in range(trials):
        x = getattr(rng, law)(size=n) ** 2
        y = 3 * x + rng.exponential(size=n)
        estimate = ratio_estimate(x, y)
        mean = 1 if law == "normal" else 2
        inside += estimate.low <= mean / (3 * mean + 1) <= estimate.high

    # Four standard errors of a share of 0.95, and one hundredth for the approximation.
    assert abs(inside / trials - 0.95) < 4 * np.sqrt(0.95 * 0.05 / trials) + 0.01


def test_a_ratio_of_nothing_to_something_is_zero_without_doubt():
    assert ratio_estimate(np.zeros(3), np.ones(3)) == Estimate(0.0, 0.0, 0.0)


def test_a_ratio_to_nothing_is_unknown():
    assert np.isnan(ratio_estimate(np.ones(3), np.zeros(3)).value)
