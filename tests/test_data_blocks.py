"""Sources over blocks on disk and over passing batches, beside the same rows in memory."""

import gzip
import json
import os
import subprocess
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import dump_svmlight_file

from linnet.data import Batch, MemorySource, Source
from linnet.data.ahead import ahead
from linnet.data.block_file import DATA, INDEX
from linnet.data.blocks import BlockSource
from linnet.data.libsvm import LibsvmStream, read_libsvm
from linnet.data.passing import PassingSource, drawn
from linnet.engine import gradient_pass, hessian_product_pass
from linnet.errors import DataError, DiskFullError, SettingError, TableError
from linnet.losses import SoftmaxCrossEntropy
from linnet.numeric import EPSILON
from linnet.objective import Objective

few = settings(max_examples=40)
seeds = st.integers(0, 2**32 - 1)
AMPLE = 2**24


def random_rows(seed, n, k, *, kind="dense", dtype="float64", weighted=True):
    """Random rows in memory, with class labels and weights."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 9, size=(n, k)).astype(dtype)
    if kind == "sparse":
        X = sp.csr_array(X * (rng.random((n, k)) < 0.3), dtype=dtype)
    weight = rng.integers(1, 5, n).astype(float) if weighted else None
    return MemorySource(X, rng.integers(3, size=n), weight)


def cut(source, sizes):
    """The rows as batches of these sizes, and of the last what is left."""
    ends = [0, *np.cumsum(sizes).clip(max=source.n_samples).tolist(), source.n_samples]
    whole = Batch(source.X, source.y, source.weight)
    return [whole.take(slice(*pair)) for pair in pairwise(ends)]


def passing(source, batches, memory=AMPLE):
    return PassingSource(
        lambda: iter(batches),
        n_samples=source.n_samples,
        n_features=source.n_features,
        n_values=source.n_values,
        total_weight=source.total_weight,
        memory=memory,
    )


def moments(rows):
    """Sums that are whole numbers, so that the order of summation leaves no trace."""
    weight = np.ones(rows.n_samples) if rows.weight is None else rows.weight
    X = rows.X.toarray() if sp.issparse(rows.X) else rows.X
    X = X.astype(float)
    ones = np.asarray(weight @ (rows.y == 1))
    return np.array(rows.n_samples), weight @ X, (X.T * weight) @ X, ones


def all_rows(batches):
    """The rows of batches, dense, with target and weight, one after another."""
    parts = [
        np.column_stack(
            [
                b.X.toarray() if sp.issparse(b.X) else b.X,
                b.y,
                np.ones(b.n_samples) if b.weight is None else b.weight,
            ]
        )
        for b in batches
    ]
    return np.concatenate(parts)


tables = st.fixed_dictionaries(
    {
        "seed": seeds,
        "n": st.integers(1, 40),
        "k": st.integers(0, 5),
        "kind": st.sampled_from(["dense", "sparse"]),
        "dtype": st.sampled_from(["float64", "float32", "uint8"]),
        "weighted": st.booleans(),
    }
)


@few
@given(
    table=tables,
    sizes=st.lists(st.integers(0, 9), max_size=12),
    memory=st.sampled_from([1, 300, 2000, AMPLE]),
    tiled=st.booleans(),
)
def test_sums_over_blocks_and_passes_are_those_in_memory(table, sizes, memory, tiled):
    source = random_rows(**table)
    batches = cut(source, sizes)
    with TemporaryDirectory() as folder:
        blocks = BlockSource.write(batches, folder, memory=memory)
        for other in (blocks, passing(source, batches, memory)):
            assert isinstance(other, Source)
            assert (other.n_samples, other.n_features) == (source.n_samples, source.n_features)
            assert other.n_values == source.n_values
            assert other.total_weight == source.total_weight
            for got, wanted in zip(
                other.fold(moments, tiled=tiled), source.fold(moments), strict=True
            ):
                np.testing.assert_array_equal(got, wanted)
        assert {batch.X.dtype for batch in blocks.batches()} == {source.X.dtype}


@few
@given(table=tables, sizes=st.lists(st.integers(0, 9), max_size=12))
def test_opened_blocks_give_the_rows_in_order_from_any_block_on(table, sizes):
    source = random_rows(**table)
    wanted = all_rows([Batch(source.X, source.y, source.weight)])
    with TemporaryDirectory() as folder:
        BlockSource.write(cut(source, sizes), folder, memory=600)
        blocks = BlockSource.open(folder, memory=6000)
        number = len(blocks.stored.starts) // 2

        np.testing.assert_array_equal(all_rows(blocks.batches()), wanted)
        rest = list(blocks.batches(number))
        assert sum(b.n_samples for b in rest) == source.n_samples - blocks.stored.starts[number]
        if rest:
            np.testing.assert_array_equal(all_rows(rest), wanted[blocks.stored.starts[number] :])


@few
@given(table=tables, sizes=st.lists(st.integers(0, 9), max_size=12), seed=seeds)
def test_shuffling_gives_each_row_once(table, sizes, seed):
    source = random_rows(**table)
    wanted = all_rows([Batch(source.X, source.y, source.weight)])
    batches = cut(source, sizes)
    with TemporaryDirectory() as folder:
        for other in (BlockSource.write(batches, folder, memory=800), passing(source, batches)):
            pairs = other.shuffled(np.random.default_rng(seed))
            got = all_rows(batch.take(order) for batch, order in pairs)

            np.testing.assert_array_equal(
                got[np.lexsort(got.T)], wanted[np.lexsort(wanted.T)], strict=True
            )


@few
@given(table=tables, sizes=st.lists(st.integers(0, 9), max_size=12), size=st.integers(1, 50))
def test_a_sample_is_rows_in_order_without_replacement(table, sizes, size):
    source = random_rows(**table)
    # The number of the row is its target, so that rows can be told apart.
    source = MemorySource(source.X, np.arange(source.n_samples), source.weight)
    batches = cut(source, sizes)
    with TemporaryDirectory() as folder:
        for other in (BlockSource.write(batches, folder, memory=AMPLE), passing(source, batches)):
            sample = other.sample(np.random.default_rng(size), size)

            assert isinstance(sample, MemorySource)
            assert sample.n_samples == min(size, source.n_samples)
            assert (np.diff(sample.y) > 0).all()
            chosen = Batch(source.X, source.y, source.weight).take(sample.y)
            np.testing.assert_array_equal(all_rows(sample.tiles()), all_rows([chosen]), strict=True)


@few
@given(n=st.integers(1, 60), share=st.floats(0, 1), seed=seeds)
def test_numbers_are_drawn_once_each(n, share, seed):
    size = round(share * n)

    rows = drawn(np.random.default_rng(seed), n, size)

    assert len(set(rows.tolist())) == len(rows) == size
    assert all(0 <= row < n for row in rows)


def test_every_row_is_as_likely_to_be_drawn():
    n, size, repeats = 20, 7, 4000
    rng = np.random.default_rng(5)
    counts = sum(np.bincount(drawn(rng, n, size), minlength=n) for _ in range(repeats))

    # Each count is binomial; five standard deviations of twenty of them are a chance of 1e-5.
    p = size / n
    assert (abs(counts - repeats * p) < 5 * np.sqrt(repeats * p * (1 - p))).all()


def test_a_sample_takes_at_most_a_quarter_of_the_memory(tmp_path):
    source = random_rows(1, 1000, 4)
    memory = 4096
    batches = cut(source, [100] * 9)
    for other in (
        BlockSource.write(batches, tmp_path, memory=memory),
        passing(source, batches, memory),
    ):
        sample = other.sample(np.random.default_rng(0), 1000)

        held = sum(a.nbytes for a in (sample.X, sample.y, sample.weight))
        assert memory / 10 < held <= memory / 4
        assert other.room == memory // 32


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("memory", [3000, AMPLE])
def test_rotated_rows_are_products_held_or_worked_out(tmp_path, kind, memory):
    source = random_rows(2, 500, 3, kind=kind)
    basis = np.random.default_rng(3).normal(size=(4, 2))
    wanted = source.rotated(basis)
    batches = cut(source, [50] * 9)

    for other in (
        BlockSource.write(batches, tmp_path, memory=memory),
        passing(source, batches, memory),
    ):
        rotated = other.rotated(basis)

        assert isinstance(rotated, MemorySource if memory == AMPLE else PassingSource)
        assert (rotated.n_samples, rotated.n_features) == (500, 2)
        for got, expected in zip(rotated.fold(moments), wanted.fold(moments), strict=True):
            np.testing.assert_allclose(got, expected, rtol=500 * EPSILON, atol=1e-9)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_an_objective_over_blocks_is_that_in_memory(tmp_path, kind):
    source = random_rows(4, 300, 6, kind=kind)
    rng = np.random.default_rng(6)
    theta, direction = rng.normal(size=(2, 3, 7))
    stored = BlockSource.write(cut(source, [7] * 40), tmp_path, memory=2**16)
    assert len(stored.stored.starts) > 2
    loss = SoftmaxCrossEntropy()
    one, other = (
        Objective(source=each, loss=loss, n_scores=3, l2=0.1) for each in (source, stored)
    )

    for got, wanted in (
        *zip(other.value_and_gradient(theta), one.value_and_gradient(theta), strict=True),
        (other.hessian_at(theta)(direction), one.hessian_at(theta)(direction)),
        (other.hessian(theta), one.hessian(theta)),
        (
            other.along(theta, direction).derivatives(0.5),
            one.along(theta, direction).derivatives(0.5),
        ),
    ):
        # 300 terms of size up to some tens, added in another order.
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-11)


def test_passes_over_blocks_agree_with_the_engine_on_all_rows(tmp_path):
    source = random_rows(7, 200, 5, dtype="uint8")
    theta, direction = np.random.default_rng(8).normal(size=(2, 3, 6))
    stored = BlockSource.write(cut(source, [64, 64]), tmp_path, memory=2**12)
    loss = SoftmaxCrossEntropy()
    for function in (
        partial(gradient_pass, loss, theta=theta),
        partial(hessian_product_pass, loss, theta=theta, direction=direction),
    ):
        for got, wanted in zip(
            stored.fold(function, tiled=False), source.fold(function, tiled=False), strict=True
        ):
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "bool"])
def test_an_npy_file_is_a_source_where_it_lies(tmp_path, order, dtype):
    source = random_rows(9, 300, 4, dtype=dtype)
    path = tmp_path / "X.npy"
    np.save(path, np.asarray(source.X, order=order))

    stored = BlockSource.of_array(path, source.y, source.weight, memory=2**12)

    assert len(stored.stored.starts) > 2
    for got, wanted in zip(stored.fold(moments), source.fold(moments), strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert stored.n_values == 1200
    assert stored.total_weight == source.total_weight
    sample = stored.sample(np.random.default_rng(0), 5)
    assert sample.X.dtype == dtype


def test_an_npy_file_that_does_not_suit_is_refused(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, np.zeros(3))
    with pytest.raises(TableError, match=r"shape \(3,\)"):
        BlockSource.of_array(path, np.zeros(3), memory=AMPLE)
    np.save(path, np.zeros((3, 2)))
    with pytest.raises(DataError, match="has 3 rows"):
        BlockSource.of_array(path, np.zeros(2), memory=AMPLE)
    stored = BlockSource.of_array(path, np.zeros(3), memory=AMPLE)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(TableError, match="changed since"):
        stored.fold(moments)
    with pytest.raises(TableError, match="cannot be read as an"):
        BlockSource.of_array(path, np.zeros(3), memory=AMPLE)


def test_arrays_lie_at_cache_lines(tmp_path):
    for kind in ("dense", "sparse"):
        source = random_rows(3, 50, 3, kind=kind, dtype="uint8")
        stored = BlockSource.write(cut(source, [9] * 5), tmp_path, memory=2000)
        for block in stored.stored.blocks:
            assert all(array.start % 64 == 0 for array in block.arrays.values())
        for batch in stored.batches():
            X = batch.X if kind == "dense" else batch.X.data
            assert X.ctypes.data % 64 == 0


def test_what_a_killed_writer_leaves_does_not_open(tmp_path):
    code = (
        "import os, sys, numpy as np\n"
        "from linnet.data import Batch\n"
        "from linnet.data.blocks import BlockSource\n"
        "def batches():\n"
        "    for _ in range(100):\n"
        "        yield Batch(np.zeros((100, 8)), np.zeros(100))\n"
        "    os.kill(os.getpid(), 9)\n"
        "BlockSource.write(batches(), sys.argv[1], memory=2**16)\n"
    )
    source = random_rows(0, 10, 2)
    BlockSource.write(cut(source, []), tmp_path, memory=AMPLE)

    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)

    assert killed.returncode == -9
    assert list(tmp_path.iterdir())
    with pytest.raises(TableError, match="there is no index"):
        BlockSource.open(tmp_path, memory=AMPLE)
    again = BlockSource.write(cut(source, []), tmp_path, memory=AMPLE)
    assert sorted(path.name for path in tmp_path.iterdir()) == [DATA, INDEX]
    assert again.n_samples == 10


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    source = random_rows(0, 1000, 8)
    for folder in (tmp_path / "new", tmp_path):
        with pytest.raises(DiskFullError, match="10,000 bytes"):
            BlockSource.write(cut(source, [10] * 99), folder, memory=10**4, limit=10_000)
        assert not list(tmp_path.iterdir())
    whole = BlockSource.write(cut(source, []), tmp_path, memory=10**4, limit=100_000)
    assert whole.stored.n_bytes <= 100_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk always full")
def test_an_error_of_the_disk_is_told_as_such(tmp_path, monkeypatch):
    opened = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, mode="r", *a, **k: opened(
            Path("/dev/full") if mode == "wb" else self, mode, *a, **k
        ),
    )
    with pytest.raises(DiskFullError, match="the disk is full"):
        BlockSource.write(cut(random_rows(0, 5000, 8), []), tmp_path / "new", memory=AMPLE)
    assert not list(tmp_path.iterdir())


def test_altered_blocks_are_told(tmp_path):
    source = random_rows(5, 100, 3)
    BlockSource.write(cut(source, []), tmp_path, memory=4000)
    stored = BlockSource.open(tmp_path, memory=AMPLE)
    path, index = tmp_path / DATA, tmp_path / INDEX
    content, description = path.read_bytes(), index.read_text()

    path.write_bytes(content[:-1])
    with pytest.raises(TableError, match="bytes where"):
        BlockSource.open(tmp_path, memory=AMPLE)
    with pytest.raises(TableError, match="changed since"):
        stored.fold(moments)
    path.write_bytes(content[:700] + bytes([content[700] ^ 1]) + content[701:])
    os.utime(path, ns=(0, 0))
    with pytest.raises(TableError, match="damaged in block"):
        BlockSource.open(tmp_path, memory=AMPLE)
    path.write_bytes(content)
    os.utime(path, ns=(0, 0))
    assert BlockSource.open(tmp_path, memory=AMPLE).n_samples == 100

    for broken, why in (
        (description[:-9], "not JSON"),
        ("[]", "of format"),
        (json.dumps(json.loads(description) | {"byteorder": "middle"}), "other order"),
        (json.dumps(json.loads(description) | {"blocks": [{}]}), "not an index"),
    ):
        index.write_text(broken)
        with pytest.raises(TableError, match=why):
            BlockSource.open(tmp_path, memory=AMPLE)


def test_blocks_for_more_memory_are_refused(tmp_path):
    BlockSource.write(cut(random_rows(5, 1000, 3), []), tmp_path, memory=AMPLE)

    with pytest.raises(SettingError, match="for more memory"):
        BlockSource.open(tmp_path, memory=1000)
    with pytest.raises(SettingError, match="above zero"):
        BlockSource.write([], tmp_path, memory=0)


@pytest.mark.parametrize(
    ("batches", "why"),
    [
        ([], "no row"),
        ([Batch(np.zeros((0, 2)), np.zeros(0))], "no row"),
        ([Batch(np.zeros((1, 2)), np.zeros(1)), Batch(np.zeros((1, 3)), np.zeros(1))], "Batch 1"),
        (
            [
                Batch(np.zeros((1, 2)), np.zeros(1)),
                Batch(np.zeros((1, 2)), np.zeros(1), np.ones(1)),
            ],
            "no weights",
        ),
        (
            [Batch(np.zeros((1, 2)), np.zeros(1)), Batch(sp.csr_array((1, 2)), np.zeros(1))],
            "CSR rows",
        ),
        ([Batch(sp.csc_array((1, 2)), np.zeros(1))], "csc_array"),
        ([Batch(np.array([["a"]]), np.zeros(1))], "must be numbers"),
        ([Batch(np.zeros((2, 2)), np.zeros(1))], "y has 1 rows"),
    ],
)
def test_batches_that_do_not_go_together_are_refused(tmp_path, batches, why):
    with pytest.raises(DataError, match=why):
        BlockSource.write(batches, tmp_path / "new", memory=AMPLE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [-1, 1])
def test_a_pass_over_changed_data_is_an_error(change):
    source = random_rows(6, 20, 2)
    batches = cut(source, [5] * 4)
    stream = passing(source, batches)
    stream.fold(moments)

    more = Batch(source.X, source.y, source.weight).take(slice(0, 1))
    batches[:] = [*batches, more] if change == 1 else [batches[0].take(slice(1, 5)), *batches[1:]]
    with pytest.raises(DataError, match=r"rows, where an earlier one gave 20"):
        stream.fold(moments)
    batches[:] = [Batch(np.zeros((20, 3)), source.y)]
    with pytest.raises(DataError, match="3 columns"):
        stream.fold(moments)


@pytest.mark.parametrize("opened", [open, gzip.open])
@pytest.mark.parametrize("first", [0, 1])
def test_a_libsvm_file_streams_the_rows_that_it_holds(tmp_path, opened, first):
    source = random_rows(3, 90, 5, kind="sparse", weighted=False)
    path = tmp_path / "rows.svm"
    with opened(path, "wb") as file:
        dump_svmlight_file(source.X, source.y, file, zero_based=first == 0)
    whole = read_libsvm(path)

    stream = LibsvmStream.open(path, block_bytes=200)

    batches = list(stream.batches())
    assert len(batches) > 3
    assert (stream.n_samples, stream.n_features) == whole.X.shape
    assert stream.n_values == whole.X.nnz
    np.testing.assert_array_equal(all_rows(batches), all_rows([Batch(whole.X, whole.y)]))
    assert LibsvmStream.open(path, 9).n_features == 9
    with pytest.raises(TableError, match="beyond the 2 features"):
        LibsvmStream.open(path, 2)


def test_a_line_that_is_not_libsvm_is_named_in_any_block(tmp_path):
    path = tmp_path / "rows.svm"
    path.write_text("1 1:2\n" * 50 + "1 oops\n" + "1 1:2\n" * 50)

    with pytest.raises(TableError, match="line 51: not of the form"):
        LibsvmStream.open(path, block_bytes=32)
    path.write_text("# nothing\n")
    with pytest.raises(TableError, match="no sample"):
        LibsvmStream.open(path)


def test_an_error_in_the_thread_that_reads_ahead_is_raised_where_its_result_is_wanted():
    def fail():
        raise TableError("broken")

    results = ahead([lambda: 1, fail, lambda: 3])

    assert next(results) == 1
    with pytest.raises(TableError, match="broken"):
        next(results)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is resident")
@pytest.mark.parametrize("form", ["blocks", "C", "F"])
def test_a_fold_holds_few_blocks_at_a_time(tmp_path, form):
    """96 MiB of rows are summed in 16 MiB: three blocks of 2 MiB are mapped at most."""
    code = (
        "import os, sys, threading, numpy as np\n"
        "from linnet.data import Batch\n"
        "from linnet.data.blocks import BlockSource\n"
        "folder, form, memory = sys.argv[1], sys.argv[2], 2**24\n"
        "n, k = 98304, 128\n"
        "if form == 'blocks':\n"
        "    parts = (Batch(np.ones((1024, k)), np.zeros(1024)) for _ in range(n // 1024))\n"
        "    source = BlockSource.write(parts, folder, memory=memory)\n"
        "else:\n"
        "    X = np.lib.format.open_memmap(folder + '/X.npy', 'w+', 'f8', (n, k), form == 'F')\n"
        "    X[:] = 1\n"
        "    X.flush()\n"
        "    del X\n"
        "    source = BlockSource.of_array(folder + '/X.npy', np.zeros(n), memory=memory)\n"
        "def resident():\n"
        "    with open('/proc/self/status') as status:\n"
        "        sizes = dict(line.split(':') for line in status)\n"
        "    return [int(sizes[name].split()[0]) * 1024 for name in ('RssFile', 'RssAnon')]\n"
        "before = resident()\n"
        "most = [0, 0]\n"
        "def total(rows):\n"
        "    s = rows.X.sum()\n"
        "    most[:] = np.maximum(most, np.subtract(resident(), before))\n"
        "    return (s,)\n"
        "(s,) = source.fold(total, tiled=False)\n"
        "assert s == n * k\n"
        "print(len(source.stored.starts) - 1, *most)\n"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), form],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    blocks, mapped, own = map(int, printed.split())
    assert blocks >= 48
    # Beside three blocks, what the system maps around the pages wanted, or the allocator keeps of
    # what was freed. In F order columns are read, not mapped.
    mapped, own = (mapped, own) if form != "F" else (own, mapped)
    assert mapped < 5 * 2**21
    assert own < 2**22
