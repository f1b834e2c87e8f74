"""Estimates from samples are the published formulas, and their intervals hold the truth."""

from math import exp, factorial, log

import dit
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom
from scipy.stats import entropy as scipy_entropy

from linnet.errors import DataError, DataTypeError, SettingError
from linnet.information import cross_entropy, entropy, jensen_shannon, perplexity
from linnet.information.estimators import (
    estimate_conditional_entropy,
    estimate_entropy,
    estimate_mutual_information,
    joint_counts,
)

EPS = np.finfo(float).eps
METHODS = ["plug-in", "miller-madow", "chao-shen", "grassberger"]

samples = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)
weights = st.lists(st.integers(0, 9), min_size=4, max_size=4).filter(any)
tables = st.lists(
    st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=4
).filter(lambda table: any(map(any, table)))


def estimated(counts, method):
    return float(estimate_entropy(counts, method=method, resamples=0).value)


# Point estimates ---------------------------------------------------------------------------


@given(counts=samples)
def test_the_plug_in_is_scipys_entropy(counts):
    # Twelve terms below log 12 each.
    assert estimated(counts, "plug-in") == pytest.approx(scipy_entropy(counts), abs=64 * EPS)


@pytest.mark.parametrize(
    ("counts", "method", "nats"),
    [
        # infomeasure 0.6.3, another library; its Grassberger is that of 1988 and another formula.
        ([4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1], "plug-in", 1.9683824087283812),
        ([4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1], "miller-madow", 2.152592935044171),
        ([4, 2, 3, 0, 2, 4, 0, 0, 2, 1, 1], "chao-shen", 2.201137101279585),
        ([1, 1, 1, 1, 1], "chao-shen", 3.4868903818942414),
    ],
)
def test_estimates_are_those_of_another_library(counts, method, nats):
    assert estimated(counts, method) == pytest.approx(nats, rel=64 * EPS)


@given(counts=samples)
def test_grassbergers_sum_has_his_integral(counts):
    """G(c) = ψ(c) + (−1)ᶜ ∫₀¹ x^{c−1}/(x + 1) dx, with ψ(c) = −γ + Σ_{k<c} 1/k."""
    n = sum(counts)

    def G(c):
        psi = -np.euler_gamma + sum(1 / k for k in range(1, c))
        return psi + (-1) ** c * quad(lambda x: x ** (c - 1) / (x + 1), 0, 1)[0]

    psi_n = -np.euler_gamma + sum(1 / k for k in range(1, n))
    direct = psi_n - sum(c * G(c) for c in counts if c) / n

    # quad promises 1.5e-8 and keeps 1e-13 on so smooth a function.
    assert estimated(counts, "grassberger") == pytest.approx(direct, abs=1e-12)


def exact_bias(p, method, n=12):
    """The mean over all samples of n, each with its probability, less the truth."""
    rest = [[i, n - i] for i in range(n + 1)]
    if len(p) == 3:
        rest = [[i, j, n - i - j] for i in range(n + 1) for j in range(n + 1 - i)]
    mean = 0.0
    for counts in rest:
        ways = factorial(n) / np.prod([float(factorial(c)) for c in counts])
        mean += ways * np.prod(np.power(p, counts)) * estimated(counts, method)
    return mean - float(entropy(p))


@pytest.mark.parametrize("p", [[0.5, 0.5], [0.7, 0.2, 0.1], [0.4, 0.3, 0.3]])
@pytest.mark.parametrize("method", ["miller-madow", "grassberger"])
def test_corrected_estimates_have_less_bias_than_the_plug_in(p, method):
    assert exact_bias(p, "plug-in") < 0
    assert abs(exact_bias(p, method)) < -exact_bias(p, "plug-in") / 2


@pytest.mark.parametrize("n", [1, 5, 12])
def test_grassbergers_estimate_has_no_bias_for_a_fair_coin(n):
    """Schürmann 2004: its bias is an integral from 0 to 1 − 2p."""
    # Sums of n terms of a few units, some 30 roundings each.
    assert exact_bias([0.5, 0.5], "grassberger", n) == pytest.approx(0, abs=64 * n * EPS)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("counts", [[7], [1], [0, 3, 0]])
