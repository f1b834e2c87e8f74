"""Entropy, cross entropy and divergence against closed forms, SciPy and their own identities."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from linnet.errors import DataError, DataTypeError, SettingError
from linnet.information import (
    SUM_TOLERANCE,
    Information,
    InformationArray,
    cross_entropy,
    cross_entropy_from_logits,
    entropy,
    entropy_from_logits,
    kl_divergence,
    kl_divergence_from_logits,
    surprise,
    uniform_code,
)

EPS = np.finfo(float).eps
UNITS = ["nats", "bits"]
WORKED = [0.7, 0.2, 0.1]

weights = hnp.arrays(
    float,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.one_of(st.just(0.0), st.floats(1e-300, 1.0), st.floats(0.1, 1.0)),
)


def normalised(w):
    assume((w.sum(axis=-1) > 1e-290).all())
    p = w / w.sum(axis=-1, keepdims=True)
    assume((np.abs(p.sum(axis=-1) - 1) <= 8 * EPS).all())
    return p


@st.composite
def pairs(draw):
    """Two batches of distributions of one shape."""
    p = draw(weights)
    q = draw(hnp.arrays(float, p.shape, elements=st.floats(1e-12, 1.0)))
    return normalised(p), normalised(q)


def rounding(*terms):
    """Bound for a sum of these terms, each right to a few last bits of its logarithm."""
    return 8 * EPS * (1 + sum(np.abs(t).sum(axis=-1) for t in terms))


# Closed forms ------------------------------------------------------------------------------


def test_worked_case_is_0_3567_nats_and_0_5146_bits():
    assert f"{cross_entropy([1, 0, 0], WORKED):.4f}" == "0.3567 nats"
    assert f"{cross_entropy([1, 0, 0], WORKED, unit='bits'):.4f}" == "0.5146 bits"
    assert cross_entropy([1, 0, 0], WORKED) == -math.log(0.7)
    assert surprise(0.7) == -math.log(0.7)


@pytest.mark.parametrize("classes", [1, 2, 3, 8, 1000])
def test_uniform_distribution_has_entropy_log_q(classes):
    p = np.full(classes, 1 / classes)

    # A sum of q equal terms, pairwise.
    assert float(entropy(p)) == pytest.approx(math.log(classes), rel=8 * EPS, abs=EPS)
    assert uniform_code(classes) == math.log(classes)
    assert uniform_code(2, unit="bits") == 1


def test_a_sure_symbol_has_no_entropy_and_prints_no_minus():
    assert repr(entropy([0.0, 1.0, 0.0])) == "0.0 nats"
    assert repr(surprise(1.0, unit="bits")) == "0.0 bits"
    assert repr(cross_entropy([0.0, 1.0], [0.0, 1.0])) == "0.0 nats"
    assert repr(entropy_from_logits([3.0])) == "0.0 nats"


def test_a_symbol_that_the_code_excludes_costs_infinitely_much():
    for measure in (cross_entropy, kl_divergence):
        assert measure([0.5, 0.5], [1.0, 0.0]) == math.inf
        assert measure([1.0, 0.0], [1.0, 0.0]) == 0
    assert cross_entropy_from_logits([0.5, 0.5], [0.0, -np.inf]) == math.inf
    assert kl_divergence_from_logits([0.5, 0.5], [0.0, -np.inf]) == math.inf
    assert surprise([0.0, 1.0]).tolist() == [math.inf, 0.0]


def test_scores_keep_a_code_length_that_probabilities_lose():
    assert cross_entropy_from_logits([0, 1], [1000.0, 0.0]) == 1000
    assert kl_divergence_from_logits([0, 1], [1000.0, 0.0]) == 1000
    assert cross_entropy([0, 1], scipy.special.softmax([1000.0, 0.0])) == math.inf


def test_subnormal_probabilities_do_not_overflow():
    tiny = 5e-324

    expected = -math.log(tiny)
    assert kl_divergence([1.0, 0.0], [tiny, 1.0]) == pytest.approx(expected, rel=4 * EPS)
    # 5e-324·ln 5e-324 − 5e-324 + 1, and 1·ln 1 − 1 + 5e-324 beside it
    assert kl_divergence([tiny, 1.0], [1.0, tiny]) == pytest.approx(expected, rel=4 * EPS)


# Independent peers -------------------------------------------------------------------------


@given(pairs())
def test_measures_agree_with_scipy(pair):
    p, q = pair
    own, excess = scipy.special.entr(p), scipy.special.rel_entr(p, q)

    for mine, theirs, bound in [
        (entropy(p), scipy.stats.entropy(p, axis=1), rounding(own)),
        (kl_divergence(p, q), excess.sum(axis=1), rounding(excess, own, p)),
        (cross_entropy(p, q), own.sum(axis=1) + excess.sum(axis=1), rounding(own, excess)),
    ]:
        assert (np.abs(mine - theirs) <= bound).all()


# Identities --------------------------------------------------------------------------------


@given(weights)
def test_entropy_lies_between_0_and_log_q(w):
    p = normalised(w)
    h = entropy(p)

    assert (h >= -p.shape[1] * EPS).all()
    assert (h <= math.log(p.shape[1]) + 8 * p.shape[1] * EPS).all()


@given(pairs())
def test_cross_entropy_is_entropy_plus_divergence(pair):
    p, q = pair
    bound = rounding(p * np.log(q), scipy.special.entr(p))

    assert (np.abs(cross_entropy(p, q) - (entropy(p) + kl_divergence(p, q))) <= bound).all()


@given(pairs())
def test_divergence_is_never_negative_and_0_for_equals(pair):
    p, q = pair

    assert (kl_divergence(p, q) >= 0).all()
    assert (kl_divergence(p, p) == 0).all()
    differ = np.abs(p - q).max(axis=1)
    # Pinsker: D ≥ ½ ‖p − q‖₁² ≥ 2·max² (p and q sum to 1), up to the rounding of the sum.
    assert (kl_divergence(p, q) >= 2 * differ**2 * (1 - 1e-9) - 16 * EPS).all()
    assert (kl_divergence(p, q)[differ > 1e-7] > 0).all()


@given(pairs(), st.integers(0, 2**32 - 1))
def test_divergence_of_near_equals_is_the_half_square_not_rounding(pair, seed):
    """D ≈ ½ Σ (p − q)²/q, where p log(p/q) summed plainly would be lost in rounding."""
    _, q = pair
    direction = np.random.default_rng(seed).uniform(-1, 1, q.shape) * q
    p = q + 1e-6 * (direction - q * direction.sum(axis=1, keepdims=True))

    expected = (0.5 * (p - q) ** 2 / q).sum(axis=1)
    # The next term of the series is smaller by a third of the relative step 2e-6; rounding of
    # log p by ε·|log p| changes d ~ 1e-6 by 1e-9 at most, and the sums' own rounding stays.
    np.testing.assert_allclose(
        np.asarray(kl_divergence(p, q)), expected, rtol=1e-5, atol=1e-5 * 1e-12
    )


@pytest.mark.parametrize("measure", [cross_entropy, kl_divergence])
@given(pair=pairs())
def test_a_batch_is_its_rows_one_by_one(measure, pair):
    p, q = pair

    together = measure(p, q)

    assert isinstance(together, InformationArray)
    np.testing.assert_allclose(
        np.asarray(together), [measure(a, b) for a, b in zip(p, q, strict=True)], rtol=4 * EPS
    )


def test_leading_axes_of_any_number_and_any_class_axis_are_kept_apart():
    p = scipy.special.softmax(np.random.default_rng(0).normal(size=(2, 3, 4, 5)), axis=1)
    z = np.log(p)

    expected = scipy.stats.entropy(p, axis=1)
    for axis in (1, -3):
        assert entropy(p, axis=axis).shape == (2, 4, 5)
        # Three terms, whose order may differ.
        np.testing.assert_allclose(np.asarray(entropy(p, axis=axis)), expected, rtol=8 * EPS)
        np.testing.assert_allclose(
            np.asarray(entropy_from_logits(z, axis=axis)), expected, rtol=16 * EPS
        )
        assert (kl_divergence(p, p, axis=axis) == 0).all()
        assert (kl_divergence_from_logits(p, z, axis=axis) <= 16 * EPS).all()


@given(pairs())
def test_bits_are_nats_over_ln_2(pair):
    p, q = pair

    for nats, bits in [
        (entropy(p), entropy(p, unit="bits")),
        (cross_entropy(p, q), cross_entropy(p, q, unit="bits")),
        (kl_divergence(p, q), kl_divergence(p, q, unit="bits")),
        (entropy_from_logits(q), entropy_from_logits(q, unit="bits")),
        (surprise(p), surprise(p, unit="bits")),
    ]:
        assert (nats.unit, bits.unit) == ("nats", "bits")
        np.testing.assert_array_equal(np.asarray(bits), np.asarray(nats) / math.log(2))


@given(pairs(), st.floats(-100, 100))
def test_scores_agree_with_their_softmax_wherever_they_are_shifted(pair, shift):
    p, q = pair
    z = np.log(q) + shift
    # A score is rounded to ε times its size, |shift| + |log q|, and so is each code length.
    bound = 32 * EPS * (1 + abs(shift) + np.abs(np.log(q)).max(axis=1))

    assert (np.abs(entropy_from_logits(z) - entropy(q)) <= bound).all()
    assert (np.abs(cross_entropy_from_logits(p, z) - cross_entropy(p, q)) <= bound).all()
    assert (np.abs(kl_divergence_from_logits(p, z) - kl_divergence(p, q)) <= bound).all()
    assert (kl_divergence_from_logits(p, z) >= 0).all()


# Kinds of input ----------------------------------------------------------------------------


def test_labels_as_integers_and_booleans_are_distributions():
    assert entropy(np.array([0, 1, 0])) == 0
    assert cross_entropy(np.array([True, False]), [0.5, 0.5], unit="bits") == 1


@pytest.mark.parametrize("classes", [10, 1000, 100_000])
def test_a_float32_softmax_counts_as_a_distribution(classes):
    z = np.random.default_rng(classes).normal(scale=3, size=(4, classes)).astype(np.float32)
    p = scipy.special.softmax(z, axis=1)

    assert p.dtype == np.float32
    # The entries are right to a few float32 bits, and the mean of a logarithm thus too.
    np.testing.assert_allclose(
        np.asarray(entropy(p)), np.asarray(entropy_from_logits(z)), rtol=8 * np.finfo("f4").eps
    )


def test_an_empty_batch_gives_an_empty_answer():
    nothing = np.empty((0, 3))

    for answer in (
        entropy(nothing),
        cross_entropy(nothing, nothing),
        kl_divergence(nothing, nothing),
        entropy_from_logits(nothing),
        cross_entropy_from_logits(nothing, nothing),
        kl_divergence_from_logits(nothing, nothing),
    ):
        assert isinstance(answer, InformationArray)
        assert answer.shape == (0,)


def test_one_row_gives_one_amount_and_a_batch_of_one_an_array():
    assert isinstance(entropy(WORKED), Information)
    assert isinstance(entropy([WORKED]), InformationArray)


def test_arguments_are_left_as_they_were():
    p, z = np.array([WORKED]), np.array([[1.0, 2.0, 3.0]])

    kl_divergence_from_logits(p, z)
    kl_divergence(p, p)

    assert (p.tolist(), z.tolist()) == ([WORKED], [[1.0, 2.0, 3.0]])


# Errors ------------------------------------------------------------------------------------

GOOD = [0.5, 0.5]
BAD_ROWS = [
    ([0.6, 0.6], "sums to 1.2"),
    ([0.5, 0.5 - 2 * SUM_TOLERANCE], r"sums to 0.99999[78]"),
    ([1.5, -0.5], r"has -0.5 at position 1"),
    ([np.nan, 1.0], "has nan at position 0"),
    ([0.0, np.inf], "sums to inf"),
    ([0.0, 0.0], r"sums to 0.0"),
]
BAD_SCORES = [
    ([0.0, np.nan], "has nan at position 1"),
    ([np.inf, 0.0], "has inf at position 0"),
    ([-np.inf, -np.inf], "has −inf as every score"),
]


@pytest.mark.parametrize(("row", "message"), BAD_ROWS)
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("p", entropy),
        ("p", lambda p: cross_entropy(p, np.full(np.shape(p), 0.5))),
        ("q", lambda q: cross_entropy(np.full(np.shape(q), 0.5), q)),
        ("p", lambda p: kl_divergence(p, np.full(np.shape(p), 0.5))),
        ("q", lambda q: kl_divergence(np.full(np.shape(q), 0.5), q)),
        ("p", lambda p: cross_entropy_from_logits(p, np.zeros(np.shape(p)))),
        ("p", lambda p: kl_divergence_from_logits(p, np.zeros(np.shape(p)))),
    ],
)
def test_a_row_that_is_no_distribution_is_named_with_what_was_seen(name, call, row, message):
    with pytest.raises(DataError, match=rf"^{name} {message}"):
        call(row)
    with pytest.raises(DataError, match=rf"^{name}, row 2, {message}"):
        call([GOOD, GOOD, row, row])
    with pytest.raises(DataError, match=rf"^{name}, row \(1, 0\), {message}"):
        call([[GOOD, GOOD], [row, GOOD]])


@pytest.mark.parametrize(("row", "message"), BAD_SCORES)
@pytest.mark.parametrize(
    "call",
    [
        entropy_from_logits,
        lambda z: cross_entropy_from_logits(np.full(np.shape(z), 0.5), z),
        lambda z: kl_divergence_from_logits(np.full(np.shape(z), 0.5), z),
    ],
)
def test_a_row_of_scores_without_a_softmax_is_named(call, row, message):
    with pytest.raises(DataError, match=rf"^logits {message}"):
        call(row)
    with pytest.raises(DataError, match=rf"^logits, row 1, {message}"):
        call([GOOD, row])


def test_the_row_is_counted_along_the_other_axes():
    with pytest.raises(DataError, match=r"^p, row 1, sums to 1.1"):
        entropy([[0.5, 0.6], [0.5, 0.5]], axis=0)


@pytest.mark.parametrize(
    "measure",
    [cross_entropy, kl_divergence, cross_entropy_from_logits, kl_divergence_from_logits],
)
def test_shapes_that_differ_are_an_error_even_where_they_would_broadcast(measure):
    with pytest.raises(DataError, match=r"shape \(2, 2\) .* shape \(2,\)"):
        measure([GOOD, GOOD], GOOD)
    with pytest.raises(DataError, match="one alphabet"):
        measure(GOOD, [0.5, 0.25, 0.25])


@pytest.mark.parametrize("measure", [entropy, entropy_from_logits])
def test_what_is_no_table_of_numbers_is_an_error(measure):
    with pytest.raises(DataError, match="no classes"):
        measure(np.empty((3, 0)))
    with pytest.raises(DataError, match="no classes"):
        measure([])
    with pytest.raises(DataError, match="rectangular"):
        measure([[0.5, 0.5], [1.0]])
    with pytest.raises(DataError, match="axis of classes"):
        measure(np.float64(1.0))
    with pytest.raises(DataTypeError, match="real numbers"):
        measure(["a", "b"])
    with pytest.raises(DataTypeError, match="real numbers"):
        measure(np.array([0.5, 0.5j]))
    with pytest.raises(SettingError, match="axis is 1"):
        measure(GOOD, axis=1)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_surprise_names_the_entry_that_is_no_probability(wrong):
    with pytest.raises(DataError, match=rf"^p\[1, 0\] is {wrong}"):
        surprise([[0.5], [wrong]])
    with pytest.raises(DataError, match=rf"^p is {wrong}"):
        surprise(wrong)


def test_an_alphabet_has_a_symbol():
    with pytest.raises(DataError, match="classes is 0"):
        uniform_code(0)
