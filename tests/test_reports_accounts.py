"""Accounts agree with scikit-learn, with closed forms, and with the code lengths of the model."""

import functools
import itertools
import json
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score

from linnet import LinearRegression, SoftmaxRegression
from linnet.errors import DataError
from linnet.features.written import written_precision
from linnet.reports import (
    ClassifierSums,
    RegressionSums,
    classifier_account,
    regression_account,
    to_json_value,
)

EPS = np.finfo(float).eps
seeds = st.integers(0, 2**32 - 1)
some = settings(max_examples=25, deadline=None)


def random_case(seed, n=60, q=4):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(q), size=n)
    return np.log(P), rng.integers(0, q, n), np.arange(q)


def strict(text):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


# Classifiers -------------------------------------------------------------------------------


@some
@given(seed=seeds)
def test_loss_and_accuracy_are_those_of_scikit_learn(seed):
    log_p, y, classes = random_case(seed)

    account = classifier_account(log_p, y, classes)

    assert account.loss.value == pytest.approx(log_loss(y, np.exp(log_p), labels=classes))
    assert account.accuracy.value == accuracy_score(y, log_p.argmax(axis=1))
    assert account.uniform == pytest.approx(np.log(4), rel=4 * EPS)


@some
@given(seed=seeds)
def test_marginal_code_is_the_entropy_of_the_labels_and_the_gain_is_the_rest(seed):
    log_p, y, classes = random_case(seed)

    account = classifier_account(log_p, y, classes)

    marginal = scipy_entropy(np.bincount(y) / len(y))
    assert account.marginal == pytest.approx(marginal, rel=100 * EPS)
    difference = account.marginal - account.loss.value
    assert account.gained.value == pytest.approx(difference, abs=1000 * EPS)


@some
@given(seed=seeds)
def test_the_marginal_distribution_gains_nothing(seed):
    """A model that says the shares of the labels has loss H(Y), to rounding."""
    _, y, classes = random_case(seed)
    shares = np.bincount(y, minlength=4) / len(y)
    with np.errstate(divide="ignore"):
        log_p = np.tile(np.log(shares), (len(y), 1))

    account = classifier_account(log_p, y, classes)

    assert account.gained.value == pytest.approx(0, abs=1000 * EPS)
    assert account.gained.high - account.gained.low <= 1000 * EPS


@some
@given(seed=seeds)
def test_a_weight_of_two_equals_a_repeated_row(seed):
    log_p, y, classes = random_case(seed)
    weight = np.random.default_rng(seed).integers(0, 3, len(y))
    weight[0] = 1

    weighted = classifier_account(log_p, y, classes, weight.astype(float))

    rows = np.repeat(np.arange(len(y)), weight)
    repeated = classifier_account(log_p[rows], y[rows], classes)
    for name in ("loss", "gained", "accuracy"):
        one, other = getattr(weighted, name).value, getattr(repeated, name).value
        assert one == pytest.approx(other, abs=1000 * EPS)
    assert weighted.marginal == pytest.approx(repeated.marginal, rel=1000 * EPS)


def test_labels_never_seen_cost_an_infinite_code_and_the_others_are_told_beside():
    log_p = np.log([[0.5, 0.5], [0.25, 0.75], [0.5, 0.5]])

    account = classifier_account(log_p, np.array(["a", "b", "z"]), np.array(["a", "b"]))

    assert account.loss.value == np.inf
    assert account.gained.value == -np.inf
    assert account.unseen == {"z": 1}
    assert account.known_loss.value == pytest.approx((np.log(2) - np.log(0.75)) / 2)
    assert account.accuracy.value == pytest.approx(2 / 3)
    told = strict(json.dumps(account.to_dict(), allow_nan=False))
    assert told["bits_per_label"]["loss"]["value"] == "Infinity"
    assert told["bits_per_label"]["gained"]["value"] == "-Infinity"
    assert told["bits_per_label"]["loss_over_known_labels"]["value"] == pytest.approx(0.7075, 1e-3)


def test_only_unseen_labels_leave_no_other_loss():
    account = classifier_account(np.log([[0.5, 0.5]]), np.array(["z"]), np.array(["a", "b"]))

    assert (account.loss.value, account.known_loss) == (np.inf, None)


def test_account_is_that_of_the_models_code_lengths():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression().fit(X[::2], y[::2])

    account = classifier_account(model.predict_log_proba(X), y, model.classes_)

    lengths = model.code_lengths(X, y, unit="bits")
    assert account.to_dict()["bits_per_label"]["loss"]["value"] == pytest.approx(
        float(lengths.mean()), rel=100 * EPS
    )
    assert account.accuracy.value == model.score(X, y)


