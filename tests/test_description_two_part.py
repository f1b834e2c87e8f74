"""Two-part codes: codes for whole numbers are codes, cells sum to 1, and the best step is found."""

from itertools import pairwise, product
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import norm
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from linnet import (
    LinearRegression,
    SoftmaxRegression,
    TableModel,
    description_length,
    shortest_description,
    softmax_path,
)
from linnet.description.cells import cell_lengths, coded_width
from linnet.description.integer_codes import elias_delta_bits, signed_bits, sparse_integers_bits
from linnet.description.rounding import standard_parameters
from linnet.errors import DataError, DataTypeError, SettingError

EPS = np.finfo(float).eps


# Codes for whole numbers -------------------------------------------------------------------


def elias_delta(number):
    """The word itself: the gamma word of the number of digits, then the digits after the first."""
    digits = f"{number:b}"
    length = f"{len(digits):b}"
    return "0" * (len(length) - 1) + length + digits[1:]


@given(st.integers(1, 10**12))
def test_elias_delta_bits_are_the_length_of_the_word(number):
    assert elias_delta_bits(number) == len(elias_delta(number))


def test_words_of_elias_delta_are_free_of_prefixes():
    words = sorted(elias_delta(number) for number in range(1, 2000))

    # Sorted, a prefix stands right before some word that it begins.
    assert not any(b.startswith(a) for a, b in pairwise(words))


def test_signed_numbers_fill_the_code_as_far_as_the_positive_ones():
    """0, 1, −1, 2, −2, … up to ±500 take the words of 1 to 1001."""
    signed = sum(2.0 ** -signed_bits(number) for number in range(-500, 501))

    assert signed == sum(2.0 ** -elias_delta_bits(number) for number in range(1, 1002))


@pytest.mark.parametrize(("m", "largest"), [(1, 60), (2, 25), (3, 9), (4, 5)])
def test_lists_of_numbers_have_a_code(m, largest):
    """Kraft's sum over the lists with all sizes up to ``largest`` stays at or below 1."""
    lists = product(range(-largest, largest + 1), repeat=m)

    kraft = sum(2.0 ** -sparse_integers_bits(np.array(numbers)) for numbers in lists)

    assert 0.3 < kraft <= 1


def test_what_is_chosen_from_is_counted_right():
    """Of m numbers, z not 0, with sizes of sum S, there are C(m, z) C(S − 1, z − 1) 2ᶻ."""
    m, S = 4, 6
    lists = [
        numbers for numbers in product(range(-S, S + 1), repeat=m) if sum(map(abs, numbers)) == S
    ]

    for z in range(1, m + 1):
        alike = sum(np.count_nonzero(numbers) == z for numbers in lists)
        assert alike == comb(m, z) * comb(S - 1, z - 1) * 2**z


@given(seed=st.integers(0, 2**32 - 1), size=st.sampled_from([0.3, 1.0, 30.0]))
def test_geometric_sizes_take_little_more_than_their_entropy(seed, size):
    """Of 5,000 independent two-sided geometric numbers, within 1 %."""
    random = np.random.default_rng(seed)
    p = 1 / (1 + size)
    numbers = random.geometric(p, 5000) - random.geometric(p, 5000)
    values, counts = np.unique(numbers, return_counts=True)
    # The best code for the very shares of these numbers is shorter than any code for all.
    shares = counts / counts.sum()

    bits = sparse_integers_bits(numbers)

    entropy = -(counts * np.log2(shares)).sum()
    assert len(values) > 1
    assert bits >= entropy - len(values) * np.log2(5001)
    # The difference of two geometric sizes is flatter at 0 than one geometric size: ½ % of these.
    assert bits <= 1.03 * entropy + 60


def test_many_choices_agree_with_few():
    """Beyond a thousand, where log B stands for C, the bits are those of the whole number."""
    numbers = np.repeat([0, 5], [3000, 2000])

    exact = elias_delta_bits(2001) + elias_delta_bits(8001) + 2000
    exact += (comb(5000, 2000) - 1).bit_length() + (comb(9999, 1999) - 1).bit_length()
    assert sparse_integers_bits(numbers) == exact


