"""Least squares over batches stored anywhere, against the fits of the same rows in memory."""

import json
import pickle
import re
import sys
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.data import Batch, MemorySource, Source
from linnet.data.source import sum_over
from linnet.errors import DataError
from linnet.estimators.linear import LinearRegression, fit_source
from linnet.numeric import EPSILON
from linnet.solvers import Ending
from linnet.solvers import least_squares as methods
from linnet.solvers.least_squares import least_squares, least_squares_path
from linnet.solvers.normal_equations import NormalEquations
from linnet.solvers.orthogonal_sums import factor_by_passes
from linnet.solvers.streamed_rows import StreamedRows

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25)
STORED = {"dense": np.asarray, "sparse": sp.csr_array}


@dataclass
class Batches:
    """A source that sends every function out, pickled, and counts its passes."""

    batches: list
    passes: int = 0

    @classmethod
    def cut(cls, X, y, weight=None, *, cuts=(), store=np.asarray) -> "Batches":
        """Cut into batches at these rows."""
        edges = [0, *sorted(cuts), len(X)]
        slices = [slice(*pair) for pair in pairwise(edges)]
        return cls(
            [
                Batch(store(X[rows]), y[rows], None if weight is None else weight[rows])
                for rows in slices
            ]
        )

    @property
    def n_samples(self):
        return sum(batch.n_samples for batch in self.batches)

    @property
    def n_features(self):
        return self.batches[0].X.shape[1]

    @property
    def n_values(self):
        return self.n_samples * self.n_features

    @property
    def total_weight(self):
        return sum(
            batch.n_samples if batch.weight is None else batch.weight.sum()
            for batch in self.batches
        )

    @property
    def room(self):
        return 0

    @property
    def room_for_sums(self):
        return sys.maxsize

    def fold(self, function, *, tiled=True):
        del tiled
        self.passes += 1
        return sum_over(iter(self.batches), pickle.loads(pickle.dumps(function)))  # noqa: S301

    def shuffled(self, random):
        raise NotImplementedError(random)

    def rotated(self, basis):
        raise NotImplementedError(basis)

    def sample(self, random, size):
        """Each batch gives its first few, and the sample is a source like this one."""
        del random
        share = max(1, size // len(self.batches))
        return Batches(
            [
                Batch(b.X[:share], b.y[:share], None if b.weight is None else b.weight[:share])
                for b in self.batches
            ]
        )


def test_the_source_of_these_tests_is_a_source():
    assert isinstance(Batches.cut(np.ones((3, 1)), np.ones((3, 1))), Source)


def forced_in_memory(X, y, weight=None, *, alpha=0.0, fit_intercept=True):
    """The fit of rows in memory that are too many to be refined."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "LARGEST_REFINED", 0)
        return least_squares(MemorySource(X, y, weight), alpha=alpha, fit_intercept=fit_intercept)


@pytest.mark.parametrize("stored", STORED)
@few
@given(
    seed=seeds,
    cuts=st.lists(st.integers(0, 120), max_size=6),
    alpha=st.sampled_from([0.0, 0.3]),
    fit_intercept=st.booleans(),
    weighted=st.booleans(),
    shift=st.sampled_from([0.0, 20.0]),
)
def test_batches_give_the_fit_of_the_rows_in_memory(
    *, stored, seed, cuts, alpha, fit_intercept, weighted, shift
):
    rng = np.random.default_rng(seed)
    X = rng.integers(-9, 9, (120, 4)) * rng.integers(0, 2, (120, 4)) + shift
    y = rng.normal(size=(120, 2)) + shift
    weight = rng.integers(0, 3, 120).astype(float) if weighted else None
    source = Batches.cut(X, y, weight, cuts=cuts, store=STORED[stored])

    fit = least_squares(source, alpha=alpha, fit_intercept=fit_intercept)

    whole = least_squares(MemorySource(X, y, weight), alpha=alpha, fit_intercept=fit_intercept)
    # Both are within κ² roundings of the solution; κ counts the offset of the rows for a CSR.
    kappa = whole.condition_number * (1 + shift)
    close = {"rtol": 0, "atol": 100 * EPSILON * kappa**2}
    np.testing.assert_allclose(fit.coef, whole.coef, **close)
    np.testing.assert_allclose(
        fit.intercept, whole.intercept, rtol=0, atol=(1 + shift) * close["atol"]
    )
    np.testing.assert_allclose(fit.mean_squares, whole.mean_squares, rtol=1e-9)
    assert fit.rank == whole.rank == 4
    assert fit.certificate.kind == "proven"
    assert fit.certificate.gap < 1e-12
    assert fit.degrees_of_freedom == pytest.approx(whole.degrees_of_freedom)


def nist(name, real_data):
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
    want = np.array([float(value) for value in certified["params"]])
    return X, y, 0 in certified["param_index"], want


def digits(fit, want, *, intercept):
    got = np.concatenate([fit.intercept[:1][: int(intercept)], fit.coef[:, 0]])
    return -np.log10(np.maximum(np.abs(got - want) / np.abs(want), EPSILON)).min()


@pytest.mark.parametrize(
    "name",
    [
        "Norris",
        "Pontius",
        "NoInt1",
        "NoInt2",
        "Filip",
        "Longley",
        *(f"Wampler{i}" for i in range(1, 6)),
    ],
)
def test_batches_keep_the_digits_of_nist_that_large_data_keep_in_memory(name, real_data):
    X, y, intercept, want = nist(name, real_data)
    source = Batches.cut(X, y, cuts=[1, 1, len(X) // 2])

    fit = least_squares(source, alpha=0.0, fit_intercept=intercept)

    # Filip: forming its powers in double costs all but 7.6 digits. Wampler5: its residuals are
    # 10⁴ times what is fitted, and are not refined here in twice the precision.
    in_memory = digits(forced_in_memory(X, y, fit_intercept=intercept), want, intercept=intercept)
    least = {"Filip": 7, "Wampler5": 10}.get(name, 12)
    assert min(in_memory, digits(fit, want, intercept=intercept)) >= least
    assert fit.rank == X.shape[1]


@pytest.mark.parametrize("stored", STORED)
@few
@given(seed=seeds, fit_intercept=st.booleans(), pieces=st.integers(1, 5))
def test_levels_of_categories_are_found_dependent(stored, seed, fit_intercept, pieces):
    rng = np.random.default_rng(seed)
    X = np.concatenate([np.eye(4)[rng.integers(0, 4, 500)] for _ in range(2)], axis=1)
    y = rng.normal(size=(500, 1))
    source = Batches.cut(X, y, cuts=rng.integers(0, 500, pieces), store=STORED[stored])

    fit = least_squares(source, alpha=0.0, fit_intercept=fit_intercept)

    whole = least_squares(MemorySource(X, y), alpha=0.0, fit_intercept=fit_intercept)
    assert fit.rank == whole.rank == 6 + (not fit_intercept)
    assert fit.condition_number == np.inf
    np.testing.assert_allclose(fit.coef, whole.coef, rtol=0, atol=1e-11)
    np.testing.assert_allclose(fit.intercept, whole.intercept, rtol=0, atol=1e-11)


def rows_of_condition(rng, condition, n=400, k=6):
    """Rows whose centred columns have this condition number in the 2-norm, and an offset."""
    U = rng.normal(size=(n, k))
    U = np.linalg.qr(U - U.mean(axis=0))[0]
    V = np.linalg.qr(rng.normal(size=(k, k)))[0]
    return U * np.geomspace(1, 1 / condition, k) @ V.T * np.sqrt(n) + rng.normal(size=k)


@pytest.mark.parametrize("stored", STORED)
@few
@given(seed=seeds, decades=st.floats(0, 9), alpha=st.sampled_from([0.0, 1e-3]))
def test_nearly_dependent_columns_are_told_apart_as_by_an_orthogonal_factor(
    stored, seed, decades, alpha
):
    rng = np.random.default_rng(seed)
    X = rows_of_condition(rng, 10**decades)
    y = X @ rng.normal(size=(6, 2)) + 0.1 * rng.normal(size=(400, 2))
    weight = rng.random(400) + 0.5
    source = Batches.cut(X, y, weight, cuts=rng.integers(0, 400, 3), store=STORED[stored])

    fit = least_squares(source, alpha=alpha, fit_intercept=True)

    exact = least_squares(MemorySource(X, y, weight), alpha=alpha, fit_intercept=True)
    # A perturbation of ε moves the solution by (κ + κ² ‖r‖/(‖A‖‖w‖)) ε; n roundings add up.
    kappa = exact.condition_number
    size = np.abs(exact.coef).max()
    relative = np.sqrt(exact.mean_squares.max()) / size
    allowed = 100 * EPSILON * (kappa + kappa**2 * relative) * size
    np.testing.assert_allclose(fit.coef, exact.coef, rtol=0, atol=allowed)
    np.testing.assert_allclose(fit.mean_squares, exact.mean_squares, rtol=1e-9)
    assert fit.rank == exact.rank == 6
    assert fit.degrees_of_freedom == pytest.approx(exact.degrees_of_freedom, rel=1e-6)


@pytest.mark.parametrize("decades", [6, 9, 12])
def test_sums_over_the_rows_give_the_triangle_of_qr(decades):
    rng = np.random.default_rng(1)
    X, y = rows_of_condition(rng, 10.0**decades), rng.normal(size=(400, 1))
    rows = StreamedRows.of(Batches.cut(X, y, cuts=[10, 300]), centre=True)
    equations = NormalEquations.of_shifted(rows, centre=True)
    about = rows.about(np.concatenate([equations.x_mean, equations.y_mean]))

    R = factor_by_passes(about, equations)

    singular = np.linalg.svd(R, compute_uv=False)
    # The centre rounds every value by ε of the offsets, and so each singular value.
    want = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(singular, want, rtol=0.05, atol=100 * EPSILON * want[0])
    assert len(R) == 6


def test_a_huge_offset_costs_no_more_digits_than_the_data_have_lost():
    rng = np.random.default_rng(2)
    X, W = rng.integers(-50, 50, (300, 3)) + 1e8, np.array([[1.0], [-2.0], [0.5]])
    y = (X - 1e8) @ W + 1e8
    source = Batches.cut(X, y, cuts=[0, 1, 200])

    fit = least_squares(source, alpha=0.0, fit_intercept=True)

    np.testing.assert_allclose(fit.coef, W, rtol=0, atol=1e-13)
    assert fit.rank == 3


def test_a_centre_far_off_costs_passes_but_no_digits():
    """The first batch, of which a sample is half, lies far from all the others."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(1000, 3)), rng.normal(size=(1000, 2))
    X[0] += 1e7
    source = Batches.cut(X, y, cuts=[1])

    fit = least_squares(source, alpha=0.0, fit_intercept=True)

    whole = least_squares(MemorySource(X, y), alpha=0.0, fit_intercept=True)
    np.testing.assert_allclose(fit.coef, whole.coef, rtol=1e-7, atol=1e-9)
    assert fit.rank == 3


def test_sparse_batches_among_dense_ones_count_as_the_rest(monkeypatch):
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(90, 4)) + 1e6, rng.normal(size=(90, 1))
    mixed = Batches.cut(X, y, cuts=[30, 60, 80])
    mixed.batches[1::2] = [Batch(sp.csr_array(b.X), b.y) for b in mixed.batches[1::2]]
    # The rows that set the centre happen to be dense.
    monkeypatch.setattr(Batches, "sample", lambda *_: MemorySource(X[:30], y[:30]))

    fit = least_squares(mixed, alpha=0.0, fit_intercept=True)

    whole = forced_in_memory(X, y)
    np.testing.assert_allclose(fit.coef, whole.coef, rtol=0, atol=1e-9)


