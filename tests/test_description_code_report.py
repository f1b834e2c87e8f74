"""The account of coded targets adds up to the file, and its intervals hold what they should."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

from linnet import (
    LinearRegression,
    SoftmaxRegression,
    TableModel,
    code_report,
    encode_labels,
    encode_numbers,
)
from linnet.description.resampling import resampled
from linnet.errors import DataError, DataTypeError, SettingError
from linnet.estimators.label_codec import coded_lengths

seeds = st.integers(0, 2**32 - 1)


def some_labels(seed=0, n=400, k=4, q=4):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, k))
    return X, (X @ rng.standard_normal((k, q)) + rng.gumbel(size=(n, q))).argmax(axis=1)


def fitted(X, y):
    return SoftmaxRegression(tol=1e-3).fit(X, y)


def some_numbers(n=300, sigma=2.0):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 3))
    return X, np.round(X @ [1.0, 2.0, 3.0] + 50 + sigma * rng.standard_normal(n), 1)


def quick(model, X, y, **settings):
    return code_report(model, X, y, **{"described": False, "resamples": 200} | settings)


def parts(report):
    return (
        report.cross_entropy_bits,
        report.quantisation_bits,
        report.escape_bits,
        report.coder_bits,
        report.framing_bits,
    )


@settings(max_examples=25, deadline=None)
@given(seed=seeds, q=st.integers(2, 7), strange=st.integers(0, 5))
def test_parts_add_up_to_the_file_bit_by_bit(seed, q, strange):
    X, y = some_labels(seed, q=q)
    model = fitted(X, y)
    y = y.astype(object)
    y[:strange] = [None, 99, -3, None, 7000][:strange]

    report = quick(model, X, y)

    data = encode_labels(model, X, y)
    assert report.written_bytes == len(data)
    # Sums of 400 lengths of some bits each.
    assert sum(parts(report)) == pytest.approx(8 * len(data), rel=1e-12)
    assert report.escaped == strange
    assert report.payload.value == pytest.approx(8 * report.payload_bytes / 400, rel=1e-12)
    # A state of 63 bits: 32 beyond its check, of which one bit says nothing; then whole bytes.
    assert -1 <= report.coder_bits <= 40


def test_entropies_are_those_of_scipy_and_of_the_model():
    X, y = some_labels(q=5)
    model = fitted(X, y)

    report = quick(model, X, y)

    lengths = np.asarray(model.code_lengths(X, y))
    shares = list(Counter(y.tolist()).values())
    assert report.uniform == pytest.approx(np.log2(5), rel=1e-15)
    assert report.marginal.value == pytest.approx(stats.entropy(shares, base=2), rel=1e-12)
    assert report.cross_entropy.value == pytest.approx(lengths.mean(), rel=1e-12)
    assert report.integer.value == pytest.approx(coded_lengths(model, X, y).mean(), rel=1e-12)
    assert report.gained.value == pytest.approx(
        report.marginal.value - report.cross_entropy.value, rel=1e-12
    )


def test_the_payload_of_100_000_labels_is_within_a_thousandth_of_the_cross_entropy():
    X, y = some_labels(n=100_000, k=8, q=10)
    model = fitted(X[:5000], y[:5000])

    report = quick(model, X, y)

    assert 8 * report.payload_bytes <= 1.001 * report.cross_entropy_bits
    assert abs(report.quantisation_bits) <= 1e-5 * report.cross_entropy_bits


def brute_force(columns, y, measure, draws):
    """Rows drawn one by one."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(draws):
        rows = rng.integers(0, len(y), len(y))
        found.append(measure(columns[rows], y[rows]))
    return np.array(found)


def test_intervals_are_those_of_rows_drawn_one_by_one():
    """The gain included, whose two terms move together."""
    X, y = some_labels(seed=3, q=3)
    model = fitted(X, y)
    lengths = np.asarray(model.code_lengths(X, y))
    draws = 4000

    report = quick(model, X, y, resamples=draws)

    def mean(lengths, y):
        return lengths.sum() / len(y)

    def gained(lengths, y):
        return stats.entropy(np.bincount(y), base=2) - lengths.mean()

    for estimate, measure in (
        (report.cross_entropy, mean),
        (report.gained, gained),
    ):
        found = brute_force(lengths, y, measure, draws)
        low, high = 2 * measure(lengths, y) - np.quantile(found, [0.975, 0.025])
        # The error of a quantile at 2.5 % of a normal sample is 2.7 σ/√m; two of them, 4 errors.
        slack = 4 * np.sqrt(2) * 2.7 * found.std() / np.sqrt(draws)
        assert estimate.low == pytest.approx(low, abs=slack)
        assert estimate.high == pytest.approx(high, abs=slack)


