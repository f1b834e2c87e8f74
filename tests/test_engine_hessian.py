"""Second moments and whole Hessians: every instruction set and precision against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine_cases import DENSE, LOSSES, SINGLE, case
from linnet.engine import (
    column_hessians_pass,
    hessian_pass,
    limited_threads,
    native,
    second_moment_pass,
    upper_products,
)
from linnet.engine.reference import scores
from linnet.numeric import EPSILON

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture
def engine(request, monkeypatch):
    if request.param == "reference":
        monkeypatch.setenv("LINNET_ENGINE", "reference")
    else:
        monkeypatch.setenv("LINNET_SIMD", request.param)


def with_ones(batch, p):
    X = np.asarray(batch.X, dtype=np.float64)
    return np.column_stack([X, np.ones(len(X))])[:, :p]


def weights_of(batch):
    return np.ones(batch.n_samples) if batch.weight is None else batch.weight


@pytest.mark.parametrize("engine", ["reference", *native.instruction_sets()], indirect=True)
@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("seed", range(12))
def test_a_second_moment_is_the_weighted_product_of_the_rows(precise, seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([0, 1, 127, 128, 129, 700]))
    k = int(rng.choice([1, 2, 15, 16, 17, 100, 200]))
    _, batch, _ = case(
        seed, "labels", n=n, k=k, storage=str(rng.choice(DENSE)), weighted=seed % 2 == 1
    )
    X, weight = with_ones(batch, k + 1), weights_of(batch)

    (moment,) = second_moment_pass(batch, k + 1, precise=precise)

    # A sum of n products errs by less than √n roundings of the sum of their sizes.
    rounding = (4 + np.sqrt(n)) * (EPSILON if precise else SINGLE)
    sizes = (np.abs(X).T * weight) @ np.abs(X)
    assert np.all(np.abs(moment - (X.T * weight) @ X) <= rounding * sizes)
    np.testing.assert_array_equal(moment, moment.T)


@pytest.mark.parametrize("engine", native.instruction_sets(), indirect=True)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("engine")
@few
@given(seed=seeds, k=st.sampled_from([1, 5, 6, 33, 390, 801]), least=st.sampled_from([0.0, 0.5]))
def test_moments_of_chosen_rows_are_the_same_on_any_number_of_threads(dtype, seed, k, least):
    rng = np.random.default_rng(seed)
    wide = rng.normal(size=(200, k + 3)).astype(dtype)
    X = wide[::2, 1 : k + 1]
    rows = np.sort(rng.choice(100, 70, replace=False))
    weights = rng.uniform(size=(2, 70)).astype(dtype)
    several, one = np.zeros((2, k + 1, k + 1)), np.zeros((2, k + 1, k + 1))

    native.add_moments(X, weights, least, several, indices=rows, threads=3)
    native.add_moments(X, weights, least, one, indices=rows, threads=1)

    upper = np.triu_indices(k + 1)
    np.testing.assert_array_equal(several[:, *upper], one[:, *upper])
    if least == 0:
        Z = np.column_stack([X[rows], np.ones(70)]).astype(np.float64)
        wanted = np.einsum("ct,ti,tj->cij", weights, Z, Z, optimize=True)
        rounding = 20 * (EPSILON if dtype == np.float64 else SINGLE)
        sizes = np.einsum("ct,ti,tj->cij", weights, abs(Z), abs(Z), optimize=True)
        assert np.all(np.abs(several - wanted)[:, *upper] <= rounding * sizes[:, *upper])


@pytest.mark.parametrize("engine", ["reference", *native.instruction_sets()], indirect=True)
@pytest.mark.usefixtures("engine")
@few
@given(seed=seeds, k=st.sampled_from([1, 7, 8, 30]), o=st.integers(0, 4), f_order=st.booleans())
def test_products_of_rows_in_two_parts_are_those_of_the_rows(seed, k, o, f_order):
    rng = np.random.default_rng(seed)
    X, others = rng.normal(size=(150, k)), rng.normal(size=(150, o))
    Z = np.column_stack([X, others])

    products = upper_products(np.asfortranarray(X) if f_order else X, others)

    np.testing.assert_allclose(np.triu(products), np.triu(Z.T @ Z), rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(not native.is_built(), reason="the native engine is not built")
def test_moments_of_rows_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="a row that is not there"):
        native.add_moments(
            np.ones((3, 2)), np.ones((1, 1)), 0.0, np.zeros((1, 2, 2)), indices=np.array([3])
        )


@pytest.mark.parametrize("kind", LOSSES)
@few
@given(seed=seeds, data=st.data())
def test_a_hessian_is_the_sum_of_curvatures_times_products_of_features(kind, seed, data):
    k, precise = data.draw(st.sampled_from([1, 7, 16, 40])), data.draw(st.booleans())
    loss, batch, theta = case(
        seed,
        kind,
        n=data.draw(st.sampled_from([1, 100, 300])),
        k=k,
        q=data.draw(st.sampled_from([2, 3, 9])),
        weighted=data.draw(st.booleans()),
        intercept=data.draw(st.booleans()),
    )
    p = theta.shape[1]
    r = data.draw(st.sampled_from([p, 1, max(1, p - 1)]))
    basis = None if r == p else np.random.default_rng(seed).normal(size=(p, r))
    X = with_ones(batch, p)
    Z = X if basis is None else X @ basis
    curvature = loss.hessian(scores(batch.X, theta)) * weights_of(batch)[:, None, None]

    (hessian,) = hessian_pass(loss, batch, theta, basis, precise=precise)

    want = np.einsum("nab,nj,nl->ajbl", curvature, Z, Z, optimize=True)
    # Scores err by a rounding of their terms, and curvatures as much.
    terms = 1 + float(np.max(np.abs(X) @ np.abs(theta).T, initial=0))
    size = np.abs(X) @ (np.eye(p) if basis is None else np.abs(basis))
    sizes = np.einsum("n,nj,nl->jl", weights_of(batch), size, size)
    rounding = 40 * terms * (EPSILON if precise else SINGLE)
    assert np.all(np.abs(hessian - want) <= rounding * sizes[None, :, None, :] + 1e-300)
    np.testing.assert_array_equal(hessian, hessian.transpose(2, 3, 0, 1))


@pytest.mark.parametrize("engine", ["reference", *native.instruction_sets()], indirect=True)
@pytest.mark.parametrize("kind", ["labels", "anchored", "squared"])
@pytest.mark.usefixtures("engine")
def test_a_rough_hessian_keeps_all_curvature_but_what_is_left_over_at_the_end(kind):
    loss, batch, theta = case(4, kind, n=4000, k=6, q=5)
    least, m = 0.1, len(theta)

    (exact,) = hessian_pass(loss, batch, theta)
    (rough,) = hessian_pass(loss, batch, theta, least=least)

    # The last column of features is 1: there sums of curvatures alone are compared.
    np.testing.assert_allclose(rough[:, -1, :, -1], exact[:, -1, :, -1], rtol=0, atol=m * least)
    size = m * theta.shape[1]
    whole, root = (
        rough.reshape(size, size),
        np.linalg.cholesky(exact.reshape(size, size) + np.eye(size)),
    )
    relative = np.linalg.solve(root, np.linalg.solve(root, whole + np.eye(size)).T)
    assert np.linalg.eigvalsh(whole).min() >= -1e-10 * np.abs(whole).max()
    assert np.abs(np.linalg.eigvalsh(relative) - 1).max() < 0.5


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("precise", [True, False])
def test_hessians_of_columns_are_blocks_of_the_whole(kind, precise):
    loss, batch, theta = case(5, kind, n=300, k=9, q=4)

    (columns,) = column_hessians_pass(loss, batch, theta, precise=precise)

    (whole,) = hessian_pass(loss, batch, theta)
    want = np.einsum("ajbj->jab", whole)
    rounding = 40 * np.sqrt(300) * (EPSILON if precise else SINGLE)
    np.testing.assert_allclose(columns, want, rtol=0, atol=rounding * np.abs(want).max())


def test_hessians_do_not_depend_on_the_number_of_threads():
    loss, batch, theta = case(0, "labels", n=3000, k=60, q=5)

    (whole,) = hessian_pass(loss, batch, theta)
    with limited_threads(1):
        (alone,) = hessian_pass(loss, batch, theta)

    np.testing.assert_array_equal(whole, alone)
