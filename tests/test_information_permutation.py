"""A permutation test's p-value is the share of all deals that differ as much."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom, multivariate_hypergeom
from statsmodels.stats.multitest import multipletests

from linnet.errors import DataError, SettingError
from linnet.information.permutation import difference_test, holm_adjusted

EPS = np.finfo(float).eps
PERMUTATIONS = 2000

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=8).map(np.array)


def exact(first, second):
    """P-value and mean divergence in bits over every deal, each with its probability."""
    pooled, size = np.add(first, second), sum(first)
    deals = [d for d in product(*(range(n + 1) for n in pooled)) if sum(d) == size]
    chances = multivariate_hypergeom.pmf(deals, pooled, size)
    bits = np.array([divergence(d, pooled - d) for d in deals])
    return chances[bits >= divergence(first, second) - 1e-9].sum(), chances @ bits


def divergence(first, second):
    return jensenshannon(first, second, base=2) ** 2


@pytest.mark.parametrize(
    ("first", "second"),
    [([5, 1], [2, 4]), ([3, 2, 1], [3, 2, 1]), ([4, 0, 2, 0], [0, 3, 2, 2]), ([9, 1], [3, 2])],
)
def test_p_value_and_chance_are_those_of_all_deals(first, second):
    p, by_chance = exact(first, second)

    found = difference_test(np.array(first), np.array(second), permutations=PERMUTATIONS)

    # The p-value counts the sample itself as a deal; 4σ of the binomial beyond.
    allowed = 4 * np.sqrt(p * (1 - p) / PERMUTATIONS) + 1 / PERMUTATIONS
    assert found.p_value == pytest.approx(p, abs=allowed)
    # No divergence passes 1 bit, so that their mean has at most this deviation.
    assert found.by_chance == pytest.approx(by_chance, abs=4 * 0.5 / np.sqrt(PERMUTATIONS))
    assert found.divergence == pytest.approx(divergence(first, second), abs=64 * EPS)


def test_p_values_are_fair_where_nothing_differs():
    rng = np.random.default_rng(0)
    trials, p = 200, [0.4, 0.3, 0.2, 0.1]
    small = 0
    for seed in range(trials):
        samples = rng.multinomial(60, p), rng.multinomial(90, p)
        small += difference_test(*samples, permutations=199, seed=seed).p_value <= 0.05

    assert binom.ppf(3e-5, trials, 0.05) <= small <= binom.ppf(1 - 3e-5, trials, 0.05)


@given(counts=st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any))
def test_a_sample_does_not_differ_from_itself(counts):
    found = difference_test(np.array(counts), np.array(counts), permutations=9)

    assert found.divergence == 0
    assert found.p_value == 1


def test_samples_without_a_common_symbol_differ_by_one_bit():
    found = difference_test(np.array([50, 0]), np.array([0, 70]), permutations=99)

    assert found.divergence == pytest.approx(1, abs=4 * EPS)
    assert found.p_value == 1 / 100


def test_symbols_that_never_occur_change_nothing():
    first, second = np.array([5, 3, 1]), np.array([2, 3, 8])

    padded = difference_test(np.insert(first, 1, 0), np.insert(second, 1, 0), permutations=99)

    assert padded == difference_test(first, second, permutations=99)


def test_the_seed_fixes_the_draws_and_chunks_do_not_change_them(monkeypatch):
    samples = np.array([30, 20, 10]), np.array([20, 25, 20])
    whole = difference_test(*samples, permutations=999, seed=[3, 4])

    monkeypatch.setattr("linnet.information.permutation._CHUNK", 40)
    parts = difference_test(*samples, permutations=999, seed=[3, 4])

    assert parts.p_value == whole.p_value
    # A mean summed in another order.
    assert parts.by_chance == pytest.approx(whole.by_chance, rel=999 * EPS)
    assert difference_test(*samples, permutations=999, seed=5).by_chance != whole.by_chance


# statsmodels takes 60 ms or more for each.
@settings(max_examples=20)
@given(p=p_values)
def test_holms_correction_is_that_of_statsmodels(p):
    np.testing.assert_allclose(holm_adjusted(p), multipletests(p, method="holm")[1], rtol=4 * EPS)


def test_empty_or_enormous_samples_and_no_permutation_are_refused():
    with pytest.raises(DataError, match="0 and 3 rows"):
        difference_test(np.array([0, 0]), np.array([1, 2]))
    with pytest.raises(DataError, match="take a part"):
        difference_test(np.array([10**9]), np.array([1]))
    with pytest.raises(SettingError, match="at least 1"):
        difference_test(np.array([1]), np.array([1]), permutations=0)