def test_a_single_symbol_has_no_entropy(counts, method):
    value = estimated(counts, method)

    # Grassberger's is right on average only: here it is ∓∫ x^{n−1}/(x + 1) dx, below log 2/n.
    assert abs(value) <= (log(2) / max(counts) if method == "grassberger" else 0)


# Joint samples -----------------------------------------------------------------------------


@given(table=tables)
def test_mutual_information_and_conditional_entropy_are_dits(table):
    shares = np.array(table) / np.sum(table)
    outcomes = [f"{i}{j}" for i in range(shares.shape[0]) for j in range(3)]
    joint = dit.Distribution(outcomes, shares.ravel())

    mutual = estimate_mutual_information(table, method="plug-in", resamples=0, unit="bits")
    unknown = estimate_conditional_entropy(table, method="plug-in", resamples=0, unit="bits")

    # Sums of at most 12 terms below 4 bits each, here and there.
    tolerance = 256 * EPS
    assert mutual.value == pytest.approx(
        dit.shannon.mutual_information(joint, [0], [1]), abs=tolerance
    )
    assert unknown.value == pytest.approx(
        dit.shannon.conditional_entropy(joint, [1], [0]), abs=tolerance
    )


@given(table=tables, method=st.sampled_from(METHODS))
def test_entropy_splits_into_what_is_told_and_what_is_not(table, method):
    """H(Y) = I(X; Y) + H(Y|X), by every method."""
    mutual = estimate_mutual_information(table, method=method, resamples=0).value
    unknown = estimate_conditional_entropy(table, method=method, resamples=0).value

    assert mutual + unknown == pytest.approx(
        estimated(np.sum(table, axis=0), method), abs=256 * EPS
    )


@given(seed=st.integers(0, 2**32 - 1))
def test_pairs_are_counted_as_by_hand(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 3, 20), rng.choice(["a", "b"], 20)

    counts = joint_counts(x, y)

    by_hand = [[np.sum((x == a) & (y == b)) for b in np.unique(y)] for a in np.unique(x)]
    np.testing.assert_array_equal(counts, by_hand)


# Intervals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_truth_about_as_often_as_they_say(method):
    rng = np.random.default_rng(0)
    p = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    trials = 200
    held = 0
    for seed in range(trials):
        counts = rng.multinomial(200, p)
        found = estimate_entropy(counts, method=method, resamples=200, seed=seed)
        held += found.low <= float(entropy(p)) <= found.high

    # Intervals of a bootstrap may hold some percent less than they say; 4σ of the binomial beyond.
    assert binom.ppf(3e-5, trials, 0.91) <= held


def test_intervals_of_mutual_information_hold_zero_for_independent_columns():
    rng = np.random.default_rng(0)
    p = np.outer([0.5, 0.3, 0.2], [0.6, 0.4])
    held = 0
    for seed in range(100):
        counts = rng.multinomial(300, p.ravel()).reshape(p.shape)
        held += estimate_mutual_information(counts, resamples=200, seed=seed).low == 0

    assert held >= binom.ppf(3e-5, 100, 0.91)


def test_the_seed_fixes_the_interval_and_chunks_do_not_change_the_law(monkeypatch):
    counts = [[90, 30], [15, 45]]
    first = estimate_mutual_information(counts, seed=1)

    assert estimate_mutual_information(counts, seed=1) == first
    assert estimate_mutual_information(counts, seed=2).low != first.low
    monkeypatch.setattr("linnet.information.estimators._CHUNK", 40)
    # NumPy draws a chunk of rows just as it draws all of them.
    assert estimate_mutual_information(counts, seed=1) == first


def test_an_estimate_carries_its_unit():
    found = estimate_entropy([5, 3, 2], unit="bits")

    assert found.value.unit == found.low.unit == found.high.unit == "bits"
    nats = estimate_entropy([5, 3, 2])
    assert found.value == pytest.approx(nats.value / log(2), rel=4 * EPS)
    assert np.isnan(estimate_entropy([5, 3, 2], resamples=0).low)


# Bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "error", "says"),
    [
        ([0.5, 0.5], DataError, r"counts\[0\] is 0.5. Give counts, whole numbers"),
        ([3, -1], DataError, r"counts\[1\] is -1"),
        ([3, np.nan], DataError, r"counts\[1\] is nan"),
        ([3, np.inf], DataError, r"counts\[1\] is inf"),
        ([0, 0], DataError, "sums to 0"),
        ([], DataError, r"shape \(0,\)"),
        ([[1, 2]], DataError, r"shape \(1, 2\)"),
        (["a"], DataTypeError, "Give whole numbers"),
    ],
)
def test_what_are_no_counts_is_refused_by_place(counts, error, says):
    with pytest.raises(error, match=says):
        estimate_entropy(counts)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"method": "best"}, "'plug-in', 'miller-madow'"),
        ({"confidence": 95}, "a share between 0 and 1"),
        ({"resamples": -1}, "0 for no interval"),
        ({"resamples": 1.5}, "0 for no interval"),
    ],
)
def test_settings_out_of_range_are_refused(settings, says):
    with pytest.raises(SettingError, match=says):
        estimate_entropy([3, 1], **settings)


def test_pairs_of_columns_that_do_not_match_are_refused():
    with pytest.raises(DataError, match="x has 2 values and y has 3"):
        joint_counts([1, 2], [1, 2, 3])
    with pytest.raises(DataTypeError, match="y holds values that cannot be compared"):
        joint_counts([1, 2], np.array(["a", 1], dtype=object))
    with pytest.raises(DataError, match="axis"):
        joint_counts([[1, 2]], [1])


# Derived measures --------------------------------------------------------------------------


@given(p=weights, q=weights)
def test_jensen_shannon_is_scipys_squared_distance_and_dits(p, q):
    P, Q = np.array(p) / sum(p), np.array(q) / sum(q)

    found = jensen_shannon(P, Q, unit="bits")

    # SciPy gives the root of a difference, which loses half the digits near 0.
    assert found == pytest.approx(jensenshannon(P, Q, base=2) ** 2, abs=64 * EPS)
    pmfs = [dit.Distribution("abcd", list(each)) for each in (P, Q)]
    assert found == pytest.approx(dit.divergences.jensen_shannon_divergence(pmfs), abs=64 * EPS)
    assert 0 <= found <= 1
    assert jensen_shannon(Q, P, unit="bits") == pytest.approx(found, abs=8 * EPS)


def test_jensen_shannon_of_near_distributions_keeps_its_digits():
    """JS ≈ Σ (p − q)²/8p, where a difference of entropies would be rounding alone."""
    d = 1e-9
    p, q = [0.5, 0.5], [0.5 + d, 0.5 - d]

    # q itself is rounded to 1e-16, 1e-7 of d.
    assert jensen_shannon(p, q) == pytest.approx(2 * d**2 / 4, rel=1e-6)


def test_jensen_shannon_of_rows_keeps_their_shape():
    P = np.full((2, 3, 4), 0.25)

    assert jensen_shannon(P, P).shape == (2, 3)
    assert (jensen_shannon(P, P) == 0).all()


@given(p=weights, q=weights)
def test_perplexity_is_dits_and_that_of_a_model_is_the_exponential_of_its_loss(p, q):
    P, Q = np.array(p) / sum(p), np.array(q) / sum(q)

    found = perplexity(P)
    # dit's is 2^H of the same distribution.
    assert found == pytest.approx(
        dit.other.perplexity(dit.Distribution("abcd", list(P))), rel=1e-13
    )
    assert perplexity(P, Q) == exp(float(cross_entropy(P, Q)))


def test_perplexity_is_of_one_distribution():
    with pytest.raises(DataError, match="one distribution at a time"):
        perplexity([[0.5, 0.5]])
