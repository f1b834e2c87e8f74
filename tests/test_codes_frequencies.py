"""Integers from scores to bits: each formula against Python's own integers, and another coder."""

from decimal import Decimal, getcontext
from math import log2

import constriction
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from linnet.codes import coder
from linnet.codes.frequencies import TOTAL_BITS, frequencies
from linnet.codes.powers import powers_of_two
from linnet.codes.states import LEAST_STATE
from linnet.errors import SettingError

TOTAL = 1 << TOTAL_BITS
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(params=["native", "reference"])
def engine(request, monkeypatch):
    monkeypatch.setenv("LINNET_ENGINE", request.param)
    return request.param


@st.composite
def scores(draw, most_rows=20, most_symbols=12):
    """Draw scores of every size, ties and extremes among them."""
    shape = draw(st.tuples(st.integers(1, most_rows), st.integers(1, most_symbols)))
    values = st.one_of(
        st.integers(-(2**29), 2**29), st.integers(-3000, 3000), st.sampled_from([0, -1024])
    )
    return draw(hnp.arrays(np.int32, shape, elements=values))


def drawn(seed, n, q, spread=2.0):
    """Scores, and a symbol of each row with the probability that they give it."""
    rng = np.random.default_rng(seed)
    Z = np.rint(1024 * spread * rng.standard_normal((n, q))).astype(np.int32)
    P = np.exp2(Z / 1024)
    P /= P.sum(axis=1, keepdims=True)
    return (
        Z,
        (P.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=q - 1).astype(np.int32),
        P,
    )


def row_by_definition(z):
    """Frequencies of a row in Python's integers, as the docstring has them."""
    K = len(z) + 1
    top = max(z)
    table = [int(power) for power in powers_of_two()]
    e = [table[(top - each) % 1024] >> ((top - each) // 1024) for each in z]
    M = TOTAL - K
    R = (M << 38) // sum(e)
    g = [(each * R) >> 38 for each in e]
    g[z.index(top)] += M - sum(g)
    return [each + 1 for each in g] + [1]


def test_the_powers_are_those_of_two_rounded():
    getcontext().prec = 50
    exact = [Decimal(2) ** (30 - Decimal(i) / 1024) for i in range(1024)]

    assert powers_of_two().tolist() == [int(each.to_integral_value()) for each in exact]


@given(Z=scores())
def test_frequencies_follow_their_definition(Z):
    assert frequencies(Z).tolist() == [row_by_definition(z) for z in Z.tolist()]


@given(Z=scores())
def test_frequencies_sum_to_the_total_and_leave_nothing_impossible(Z):
    f = frequencies(Z)

    assert (f.sum(axis=1) == TOTAL).all()
    assert f.min() >= 1
    assert (f[:, -1] == 1).all()


@given(seed=seeds)
def test_frequencies_are_the_probabilities_to_within_their_precision(seed):
    """Each is off by rounding and by its share of what q + 1 symbols get beforehand."""
    q = 10
    Z, _, P = drawn(seed, 50, q)
    share = frequencies(Z)[:, :q] / TOTAL

    # The largest also gets what rounding leaves: less than 1 from each of the others.
    assert np.abs(share - P).max() <= (2 * q + 3) / TOTAL


def test_a_sure_row_costs_what_the_precision_does():
    Z = np.array([[0] + [-(2**29)] * 9], dtype=np.int32)

    bits = TOTAL_BITS - log2(frequencies(Z)[0, 0])

    # K log₂e / 2²⁴, less the symbol's own 1.
    assert bits == pytest.approx(10 / TOTAL / np.log(2), rel=1e-5)


@given(Z=scores(), seed=seeds)
def test_both_coders_give_the_same_bits_and_read_each_other(Z, seed):
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, Z.shape[1] + 1, len(Z)).astype(np.int32)
    state = LEAST_STATE + int(rng.integers(2**31))
    written = {}
    for engine in ("native", "reference"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LINNET_ENGINE", engine)
            starts, widths = coder.intervals(Z, symbols)
            written[engine] = (starts, widths, *coder.push(starts, widths, state))
    for one, other in zip(*written.values(), strict=True):
        np.testing.assert_array_equal(one, other)

    _, _, packed, words = written["native"]
    for engine in ("native", "reference"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LINNET_ENGINE", engine)
            read, end, position = coder.pop(Z, words, packed, 0)
        assert read.tolist() == symbols.tolist()
        assert (end, position) == (state, len(words))


def test_the_native_coder_is_the_one_that_runs():
    assert coder.is_native()


def test_words_that_end_too_early_are_told(engine):
    del engine
    Z, symbols, _ = drawn(0, 500, 5)
    state, words = coder.push(*coder.intervals(Z, symbols), LEAST_STATE)

    _, _, position = coder.pop(Z, words[:-1], state, 0)

    assert position == len(words)


@pytest.mark.parametrize("q", [2, 10, 300])
def test_the_length_is_the_cross_entropy(q):
    """Within the price of the precision, K log₂e / 2²⁴ a row, and the 63 bits of a state."""
    n = 20_000
    Z, symbols, P = drawn(3, n, q)
    state, words = coder.push(*coder.intervals(Z, symbols), LEAST_STATE)

    bits = 32 * len(words) + state.bit_length() - 31
    ideal = -np.log2(P[np.arange(n), symbols]).sum()

    # Of a frequency f = 2²⁴ p + d the relative error is d/(2²⁴ p), whose mean over symbols drawn
    # from P is Σ d/2²⁴. Each |d| is at most 1, but for the largest's, q + 1 at most. Scattering
    # about that mean is far less: a factor of 4 leaves room for it.
    most = 4 * n * (2 * q + 1) / TOTAL / np.log(2) + 2
    assert abs(bits - ideal) <= most


def test_another_coder_with_our_frequencies_needs_as_many_bits():
    """It adds 1 to each float of what it is given, of which ours are whole numbers."""
    n, q = 5000, 7
    Z, symbols, _ = drawn(5, n, q)
    f = frequencies(Z)
    given = (f - 1).astype(np.float64)
    family = constriction.stream.model.Categorical(perfect=False)
    other = constriction.stream.stack.AnsCoder()
    other.encode_reverse(symbols, family, given)
    theirs = other.get_compressed()
    state, words = coder.push(*coder.intervals(Z, symbols), LEAST_STATE)

    assert other.decode(family, given).tolist() == symbols.tolist()
    # Its state is written as one word or two beside the others.
    assert abs(32 * len(words) + state.bit_length() - 31 - 32 * len(theirs)) <= 64


def test_an_alphabet_beyond_the_precision_is_refused():
    coder.check_alphabet(1)
    with pytest.raises(SettingError, match="1048576 symbols"):
        coder.check_alphabet(2**20)
    with pytest.raises(SettingError, match="0 symbols"):
        coder.check_alphabet(0)


def test_the_native_coder_refuses_arrays_that_do_not_fit():
    Z, symbols, _ = drawn(0, 10, 3)
    few = np.zeros(9, dtype=np.uint32)
    native = coder._coder

    with pytest.raises(ValueError, match="wrong length"):
        native.intervals(Z, powers_of_two(), symbols, few, few)
    with pytest.raises(ValueError, match="a symbol that there is not"):
        native.intervals(Z, powers_of_two(), symbols + 4, *np.zeros((2, 10), dtype=np.uint32))
    with pytest.raises(ValueError, match="wrong shape"):
        native.intervals(Z, powers_of_two()[:5], symbols, few, few)
    with pytest.raises(ValueError, match="no width"):
        native.push(few, few, LEAST_STATE, few.copy())
