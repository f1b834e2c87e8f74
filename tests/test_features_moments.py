from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.features.moments import NO_NUMBERS, Moments

EPS = np.finfo(float).eps

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
parts = st.lists(st.lists(numbers, max_size=6), min_size=1, max_size=6)


def merged(parts):
    total = NO_NUMBERS
    for part in parts:
        total = total.merged(Moments.of(np.array(part, dtype=float)))
    return total


@given(parts)
def test_moments_of_parts_are_those_of_all_numbers_in_rational_arithmetic(parts):
    x = [Fraction(value) for part in parts for value in part]
    found = merged(parts)
    assert found.count == len(x)
    assert found.zeros == x.count(0)
    if not x:
        assert found == NO_NUMBERS
        return
    mean = sum(x) / len(x)
    largest = max(abs(value) for value in x)
    # Each of the at most 36 numbers, and each of 6 merges, rounds by ε times the largest of them.
    tolerance = 64 * EPS * float(largest)
    assert found.low == min(x)
    assert found.high == max(x)
    assert abs(Fraction(found.mean) - mean) <= Fraction(tolerance) + Fraction(5e-324)
    # In units of the largest number, so that squares stay in range.
    squares = sum(((value - mean) / (largest or 1)) ** 2 for value in x) / len(x)
    # A mean that is off by δ adds δ² to the mean square: the root is off by δ at most.
    deviation = sqrt(float(squares)) * float(largest)
    assert found.deviation == pytest.approx(deviation, rel=64 * EPS, abs=tolerance)


@given(numbers, st.integers(1, 5), st.integers(1, 5))
def test_equal_numbers_have_exactly_their_value_as_mean_and_no_deviation(value, n, m):
    found = merged([[value] * n, [value] * m])
    assert (found.mean, found.deviation) == (value, 0.0)


def test_missing_numbers_do_not_count():
    assert Moments.of(np.array([np.nan, 3.0, np.nan, 5.0])) == Moments.of(np.array([3.0, 5.0]))
    assert Moments.of(np.array([np.nan])) == NO_NUMBERS
