"""Bits lost to miscalibration, temperatures, thresholds and the table of classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import entropy
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    mutual_info_score,
    precision_recall_curve,
    precision_recall_fscore_support,
)

from linnet.calibration import (
    calibration_error,
    class_table,
    decompose_cross_entropy,
    expected_cost_threshold,
    fit_temperature,
    threshold_table,
)
from linnet.errors import DataError, SettingError

EPS = np.finfo(float).eps
# Sums of some hundred terms of a few bits each, rounded.
SUM_ATOL = 1e4 * EPS
seeds = st.integers(0, 2**32 - 1)


def rows(seed, n=200, q=3, scale=1.0):
    """Scores, and labels drawn from their softmax times a scale: 1 is calibrated."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(scale=2, size=(n, q))
    truth = np.exp(log_softmax(scale * Z, axis=1))
    y = (truth.cumsum(axis=1)[:, :-1] < rng.random((n, 1))).sum(axis=1)
    y[:q] = np.arange(q)
    return y, Z, np.exp(log_softmax(Z, axis=1))


def parts_of(found):
    return found.label_entropy - found.resolution + found.calibration_gap + found.within_groups


# Decomposition -----------------------------------------------------------------------------


@pytest.mark.parametrize("q", [2, 4])
@given(seed=seeds, bins=st.integers(1, 30))
def test_the_parts_add_up_to_the_cross_entropy(q, seed, bins):
    y, _, P = rows(seed, q=q)
    weight = np.random.default_rng(seed).random(len(y))

    found = decompose_cross_entropy(y, P, sample_weight=weight, bins=bins, unit="nats")

    loss = log_loss(y, P, sample_weight=weight)
    assert found.cross_entropy == pytest.approx(loss, abs=SUM_ATOL)
    assert parts_of(found) == pytest.approx(loss, abs=SUM_ATOL)


@given(seed=seeds)
def test_parts_of_given_groups_are_mutual_information_and_divergence(seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 5, 300)
    P = rng.dirichlet(np.ones(3), size=5)
    y = rng.integers(0, 3, 300)
    y[:3] = [0, 1, 2]

    found = decompose_cross_entropy(y, P[group], groups=group, unit="nats")

    gaps = [
        np.mean(group == g) * entropy(np.bincount(y[group == g], minlength=3), P[g])
        for g in range(5)
    ]
    assert found.label_entropy == pytest.approx(entropy(np.bincount(y)), abs=SUM_ATOL)
    assert found.resolution == pytest.approx(mutual_info_score(group, y), abs=SUM_ATOL)
    assert found.calibration_gap == pytest.approx(sum(gaps), abs=SUM_ATOL)
    assert found.within_groups == pytest.approx(0, abs=SUM_ATOL)
    same = decompose_cross_entropy(y, P[group], bins=None, unit="nats")
    assert same.calibration_gap == pytest.approx(found.calibration_gap, abs=SUM_ATOL)


@given(seed=seeds)
@settings(max_examples=20)
def test_parts_of_weighted_rows_are_those_of_repeated_ones(seed):
    y, _, P = rows(seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(y))

    weighted = decompose_cross_entropy(y, P, [0, 1, 2], weight, bins=4)

    repeated = decompose_cross_entropy(
        np.repeat(y, weight), np.repeat(P, weight, axis=0), [0, 1, 2], bins=4
    )
    for part in ("cross_entropy", "label_entropy", "resolution", "calibration_gap"):
        assert getattr(weighted, part) == pytest.approx(getattr(repeated, part), abs=SUM_ATOL)


def test_chance_raises_resolution_and_gap_by_the_biases_told():
    """Labels drawn from the predictions, which are the same in each group: the gap is all bias."""
    rng = np.random.default_rng(0)
    P = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    group = np.repeat(np.arange(4), 100)
    truth = entropy(P.mean(axis=0)) - np.mean([entropy(p) for p in P])
    gaps, resolutions = [], []
    for _ in range(400):
        y = (P[group].cumsum(axis=1)[:, :-1] < rng.random((400, 1))).sum(axis=1)
        found = decompose_cross_entropy(y, P[group], [0, 1, 2], groups=group, unit="nats")
        gaps.append(found.calibration_gap - found.calibration_gap_bias)
        resolutions.append(found.resolution - found.resolution_bias)

    # Means of 400 samples, within 4 standard errors; terms of second order are 1/n² ≈ 1e-4.
    for values, expected in ((gaps, 0), (resolutions, truth)):
        error = np.std(values) / np.sqrt(len(values))
        assert np.mean(values) == pytest.approx(expected, abs=4 * error + 2e-4)


