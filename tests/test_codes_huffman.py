"""The best lengths against every possible code, exact budgets and other implementations."""

import heapq
import itertools
import math
from functools import cache

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from linnet.codes import (
    NO_WORD,
    huffman_lengths,
    kraft_sum,
    mean_length,
    prefix_code_exists,
)
from linnet.errors import DataError, DataTypeError, SettingError

EPS = np.finfo(float).eps

few_counts = st.lists(st.integers(1, 30), min_size=1, max_size=6)
counts = st.lists(st.integers(0, 10**9), min_size=1, max_size=60).filter(any)


@cache
def possible_lengths(symbols, longest):
    """Every vector of lengths that some prefix code has."""
    vectors = itertools.product(range(longest + 1), repeat=symbols)
    return np.array([v for v in vectors if sum(2 ** (longest - n) for n in v) <= 2**longest])


def least_total(weights, longest):
    return int((possible_lengths(len(weights), longest) @ np.array(weights)).min())


def least_total_by_budget(weights, longest):
    """Share out 2^D units of bit strings, symbol by symbol, as a knapsack is filled."""
    best = [0.0] * (2**longest + 1)
    for weight in weights:
        best = [
            min(
                (
                    weight * n + best[room - 2 ** (longest - n)]
                    for n in range(longest + 1)
                    if room >= 2 ** (longest - n)
                ),
                default=math.inf,
            )
            for room in range(2**longest + 1)
        ]
    return best[-1]


def total_by_heap(weights):
    """Huffman's total length: the sum of all joined weights."""
    heap, total = list(weights), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


@given(few_counts)
def test_no_code_is_shorter_than_huffmans(weights):
    lengths = huffman_lengths(weights)

    assert lengths @ weights == least_total(weights, max(len(weights) - 1, 0))


@given(few_counts, st.integers(0, 3))
def test_no_code_with_a_limit_is_shorter_than_the_limited_one(weights, spare):
    limit = (len(weights) - 1).bit_length() + spare
    limit = min(limit, 5)
    lengths = huffman_lengths(weights, max_length=limit)

    assert lengths.max() <= limit
    assert lengths @ weights == least_total(weights, limit)


@given(st.lists(st.integers(1, 10**6), min_size=9, max_size=16), st.integers(4, 6))
def test_limited_lengths_spend_a_budget_of_bit_strings_best(weights, limit):
    lengths = huffman_lengths(weights, max_length=limit)

    assert lengths.max() <= limit
    assert prefix_code_exists(lengths)
    assert lengths @ weights == least_total_by_budget(weights, limit)


@given(counts)
def test_total_is_that_of_a_heap_of_trees(weights):
    lengths = huffman_lengths(weights)
    positive = np.array(weights) > 0

    np.testing.assert_array_equal(lengths == NO_WORD, ~positive)
    assert lengths[positive] @ np.array(weights)[positive] == total_by_heap(filter(None, weights))


@given(counts)
def test_a_limit_that_is_long_enough_changes_nothing(weights):
    lengths = huffman_lengths(weights)

    np.testing.assert_array_equal(huffman_lengths(weights, max_length=lengths.max()), lengths)


@given(counts, st.integers(6, 20))
def test_best_codes_leave_no_bit_string_unused(weights, limit):
    assert kraft_sum(huffman_lengths(weights)) == 1
    assert kraft_sum(huffman_lengths(weights, max_length=limit)) == 1


@given(counts)
def test_mean_length_lies_within_a_bit_above_the_entropy(weights):
    p = np.array(weights) / sum(weights)
    bits = scipy.stats.entropy(p, base=2)
    # At most 60 terms.
    rounding = 60 * EPS * (1 + bits)

    mean = float(mean_length(huffman_lengths(weights), p))

    assert bits - rounding <= mean < bits + 1


@given(counts)
def test_entropy_bound_holds_with_dits_entropy(weights):
    dit = pytest.importorskip("dit", reason="dit, another library of information theory, is absent")
    p = np.array(weights) / sum(weights)
    bits = dit.shannon.entropy_pmf(p)

    assert bits - 60 * EPS * (1 + bits) <= mean_length(huffman_lengths(weights), p) < bits + 1


@given(counts)
def test_rarer_symbols_never_have_shorter_words(weights):
    lengths = huffman_lengths(weights)
    used = [(w, n) for w, n in zip(weights, lengths.tolist(), strict=True) if w]

    for (w, n), (v, m) in itertools.combinations(used, 2):
        assert w == v or (w < v) == (n > m) or n == m


def test_textbook_example_has_a_mean_of_2_3_bits():
    """Cover & Thomas, example 5.6.1."""
    p = [0.25, 0.25, 0.2, 0.15, 0.15]

    assert huffman_lengths(p).tolist() == [2, 2, 2, 3, 3]
    assert float(mean_length(huffman_lengths(p), p)) == pytest.approx(2.3, rel=4 * EPS)


def test_of_two_best_codes_the_one_with_the_shorter_longest_word_is_taken():
    """Cover & Thomas, example 5.6.3: (2, 2, 2, 2) and (1, 2, 3, 3) are both best."""
    assert huffman_lengths([4, 4, 3, 1]).tolist() == [2, 2, 2, 2]


def test_fibonacci_counts_have_the_longest_words():
    fibonacci = [1, 1]
    while len(fibonacci) < 70:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])

    assert sorted(huffman_lengths(fibonacci).tolist()) == [*range(1, 70), 69]
    assert huffman_lengths(fibonacci, max_length=12).max() == 12


def test_a_single_symbol_needs_no_bits():
    assert huffman_lengths([3]).tolist() == [0]
    assert huffman_lengths([0, 0.5, 0]).tolist() == [NO_WORD, 0, NO_WORD]
    assert huffman_lengths([7], max_length=0).tolist() == [0]


def test_65536_symbols_are_no_trouble():
    ranks = np.arange(1, 65_537)
    assert (huffman_lengths(np.ones(65_536)) == 16).all()
    assert (huffman_lengths(1 / ranks, max_length=16) == 16).all()

    free, limited = huffman_lengths(1 / ranks), huffman_lengths(1 / ranks, max_length=18)

    assert free.max() > limited.max() == 18
    assert kraft_sum(free) == kraft_sum(limited) == 1
    assert (free / ranks).sum() < (limited / ranks).sum() < 1.01 * (free / ranks).sum()


def test_the_smallest_probabilities_count():
    tiny = np.array([1.0, 5e-324, 5e-324, 0.0])

    assert huffman_lengths(tiny).tolist() == [1, 2, 2, NO_WORD]


def test_callers_weights_are_left_alone():
    weights = np.array([3.0, 1.0, 2.0])
    weights.flags.writeable = False

    assert huffman_lengths(weights).tolist() == [1, 2, 2]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -2], r"weights\[1\] is -2"),
        ([1, math.nan], r"weights\[1\] is nan"),
        ([math.inf, 1], r"weights\[0\] is inf"),
        ([0, 0], "All 2 weights are 0"),
        ([], "one weight for each symbol"),
        ([[1, 2]], r"shape \(1, 2\)"),
        ([1e308, 1e308], "sum to infinity"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    with pytest.raises(DataError, match=message):
        huffman_lengths(weights)


def test_settings_that_cannot_be_met_are_refused():
    with pytest.raises(SettingError, match="Give max_length=4 or more"):
        huffman_lengths(np.ones(9), max_length=3)
    with pytest.raises(DataTypeError, match=r"max_length is 2\.5"):
        huffman_lengths(np.ones(3), max_length=2.5)
    with pytest.raises(DataTypeError, match="counts or probabilities"):
        huffman_lengths(["a", "b"])
