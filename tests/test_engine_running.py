"""How the native engine runs: threads, interruption, what it refuses, and who runs instead."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.sparse as sp

from engine_cases import PASSES, case, run
from linnet import engine
from linnet.data import Batch, MemorySource
from linnet.engine import limited_threads, native, reference
from linnet.errors import DataError, SettingError
from linnet.numeric import EPSILON

pytestmark = pytest.mark.skipif(
    not native.is_built(), reason="linnet was installed without its native engine"
)


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
    monkeypatch.delenv("LINNET_ENGINE", raising=False)

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
