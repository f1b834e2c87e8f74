"""Least squares against NIST's certified values, exact fractions, NumPy and SciPy."""

import json
import re
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.data import MemorySource
from linnet.numeric import EPSILON
from linnet.solvers import Ending
from linnet.solvers import least_squares as methods
from linnet.solvers.extended_precision import residual_of_product, two_product
from linnet.solvers.least_squares import least_squares, least_squares_of_moments
from linnet.solvers.moments import Moments

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15)
NIST = [
    *("Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley"),
    *(f"Wampler{i}" for i in range(1, 6)),
]
METHODS = ["refined", "blocks", "gram", "lsmr"]


def fit_by(method, monkeypatch, X, y, *, weight=None, alpha=0.0, fit_intercept=True):
    """Fit by the method that larger or sparser data would get."""
    if method == "blocks":
        monkeypatch.setattr(methods, "LARGEST_REFINED", 0)
    if method == "lsmr":
        monkeypatch.setattr(methods, "LARGEST_GRAM", 0)
    stored = sp.csr_array(X) if method in {"gram", "lsmr"} else X
    return least_squares(MemorySource(stored, y, weight), alpha=alpha, fit_intercept=fit_intercept)


def shortest(X, y, weight, alpha, *, fit_intercept):
    """Minimum-norm solution by NumPy's SVD, after centring."""
    s = np.ones(len(X)) if weight is None else weight
    x_mean = s @ X / s.sum() if fit_intercept else np.zeros(X.shape[1])
    y_mean = s @ y / s.sum() if fit_intercept else np.zeros(y.shape[1])
    root = np.sqrt(s)[:, None]
    A = np.concatenate([root * (X - x_mean), np.sqrt(alpha) * np.eye(X.shape[1])])
    b = np.concatenate([root * (y - y_mean), np.zeros((X.shape[1], y.shape[1]))])
    coef = np.linalg.pinv(A, rcond=1e-10) @ b
    return coef, y_mean - x_mean @ coef


@pytest.mark.parametrize("name", NIST)
def test_certified_values_of_nist_are_reached(name, real_data):
    certified = json.loads(real_data("nist_strd_linear/certified.json").read_text())[name]
    lines = real_data(f"nist_strd_linear/{name}.dat").read_text().splitlines()
    place = next(line for line in lines if re.match(r"\s*Data\s+\(lines", line))
    first = int(re.search(r"lines\s+(\d+)", place)[1])
    table = np.array(
        [[float(x) for x in line.split()] for line in lines[first - 1 :] if line.split()]
    )
    y, x = table[:, :1], table[:, 1:]
    powers = [p for p in certified["param_index"] if p > 0]
    X = x if x.shape[1] > 1 else x ** np.array(powers)
    intercept = 0 in certified["param_index"]

    fit = least_squares(MemorySource(X, y), alpha=0.0, fit_intercept=intercept)

    got = np.concatenate([fit.intercept[:1][: int(intercept)], fit.coef[:, 0]])
    want = np.array([float(value) for value in certified["params"]])
    # Filip: forming its powers in double costs all but 7.6 digits; the others keep 12 or more.
    digits = 7 if name == "Filip" else 12
    np.testing.assert_allclose(got, want, rtol=10.0**-digits)
    assert fit.rank == X.shape[1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize("weighted", [True, False])
def test_every_method_finds_the_shortest_solution(
    method, fit_intercept, alpha, weighted, monkeypatch
):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 5)) + 3
    X = np.concatenate([X, X[:, :1] + 2 * X[:, 1:2], np.ones((60, 1))], axis=1)
    y = rng.normal(size=(60, 2))
    weight = rng.integers(0, 3, 60).astype(float) if weighted else None

    fit = fit_by(method, monkeypatch, X, y, weight=weight, alpha=alpha, fit_intercept=fit_intercept)

    coef, intercept = shortest(X, y, weight, alpha, fit_intercept=fit_intercept)
    # LSMR stops at 1e-12 of the normal equations, whose condition is some 1e3 here.
    close = {"rtol": 0, "atol": 1e-7 if method == "lsmr" else 1e-11}
    np.testing.assert_allclose(fit.coef, coef, **close)
    np.testing.assert_allclose(fit.intercept, intercept, **close)
    assert fit.ending is Ending.CONVERGED
    assert fit.certificate.gap < 1e-15
    if method != "lsmr":
        deficient = alpha == 0
        assert fit.rank == (5 + (not fit_intercept) if deficient else 7)
        assert np.isinf(fit.condition_number) == deficient