def test_bits_are_nats_in_another_unit_and_each_part_tells_its_own():
    y, _, P = rows(1)

    bits, nats = (decompose_cross_entropy(y, P, unit=unit) for unit in ("bits", "nats"))

    assert bits.cross_entropy.unit == "bits"
    assert bits.resolution * np.log(2) == pytest.approx(nats.resolution, rel=4 * EPS)
    assert nats.to("bits") == bits
    assert str(bits).count("bits") == 5


@pytest.mark.parametrize("lonely", [True, False])
def test_a_label_of_probability_zero_makes_the_loss_infinite_and_nothing_undefined(lonely):
    y, p = [0, 1, 1, 0, 1], [0.0, 0.0, 0.5, 0.5, 0.5]
    groups = [0, 0, 1, 1, 1] if lonely else [0] * 5

    found = decompose_cross_entropy(y, p, groups=groups)

    assert found.cross_entropy == np.inf
    assert parts_of(found) == np.inf


def test_a_group_for_each_row_is_needed():
    with pytest.raises(DataError, match="one group for each row"):
        decompose_cross_entropy([0, 1], [0.5, 0.5], groups=[1])


# Temperature -------------------------------------------------------------------------------


@given(seed=seeds, scale=st.floats(0.3, 3))
@settings(max_examples=30)
def test_the_temperature_is_the_minimum_that_a_search_finds(seed, scale):
    y, Z, _ = rows(seed, scale=scale)
    weight = np.random.default_rng(seed).random(len(y))

    found = fit_temperature(y, Z, sample_weight=weight)

    def loss(beta):
        lengths = -log_softmax(beta * Z, axis=1)[np.arange(len(y)), y]
        return np.average(lengths, weights=weight)

    searched = minimize_scalar(loss, bounds=(1e-3, 20), method="bounded", options={"xatol": 1e-9})
    # A search by values finds a minimum to √ε of its place.
    assert 1 / found.value == pytest.approx(searched.x, rel=1e-5)
    assert found.before == pytest.approx(loss(1), abs=SUM_ATOL)
    assert found.after == pytest.approx(searched.fun, abs=SUM_ATOL)
    assert found.gain >= -SUM_ATOL


@given(seed=seeds, factor=st.floats(0.01, 100))
@settings(max_examples=30)
def test_scores_of_another_scale_have_the_temperature_of_that_scale(seed, factor):
    y, Z, _ = rows(seed)

    plain, scaled = fit_temperature(y, Z), fit_temperature(y, factor * Z)

    assert scaled.value == pytest.approx(factor * plain.value, rel=1e-9)
    assert scaled.after == pytest.approx(plain.after, abs=SUM_ATOL)


def test_impossible_classes_have_no_part_in_the_temperature():
    y, Z, _ = rows(0, q=2)
    wider = np.column_stack([Z, np.full(len(Z), -np.inf)])

    found = fit_temperature(y, wider, [0, 1, 2])

    assert found.value == pytest.approx(fit_temperature(y, Z).value, rel=1e-12)


@pytest.mark.parametrize(
    ("y", "Z", "message"),
    [
        ([0, 1], [[2.0, 1.0], [0.0, 3.0]], "most probable class of its row"),
        ([1, 0], [[2.0, 1.0], [0.0, 3.0]], "no more probable"),
        ([0, 1], [[0.0, 0.0], [0.0, 0.0]], "most probable class of its row"),
        ([0, 1, 1], [[0.0, 0.0], [0.0, -np.inf], [0.0, 1.0]], "row 1 has probability 0"),
        ([0, 1], [1.0, 2.0], "logits has shape"),
    ],
)
def test_where_no_temperature_is_best_an_error_says_why(y, Z, message):
    with pytest.raises(DataError, match=message):
        fit_temperature(y, Z)


# Thresholds --------------------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=30)
def test_precision_and_recall_are_those_of_scikit_learn(seed):
    y, _, P = rows(seed, q=2)
    p = P[:, 1].round(2)
    weight = np.random.default_rng(seed).random(len(y))

    table = threshold_table(y, p, sample_weight=weight)

    precision, recall, thresholds = precision_recall_curve(y, p, sample_weight=weight)
    # scikit-learn calls the precision of nothing 1; here it is unknown.
    np.testing.assert_array_equal(table.threshold[:-1], thresholds)
    np.testing.assert_allclose(table.precision[:-1], precision[:-1], atol=SUM_ATOL)
    np.testing.assert_allclose(table.recall, recall, atol=SUM_ATOL)
    assert np.isnan(table.precision[-1])


