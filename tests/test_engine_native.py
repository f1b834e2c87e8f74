"""The native engine against the reference, which defines what is right."""

import os
import signal
import subprocess
import sys
import threading
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet import engine
from linnet.data import Batch, MemorySource
from linnet.engine import limited_threads, native, reference
from linnet.errors import DataError, SettingError
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss
from linnet.numeric import EPSILON

pytestmark = pytest.mark.skipif(
    not native.is_built(), reason="linnet was installed without its native engine"
)

LOSSES = ["labels", "distributions", "anchored", "anchored distributions", "squared"]
DENSE = ["float64", "float32", "float16", "bfloat16", "uint8", "int8", "uint16", "int64", "bool"]
PASSES = [
    "value",
    "gradient",
    "hessian_product",
    "hessian_products",
    "hessian_diagonal",
    "intercept",
]
SINGLE = float(np.finfo(np.float32).eps)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=20, deadline=None)


@pytest.fixture(params=native.instruction_sets())
def simd(request, monkeypatch):
    monkeypatch.setenv("LINNET_SIMD", request.param)
    return request.param


def bfloat16(X):
    """bfloat16 as ml_dtypes, PyTorch and JAX give it to NumPy."""
    return X.astype(pytest.importorskip("ml_dtypes").bfloat16)


def as_dtype(X, dtype):
    if dtype == "bfloat16":
        return bfloat16(X)
    whole = np.dtype(dtype).kind in "uib"
    return (np.abs(X) * 3 if whole else X).astype(dtype)


def rows_of(rng, n, k, storage="float64", order="C"):
    X = as_dtype(rng.normal(size=(n, k)), storage)
    match order:
        case "C":
            return np.ascontiguousarray(X)
        case "F":
            return np.asfortranarray(X)
        case "strided rows":
            return np.repeat(X, 2, axis=0)[::2]
        case "strided columns":
            return np.repeat(X, 2, axis=1)[:, ::2]
        case _:
            return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]


def model_of(rng, kind, n, q):
    """A loss, its targets, and the number of scores, for q classes."""
    anchored = kind.startswith("anchored")
    m = max(1, q - anchored)
    match kind:
        case "squared":
            return SquaredLoss(), rng.normal(size=(n, m)), m
        case "labels" | "anchored":
            return SoftmaxCrossEntropy(anchored=anchored), rng.integers(m + anchored, size=n), m
        case _:
            y = rng.dirichlet(np.full(m + anchored, 0.3), n) if n else np.empty((0, m + anchored))
            return SoftmaxCrossEntropy(anchored=anchored), y, m


def case(
    seed, kind, *, n=70, k=9, q=4, storage="float64", order="C", weighted=True, intercept=True
):
    rng = np.random.default_rng(seed)
    X = rows_of(rng, n, k, storage, order)
    loss, y, m = model_of(rng, kind, n, q)
    weight = rng.integers(0, 4, n).astype(float) if weighted else None
    size = 2.0 / np.sqrt(max(1, k))
    return loss, Batch(X, y, weight), size * rng.normal(size=(m, k + intercept))


def directions_for(theta, count=3):
    return np.random.default_rng(1).normal(size=(count, *theta.shape))


def run(name, module, loss, batch, theta, **precise):
    function = getattr(module, f"{name}_pass")
    if name == "hessian_product":
        return function(loss, batch, theta, directions_for(theta)[0], **precise)
    if name == "hessian_products":
        return function(loss, batch, theta, directions_for(theta), **precise)
    return function(loss, batch, theta, **precise)