def test_groups_of_many_rows_give_the_standard_error_of_a_mean():
    rng = np.random.default_rng(0)
    x = rng.exponential(size=50_001)
    draws = resampled(
        np.column_stack([np.ones(len(x)), x]), confidence=0.95, resamples=4000, seed=0
    )

    means = draws.draws[:, 1] / draws.draws[:, 0]

    # Of the error itself: 1/√(2·4000) for the draws, 1/√(2·4096) for the groups; four such.
    assert means.std() == pytest.approx(x.std() / np.sqrt(len(x)), rel=4 * 0.0159)


def test_classes_are_counted_in_every_draw():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 6, 5000)
    indicators = (y[:, None] == np.arange(6)).astype(float)

    draws = resampled(indicators, y, confidence=0.95, resamples=50, seed=1)

    counts = draws.draws[:, :6]
    entropies = np.log2(counts.sum(axis=1)) - draws.draws[:, 6] / counts.sum(axis=1)
    np.testing.assert_allclose(entropies, stats.entropy(counts, axis=1, base=2), rtol=1e-12)


def test_intervals_hold_the_truth_as_often_as_they_say():
    X, y = some_labels(n=60_000)
    model = fitted(X[:2000], y[:2000])
    # What 58,000 rows say is nearly true beside 250.
    truth = quick(model, X, y, resamples=1)
    truths = {name: getattr(truth, name).value for name in ("marginal", "cross_entropy", "gained")}
    held = Counter()
    repeats = 100
    for repeat in range(repeats):
        rows = slice(2000 + 250 * repeat, 2250 + 250 * repeat)
        report = quick(model, X[rows], y[rows], seed=repeat)
        for name, value in truths.items():
            held[name] += getattr(report, name).low <= value <= getattr(report, name).high

    # Four standard errors of a share of 0.95 in 100.
    assert min(held.values()) >= 95 - 4 * np.sqrt(100 * 0.95 * 0.05)
    assert len(held) == 3


def test_an_entropy_at_its_most_has_an_interval_that_ends_there():
    X, _ = some_labels(n=400)
    y = np.arange(400) % 4
    report = quick(fitted(X, y), X, y)

    # Sums of 400 log₂ 400 and the like, rounded.
    assert report.marginal.value == pytest.approx(2.0, rel=16 * np.finfo(float).eps)
    assert report.marginal.low == report.marginal.value
    assert report.marginal.high == 2.0


@pytest.mark.parametrize("kind", ["sparse", "table", "two classes", "text"])
def test_whatever_can_be_coded_can_be_accounted_for(kind):
    X, y = some_labels(q=2 if kind == "two classes" else 3)
    if kind == "text":
        y = np.array(["ash", "fir", "oak"])[y]
    if kind == "sparse":
        X = csr_array(np.where(X > 0, X, 0))
    if kind == "table":
        X = pd.DataFrame(X, columns=list("abcd"))
        model = TableModel(SoftmaxRegression()).fit(X, y)
    else:
        model = fitted(X, y)

    report = code_report(model, X, y)

    assert sum(parts(report)) == pytest.approx(8 * len(encode_labels(model, X, y)), rel=1e-12)
    assert 0 < report.described_bits < 8 * report.model_bytes


def test_the_model_is_as_large_as_its_file(tmp_path):
    X, y = some_labels()
    model = fitted(X, y)
    model.save(tmp_path / "model")

    assert quick(model, X, y).model_bytes == (tmp_path / "model").stat().st_size


def test_rows_of_one_class_have_no_entropy_and_still_cost_bits():
    X, y = some_labels()
    model = fitted(X, y)
    rows = y == 2

    report = quick(model, X[rows], y[rows])

    assert report.marginal.value == report.marginal.high == 0.0
    assert report.gained.value == pytest.approx(-report.cross_entropy.value)
    assert report.gained.high < 0


def test_one_row_is_enough():
    X, y = some_labels()
    model = fitted(X, y)

    report = quick(model, X[:1], y[:1])

    assert report.cross_entropy.value == pytest.approx(float(model.code_lengths(X, y)[0]))
    assert "written: payload" in str(report)


