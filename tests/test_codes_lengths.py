"""Kraft sums, ideal lengths and means against enumeration and exact fractions."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from linnet.codes import (
    NO_WORD,
    kraft_sum,
    mean_length,
    prefix_code_exists,
    redundancy,
    shannon_lengths,
)
from linnet.errors import DataError, DataTypeError

EPS = np.finfo(float).eps

weights = hnp.arrays(
    float,
    st.integers(1, 40),
    elements=st.one_of(st.just(0.0), st.floats(1e-300, 1.0), st.floats(0.1, 1.0)),
)


def distribution(w):
    assume(w.sum() > 1e-290)
    p = w / w.sum()
    assume(abs(p.sum() - 1) <= 8 * EPS)
    return p


def prefix_free_words_exist(lengths, words=()):
    """Search all words, longest lengths last."""
    if not lengths:
        return True
    first, *rest = sorted(lengths)
    return any(
        prefix_free_words_exist(rest, (*words, word))
        for word in map("".join, itertools.product("01", repeat=first))
        if not any(word.startswith(w) for w in words)
    )


@pytest.mark.parametrize("symbols", [1, 2, 3, 4])
def test_a_prefix_code_exists_exactly_where_a_search_finds_one(symbols):
    for lengths in map(list, itertools.combinations_with_replacement(range(4), symbols)):
        found = prefix_free_words_exist(lengths)

        assert prefix_code_exists(lengths) is found
        assert (sum(Fraction(1, 2**length) for length in lengths) <= 1) is found


@given(st.lists(st.integers(-1, 2000), max_size=30))
def test_kraft_sum_is_exact(lengths):
    expected = sum((Fraction(1, 2**length) for length in lengths if length >= 0), Fraction(0))

    assert kraft_sum(lengths) == expected


def test_kraft_sum_sees_one_bit_too_much_among_a_thousand():
    complete = [*range(1, 1001), 1000]

    assert prefix_code_exists(complete)
    assert not prefix_code_exists([*complete, 1000])
    assert float(kraft_sum([*complete, 1000])) == 1.0


@given(weights)
def test_shannon_lengths_are_ideal_lengths_rounded_up(w):
    p = distribution(w)

    for probability, length in zip(p.tolist(), shannon_lengths(p).tolist(), strict=True):
        if probability == 0:
            assert length == NO_WORD
        else:
            exact = Fraction(probability)
            assert Fraction(1, 2**length) <= exact
            assert length == 0 or exact < Fraction(2, 2**length)


@given(weights)
def test_a_shannon_code_exists_and_costs_less_than_a_bit_above_the_entropy(w):
    p = distribution(w)
    lengths = shannon_lengths(p)
    bits = scipy.stats.entropy(p, base=2)
    # A sum of at most 40 terms, the largest about 1000 bits at probability 1e-300.
    rounding = 100 * EPS * (1 + bits)

    # Probabilities that sum to a little above 1 may leave too little room.
    assert float(kraft_sum(lengths)) <= p.sum() + 40 * EPS
    assert bits - rounding <= mean_length(lengths, p) < bits + 1 + rounding


def test_a_probability_just_above_1_has_the_empty_word():
    assert shannon_lengths([1 + 1e-7, 0.0]).tolist() == [0, NO_WORD]


def test_shannon_lengths_of_a_rare_symbol_waste_bits_as_the_textbook_says():
    """Cover & Thomas, section 5.6: 0.9999 and 0.0001 get 1 and 14 bits, where 1 is enough."""
    assert shannon_lengths([0.9999, 0.0001]).tolist() == [1, 14]


@given(weights, st.data())
def test_redundancy_is_the_mean_length_above_scipys_entropy(w, data):
    p = distribution(w)
    lengths = data.draw(hnp.arrays(np.int64, p.size, elements=st.integers(6, 60)))

    excess = float(mean_length(lengths, p)) - scipy.stats.entropy(p, base=2)

    assert redundancy(lengths, p).unit == "bits"
    # Each term is right to some last bits of 60 or of the logarithm, both summed.
    assert float(redundancy(lengths, p)) == pytest.approx(excess, abs=500 * EPS * 60)


@given(st.integers(1, 60))
def test_dyadic_probabilities_have_no_redundancy(q):
    lengths = np.array([*range(1, q), max(q - 1, 0)])

    # exp(−L ln 2) errs by up to L last bits of 2^−L; the terms are squares of that.
    assert 0 <= redundancy(lengths, 0.5**lengths) <= EPS


@given(weights)
def test_redundancy_is_never_negative(w):
    p = distribution(w)
    lengths = np.where(p > 0, np.maximum(shannon_lengths(p), math.ceil(math.log2(p.size))), -1)
    assume(prefix_code_exists(lengths))

    assert redundancy(lengths, p) >= 0


def test_a_symbol_without_a_word_costs_infinitely_much():
    for measure in (mean_length, redundancy):
        assert measure([0, -1], [0.5, 0.5]) == math.inf
        assert measure([0, -1], [1.0, 0.0]) == 0
        assert measure([0, -1], [1.0, 0.0]).unit == "bits"


def test_errors_name_what_was_seen():
    with pytest.raises(DataError, match=r"lengths\[1\] is -2"):
        kraft_sum([1, -2])
    with pytest.raises(DataTypeError, match="float64"):
        kraft_sum([1.5])
    with pytest.raises(DataError, match=r"shape \(1, 2\)"):
        kraft_sum([[1, 2]])
    with pytest.raises(DataError, match="code has 3 symbols but p has 2"):
        mean_length([1, 2, 2], [0.5, 0.5])
    with pytest.raises(DataError, match="sums to 2"):
        mean_length([1, 2], [1, 1])
    with pytest.raises(DataError, match="one distribution"):
        shannon_lengths([[0.5, 0.5]])
    with pytest.raises(DataError, match=r"Σ 2\^−L is 1.5"):
        redundancy([1, 1, 1], [0.5, 0.25, 0.25])


def test_no_lengths_take_up_nothing():
    assert kraft_sum([]) == 0
    assert kraft_sum([-1, -1]) == 0