def test_a_path_shares_its_passes():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(200, 5)), rng.normal(size=(200, 2))
    source, alone = Batches.cut(X, y, cuts=[50]), Batches.cut(X, y, cuts=[50])

    path = least_squares_path(source, alphas=[0.0, 0.1, 1.0, 10.0], fit_intercept=True)
    least_squares(alone, alpha=0.0, fit_intercept=True)

    # Sums, and a correction or two.
    assert source.passes == alone.passes <= 3
    for alpha, fit in zip([0.0, 0.1, 1.0, 10.0], path, strict=True):
        whole = least_squares(MemorySource(X, y), alpha=alpha, fit_intercept=True)
        np.testing.assert_allclose(fit.coef, whole.coef, rtol=0, atol=1e-13)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_a_value_that_cannot_be_summed_is_an_error_that_names_its_column(bad):
    X, y = np.ones((20, 3)), np.ones((20, 1))
    X[11, 2] = bad

    with pytest.raises(DataError, match="column 2 of X"):
        least_squares(Batches.cut(X, y, cuts=[10]), alpha=0.0, fit_intercept=True)


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("n", [30, 200])
def test_very_many_columns_take_conjugate_gradients(stored, fit_intercept, alpha, n, monkeypatch):
    monkeypatch.setattr(methods, "LARGEST_GRAM", 10)
    rng = np.random.default_rng(6)
    X = rng.normal(size=(n, 50)) * (rng.random((n, 50)) < 0.3) + 0.1
    y, weight = rng.normal(size=(n, 2)), rng.random(n) + 0.1
    source = Batches.cut(X, y, weight, cuts=[0, 10, 10, 11], store=STORED[stored])

    fit = least_squares(source, alpha=alpha, fit_intercept=fit_intercept)

    dense = MemorySource(X, y, weight)
    whole = least_squares(dense, alpha=alpha, fit_intercept=fit_intercept)
    np.testing.assert_allclose(fit.coef, whole.coef, rtol=0, atol=1e-8)
    np.testing.assert_allclose(fit.intercept, whole.intercept, rtol=0, atol=1e-8)
    np.testing.assert_allclose(fit.mean_squares, whole.mean_squares, rtol=1e-8, atol=1e-12)
    assert fit.ending is Ending.CONVERGED
    assert fit.certificate.kind == ("proven" if alpha else "estimate")
    assert 0 <= fit.certificate.gap < 1e-10


def test_the_estimator_fits_any_source_as_it_fits_arrays():
    rng = np.random.default_rng(7)
    X, y = rng.normal(size=(100, 3)), rng.normal(size=(100, 1))
    model, plain = LinearRegression(0.5), LinearRegression(0.5).fit(X, y[:, 0])

    fit = fit_source(model, Batches.cut(X, y, cuts=[20]), single=True)

    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.predict(X), plain.predict(X), rtol=1e-11)
    assert model.rank_ == 3
    want = least_squares(MemorySource(X, y), alpha=0.5, fit_intercept=True).statistics()
    np.testing.assert_allclose(fit.statistics().coef_errors, want.coef_errors, rtol=1e-11)
    np.testing.assert_allclose(fit.statistics().r_squared, want.r_squared, rtol=1e-10)