@pytest.mark.parametrize(
    ("metric", "theirs"),
    [
        ("f1", f1_score),
        ("accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
        ("cost", lambda y, acted: -np.mean(3 * (acted & (y == 0)) + 7 * (~acted & (y == 1)))),
    ],
)
@given(seed=seeds)
@settings(max_examples=10)
def test_no_threshold_is_better_than_the_best(metric, theirs, seed):
    y, _, P = rows(seed, n=40, q=2)
    table = threshold_table(y, P, false_positive=3, false_negative=7)

    best = theirs(y, P[:, 1] >= table.best(metric))

    others = [theirs(y, P[:, 1] >= t) for t in np.linspace(0, 1.01, 40)]
    assert best >= max(others) - SUM_ATOL
    told = getattr(table, metric)[table.place(metric)]
    assert abs(told) == pytest.approx(abs(best), abs=SUM_ATOL)


def test_the_threshold_of_right_probabilities_is_the_ratio_of_costs():
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    y = (rng.random(len(p)) < p).astype(int)

    table = threshold_table(y, p, false_positive=1, false_negative=3)

    assert expected_cost_threshold(1, 3) == 0.25
    # The cost is flat near its minimum: it rises by 2 (t − ¼)², noise is about 1e-3.
    assert table.best("cost") == pytest.approx(0.25, abs=0.03)


def test_one_class_of_several_can_be_the_event():
    y, _, P = rows(2)

    table = threshold_table(y, P, label=1)

    alone = threshold_table((y == 1).astype(int), P[:, 1])
    np.testing.assert_array_equal(table.true_positives, alone.true_positives)
    assert len(repr(table).splitlines()) == 11
    with pytest.raises(DataError, match="Name the class"):
        threshold_table(y, P)


@pytest.mark.parametrize("cost", [-1, np.inf, np.nan, "1", True])
def test_a_cost_that_is_none_is_an_error(cost):
    with pytest.raises(SettingError, match="false_negative"):
        threshold_table([0, 1], [0.2, 0.8], false_negative=cost)
    with pytest.raises(SettingError):
        expected_cost_threshold(cost, 0)


def test_costs_of_nothing_choose_nothing():
    with pytest.raises(SettingError, match="Both costs"):
        expected_cost_threshold(0, 0)
    with pytest.raises(SettingError, match="metric"):
        threshold_table([0, 1], [0.2, 0.8]).best("roc")


# Classes -----------------------------------------------------------------------------------


@given(seed=seeds)
@settings(max_examples=20)
def test_the_table_of_classes_is_that_of_scikit_learn(seed):
    y, _, P = rows(seed, q=4)
    weight = np.random.default_rng(seed).random(len(y))

    table = class_table(y, P, sample_weight=weight)

    expected = precision_recall_fscore_support(
        y, P.argmax(axis=1), sample_weight=weight, zero_division=np.nan
    )
    shown = [[row.precision, row.recall, row.f1, row.support] for row in table]
    np.testing.assert_allclose(np.transpose(shown), expected, atol=SUM_ATOL)
    for j, row in enumerate(table):
        lengths = -np.log2(P[y == j, j])
        assert row.length == pytest.approx(np.average(lengths, weights=weight[y == j]))
        alone = calibration_error((y == j).astype(int), P[:, j], [0, 1], weight)
        assert row.calibration_error == pytest.approx(alone, abs=SUM_ATOL)


@given(seed=seeds)
@settings(max_examples=20)
def test_the_mean_length_of_the_classes_is_the_cross_entropy(seed):
    y, _, P = rows(seed, q=4)

    table = class_table(y, P)

    total = sum(row.support * row.length for row in table) / len(y)
    assert total == pytest.approx(decompose_cross_entropy(y, P).cross_entropy, abs=SUM_ATOL)


def test_a_class_that_never_occurs_has_no_length():
    table = class_table([0, 1, 1], [[0.5, 0.4, 0.1]] * 3, [0, 1, 2])

    assert table[2].support == 0
    assert np.isnan([table[2].length, table[2].recall, table[2].precision]).all()
    assert len(repr(table).splitlines()) == 1 + len(table)