# Cells -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0.25, 1.0, 7.0])
@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5])
def test_cells_sum_to_one_and_are_differences_of_the_distribution_function(width, shift):
    residuals = np.arange(-80, 81) - shift

    P = np.exp(-cell_lengths(residuals, width))

    # Beyond 8 standard deviations nothing is left that float64 could tell from 0.
    assert P.sum() == pytest.approx(1, abs=1e-14)
    cells = norm.cdf(residuals + 0.5, scale=width) - norm.cdf(residuals - 0.5, scale=width)
    np.testing.assert_allclose(P, cells, rtol=0, atol=10 * EPS)


def test_far_cells_keep_a_finite_length():
    assert cell_lengths(np.array([1000.0]), 1.0)[0] == pytest.approx(-norm.logsf(999.5), rel=1e-12)


def test_wide_cells_are_densities():
    residuals = np.array([0.0, 1e5, 3e6])

    narrow, wide = (cell_lengths(residuals, width) for width in (2.0**20, 2.0**20 * (1 + EPS)))

    np.testing.assert_allclose(narrow, wide, rtol=1e-9)
    np.testing.assert_allclose(wide, -norm.logpdf(residuals, scale=2.0**20), rtol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 3000), size=st.floats(1, 1e6))
def test_sending_the_width_rounded_costs_less_than_a_sixth_nat(seed, n, size):
    residuals = np.random.default_rng(seed).normal(0, size, n)
    best = np.sqrt(np.mean(residuals**2))

    width, _ = coded_width(residuals)

    if best > 1 / 4:
        # n (log(σ'/σ) + ½ (σ/σ')² − ½), the cost under the density.
        ratio = width / best
        assert n * (np.log(ratio) + 0.5 / ratio**2 - 0.5) < 1 / 6


# Parameters on a grid ----------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), alike=st.booleans(), sparse=st.booleans())
def test_a_fine_step_gives_the_same_scores_back(seed, alike, sparse):
    random = np.random.default_rng(seed)
    X = random.normal(3, 10.0 ** random.integers(-3, 4, 5), size=(30, 5))
    W, b = random.normal(size=(3, 5)) / X.std(axis=0), random.normal(size=3)

    parameters = standard_parameters(csr_matrix(X) if sparse else X, W, b, alike=alike)
    restored, intercepts = parameters.restored(parameters.rounded(40))

    Z, other = X @ W.T + b, X @ restored.T + intercepts
    if alike:
        Z, other = Z - Z.mean(axis=1, keepdims=True), other - other.mean(axis=1, keepdims=True)
        # Each feature has a class whose weight is 0, and which need not be sent.
        assert (np.count_nonzero(parameters.weights, axis=0) < 3).all()
    # 6 parameters, each off by half of 2⁻⁴⁰, times features of some standard deviations.
    size = np.abs((X - X.mean(axis=0)) / X.std(axis=0)).max()
    np.testing.assert_allclose(other, Z, rtol=0, atol=2 * 6 * 2.0**-40 * size)


def test_units_of_the_features_do_not_matter():
    X, y = load_iris(return_X_y=True)
    scale, shift = np.array([1e-3, 1.0, 1e4, 7.0]), np.array([0.0, 5.0, -2e4, 1.0])
    model = SoftmaxRegression().fit(X, y)
    other = SoftmaxRegression().fit(X * scale + shift, y)
    other.coef_ = model.coef_ / scale
    other.intercept_ = model.intercept_ - other.coef_ @ shift

    one = description_length(model, X, y)
    same = description_length(other, X * scale + shift, y)

    assert float(same.parameters) == float(one.parameters)
    # Means of some 1e4 with features of their size cost four digits.
    assert float(same.data) == pytest.approx(float(one.data), rel=1e-9)


# Both parts --------------------------------------------------------------------------------