def test_no_row_is_no_account():
    with pytest.raises(DataError, match="no row with a label"):
        classifier_account(np.empty((0, 2)), np.array([], dtype=str), np.array(["a", "b"]))
    with pytest.raises(DataError, match="no row with a target"):
        regression_account(np.empty(0), np.empty(0), residual_variance=1.0)


# Regressions -------------------------------------------------------------------------------


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X, y, LinearRegression().fit(X[::2], y[::2])


def test_errors_are_those_of_scikit_learn():
    X, y, model = diabetes()
    predicted = model.predict(X)

    account = regression_account(predicted, y, residual_variance=model.residual_variance_)

    assert account.r2.value == pytest.approx(r2_score(y, predicted), rel=1000 * EPS)
    assert account.rmse.value == pytest.approx(np.sqrt(np.mean((y - predicted) ** 2)))
    assert account.mean_absolute_error.value == pytest.approx(mean_absolute_error(y, predicted))
    for estimate in (account.r2, account.rmse, account.gained):
        assert estimate.low < estimate.value < estimate.high


def test_loss_is_the_mean_of_the_models_code_lengths():
    X, y, model = diabetes()

    account = regression_account(
        model.predict(X), y, residual_variance=model.residual_variance_, precision=0.5
    )

    lengths = model.code_lengths(X, y, precision=0.5, unit="nats")
    assert account.loss.value == pytest.approx(float(lengths.mean()), rel=100 * EPS)


def test_gain_on_the_rows_of_training_is_half_the_log_of_the_variance_ratio():
    X, y = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(X, y)

    account = regression_account(model.predict(X), y, residual_variance=model.residual_variance_)

    half_log = 0.5 * np.log(y.var() / model.residual_variance_)
    assert account.gained.value == pytest.approx(half_log, rel=1e4 * EPS)
    assert account.gained.value == pytest.approx(-0.5 * np.log(1 - account.r2.value), rel=1e4 * EPS)


@pytest.mark.parametrize("precision", [0.001, 1.0])
def test_the_gain_does_not_depend_on_the_precision(precision):
    X, y, model = diabetes()
    predicted, variance = model.predict(X), model.residual_variance_

    one = regression_account(predicted, y, residual_variance=variance, precision=precision)
    other = regression_account(predicted, y, residual_variance=variance, precision=1e-6)

    assert one.gained.value == pytest.approx(other.gained.value, rel=1e4 * EPS)
    shift = np.log(precision / 1e-6)
    assert other.loss.value - one.loss.value == pytest.approx(shift, rel=1e4 * EPS)


def test_a_model_without_residual_has_no_code_and_says_so_in_strict_json():
    y = np.array([1.0, 2.0, 3.0])

    account = regression_account(y, y, residual_variance=0.0)

    assert (account.loss, account.gained) == (None, None)
    assert account.r2.value == 1
    assert strict(json.dumps(account.to_dict(), allow_nan=False))["bits_per_value"]["loss"] is None


def test_equal_targets_have_no_r2():
    y = np.full(4, 2.0)

    account = regression_account(y + np.array([1, -1, 1, -1]), y, residual_variance=1.0)

    assert np.isnan(account.r2.value)
    assert account.marginal is None
    assert account.to_dict()["r2"]["value"] is None


@pytest.mark.parametrize(
    ("targets", "variance", "precision"),
    [
        ([326.0, 18823.0], 1e6, 1.0),
        ([14999.0, 500001.0], 1e9, 1.0),
        ([100.0, 2300.0], 1e9, 100.0),
        ([0.1, 0.25], 1.0, 0.01),
        ([0.1, 0.2, 0.3], 1.0, 0.1),
        # No coarser than the spread of what is left to code.
        ([100.0, 2300.0], 25.0, 1.0),
    ],
)
def test_precision_is_the_largest_power_of_ten_that_divides_all_targets(
    targets, variance, precision
):
    assert written_precision(np.array(targets), variance) == precision


def test_numbers_of_full_length_have_a_precision_beside_their_size():
    precision = written_precision(np.array([np.pi, np.e]), 1.0)

    assert 0 < precision < 1e-5


# Rows in chunks ----------------------------------------------------------------------------

cuts = st.lists(st.integers(0, 60), max_size=6).map(sorted)
# Sums in another order err by a rounding for each of 60 rows, of terms some ten times the result.
CHUNKS_RTOL = 1000 * EPS


def chunks(n, cuts):
    """Slices that part n rows; empty ones are left out, as readers give none."""
    ends = [0, *(cut for cut in cuts if cut <= n), n]
    return [slice(a, b) for a, b in itertools.pairwise(ends) if a < b]


