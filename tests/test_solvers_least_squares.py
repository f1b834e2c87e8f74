"""Least squares against NIST's certified values, exact fractions, NumPy and SciPy."""

import json
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.data import MemorySource
from linnet.engine import limited_threads
from linnet.numeric import EPSILON
from linnet.solvers import Ending, corrections, normal_equations, shifted_rows
from linnet.solvers import least_squares as methods
from linnet.solvers.corrections import corrected_solutions
from linnet.solvers.extended_precision import residual_of_product, two_product
from linnet.solvers.least_squares import least_squares, least_squares_of_moments
from linnet.solvers.moments import Moments
from linnet.solvers.normal_equations import NormalEquations

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15)
NIST = [
    *("Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley"),
    *(f"Wampler{i}" for i in range(1, 6)),
]
METHODS = ["refined", "large", "blocks", "sparse", "pivoted gram", "lsmr"]


def fit_by(method, monkeypatch, X, y, *, weight=None, alpha=0.0, fit_intercept=True):
    """Fit by the method that larger or sparser data would get."""
    if method in {"large", "blocks"}:
        monkeypatch.setattr(methods, "LARGEST_REFINED", 0)
    if method in {"blocks", "pivoted gram"}:
        # No factor contracts so well.
        monkeypatch.setattr(normal_equations, "LARGEST_CONTRACTION", 1e-300)
    if method == "lsmr":
        monkeypatch.setattr(methods, "LARGEST_GRAM", 0)
    stored = sp.csr_array(X) if method in {"sparse", "pivoted gram", "lsmr"} else X
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


@pytest.mark.parametrize("method", ["refined", "large", "blocks"])
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


def rows_of_condition(rng, condition, n=400, k=6):
    """Rows whose centred columns have this condition number in the 2-norm, and an offset."""
    U = rng.normal(size=(n, k))
    U = np.linalg.qr(U - U.mean(axis=0))[0]
    V = np.linalg.qr(rng.normal(size=(k, k)))[0]
    return U * np.geomspace(1, 1 / condition, k) @ V.T * np.sqrt(n) + rng.normal(size=k)


@few
@given(seed=seeds, decades=st.floats(0, 9), alpha=st.sampled_from([0.0, 1e-3]))
def test_normal_equations_and_orthogonal_factors_agree_to_rounding(seed, decades, alpha):
    """Whichever is chosen, the solution is within κ roundings of the one refined exactly."""
    rng = np.random.default_rng(seed)
    X = rows_of_condition(rng, 10**decades)
    y = X @ rng.normal(size=(6, 2)) + 0.1 * rng.normal(size=(400, 2))
    source = MemorySource(X, y, rng.random(400) + 0.5)
    exact = least_squares(source, alpha=alpha, fit_intercept=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LARGEST_REFINED", 0)
        chosen = least_squares(source, alpha=alpha, fit_intercept=True)
        patch.setattr(normal_equations, "LARGEST_CONTRACTION", 1e-300)
        by_blocks = least_squares(source, alpha=alpha, fit_intercept=True)

    # A perturbation of ε moves the solution by (κ + κ² ‖r‖/(‖A‖‖w‖)) ε; n roundings add up.
    kappa = exact.condition_number
    size = np.abs(exact.coef).max()
    relative = np.sqrt(400 * exact.mean_squares.max()) / (np.sqrt(400) * size)
    allowed = 100 * EPSILON * (kappa + kappa**2 * relative) * size
    np.testing.assert_allclose(chosen.coef, exact.coef, rtol=0, atol=allowed)
    np.testing.assert_allclose(by_blocks.coef, exact.coef, rtol=0, atol=allowed)
    # n roundings of A w, whose rows are of length 1 or so, move the residuals by n ε ‖w‖. At the
    # optimum these are orthogonal to A, so that their mean square grows by the square of that.
    moved = 400 * EPSILON * np.sqrt(6) * size
    np.testing.assert_allclose(
        chosen.mean_squares, exact.mean_squares, rtol=1e-9 + moved**2 / exact.mean_squares.min()
    )
    assert chosen.degrees_of_freedom == pytest.approx(exact.degrees_of_freedom, rel=1e-6)


@few
@given(seed=seeds, decades=st.floats(0, 3.5))
def test_the_gap_is_a_bound_even_where_the_sums_are_off_by_what_was_allowed(seed, decades):
    """A Gram matrix 3 % too large; the gap before the last correction, and after it."""
    rng = np.random.default_rng(seed)
    X, y = rows_of_condition(rng, 10**decades), rng.normal(size=(400, 2))
    equations = NormalEquations.of(MemorySource(X, y), centre=True)
    off = replace(equations, gram=1.03 * equations.gram)
    trust = replace(off.factor(0.0), contraction=0.03)
    A, targets = X - X.mean(axis=0), y - y.mean(axis=0)
    best = np.linalg.lstsq(A, targets, rcond=None)[0]

    def excess(coef):
        return np.sum((A @ (coef - best)) ** 2) / (2 * 400)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corrections, "MAXIMUM_ROUNDS", 1)
        solution = corrected_solutions(off, [(0.0, trust)])[0]

    assert excess(best / 1.03) <= solution.gap <= 1.1 * excess(best / 1.03)
    # One correction by a matrix 3 % too large leaves 3 % of the error, of the gap a thousandth.
    assert excess(solution.coef) == pytest.approx(
        excess(best / 1.03) * (0.03 / 1.03) ** 2, rel=1e-3
    )
    squares = np.sum((targets - A @ solution.coef) ** 2, axis=0)
    # ‖A u‖² of the correction u is taken from the sums: 3 % off.
    allowed = 0.03 * 2 * 400 * solution.gap
    np.testing.assert_allclose(solution.squares, squares, rtol=1e-12, atol=allowed)