def brute_force(regression, X, y):
    """Least total over all steps, from the definitions."""
    s, mean = X.std(axis=0), X.mean(axis=0)
    V, c = regression.coef_ * s, regression.intercept_ + regression.coef_ @ mean
    V, c = V - np.median(V, axis=0), c - np.median(c)
    totals = {}
    for e in range(-12, 30):
        K, B = np.rint(V * 2.0**e), np.rint(c * 2.0**e)
        Z = ((X - mean) / s) @ (K * 2.0**-e).T + B * 2.0**-e
        P = np.exp(Z - np.logaddexp.reduce(Z, axis=1, keepdims=True))
        data = -np.log2(P[np.arange(len(y)), y]).sum()
        z, S = np.count_nonzero(K), int(np.abs(K).sum())
        weights = 1
        if z:
            weights = len(elias_delta(z + 1)) + len(elias_delta(S - z + 1)) + z
            weights += (comb(K.size, z) - 1).bit_length() + (comb(S - 1, z - 1) - 1).bit_length()
        zigzag = [len(elias_delta(int(2 * b if b > 0 else 1 - 2 * b))) for b in [e, *B]]
        totals[e] = (weights + sum(zigzag) + data, weights + sum(zigzag))
    best = min(totals, key=totals.get)
    return best, *totals[best]


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_the_best_step_is_that_of_a_search_by_brute_force(C):
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression(C).fit(X, y)

    told = description_length(model, X, y)

    exponent, total, parameters = brute_force(model, X, y)
    assert told.exponent == exponent
    assert float(told.parameters) == parameters
    assert float(told.total) == pytest.approx(total, rel=1e-9)


def test_the_second_part_is_coded_by_the_rounded_model_alone():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression().fit(X, y)
    before = model.coef_.copy()

    told = description_length(model, X, y)

    lengths = told.model.code_lengths(X, y, unit="bits")
    assert float(told.data) == pytest.approx(float(lengths.sum()), rel=1e-12)
    whole = model.code_lengths(X, y, unit="bits").sum()
    assert float(told.unrounded) == pytest.approx(float(whole), rel=1e-12)
    np.testing.assert_array_equal(model.coef_, before)
    assert told.model.certificate_.kind == "none"
    assert model.certificate_.kind == "proven"


def test_numbers_are_coded_by_the_rounded_model_and_a_width():
    X, y = load_diabetes(return_X_y=True)

    told = description_length(LinearRegression().fit(X, y), X, y)

    predicted, sigma = told.model.predict(X), told.model.residual_variance_**0.5
    cells = norm.cdf(y + 0.5, predicted, sigma) - norm.cdf(y - 0.5, predicted, sigma)
    assert told.precision == 1
    assert float(told.data) == pytest.approx(-np.log2(cells).sum(), rel=1e-9)
    # Rounding leaves residuals about as they were.
    assert 1 <= np.mean((y - predicted) ** 2) / 2859.7 < 1.05


def test_a_finer_precision_costs_its_bits_for_every_number():
    X, y = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(X, y)

    whole = description_length(model, X, y, precision=1)
    fine = description_length(model, X, y, precision=2.0**-6)

    # Six bits for each, and parameters in other units: their best step is the same, to a factor.
    assert float(fine.data) - float(whole.data) == pytest.approx(6 * len(y), abs=0.5)
    assert abs(float(fine.parameters) - float(whole.parameters)) <= 20


def test_a_parameter_costs_half_the_logarithm_of_the_rows():
    """Rissanen: ½ log₂ n bits each, so 4 bits more for 256 times the rows."""
    random = np.random.default_rng(0)
    X = random.normal(size=(256 * 400, 20))
    y = np.round(X @ random.normal(size=20) + random.normal(size=len(X)), 3)
    costs = [
        float(description_length(LinearRegression().fit(X[:n], y[:n]), X[:n], y[:n]).parameters)
        for n in (400, 256 * 400)
    ]

    # Steps are powers of 2, so each end is right to half a bit or so.
    assert (costs[1] - costs[0]) / 21 == pytest.approx(4, abs=1)


