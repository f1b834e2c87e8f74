"""Numbers come back to their precision, in the bits that a Gaussian code needs."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from linnet import LinearRegression, SoftmaxRegression, TableModel, decode_numbers, encode_numbers
from linnet.codes.column import column_sizes
from linnet.errors import DataError, DataTypeError, SettingError
from linnet.estimators.residual_codec import NumberCoder

seeds = st.integers(0, 2**32 - 1)


def some_model(sigma=1.0, k=3):
    model = LinearRegression()
    model.coef_, model.intercept_ = np.arange(1.0, k + 1) * sigma, 5.0 * sigma
    model.residual_variance_ = sigma**2
    model.n_features_in_ = k
    return model


def some_rows(model, seed=0, n=500):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, model.n_features_in_))
    noise = np.sqrt(model.residual_variance_) * rng.standard_normal(n)
    return X, model.predict(X) + noise


def payload(data):
    sizes = column_sizes(data)
    return 8 * (sizes.symbols + sizes.beside)


@settings(max_examples=60)
@given(
    seed=seeds,
    sigma=st.sampled_from([1e-3, 1.0, 37.0, 1e6]),
    cells=st.floats(0.01, 1e7),
    n=st.integers(0, 60),
)
def test_numbers_come_back_to_within_half_a_cell(seed, sigma, cells, n):
    model = some_model(sigma)
    X, y = some_rows(model, seed, max(n, 1))
    X, y = X[:n], y[:n]
    precision = sigma / cells

    decoded = decode_numbers(model, X, encode_numbers(model, X, y, precision=precision))

    assert decoded.shape == (n,)
    slack = 4 * np.finfo(float).eps * np.abs(y).max(initial=0.0)
    assert np.abs(decoded - y).max(initial=0.0) <= precision / 2 * (1 + 1e-9) + slack


@pytest.mark.parametrize("digits", [0, 1, 2, 6])
def test_decimals_come_back_to_the_last_bit(digits):
    """Lossless at that precision: 0.3 is 3/10, not 3 · 0.1."""
    model = some_model()
    X, y = some_rows(model)
    written = np.array([float(f"{value:.{digits}f}") for value in y])

    data = encode_numbers(model, X, written, precision=float(f"1e-{digits}"))

    np.testing.assert_array_equal(decode_numbers(model, X, data), written)


@pytest.mark.parametrize("cells", [1.0, 5.0, 20.0, 1000.0, 1e6])
def test_payload_is_the_length_of_the_gaussian_code(cells):
    """Against the probability of each cell, by the normal distribution function."""
    model = some_model()
    X, y = some_rows(model, n=20_000)
    precision = 1 / cells
    data = encode_numbers(model, X, y, precision=precision)

    middle = np.rint(y / precision) * precision
    above, below = middle + precision / 2, middle - precision / 2
    predicted = model.predict(X)
    p = norm.cdf(above - predicted) - norm.cdf(below - predicted)
    ideal = -np.log2(p).sum()

    # Within σ there are 8 bins or more of 1/8 σ, or cells: one of width w σ costs w²/24 nats
    # more when it is taken as flat. Cells of σ have their mass at their middles: (w²/24)² and up.
    assert payload(data) == pytest.approx(ideal, rel=2e-3 if cells > 1 else 2e-2)


def frozen_case():
    i, j = np.arange(300)[:, None], np.arange(3)[None]
    X = ((i * 37 + j * j * 11 + i * j) % 101 - 50) / 8.0
    model = some_model(0.75)
    y = np.rint(100 * (X @ [1.0, 1.5, 2.0] + (i[:, 0] * i[:, 0] % 7 - 3) / 2)) / 100
    y[[5, 100, 200]] = [np.nan, 1e6, -1e6]
    return model, X, y


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_bytes_written_once_can_be_read_for_ever(engine, monkeypatch):
    monkeypatch.setenv("LINNET_ENGINE", engine)
    model, X, y = frozen_case()
    data = (Path(__file__).parent / "data" / "codes" / "numbers-1.lnc").read_bytes()

    np.testing.assert_array_equal(decode_numbers(model, X, data), y)
    assert encode_numbers(model, X, y, precision=0.01) == data


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_either_engine_reads_what_the_other_wrote(engine, monkeypatch):
    model = some_model()
    X, y = some_rows(model)
    data = encode_numbers(model, X, y, precision=0.01)
    monkeypatch.setenv("LINNET_ENGINE", engine)

    assert encode_numbers(model, X, y, precision=0.01) == data
    np.testing.assert_allclose(decode_numbers(model, X, data), y, atol=0.005001, rtol=0)


def test_missing_numbers_and_those_far_away_come_back():
    model = some_model()
    X, y = some_rows(model)
    y = np.rint(y * 8) / 8
    y[[1, 7, 9]] = [np.nan, 1e12, -1e12]

    data = encode_numbers(model, X, y, precision=0.125)

    np.testing.assert_array_equal(decode_numbers(model, X, data), y)


@pytest.mark.parametrize("variance", [0.0, 1e-30])
def test_a_model_without_residuals_codes_what_it_predicts_in_no_bits(variance):
    model = some_model()
    model.residual_variance_ = variance
    X = np.random.default_rng(0).integers(-5, 5, (5000, 3)).astype(float)
    y = model.predict(X)

    data = encode_numbers(model, X, y, precision=1)

    assert payload(data) < 50
    np.testing.assert_array_equal(decode_numbers(model, X, data), y)


def test_every_changed_byte_is_noticed():
    model = some_model()
    X, y = some_rows(model, n=30)
    y[3], y[5] = np.nan, 1e9
    data = encode_numbers(model, X, y, precision=0.001)

    for position in range(len(data)):
        for change in (1, 0x80):
            damaged = bytearray(data)
            damaged[position] ^= change
            with pytest.raises(DataError, match=r"damaged|truncated|format|not coded labels"):
                decode_numbers(model, X, bytes(damaged))


def test_other_features_and_other_models_are_told():
    model = some_model()
    X, y = some_rows(model)
    data = encode_numbers(model, X, y, precision=0.01)
    other = X.copy()
    other[100, 1] += 0.5

    with pytest.raises(DataError, match="not the features that rows"):
        decode_numbers(model, other, data)
    with pytest.raises(DataError, match="another model"):
        decode_numbers(some_model(2.0), X, data)
    with pytest.raises(DataError, match="X has 499 rows, but 500 are coded"):
        decode_numbers(model, X[1:], data)


def test_labels_and_numbers_are_not_mixed_up():
    model = some_model()
    X, y = some_rows(model)
    labels = SoftmaxRegression().fit(X, y > 5)
    from linnet import decode_labels, encode_labels

    with pytest.raises(DataError, match="holds labels, and numbers"):
        decode_numbers(model, X, encode_labels(labels, X, y > 5))
    with pytest.raises(DataError, match="holds numbers, and labels"):
        decode_labels(labels, X, encode_numbers(model, X, y, precision=1))
    with pytest.raises(DataTypeError, match="a LinearRegression is needed"):
        encode_numbers(labels, X, y, precision=1)


@pytest.mark.parametrize(
    ("y", "precision", "error", "words"),
    [
        ([1.0] * 500, 0.0, SettingError, "precision=0.0"),
        ([1.0] * 500, -1, SettingError, "precision=-1"),
        ([1e20] * 500, 0.001, DataError, "1e+20, which is 2⁵² cells of 0.001"),
        ([np.inf] * 500, 0.001, DataError, "inf in row"),
        (["a"] * 500, 1, DataError, "y must be numbers"),
        (np.zeros((500, 2)), 1, DataError, "shape (500, 2)"),
    ],
)
def test_what_cannot_be_coded_is_refused(y, precision, error, words):
    model = some_model()
    X, _ = some_rows(model)

    with pytest.raises(error, match=re.escape(words)):
        encode_numbers(model, X, y, precision=precision)


def test_several_targets_are_refused():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 2))
    model = LinearRegression().fit(X, rng.standard_normal((20, 3)))

    with pytest.raises(SettingError, match="3 targets"):
        encode_numbers(model, X, X[:, 0], precision=1)


def test_models_of_tables_code_a_column():
    table = {"colour": ["red", "blue", None, "red"] * 30, "size": [1.0, None, 3.0, 2.5] * 30}
    y = np.arange(120) % 17 + 0.25
    model = TableModel(LinearRegression(), target="price").fit(table, y)

    data = encode_numbers(model, table, y, precision=0.25)

    np.testing.assert_array_equal(decode_numbers(model, table, data), y)


def test_bins_are_from_an_eighth_to_a_sixteenth_of_sigma():
    for cells in np.geomspace(8, 1e9, 200):
        coder = NumberCoder.of(some_model(), 1 / cells)
        assert 8 <= coder.sigma < 16
        assert coder.n_symbols <= 2 * (8 * 16 + 2)