@pytest.mark.parametrize(("decades", "trusted"), [(1, True), (3, True), (7, False), (14, False)])
def test_the_normal_equations_are_left_where_they_lose_digits(decades, trusted):
    X = rows_of_condition(np.random.default_rng(6), 10.0**decades)
    equations = NormalEquations.of(MemorySource(X, np.ones((400, 1))), centre=True)

    assert (equations.factor(0.0) is not None) == trusted
    # A penalty makes any columns well conditioned.
    assert equations.factor(1.0) is not None


@few
@given(seed=seeds, shift=st.sampled_from([0.0, 1e3, 1e8]))
def test_sums_about_a_provisional_centre_are_those_about_the_mean(seed, shift):
    rng = np.random.default_rng(seed)
    X = rng.integers(-8, 8, (300, 3)) + shift
    y, weight = rng.normal(size=(300, 1)), rng.integers(0, 3, 300).astype(float)

    sums = NormalEquations.of(MemorySource(X, y, weight), centre=True)

    A = X - shift - weight @ (X - shift) / weight.sum()
    gram = (A * weight[:, None]).T @ A
    np.testing.assert_allclose(sums.gram, gram, atol=300 * EPSILON * np.abs(gram).max())
    np.testing.assert_allclose(
        sums.x_mean, weight @ X / weight.sum(), rtol=0, atol=300 * EPSILON * (8 + shift)
    )


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "uint8", "int64", "bool"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_real_type_and_order_gives_the_sums_of_its_values(dtype, order, monkeypatch):
    # Small tiles, so that there are several shares of several tiles, the last of each shorter.
    monkeypatch.setattr(shifted_rows, "TILE_VALUES", 100)
    rng = np.random.default_rng(7)
    X = np.asarray(rng.integers(0, 2, (2001, 4)).astype(dtype), order=order)
    y = rng.normal(size=(2001, 2))

    sums = NormalEquations.of(MemorySource(X, y), centre=True)

    exact = X.astype(float) - X.mean(axis=0, dtype=float)
    np.testing.assert_allclose(sums.gram, exact.T @ exact, atol=1e-10)
    np.testing.assert_allclose(sums.cross, exact.T @ y, atol=1e-10)
    assert sums.total_weight == 2001


@pytest.mark.parametrize("n", [2001, 30_000])
def test_any_number_of_threads_gives_the_same_bits(n):
    rng = np.random.default_rng(8)
    source = MemorySource(rng.normal(size=(n, 5)), rng.normal(size=(n, 1)))
    sums = []
    for count in (1, 2, 3):
        with limited_threads(count):
            sums.append(NormalEquations.of(source, centre=True).gram)

    np.testing.assert_array_equal(sums[0], sums[1])
    np.testing.assert_array_equal(sums[0], sums[2])


def test_columns_that_are_constant_take_no_part_in_the_normal_equations():
    rng = np.random.default_rng(9)
    X = rng.normal(size=(500, 4))
    X[:, 1], X[:, 2] = 0.1, 0.0
    y = rng.normal(size=(500, 1))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LARGEST_REFINED", 0)
        fit = least_squares(MemorySource(X, y), alpha=0.0, fit_intercept=True)
    assert NormalEquations.of(MemorySource(X, y), centre=True).factor(0.0) is not None

    assert fit.rank == 2
    np.testing.assert_array_equal(fit.coef[1:3], 0)
    coef, _ = shortest(X, y, None, 0.0, fit_intercept=True)
    np.testing.assert_allclose(fit.coef, coef, atol=1e-13)