def size_of_terms(name, loss, batch, theta):
    """Sum over the rows of the sizes of what is added up: rounding is relative to that."""
    X = batch.X if isinstance(batch.X, np.ndarray) else batch.X.toarray()
    X = np.abs(X.astype(np.float64))
    n, k = X.shape

    def size_of_scores(W):
        return 1 + (X @ np.abs(W[:, :k]).T + np.abs(W[:, k:]).sum(axis=1)).max(axis=1, initial=0)

    row = size_of_scores(theta)
    if name.startswith("hessian_product"):
        row = row * size_of_scores(np.abs(directions_for(theta)).max(axis=0))
    if isinstance(loss, SquaredLoss) and n:
        row = row + np.abs(batch.y).max(axis=1)
        row = row**2 if name in {"value", "gradient", "intercept"} else row
    if name not in {"value", "intercept"}:
        row = row * np.maximum(1, X.max(axis=1, initial=0)) ** (1 + (name == "hessian_diagonal"))
    return float(row.sum() if batch.weight is None else batch.weight @ row)


def assert_same(name, loss, batch, theta, precision, **precise):
    """Results differ by no more than rounding, as sums of so many numbers let it grow."""
    # Errors of either sign grow like the root of their number.
    growth = np.sqrt(batch.X.shape[1] + len(theta) + 16)
    bound = precision * growth * size_of_terms(name, loss, batch, theta)
    expected = run(name, reference, loss, batch, theta)
    for got, wanted in zip(run(name, native, loss, batch, theta, **precise), expected, strict=True):
        assert got.shape == wanted.shape
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, wanted, rtol=0, atol=bound)


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
def test_data_of_every_type_and_order_are_read_as_they_are(name, kind, order, storage, simd):
    loss, batch, theta = case(3, kind, n=300, k=37, storage=storage, order=order)

    assert_same(name, loss, batch, theta, EPSILON)


@pytest.mark.parametrize("storage", sorted(native.EXACT_IN_FLOAT32))
@pytest.mark.parametrize("order", ["C", "F", "strided columns"])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("name", ["value", "gradient", "hessian_product", "hessian_diagonal"])
def test_float32_arithmetic_errs_by_float32_rounding_alone(name, kind, order, storage, simd):
    loss, batch, theta = case(4, kind, n=700, k=37, storage=storage, order=order)

    assert_same(name, loss, batch, theta, SINGLE, precise=False)


@pytest.mark.parametrize("indices", [np.int32, np.int64])
@pytest.mark.parametrize("values", [np.float32, np.float64])
@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("name", PASSES)
def test_sparse_rows_agree_with_the_reference(name, kind, in_order, values, indices, simd):
    loss, batch, theta = case(5, kind, n=150, k=40, q=6)
    X = sp.csr_array(np.where(batch.X > 0.7, batch.X, 0).astype(values))
    if not in_order:
        backwards = np.concatenate(
            [np.arange(b - 1, a - 1, -1) for a, b in zip(X.indptr, X.indptr[1:])]
        )
        X = sp.csr_array((X.data[backwards], X.indices[backwards], X.indptr), shape=X.shape)
        assert not X.has_sorted_indices
    X.indices, X.indptr = X.indices.astype(indices), X.indptr.astype(indices)
    batch = Batch(X, batch.y, batch.weight)
    assert native.can_run(loss, batch)

    assert_same(name, loss, batch, theta, EPSILON)


@pytest.mark.parametrize("q", [1, 2, 3, 4, 5, 8, 9, 13, 17, 20, 24, 25, 29, 32, 33, 61, 1000])
def test_sparse_rows_may_have_any_number_of_scores(q, simd):
    loss, batch, theta = case(q, "labels", n=90, k=20, q=q)
    batch = Batch(sp.csr_array(np.where(batch.X > 0.5, batch.X, 0)), batch.y, batch.weight)

    assert_same("gradient", loss, batch, theta, EPSILON)
    assert_same("hessian_products", loss, batch, theta, EPSILON)


@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("n", [5, 700])
@pytest.mark.parametrize("q", [1, 2, 3, 6, 7, 15, 16, 17, 1000])
def test_any_number_of_classes_and_rows_will_do(q, n, precise, simd):
    loss, batch, theta = case(q, "labels", n=n, k=35, q=q, storage="float32")
    for name in ("gradient", "hessian_product"):
        assert_same(name, loss, batch, theta, EPSILON if precise else SINGLE, precise=precise)


