"""Reliability curves and their errors are those of scikit-learn, brute force and closed forms."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from linnet.calibration import (
    calibration_error,
    reliability_curve,
    smooth_calibration_error,
    smooth_reliability_curve,
)
from linnet.errors import DataError, SettingError

EPS = np.finfo(float).eps
# A mean of n numbers of at most 1 is off by about n·ε at most.
MEAN_ATOL = 1000 * EPS
seeds = st.integers(0, 2**32 - 1)


def rows(seed, n=200, q=2, power=1.0):
    """Predictions, and labels drawn from them raised to a power: 1 is calibrated."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(q, 0.7), size=n)
    truth = P**power
    truth /= truth.sum(axis=1, keepdims=True)
    y = (truth.cumsum(axis=1)[:, :-1] < rng.random((n, 1))).sum(axis=1)
    y[:q] = np.arange(q)
    return y, P


# Binned curves -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"), [("equal-width", "uniform"), ("equal-mass", "quantile")]
)
@given(seed=seeds, bins=st.integers(1, 20))
def test_bins_are_those_of_scikit_learn(ours, theirs, seed, bins):
    """Where predictions differ and bins divide the rows, quantiles part them in one way."""
    y, P = rows(seed, n=20 * bins)

    curve = reliability_curve(y, P, bins=bins, strategy=ours)

    observed, predicted = calibration_curve(y, P[:, 1], n_bins=bins, strategy=theirs)
    np.testing.assert_allclose(curve.observed, observed, atol=MEAN_ATOL)
    np.testing.assert_allclose(curve.predicted, predicted, atol=MEAN_ATOL)


@given(seed=seeds, bins=st.integers(1, 20))
def test_the_error_is_the_sum_over_bins_by_hand(seed, bins):
    y, P = rows(seed, q=4)
    top, right = P.max(axis=1), P.argmax(axis=1) == y
    edges = np.linspace(0, 1, bins + 1)

    error = calibration_error(y, P, bins=bins, strategy="equal-width")

    gaps = [
        abs((right[inside] - top[inside]).sum()) / len(y)
        for low, high in pairwise(edges)
        if (inside := (low < top) & (top <= high)).any()
    ]
    assert error == pytest.approx(sum(gaps), abs=MEAN_ATOL)


@given(seed=seeds)
def test_the_class_wise_error_is_the_mean_over_classes_against_the_others(seed):
    y, P = rows(seed, q=3)

    error = calibration_error(y, P, kind="class-wise")

    alone = [calibration_error((y == j).astype(int), P[:, j]) for j in range(3)]
    assert error == pytest.approx(np.mean(alone), abs=MEAN_ATOL)
    curves = [reliability_curve(y, P, label=j).error for j in range(3)]
    assert error == pytest.approx(np.mean(curves), abs=MEAN_ATOL)


@pytest.mark.parametrize("measure", [calibration_error, smooth_calibration_error])
@pytest.mark.parametrize("kind", [None, "top-label", "class-wise"])
@given(seed=seeds)
@settings(max_examples=20)
def test_a_weight_of_two_counts_like_a_repeated_row_and_zero_like_none(measure, kind, seed):
    y, P = rows(seed, q=3)
    weight = np.random.default_rng(seed).integers(0, 4, len(y))

    weighted = measure(y, P, [0, 1, 2], weight, kind=kind)

    repeated = measure(np.repeat(y, weight), np.repeat(P, weight, axis=0), [0, 1, 2], kind=kind)
    assert weighted == pytest.approx(repeated, abs=MEAN_ATOL)


@pytest.mark.parametrize("strategy", ["equal-mass", "equal-width"])
@given(seed=seeds, bins=st.integers(1, 30))
def test_equal_predictions_are_never_parted(strategy, seed, bins):
    rng = np.random.default_rng(seed)
    p = rng.choice([0.1, 0.1, 0.1, 0.4, 0.7], 60)
    y = rng.integers(0, 2, 60)

    curve = reliability_curve(y, p, [0, 1], bins=bins, strategy=strategy)

    assert curve.rows.sum() == 60
    assert (np.diff(curve.predicted) > 0).all()
    if bins >= 30:
        np.testing.assert_allclose(curve.predicted, np.unique(p), atol=MEAN_ATOL)