@few
@given(seed=seeds, alpha=st.sampled_from([1e-3, 1.0]), centre=st.booleans())
def test_the_iterative_method_proves_its_gap_whatever_the_units(seed, alpha, centre):
    rng = np.random.default_rng(seed)
    X = sp.random_array((80, 30), density=0.2, rng=rng).tocsr() @ sp.diags_array(
        np.geomspace(1e-3, 1e3, 30)
    )
    y, weight = rng.normal(size=(80, 2)), rng.random(80)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LARGEST_GRAM", 0)
        fit = least_squares(MemorySource(X.tocsr(), y, weight), alpha=alpha, fit_intercept=centre)

    coef, _ = shortest(X.toarray(), y, weight, alpha, fit_intercept=centre)
    # 1e-12 of the columns at unit length, and the units of the columns span six decades.
    np.testing.assert_allclose(fit.coef, coef, rtol=1e-6, atol=1e-9 * np.abs(coef).max())
    assert fit.ending is Ending.CONVERGED
    assert fit.certificate.kind == "proven"
    assert 0 <= fit.certificate.gap < 1e-9


def categories(rng, n, levels):
    """One column for each level of two features: each feature's columns sum to 1."""
    codes = [rng.integers(0, levels, n) for _ in range(2)]
    return np.concatenate([np.eye(levels)[code] for code in codes], axis=1)


@few
@given(
    seed=seeds,
    store=st.sampled_from([np.asarray, np.asfortranarray, sp.csr_array]),
    fit_intercept=st.booleans(),
    weighted=st.booleans(),
)
def test_dependences_are_found_in_the_sums_and_proven_by_the_rows(
    seed, store, fit_intercept, weighted
):
    rng = np.random.default_rng(seed)
    X = np.concatenate([categories(rng, 500, 4), rng.normal(size=(500, 3))], axis=1)
    X = np.concatenate([X, 1e3 * X[:, 8:9] - X[:, 9:10]], axis=1)
    y, weight = rng.normal(size=(500, 2)), rng.integers(1, 4, 500).astype(float)
    weight = weight if weighted else None
    source = MemorySource(store(X), y, weight)

    trust = NormalEquations.of(source, centre=fit_intercept).factor(0.0)
    assert trust is not None
    assert trust.factor.rank == 9 + (not fit_intercept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LARGEST_REFINED", 0)
        fit = least_squares(source, alpha=0.0, fit_intercept=fit_intercept)

    coef, intercept = shortest(X, y, weight, 0.0, fit_intercept=fit_intercept)
    np.testing.assert_allclose(fit.coef, coef, rtol=0, atol=1e-11)
    np.testing.assert_allclose(fit.intercept, intercept, rtol=0, atol=1e-11)
    assert fit.rank == trust.factor.rank
    assert fit.condition_number == np.inf


@pytest.mark.parametrize("left", [1e-8, 1e-11])
def test_a_column_that_is_nearly_a_combination_is_left_to_the_orthogonal_factor(left):
    """In the sums it cannot be told from one that is; in the rows it can."""
    rng = np.random.default_rng(10)
    X = rng.normal(size=(500, 3))
    nearly = X[:, :1] + X[:, 1:2] + left * rng.normal(size=(500, 1))
    source = MemorySource(np.concatenate([X, nearly], axis=1), rng.normal(size=(500, 1)))

    assert NormalEquations.of(source, centre=True).factor(0.0) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LARGEST_REFINED", 0)
        assert least_squares(source, alpha=0.0, fit_intercept=True).rank == 4


def test_targets_and_columns_that_do_not_vary_give_the_mean():
    source = MemorySource(np.full((300, 2), 0.1), np.full((300, 1), 3.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LARGEST_REFINED", 0)
        fit = least_squares(source, alpha=0.0, fit_intercept=True)

    assert fit.rank == 0
    np.testing.assert_array_equal(fit.coef, 0)
    assert fit.intercept == pytest.approx(3.0, rel=4 * EPSILON)


def test_the_rounding_of_very_many_rows_is_not_taken_for_a_column():
    rng = np.random.default_rng(11)
    n = 120_000
    X = np.concatenate([categories(rng, n, 10), 1960 + rng.normal(size=(n, 2))], axis=1)
    y = rng.normal(size=(n, 1))
    moments = Moments.empty(22, 1)
    for start in range(0, n, 2000):
        part = slice(start, start + 2000)
        moments = moments.with_rows(X[part], y[part])

    by_parts = least_squares_of_moments(moments, alpha=0.0, fit_intercept=True)
    at_once = least_squares(MemorySource(X, y), alpha=0.0, fit_intercept=True)

    # Each feature's levels sum to 1, which the intercept has already.
    assert by_parts.rank == at_once.rank == 20
    # 1960 from the origin costs three digits.
    np.testing.assert_allclose(by_parts.coef, at_once.coef, rtol=0, atol=1e-10)