def test_targets_without_residual_need_few_bits():
    X = np.arange(50.0)[:, None]

    told = description_length(LinearRegression().fit(X, 3 * X[:, 0] + 1), X, 3 * X[:, 0] + 1)

    # A cell in the middle has 95 % of the probability of the narrowest Gaussian.
    assert float(told.data) <= 50 * -np.log2(0.95)
    assert float(told.parameters) < 60


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_model_that_knows_nothing_costs_few_bits(fit_intercept):
    random = np.random.default_rng(1)
    X, y = random.normal(size=(500, 30)), random.integers(0, 2, 500)
    model = SoftmaxRegression(fit_intercept=fit_intercept).fit(X, y)

    told = description_length(model, X, y)

    assert told.n_nonzero == 0
    assert float(told.data) == pytest.approx(500)
    assert float(told.parameters) <= 10


def test_tables_and_pipelines_are_described_as_their_regressions_are():
    X, y = load_iris(return_X_y=True)
    table = dict(zip("abcd", X.T, strict=True))
    pipe = make_pipeline(StandardScaler(), SoftmaxRegression()).fit(X, y)
    whole = TableModel(SoftmaxRegression()).fit(table, y)

    one, other = description_length(pipe, X, y), description_length(whole, table, y)

    assert float(one.parameters) == float(other.parameters)
    assert float(one.data) == pytest.approx(float(other.data), rel=1e-5)
    assert one.model.score(X, y) == other.model.score(table, y) > 0.9


def test_data_frames_are_described_as_arrays_are():
    X, y = load_iris(return_X_y=True)
    frame = pd.DataFrame(X, columns=list("abcd"))

    one = description_length(SoftmaxRegression().fit(frame, y), frame, y)
    other = description_length(SoftmaxRegression().fit(X, y), X, y)

    assert (one.exponent, one.parameters) == (other.exponent, other.parameters)
    # A frame holds its columns one after the other, and sums are taken in another order.
    assert float(one.data) == pytest.approx(float(other.data), rel=1e-9)
    assert list(one.model.feature_names_in_) == list("abcd")


# Choices -----------------------------------------------------------------------------------


def test_the_degree_of_a_polynomial_is_found_again():
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, size=(400, 1))
    y = np.round(x[:, 0] - 3 * x[:, 0] ** 3 + 0.1 * random.normal(size=400), 3)
    models = {
        str(degree): make_pipeline(
            PolynomialFeatures(degree, include_bias=False), LinearRegression()
        ).fit(x, y)
        for degree in range(1, 8)
    }

    choice = shortest_description(models, x, y)

    assert choice.best_name == "3"
    assert choice.best is models["3"]
    # More features always leave less; the parameters decide.
    unrounded = [float(length.unrounded) for length in choice.lengths.values()]
    assert unrounded[-1] == min(unrounded)
    assert repr(choice).count("shortest") == 1


def test_a_path_of_penalties_is_chosen_from():
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 20))
    y = (X[:, 0] + X[:, 1] + random.logistic(size=300) > 0).astype(int)

    choice = shortest_description(softmax_path(X, y, [1e-4, 1e-2, 1.0, 100.0]), X, y)

    assert list(choice) == ["1", "2", "3", "4"]
    assert choice.best_name in {"2", "3"}
    assert choice.to_dict()["best"] == choice.best_name


def test_what_cannot_be_described_is_refused():
    X, y = load_iris(return_X_y=True)
    labels, numbers = SoftmaxRegression().fit(X, y), LinearRegression().fit(X, y)

    with pytest.raises(DataTypeError, match="no parameters that could be coded"):
        description_length(LogisticRegression(max_iter=1000).fit(X, y), X, y)
    with pytest.raises(DataError, match="label 7 in row 3"):
        description_length(labels, X, np.where(np.arange(150) == 3, 7, y))
    with pytest.raises(SettingError, match="the model codes labels"):
        description_length(labels, X, y, precision=1.0)
    with pytest.raises(SettingError, match="precision=-1"):
        description_length(numbers, X, y, precision=-1)
    with pytest.raises(DataError, match="several targets"):
        description_length(LinearRegression().fit(X, X), X, X)
    with pytest.raises(DataTypeError, match="labels and others numbers"):
        shortest_description([labels, numbers], X, y)
    with pytest.raises(SettingError, match="no model"):
        shortest_description([], X, y)
    with pytest.raises(DataTypeError, match="a dict by name"):
        shortest_description(labels, X, y)