def test_bands_are_wilsons():
    y, P = rows(0, n=300)

    curve = reliability_curve(y, P, bins=10, confidence=0.9)

    hits = np.rint(curve.observed * curve.rows).astype(int)
    low, high = proportion_confint(hits, curve.rows, alpha=0.1, method="wilson")
    np.testing.assert_allclose(curve.low, low, atol=100 * EPS)
    np.testing.assert_allclose(curve.high, high, atol=100 * EPS)


def test_bands_of_a_calibrated_model_hold_the_truth_as_often_as_they_say():
    held = []
    for seed in range(100):
        y, P = rows(seed, n=1000)
        curve = reliability_curve(y, P, bins=10)
        held.append((curve.low <= curve.predicted) & (curve.predicted <= curve.high))

    # 1,000 bins: the share held is within 4 standard errors, √(0.95·0.05/1000), of 0.95.
    assert np.mean(np.concatenate(held)) == pytest.approx(0.95, abs=4 * 0.0069)


@pytest.mark.parametrize("q", [2, 5])
def test_the_error_by_chance_is_the_mean_error_of_right_probabilities(q):
    curves = [reliability_curve(*rows(seed, n=2000, q=q), bins=10) for seed in range(100)]

    found = np.array([(curve.error, curve.error_by_chance) for curve in curves])
    # Bins of 200 rows are near normal: within some per cent, and 4 standard errors of 100 samples.
    error = found[:, 0].std() / 10
    assert found[:, 0].mean() == pytest.approx(found[:, 1].mean(), rel=0.03, abs=4 * error)


# Smooth curves -----------------------------------------------------------------------------


def brute_force_error(p, happened):
    """Reflected Gaussians as sums over images, integrated on a grid, the fixed point by Brent."""
    t = np.linspace(0, 1, 4001)

    def error(width):
        images = np.concatenate([(2 * k + p, 2 * k - p) for k in range(-4, 5)])
        kernel = sum(norm.pdf(t[:, None], image, width) for image in images)
        return np.trapezoid(np.abs(kernel @ (happened - p)), t) / len(p)

    return brentq(lambda width: error(width) - width, 1e-3, 1, xtol=1e-10)


@given(seed=seeds)
@settings(max_examples=15)
def test_the_smooth_error_is_that_of_the_sum_over_images(seed):
    y, P = rows(seed, n=30, power=3.0)

    error = smooth_calibration_error(y, P)

    # The grid of 4,001 points errs by its curvature: (h/σ)²/12 with σ above 0.02.
    assert error == pytest.approx(brute_force_error(P[:, 1], y), abs=1e-4)


@given(p=st.floats(0, 1), hits=st.integers(0, 20), misses=st.integers(1, 20))
@example(p=0.5 + 3e-5, hits=1, misses=1)
@example(p=0.5 + 1e-6, hits=1, misses=1)
def test_one_prediction_is_off_by_the_difference_of_shares(p, hits, misses):
    """All residuals lie at one place: smoothing spreads them, and their sum stays."""
    y = np.repeat([1, 0], [hits, misses])

    error = smooth_calibration_error(y, np.full(len(y), p), [0, 1])

    # Sums of 16,385 terms err by some thousand ε; a kernel cut off at the grid's last cosine by
    # e^{−2π²} = 3e-9 of the error at its narrowest, where that is 1e-4.
    assert error == pytest.approx(abs(hits / len(y) - p), abs=1e-9)


@pytest.mark.parametrize(("y", "error"), [([0, 0, 0], 0.0), ([1, 1, 1], 1.0)])
def test_certainty_is_calibrated_or_as_wrong_as_can_be(y, error):
    assert smooth_calibration_error(y, [0, 0, 0], [0, 1]) == pytest.approx(error, abs=1e-9)


@given(seed=seeds, shift=st.floats(1e-9, 1e-3))
@settings(max_examples=20)
def test_the_smooth_error_moves_no_further_than_the_predictions(seed, shift):
    """Binned errors jump when a prediction passes an edge; this one is Lipschitz."""
    y, P = rows(seed)
    moved = np.clip(P[:, 1] + shift, 0, 1)

    there, here = smooth_calibration_error(y, moved), smooth_calibration_error(y, P)

    # Moving masses by δ under a kernel of width σ changes at most (1 + √(2/π)/σ)·δ, σ the error.
    assert abs(there - here) <= (1 + 1 / min(there, here)) * shift + 1e-9