@pytest.mark.parametrize("precise", [True, False])
@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("kind", LOSSES)
def test_products_at_one_point_may_share_their_curvature(kind, sparse, precise, simd):
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


@pytest.mark.parametrize("k", [1500, 5000])
def test_rows_may_be_longer_than_a_stretch_of_columns(k, simd):
    loss, batch, theta = case(0, "labels", n=40, k=k, q=12, storage="float32")

    assert_same("gradient", loss, batch, theta, EPSILON)
    assert_same("gradient", loss, batch, theta, SINGLE, precise=False)


def test_empty_matrices_give_empty_sums():
    for n, k in [(0, 3), (3, 0), (0, 0)]:
        loss, batch, theta = case(0, "labels", n=n, k=k)
        for name in PASSES:
            assert_same(name, loss, batch, theta, EPSILON)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("name", PASSES)
def test_the_number_of_threads_does_not_change_a_bit(name, sparse):
    # Large enough for several threads to be worth their while.
    loss, batch, theta = case(6, "labels", n=6000, k=120, q=10, storage="float32")
    if sparse:
        X = sp.csr_array(np.where(batch.X > 0, batch.X, 0))
        batch = Batch(X, batch.y, batch.weight)
    results = []
    for threads in (1, 2, 3, 7):
        with limited_threads(threads):
            results.append(run(name, native, loss, batch, theta))
    for other in results[1:]:
        for one, another in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, another)


def test_several_passes_may_run_at_once():
    loss, batch, theta = case(7, "labels", n=6000, k=100, q=10)
    expected = native.gradient_pass(loss, batch, theta)
    results = [None] * 4

    def work(number):
        results[number] = native.gradient_pass(loss, batch, theta)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for value, gradient in results:
        assert value == expected[0]
        np.testing.assert_array_equal(gradient, expected[1])


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


def test_exp_vanishes_below_the_normal_numbers_and_nan_stays(simd):
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


@pytest.mark.parametrize("label", [-1, 4])
@pytest.mark.parametrize("sparse", [False, True])
def test_a_label_that_is_no_class_is_named_by_row(label, sparse):
    loss, batch, theta = case(10, "labels", q=4)
    batch.y[[40, 60]] = label
    batch = Batch(sp.csr_array(batch.X) if sparse else batch.X, batch.y)

    with pytest.raises(DataError, match=f"label in row 40 is {label}, but the model has 4 classes"):
        native.value_pass(loss, batch, theta)
    with pytest.raises(DataError, match=f"label in row 40 is {label}"):
        native.gradient_pass(loss, batch, theta)


def test_corrupt_sparse_rows_are_named_and_never_followed():
    loss, batch, theta = case(11, "labels")
    X = sp.csr_array(batch.X)
    X.indices[X.indptr[30] + 2] = 10**6
    with pytest.raises(DataError, match="row 30 of the sparse matrix names column 1000000"):
        native.gradient_pass(loss, Batch(X, batch.y), theta)
    X = sp.csr_array(batch.X)
    X.indptr[31] = 10**6
    with pytest.raises(DataError, match="Row 30 of the sparse matrix"):
        native.gradient_pass(loss, Batch(X, batch.y), theta)