@pytest.mark.parametrize("method", METHODS)
def test_more_columns_than_rows_give_the_shortest_interpolation(method, monkeypatch):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(10, 30)), rng.normal(size=(10, 1))

    fit = fit_by(method, monkeypatch, X, y)

    coef, intercept = shortest(X, y, None, 0.0, fit_intercept=True)
    np.testing.assert_allclose(fit.coef, coef, atol=1e-9)
    np.testing.assert_allclose(fit.intercept, intercept, atol=1e-9)
    np.testing.assert_allclose(X @ fit.coef + fit.intercept, y, atol=1e-9)


@pytest.mark.parametrize("method", ["refined", "blocks"])
def test_units_of_the_columns_do_not_matter(method, monkeypatch):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(100, 4)), rng.normal(size=(100, 1))
    units = np.array([1e-9, 1.0, 1e6, 1e12])

    plain = fit_by(method, monkeypatch, X, y)
    rescaled = fit_by(method, monkeypatch, X * units, y)

    np.testing.assert_allclose(rescaled.coef * units[:, None], plain.coef, rtol=1e-9)
    assert rescaled.rank == plain.rank == 4
    assert rescaled.condition_number == pytest.approx(plain.condition_number)


@few
@given(seed=seeds, parts=st.integers(1, 6))
def test_rows_added_in_parts_give_the_fit_of_all_rows(seed, parts):
    rng = np.random.default_rng(seed)
    X, y, weight = rng.normal(size=(50, 4)) + 100, rng.normal(size=(50, 2)), rng.random(50)
    moments = Moments.empty(4, 2)
    for rows in np.array_split(np.arange(50), parts):
        moments = moments.with_rows(X[rows], y[rows], weight[rows])

    fit = least_squares_of_moments(moments, alpha=0.1, fit_intercept=True)

    whole = least_squares(MemorySource(X, y, weight), alpha=0.1, fit_intercept=True)
    # The rows are 100 from the origin, which costs two digits.
    np.testing.assert_allclose(fit.coef, whole.coef, rtol=0, atol=1e-10)
    np.testing.assert_allclose(fit.intercept, whole.intercept, rtol=0, atol=1e-8)
    residual = y - X @ whole.coef - whole.intercept
    np.testing.assert_allclose(
        moments.mean_squared_residual(np.concatenate([fit.coef.T, fit.intercept[:, None]], axis=1)),
        weight @ residual**2 / weight.sum(),
        rtol=1e-9,
    )
    assert moments.total_weight == pytest.approx(weight.sum())


@few
@given(seed=seeds)
def test_residuals_are_exact_to_the_last_bit_of_the_fraction(seed):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(3, 7)) * 1e8, rng.normal(size=(7, 2))
    target = A @ B  # cancels to the rounding of the product

    got = residual_of_product(target, A, B)

    for i in range(3):
        for j in range(2):
            products = sum(Fraction(A[i, t]) * Fraction(B[t, j]) for t in range(7))
            exact = Fraction(target[i, j]) - products
            scale = sum(abs(A[i, t] * B[t, j]) for t in range(7))
            # Twice the working precision: ε² of the terms, and ε of the answer.
            allowed = 4 * EPSILON * abs(float(exact)) + 100 * EPSILON**2 * scale
            assert abs(float(Fraction(got[i, j]) - exact)) <= allowed


# Of numbers further from 1 the error of the product itself would underflow, or the split overflow.
ordinary = st.floats(1e-90, 1e90) | st.floats(-1e90, -1e-90) | st.just(0.0)


@given(a=ordinary, b=ordinary)
def test_a_product_and_its_error_are_the_exact_product(a, b):
    product, error = two_product(np.array([a]), np.array([b]))

    assert Fraction(product[0]) + Fraction(error[0]) == Fraction(a) * Fraction(b)


def test_single_precision_columns_that_repeat_others_do_not_blow_up():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    X = np.concatenate([X, X[:, :1] + X[:, 1:2]], axis=1)

    fit = least_squares(MemorySource(X, rng.normal(size=(200, 1))), alpha=0.0, fit_intercept=True)

    assert fit.rank == 3
    assert np.abs(fit.coef).max() < 10


def test_a_large_offset_does_not_hide_a_column():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(100, 1))
    y = 3 * x

    fit = least_squares(MemorySource(x + 1e6, y), alpha=0.0, fit_intercept=True)

    # Adding 1e6 rounds x to 1e-10.
    assert fit.coef[0, 0] == pytest.approx(3, abs=1e-9)