def test_the_smooth_curve_finds_the_truth_that_labels_were_drawn_from():
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    y = rng.random(len(p)) < p**2

    curve = smooth_reliability_curve(y, p, [False, True])

    # Truth p² lies below p by ∫(p − p²) = 1/6; a kernel of width 1/6 bends it near the ends.
    assert curve.error == pytest.approx(1 / 6, abs=0.01)
    middle = slice(128, 385)
    assert np.abs(curve.observed - curve.predicted**2)[middle].max() < 0.06
    assert np.trapezoid(curve.density, curve.predicted) == pytest.approx(1, abs=1e-3)
    area = np.trapezoid(curve.density * np.abs(curve.observed - curve.predicted), curve.predicted)
    assert area == pytest.approx(curve.error, abs=0.05)


def test_predictions_that_are_just_right_have_no_error_and_a_curve_on_the_diagonal():
    p = np.repeat([0.25, 0.75], 4)

    curve = smooth_reliability_curve([0, 0, 0, 1, 0, 1, 1, 1], p)

    assert curve.error == 0
    near = np.isfinite(curve.observed)
    assert near.sum() > 10
    # All rows near a point have one prediction, and within seven widths there are no others.
    expected = np.where(curve.predicted < 0.5, 0.25, 0.75)
    np.testing.assert_allclose(curve.observed[near], expected[near], atol=1e-6)


def test_a_calibrated_model_has_an_error_that_vanishes_with_the_rows():
    few, many = (
        np.mean([smooth_calibration_error(*rows(seed, n=n)) for seed in range(5)])
        for n in (100, 20_000)
    )

    # The noise of n rows is about n^(−1/3): 200 times the rows have a sixth of it.
    assert many < few / 3


# Labels and probabilities ------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=20)
def test_the_order_of_columns_is_that_of_the_classes_given(seed):
    y, P = rows(seed, q=3)
    names = np.array(["ant", "bee", "cat"])

    turned = calibration_error(names[y], P[:, [2, 0, 1]], ["cat", "ant", "bee"])

    assert turned == calibration_error(y, P)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [[0.5, 0.6], [0.5, 0.5]]), "row 0, sums to 1.1"),
        (([0, 1], [0.5, 1.5]), r"probabilities\[1\] is 1.5"),
        (([0, 1, 1], [0.5, 0.5]), "2 rows of probabilities"),
        (([1, 1], [0.5, 0.5]), "1 different labels"),
        (([0, 2], [0.5, 0.5], [0, 1]), "label 2 in row 1"),
        (([0, 1], [0.5, 0.5], [0, 1, 2]), r"classes has shape \(3,\)"),
        (([0, 1], [0.5, 0.5], [1, 1]), "twice"),
        (([0, 1], [0.5, 0.5], None, [1, -1]), "row 1"),
        (([0, 1], [0.5, 0.5], None, [0, 0]), "0 in every row"),
        (([0, 1], [0.5, 0.5], None, [1]), "one weight for each row"),
        (([0, 1], [0.5, 0.5], None, ["a", "b"]), "must be numbers"),
        (([], np.empty((0, 2))), "no row"),
        (([0, 1], [[1.0], [1.0]]), "two or more classes"),
        ((["a", None], [0.5, 0.5], ["a", "b"]), "no label .* in row 1"),
        ((["a", 1], [0.5, 0.5], ["a", "b"]), "mixes types"),
        (([0.0, np.nan], [0.5, 0.5]), "contains NaN in row 1"),
        (([0, 1], [0.5, 0.5], ["a", "b"]), "label 0 in row 0"),
        (([0, 1], [0.5, np.nan]), r"probabilities\[1\] is nan"),
    ],
)
def test_data_that_cannot_be_used_are_an_error_that_says_where(arguments, message):
    with pytest.raises(DataError, match=message):
        calibration_error(*arguments)


@pytest.mark.parametrize(
    "settings",
    [{"bins": 0}, {"bins": 2.5}, {"strategy": "quantile"}, {"confidence": 1.0}, {"confidence": 95}],
)
def test_settings_out_of_range_are_an_error(settings):
    with pytest.raises(SettingError):
        reliability_curve([0, 1], [0.2, 0.8], **settings)


def test_a_kind_or_label_that_there_is_not_is_an_error():
    with pytest.raises(SettingError, match="top-label"):
        calibration_error([0, 1], [0.2, 0.8], kind="all")
    with pytest.raises(DataError, match="label is 'no'"):
        reliability_curve(["a", "b"], [0.2, 0.8], label="no")