def test_read_only_arrays_are_read_and_nothing_is_written():
    loss, batch, theta = case(12, "labels", storage="float32")
    before = [a.copy() for a in (batch.X, batch.y, batch.weight, theta)]
    for array in (batch.X, batch.y, batch.weight, theta):
        array.flags.writeable = False

    for name in PASSES:
        run(name, native, loss, batch, theta)
    for array, copy in zip((batch.X, batch.y, batch.weight, theta), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_what_the_engine_cannot_read_goes_to_the_reference():
    loss, batch, theta = case(13, "labels")
    swapped = Batch(batch.X.astype(">f8"), batch.y, batch.weight)
    column_wise = Batch(sp.csc_array(batch.X), batch.y, batch.weight)

    for other in (swapped, column_wise):
        assert not native.can_run(loss, other)
        np.testing.assert_allclose(
            engine.gradient_pass(loss, other, theta)[1],
            native.gradient_pass(loss, batch, theta)[1],
            atol=1e-12,
        )


def test_a_source_gives_the_native_engine_all_rows_at_once():
    loss, batch, theta = case(14, "labels", n=5000, k=300)
    source = MemorySource(batch.X, batch.y, batch.weight)
    seen = []
    source.fold(lambda rows: seen.append(rows.n_samples) or (np.zeros(1),), tiled=False)

    assert seen == [5000]
    value, gradient = source.fold(lambda rows: engine.gradient_pass(loss, rows, theta), tiled=False)
    by_tiles = source.fold(lambda rows: reference.gradient_pass(loss, rows, theta))
    np.testing.assert_allclose(value, by_tiles[0], rtol=5000 * EPSILON)
    np.testing.assert_allclose(gradient, by_tiles[1], atol=1e-9)


def test_the_engine_and_the_instruction_set_can_be_chosen(monkeypatch):
    monkeypatch.setenv("LINNET_ENGINE", "reference")
    assert engine.engine_name() == "reference"
    monkeypatch.setenv("LINNET_ENGINE", "abacus")
    with pytest.raises(SettingError, match="abacus"):
        engine.engine_name()
    monkeypatch.setenv("LINNET_SIMD", "mmx")
    with pytest.raises(SettingError, match="this machine can run"):
        native.instruction_set()
    with pytest.raises(SettingError, match="at least 1"), limited_threads(0):
        pass


def test_without_the_module_the_reference_runs(monkeypatch):
    loss, batch, theta = case(15, "labels")
    expected = reference.value_pass(loss, batch, theta)
    monkeypatch.setattr(native, "_native", None)

    assert engine.engine_name() == "reference"
    assert native.instruction_sets() == []
    np.testing.assert_array_equal(engine.value_pass(loss, batch, theta), expected)
    monkeypatch.setenv("LINNET_ENGINE", "native")
    with pytest.raises(SettingError, match="without its native engine"):
        engine.engine_name()


ENDLESS = """
import signal, sys, threading
import numpy as np
from numpy.lib.stride_tricks import as_strided
from linnet.data import Batch
from linnet.engine import native
from linnet.losses import SoftmaxCrossEntropy

n = 10**8  # one row, told many times over: some minutes of work
X = as_strided(np.ones(64), (n, 64), (0, 8))
y = as_strided(np.zeros(1, dtype=np.int64), (n,), (0,))
print("ready", flush=True)
threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT)).start()
try:
    native.gradient_pass(SoftmaxCrossEntropy(), Batch(X, y), np.zeros((30, 64)))
except KeyboardInterrupt:
    print("interrupted")
native.gradient_pass(SoftmaxCrossEntropy(), Batch(np.ones((9, 64)), y[:9]), np.zeros((30, 64)))
print("and well")
"""


def test_a_pass_can_be_interrupted():
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout.split("\n") == ["ready", "interrupted", "and well", ""], done.stderr


FORKED = """
import os
import numpy as np
from linnet.data import Batch
from linnet.engine import native
from linnet.losses import SoftmaxCrossEntropy

rng = np.random.default_rng(0)
batch = Batch(rng.normal(size=(20000, 50)), rng.integers(10, size=20000))
first = native.value_pass(SoftmaxCrossEntropy(), batch, np.ones((10, 50)))
child = os.fork()
second = native.value_pass(SoftmaxCrossEntropy(), batch, np.ones((10, 50)))
if child == 0:
    os._exit(0 if first == second else 1)
print(os.waitpid(child, 0)[1], first == second)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_threads_of_its_own():
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout == "0 True\n", done.stderr
