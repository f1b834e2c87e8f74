"""The native engine against the reference, which defines what is right."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from engine_cases import DENSE, LOSSES, PASSES, SINGLE, assert_same, case
from linnet.data import Batch
from linnet.engine import native, reference
from linnet.losses import SoftmaxCrossEntropy
from linnet.numeric import EPSILON

pytestmark = pytest.mark.skipif(
    not native.is_built(), reason="linnet was installed without its native engine"
)

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None)


@pytest.fixture(params=native.instruction_sets())
def simd(request, monkeypatch):
    monkeypatch.setenv("LINNET_SIMD", request.param)
    return request.param


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("name", PASSES)
@few
@given(seed=seeds, data=st.data())
def test_every_pass_agrees_with_the_reference(kind, name, seed, data):
    loss, batch, theta = case(
        seed,
        kind,
        n=data.draw(st.sampled_from([0, 1, 3, 15, 16, 17, 255, 256, 257, 600])),
        k=data.draw(st.sampled_from([1, 2, 7, 8, 9, 16, 17, 31, 33, 100])),
        q=data.draw(st.sampled_from([1, 2, 3, 15, 16, 17])),
        order=data.draw(
            st.sampled_from(["C", "F", "strided rows", "strided columns", "backwards"])
        ),
        weighted=data.draw(st.booleans()),
        intercept=data.draw(st.booleans()),
    )
    assert native.can_run(loss, batch)

    assert_same(name, loss, batch, theta, EPSILON)


@pytest.mark.parametrize("storage", DENSE)
@pytest.mark.parametrize("order", ["C", "F", "strided columns"])
@pytest.mark.parametrize("kind", ["labels", "squared"])
@pytest.mark.parametrize("name", PASSES)
@pytest.mark.usefixtures("simd")
def test_data_of_every_type_and_order_are_read_as_they_are(name, kind, order, storage):
    loss, batch, theta = case(3, kind, n=300, k=37, storage=storage, order=order)

    assert_same(name, loss, batch, theta, EPSILON)


@pytest.mark.parametrize("storage", sorted(native.EXACT_IN_FLOAT32))
@pytest.mark.parametrize("order", ["C", "F", "strided columns"])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("name", ["value", "gradient", "hessian_product", "hessian_diagonal"])
@pytest.mark.usefixtures("simd")
def test_float32_arithmetic_errs_by_float32_rounding_alone(name, kind, order, storage):
    loss, batch, theta = case(4, kind, n=700, k=37, storage=storage, order=order)

    assert_same(name, loss, batch, theta, SINGLE, precise=False)


@pytest.mark.parametrize("indices", [np.int32, np.int64])
@pytest.mark.parametrize("values", [np.float32, np.float64])
@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("name", PASSES)
@pytest.mark.usefixtures("simd")
def test_sparse_rows_agree_with_the_reference(name, kind, in_order, values, indices):
    loss, batch, theta = case(5, kind, n=150, k=40, q=6)
    X = sp.csr_array(np.where(batch.X > 0.7, batch.X, 0).astype(values))
    if not in_order:
        backwards = np.concatenate([np.arange(b - 1, a - 1, -1) for a, b in pairwise(X.indptr)])
        X = sp.csr_array((X.data[backwards], X.indices[backwards], X.indptr), shape=X.shape)
        assert not X.has_sorted_indices
    X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    batch = Batch(X, batch.y, batch.weight)
    assert native.can_run(loss, batch)

    assert_same(name, loss, batch, theta, EPSILON)


@pytest.mark.parametrize("q", [1, 2, 3, 4, 5, 8, 9, 13, 17, 20, 24, 25, 29, 32, 33, 61, 1000])
@pytest.mark.usefixtures("simd")
def test_sparse_rows_may_have_any_number_of_scores(q):
    loss, batch, theta = case(q, "labels", n=90, k=20, q=q)
    batch = Batch(sp.csr_array(np.where(batch.X > 0.5, batch.X, 0)), batch.y, batch.weight)

    assert_same("gradient", loss, batch, theta, EPSILON)
    assert_same("hessian_products", loss, batch, theta, EPSILON)


@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("n", [5, 700])
@pytest.mark.parametrize("q", [1, 2, 3, 6, 7, 15, 16, 17, 1000])
@pytest.mark.usefixtures("simd")
def test_any_number_of_classes_and_rows_will_do(q, n, precise):
    loss, batch, theta = case(q, "labels", n=n, k=35, q=q, storage="float32")
    for name in ("gradient", "hessian_product"):
        assert_same(name, loss, batch, theta, EPSILON if precise else SINGLE, precise=precise)


@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.usefixtures("simd")
def test_products_at_one_point_may_share_their_curvature(kind, sparse, precise):
    loss, batch, theta = case(16, kind, n=333, k=30, q=7, storage="float32")
    if sparse:
        batch = Batch(sp.csr_array(np.where(batch.X > 0.5, batch.X, 0)), batch.y, batch.weight)
    curvature = native.curvature(loss, batch, theta, precise=precise)

    for name in ("hessian_product", "hessian_products"):
        assert_same(
            name,
            loss,
            batch,
            theta,
            EPSILON if precise else SINGLE,
            precise=precise,
            curvature=curvature,
        )


@pytest.mark.parametrize("n", [1, 15, 333])
@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.usefixtures("simd")
def test_a_gradient_gives_the_curvature_of_the_same_reading(kind, sparse, precise, n):
    loss, batch, theta = case(5, kind, n=n, k=30, q=7, storage="float32")
    if sparse:
        batch = Batch(sp.csr_array(np.where(batch.X > 0.5, batch.X, 0)), batch.y, batch.weight)

    sums, kept = native.gradient_and_curvature_pass(loss, batch, theta, precise=precise)

    alone = native.gradient_pass(loss, batch, theta, precise=precise)
    for got, want in zip(sums, alone, strict=True):
        np.testing.assert_array_equal(got, want)
    want = native.curvature(loss, batch, theta, precise=precise)
    assert (kept is None) == (want is None)
    if want is not None:
        assert kept.dtype == want.dtype
        np.testing.assert_array_equal(kept, want)


@pytest.mark.parametrize("k", [1500, 5000])
@pytest.mark.usefixtures("simd")
def test_rows_may_be_longer_than_a_stretch_of_columns(k):
    loss, batch, theta = case(0, "labels", n=40, k=k, q=12, storage="float32")

    assert_same("gradient", loss, batch, theta, EPSILON)
    assert_same("gradient", loss, batch, theta, SINGLE, precise=False)


def test_empty_matrices_give_empty_sums():
    for n, k in [(0, 3), (3, 0), (0, 0)]:
        loss, batch, theta = case(0, "labels", n=n, k=k)
        for name in PASSES:
            assert_same(name, loss, batch, theta, EPSILON)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_labels_may_be_whole_numbers_of_any_type(dtype):
    loss, batch, theta = case(8, "labels")
    other = Batch(batch.X, np.repeat(batch.y.astype(dtype), 2)[::2], batch.weight)

    for got, wanted in zip(
        native.gradient_pass(loss, other, theta),
        native.gradient_pass(loss, batch, theta),
        strict=True,
    ):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("function", ["exp", "log"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_and_log_err_by_a_unit_in_the_last_place(function, dtype, simd):
    """Against twice the precision: float64 for float32, and the 64 bits of long double."""
    wide = np.float64 if dtype == np.float32 else np.longdouble
    if np.finfo(wide).eps >= np.finfo(dtype).eps:
        pytest.skip("no wider floating point on this machine")
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    if function == "exp":
        x = np.concatenate([-np.geomspace(info.tiny, -np.log(info.tiny) * 0.9999, 200_000), [0]])
        x = np.concatenate([x, -rng.uniform(0, 30, 200_000)]).astype(dtype)
    else:
        x = np.concatenate(
            [np.geomspace(info.tiny, info.max / 4, 200_000), rng.uniform(0.5, 2, 200_000)]
        )
        x = np.concatenate([x, rng.uniform(1, 1000, 100_000), [1.0]]).astype(dtype)
    exact = getattr(np, function)(x.astype(wide))

    error = np.abs(getattr(native, function)(x).astype(wide) - exact)
    units = error / np.spacing(np.abs(exact).astype(dtype)).astype(wide)
    # Without fused multiply-add one more rounding comes in.
    assert units.max() <= (2 if simd == "baseline" else 1)


@pytest.mark.usefixtures("simd")
def test_exp_vanishes_below_the_normal_numbers_and_nan_stays():
    for dtype in (np.float32, np.float64):
        x = np.array([-np.inf, -1e30, -800.0, np.nan, 0.0, -0.0], dtype=dtype)
        np.testing.assert_array_equal(native.exp(x), [0, 0, 0, np.nan, 1, 1])
        np.testing.assert_array_equal(native.log(np.array([1, np.nan], dtype=dtype)), [0, np.nan])


@pytest.mark.parametrize("top", [1e4, 1e300])
def test_large_scores_neither_overflow_nor_lose_the_loss(top):
    X = np.array([[1.0], [1.0]])
    theta = top * np.array([[1.0], [1.0 - 1e-3]])
    batch = Batch(X, np.array([0, 1]))

    for got, wanted in zip(
        native.gradient_pass(SoftmaxCrossEntropy(), batch, theta),
        reference.gradient_pass(SoftmaxCrossEntropy(), batch, theta),
        strict=True,
    ):
        np.testing.assert_allclose(got, wanted, rtol=4 * EPSILON)


@pytest.mark.parametrize("sparse", [False, True])
def test_values_that_are_not_numbers_are_not_hidden(sparse):
    loss, batch, theta = case(9, "labels")
    batch.X[5, 2] = np.nan
    batch = Batch(sp.csr_array(batch.X) if sparse else batch.X, batch.y)
    value, gradient = native.gradient_pass(loss, batch, theta)

    assert np.isnan(value)
    assert np.isnan(gradient).all()