def test_numbers_are_accounted_for_at_their_precision():
    X, y = some_numbers()
    model = LinearRegression().fit(X, y)

    report = code_report(model, X, y)

    data = encode_numbers(model, X, y, precision=0.1)
    lengths = np.asarray(model.code_lengths(X, y, precision=0.1))
    assert report.precision == 0.1
    assert report.uniform is None
    assert report.written_bytes == len(data)
    assert report.cross_entropy.value == pytest.approx(lengths.mean(), rel=1e-12)
    assert report.marginal.value == pytest.approx(
        (stats.norm(0, y.std()).entropy() - np.log(0.1)) / np.log(2), rel=1e-12
    )
    assert sum(parts(report)) == pytest.approx(8 * len(data), rel=1e-12)
    assert -1 <= report.coder_bits <= 48
    # A bin of σ/8 taken as flat costs 0.001 bits a number at most, and the Gaussian is cut at 8 σ.
    assert abs(report.quantisation_bits) <= 0.002 * 300


def test_numbers_missing_and_far_away_are_told_apart():
    X, y = some_numbers()
    model = LinearRegression().fit(X, y)
    y[:3] = np.nan
    y[10] = 1e6

    report = quick(model, X, y, precision=0.1)

    data = encode_numbers(model, X, y, precision=0.1)
    assert report.escaped == 3
    assert sum(parts(report)) == pytest.approx(8 * len(data), rel=1e-12)
    # The escape, its plain bits and a byte, three times.
    assert report.escape_bits == pytest.approx(3 * (24 + 8), abs=3 * 8)
    # A Gaussian gives the far number (10⁶/σ)²/2 nats; the coder gives it a few bytes.
    assert report.cross_entropy_bits > 1e9
    assert report.quantisation_bits < -1e9


def test_infinite_numbers_are_refused_by_row():
    X, y = some_numbers()
    model = LinearRegression().fit(X, y)
    y[17] = np.inf

    with pytest.raises(DataError, match="row 17"):
        quick(model, X, y)


def test_columns_by_name_may_lack_targets():
    X, y = some_labels()
    columns = {name: X[:, j] for j, name in enumerate("abcd")}
    model = TableModel(SoftmaxRegression()).fit(columns, y)
    y = y.astype(object)
    y[3] = None

    report = code_report(model, columns, y)

    assert report.escaped == 1
    assert report.described_bits > 0


def test_a_model_that_is_not_fitted_is_told():
    X, y = some_labels()

    for model in (SoftmaxRegression(), TableModel(SoftmaxRegression())):
        with pytest.raises(NotFittedError):
            quick(model, X, y)


def test_equal_numbers_have_no_gaussian_code():
    X, y = some_numbers()
    model = LinearRegression().fit(X, y)

    report = quick(model, X, np.full(300, 50.0), precision=0.1)

    assert report.marginal is None
    assert report.gained is None
    assert "Gaussian" not in str(report)


@pytest.mark.parametrize("resamples", [1, 200])
def test_it_can_be_read_by_people_and_by_machines(resamples):
    X, y = some_labels()
    y = y.astype(object)
    y[0] = None

    report = quick(fitted(X[1:], y[1:].astype(int)), X, y, resamples=resamples)

    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["bytes"]["all"] == report.written_bytes
    assert told["bits_per_row"]["marginal"]["value"] == report.marginal.value
    assert sum(told["bits_in_all"].values()) == pytest.approx(8 * report.written_bytes)
    text = str(report)
    for words in ("log2 q", "H(Y)", "cross entropy", "integer", "payload", "header", "model"):
        assert words in text
    assert "1 row of 400 escaped" in text


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"X": np.empty((0, 4)), "y": []}, DataError, "no row"),
        ({"y": [77] * 400}, DataError, "None of the 400 targets"),
        ({"y": [1] * 399}, DataError, "400 rows but y has 399"),
        ({"precision": 0.1}, SettingError, "for numbers"),
        ({"confidence": 95}, SettingError, "between 0 and 1"),
        ({"resamples": 0}, SettingError, "resamples"),
        ({"model": object()}, DataTypeError, "SoftmaxRegression"),
    ],
)
def test_what_cannot_be_accounted_for_is_told(change, error, words):
    X, y = some_labels()
    given = {"model": fitted(X, y), "X": X, "y": y} | change

    with pytest.raises(error, match=words):
        quick(**given)