def agree(one, other, rtol=CHUNKS_RTOL):
    """Compare accounts, as they are written down, number by number."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            agree(one[name], other[name], rtol)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=rtol, abs=rtol, nan_ok=True)
    else:
        assert one == other


def weights_of_rows(rng, kind, n):
    return None if kind == "none" else rng.choice([0.0, 0.5, 1.0, 3.0], n)


@given(
    seed=seeds,
    cuts=cuts,
    weighed=st.sampled_from(["none", "some"]),
    unseen=st.booleans(),
    text=st.booleans(),
)
def test_the_sums_of_chunks_give_the_account_of_all_labels(seed, cuts, weighed, unseen, text):
    log_p, y, classes = random_case(seed)
    rng = np.random.default_rng(seed)
    weight = weights_of_rows(rng, weighed, len(y))
    if unseen:
        y[rng.integers(0, len(y), 5)] = 7 + rng.integers(0, 2, 5)
    if text:
        y, classes = (np.array([f"class {i}" for i in x], dtype=object) for x in (y, classes))
    whole = classifier_account(log_p, y, classes, weight)

    parts = [
        ClassifierSums.of(log_p[part], y[part], classes, None if weight is None else weight[part])
        for part in chunks(len(y), cuts)
    ]

    agree(functools.reduce(operator.add, parts).account().to_dict(), whole.to_dict())


@given(
    seed=seeds,
    cuts=cuts,
    weighed=st.sampled_from(["none", "some"]),
    far=st.sampled_from([0.0, 1e6]),
    digits=st.sampled_from([0, 2, 15]),
)
def test_the_sums_of_chunks_give_the_account_of_all_numbers(seed, cuts, weighed, far, digits):
    rng = np.random.default_rng(seed)
    # Each row is further on than the one before: no chunk is like the whole.
    y = np.round(far + np.arange(60) + rng.normal(size=60), digits)
    predicted = y + rng.normal(size=60)
    weight = weights_of_rows(rng, weighed, 60)
    whole = regression_account(predicted, y, residual_variance=1.5, weight=weight)

    parts = [
        RegressionSums.of(
            predicted[part],
            y[part],
            residual_variance=1.5,
            weight=None if weight is None else weight[part],
        )
        for part in chunks(60, cuts)
    ]

    # What lies far from 0 is known to a rounding of its distance, beside a spread of some 20.
    rtol = CHUNKS_RTOL * max(1.0, far / 20)
    agree(functools.reduce(operator.add, parts).account().to_dict(), whole.to_dict(), rtol)


@given(seed=seeds, weighed=st.sampled_from(["none", "some"]))
def test_the_interval_of_the_gain_is_that_of_its_terms(seed, weighed):
    """The mean over rows of log(1/share) − log(1/q), give or take 1.96 of its standard errors."""
    log_p, y, classes = random_case(seed)
    s = weights_of_rows(np.random.default_rng(seed), weighed, len(y))

    gained = classifier_account(log_p, y, classes, s).gained

    s = np.ones(len(y)) if s is None else s
    shares = np.bincount(y, s, minlength=4) / s.sum()
    with np.errstate(divide="ignore"):
        terms = log_p[np.arange(len(y)), y] - np.log(shares)[y]
    s, terms = s[s > 0], terms[s > 0]
    mean = np.average(terms, weights=s)
    error = np.sqrt((s**2 * (terms - mean) ** 2).sum() * len(s) / (len(s) - 1)) / s.sum()
    assert gained.value == pytest.approx(mean, abs=CHUNKS_RTOL)
    assert gained.high - mean == pytest.approx(1.959963984540054 * error, rel=CHUNKS_RTOL)


@given(seed=seeds)
def test_the_interval_of_r2_is_that_of_the_logarithm_of_the_ratio(seed):
    rng = np.random.default_rng(seed)
    y = 1e4 + rng.normal(size=60)
    predicted = y + rng.normal(size=60)

    r2 = regression_account(predicted, y, residual_variance=1.0).r2

    squares, spreads = (predicted - y) ** 2, (y - y.mean()) ** 2
    terms = squares / squares.mean() - spreads / spreads.mean()
    factor = np.exp(1.959963984540054 * terms.std(ddof=1) / np.sqrt(60))
    # Beside a spread of 1 the targets are known to a rounding of 10⁴.
    rtol = CHUNKS_RTOL * 1e4
    assert 1 - r2.low == pytest.approx((1 - r2.value) * factor, rel=rtol)
    assert 1 - r2.high == pytest.approx((1 - r2.value) / factor, rel=rtol)


# JSON --------------------------------------------------------------------------------------


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_every_value_becomes_strict_json(value):
    strict(json.dumps(to_json_value(value), allow_nan=False))


def test_numpys_numbers_and_infinities_are_written():
    value = to_json_value({"a": np.float32(0.5), 2: np.array([1, -np.inf]), "n": float("nan")})

    assert value == {"a": 0.5, "2": [1.0, "-Infinity"], "n": None}
    assert float(value["2"][1]) == -np.inf
