"""Temperature scaling saves bits on rows not seen, keeps decisions, and survives its file."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from linnet import (
    LinearRegression,
    SoftmaxRegression,
    TableEncoder,
    TableModel,
    TemperatureScaling,
    decode_labels,
    encode_labels,
    load,
)
from linnet.calibration import fit_temperature, reliability_curve, smooth_calibration_error
from linnet.errors import DataError, DataTypeError

EPS = np.finfo(float).eps


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return np.split(X[order], [900, 1300]), np.split(y[order], [900, 1300])


@pytest.fixture(scope="module")
def model(digits):
    (X, _, _), (y, _, _) = digits
    return SoftmaxRegression(C=100).fit(X, y)


@pytest.fixture(scope="module")
def scaled(digits, model):
    (_, X, _), (_, y, _) = digits
    return TemperatureScaling(model).fit(X, y)


def test_it_saves_bits_and_calibration_error_on_rows_not_seen(digits, model, scaled):
    (_, _, X), (_, _, y) = digits

    saved = scaled.gain(X, y)

    before, after = (np.mean(each.code_lengths(X, y)) for each in (model, scaled))
    assert scaled.temperature_ > 1
    assert saved == pytest.approx(before - after, abs=100 * EPS)
    assert saved > 0.05
    assert saved.unit == "bits"
    errors = [smooth_calibration_error(y, each.predict_proba(X)) for each in (model, scaled)]
    assert errors[1] < errors[0]


def test_decisions_stay_what_they_were(digits, model, scaled):
    (_, _, X), _ = digits

    np.testing.assert_array_equal(scaled.predict(X), model.predict(X))
    np.testing.assert_allclose(scaled.predict_proba(X).sum(axis=1), 1, atol=20 * EPS)


def test_the_gain_on_its_own_rows_is_that_of_the_minimum(digits, model, scaled):
    (_, X, _), (_, y, _) = digits

    found = fit_temperature(y, model.decision_function(X))

    # Scores and log-probabilities differ by a number a row, which no softmax sees.
    assert scaled.temperature_ == pytest.approx(found.value, rel=1e-9)
    assert scaled.gain_ == pytest.approx(found.gain, abs=1e-12)
    assert scaled.gain_ == pytest.approx(scaled.gain(X, y), abs=1e-12)


def test_weights_count_like_repeated_rows(digits, model):
    (_, X, _), (_, y, _) = digits
    weight = np.random.default_rng(0).integers(0, 3, len(y))

    weighted = TemperatureScaling(model).fit(X, y, sample_weight=weight)

    repeated = TemperatureScaling(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert weighted.temperature_ == pytest.approx(repeated.temperature_, rel=1e-9)
    assert weighted.gain(X, y, weight) == pytest.approx(weighted.gain_, abs=1e-12)


def test_the_file_holds_a_regression_with_the_same_probabilities(digits, scaled, tmp_path):
    (_, _, X), (_, _, y) = digits

    scaled.save(tmp_path / "scaled.linnet")

    loaded = load(tmp_path / "scaled.linnet")
    np.testing.assert_allclose(loaded.predict_proba(X), scaled.predict_proba(X), atol=1e-12)
    assert loaded.certificate_.kind == "none"
    encoded = encode_labels(loaded, X, y)
    np.testing.assert_array_equal(decode_labels(loaded, X, encoded), y)


def test_two_classes_and_tables_can_be_scaled_and_saved(tmp_path):
    rng = np.random.default_rng(0)
    table = {"size": rng.normal(size=300), "colour": rng.choice(["red", "blue"], 300)}
    y = np.where(table["size"] + rng.normal(size=300) > 0, "plum", "apple")
    model = TableModel(SoftmaxRegression()).fit(table, y)

    scaled = TemperatureScaling(model).fit(table, y)

    scaled.save(tmp_path / "table.linnet")
    loaded = load(tmp_path / "table.linnet")
    np.testing.assert_allclose(loaded.predict_proba(table), scaled.predict_proba(table), atol=1e-12)
    # The model itself is as it was.
    assert model.certificate_.kind == "proven"


@pytest.mark.parametrize(
    "estimator", [GaussianNB(), make_pipeline(StandardScaler(), LogisticRegression(C=100))]
)
def test_classifiers_of_scikit_learn_are_scaled_too(digits, estimator):
    (X, held, new), (y, held_y, new_y) = digits
    fitted = FrozenEstimator(clone(estimator).fit(X, y))

    scaled = clone(TemperatureScaling(fitted)).fit(held, held_y)

    assert scaled.gain(new, new_y) > 0
    with pytest.raises(DataTypeError, match="SoftmaxRegression"):
        scaled.as_regression()


def test_what_cannot_be_scaled_is_an_early_error(digits, model):
    (X, _, _), (y, _, _) = digits
    with pytest.raises(NotFittedError):
        TemperatureScaling(SoftmaxRegression()).fit(X, y)
    with pytest.raises(NotFittedError):
        TemperatureScaling(model).predict(X)
    with pytest.raises(DataTypeError, match="neither predict_log_proba nor"):
        TemperatureScaling(RidgeClassifier().fit(X, y)).fit(X, y)
    with pytest.raises(DataTypeError, match="LinearRegression"):
        TemperatureScaling(LinearRegression().fit(X, y)).fit(X, y)
    with pytest.raises(DataError, match="label 11 in row 1"):
        TemperatureScaling(model).fit(X[:3], [1, 11, 2])
    with pytest.raises(DataError, match="sample_weight is negative in row 0"):
        TemperatureScaling(model).fit(X[:2], y[:2], [-1, 1])


def test_a_label_never_seen_has_an_infinite_code(digits, scaled):
    (X, _, _), _ = digits

    assert scaled.code_lengths(X[:1], [11])[0] == np.inf


def test_a_fitted_regression_of_a_real_table_is_calibrated_and_naive_bayes_is_not(real_data):
    """Adult: the softmax regression's ECE is what chance leaves, and no temperature saves a bit."""
    train, test = (
        pd.read_csv(real_data(f"adult/adult-{part}.csv"), header=None, skipinitialspace=True)
        for part in ("train", "test")
    )
    y, held = train.pop(14).to_numpy(), test.pop(14).str.rstrip(".").to_numpy()
    encoder = TableEncoder().fit(train.rename(columns=str))
    X, held_X = (encoder.transform(each.rename(columns=str)) for each in (train, test))
    model = SoftmaxRegression().fit(X, y)

    curve = reliability_curve(held, model.predict_proba(held_X), model.classes_)

    assert curve.error < 2 * curve.error_by_chance
    scaled = TemperatureScaling(model).fit(held_X[::2], held[::2])
    assert scaled.temperature_ == pytest.approx(1, abs=0.05)
    assert abs(scaled.gain(held_X[1::2], held[1::2])) < 0.002
    naive = GaussianNB().fit(X, y)
    other = TemperatureScaling(naive).fit(held_X[::2], held[::2])
    assert other.temperature_ > 10
    assert other.gain(held_X[1::2], held[1::2]) > 1
