"""One pass over the data by NumPy, the reference and the native engine, beside the roofline.

Run from a checkout with the real data beside it: python benchmarks/fused_pass.py [rounds]
All contenders run in turn, round after round in one process; medians, and the least time in
brackets, are printed as Markdown tables, in milliseconds. The roofline is the longer of one read
of X at the speed of memory and the arithmetic at that of BLAS, both measured in the same rounds.
"""

import gzip
import os
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from linnet.data import Batch, MemorySource
from linnet.data.reading import read_table
from linnet.engine import limited_threads, native, reference, thread_count
from linnet.losses import SoftmaxCrossEntropy

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 15
# OpenBLAS's threads keep their cores busy for a while after each product, and whatever runs next
# on them takes twice as long.
BLAS_SETTLES = 0.1
LOSS = SoftmaxCrossEntropy()


def machine():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown processor"
    return next(line.split(": ")[1] for line in lines if line.startswith("model name"))


def fashion_mnist():
    def raw(name, offset):
        return np.frombuffer(
            gzip.open(DATA / "fashion_mnist" / name).read(), np.uint8, offset=offset
        )

    pixels = raw("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    return pixels, raw("train-labels-idx1-ubyte.gz", 8).astype(np.int64)


def newsgroups():
    table = read_table(DATA / "newsgroups20_bydate" / "train.jsonl.gz")
    columns = {name: table.column(name).to_pylist() for name in table.names}
    text = max(columns, key=lambda name: sum(map(len, map(str, columns[name][:100]))))
    label = next(name for name in columns if name != text and len(set(columns[name])) == 20)
    X = TfidfVectorizer(sublinear_tf=True).fit_transform(map(str, columns[text]))
    return sp.csr_array(X), np.unique(columns[label], return_inverse=True)[1]


@contextmanager
def threads(count):
    with threadpool_limits(count), limited_threads(count):
        yield


@contextmanager
def simd(name):
    os.environ["LINNET_SIMD"] = name
    try:
        yield
    finally:
        del os.environ["LINNET_SIMD"]


def timed(contenders):
    """Time each contender, round by round, in milliseconds."""
    times = defaultdict(list)
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            sleep(BLAS_SETTLES)
            call()  # wakes threads and fills caches
            start = perf_counter()
            call()
            times[name].append(1e3 * (perf_counter() - start))
    return times


def shown(times):
    return f"{median(times):.1f} ({min(times):.1f})"


def numpy_pass(X, y, W):
    """Two products with softmax, in float32."""
    Z = X @ W.T
    Z -= Z.max(axis=1, keepdims=True)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=1, keepdims=True)
    Z[np.arange(len(y)), y] -= 1
    return Z.T @ X


def one_read(X, count):
    """Find the largest value of X on so many threads; a sum would wait for its additions."""
    values = X.reshape(-1)
    parts = np.array_split(values, 8 * count)
    with ThreadPoolExecutor(count) as pool:
        return max(pool.map(np.max, parts))


def with_simd(name, call):
    with simd(name):
        call()


def dense_contenders(X, pixels, y, parameters, count):
    """Everything to be measured on Fashion-MNIST, by name."""
    theta, direction = parameters
    W = theta[:, :784].astype(np.float32)
    batch, raw = Batch(X, y), Batch(pixels, y)
    column_wise = Batch(np.asfortranarray(X), y)
    source = MemorySource(X, y)
    A = np.random.default_rng(0).normal(size=(1500, 1500)).astype(np.float32)
    products = {
        "one read of X": lambda: one_read(X, count),
        "dot product X·X": lambda: X.reshape(-1) @ X.reshape(-1),
        "sgemm 1500³": lambda: A @ A,
        "NumPy, float32": lambda: numpy_pass(X, y, W),
        "reference, gradient": lambda: source.fold(
            lambda tile: reference.gradient_pass(LOSS, tile, theta)
        ),
    }
    kept = native.curvature(LOSS, batch, theta, precise=False)
    passes = {
        "value": lambda: native.value_pass(LOSS, batch, theta, precise=False),
        "gradient": lambda: native.gradient_pass(LOSS, batch, theta, precise=False),
        "gradient, float64": lambda: native.gradient_pass(LOSS, batch, theta),
        "gradient, uint8": lambda: native.gradient_pass(LOSS, raw, theta, precise=False),
        "gradient, F order": lambda: native.gradient_pass(LOSS, column_wise, theta, precise=False),
        "Hessian product": lambda: native.hessian_product_pass(
            LOSS, batch, theta, direction, precise=False
        ),
        "Hessian product, p kept": lambda: native.hessian_product_pass(
            LOSS, batch, theta, direction, curvature=kept, precise=False
        ),
    }
    for name in native.instruction_sets():
        for what, call in passes.items():
            products[f"{name}: {what}"] = partial(with_simd, name, call)
    return products


def fused_passes_over_fashion_mnist():
    pixels, y = fashion_mnist()
    X = pixels.astype(np.float32) / np.float32(255)
    parameters = 0.05 * np.random.default_rng(0).normal(size=(2, 10, 785))
    work = 4 * X.size * parameters.shape[1]
    print("### Fashion-MNIST, 60,000 × 784 float32, 10 classes\n")
    for count in sorted({1, min(2, thread_count()), thread_count()}):
        with threads(count):
            times = timed(dense_contenders(X, pixels, y, parameters, count))
        read = min(median(times["one read of X"]), median(times["dot product X·X"]))
        arithmetic = work / (2 * 1500**3) * median(times["sgemm 1500³"])
        roofline = max(read, arithmetic)
        numpy = median(times["NumPy, float32"])
        print(f"{count} threads; one read of X {read:.1f} ms, arithmetic {arithmetic:.1f} ms\n")
        print("| pass | ms | times NumPy's speed | of the roofline |\n|---|---|---|---|")
        for name, measured in times.items():
            if name in {"one read of X", "dot product X·X", "sgemm 1500³"}:
                continue
            share = f"{roofline / median(measured):.0%}" if "gradient" in name else ""
            print(f"| {name} | {shown(measured)} | {numpy / median(measured):.1f} | {share} |")
        print()


def sparse_passes_over_newsgroups():
    X, y = newsgroups()
    theta, direction = 0.05 * np.random.default_rng(0).normal(size=(2, 20, X.shape[1] + 1))
    batch, source = Batch(X, y), MemorySource(X, y)
    kept = native.curvature(LOSS, batch, theta)
    print(f"### 20 newsgroups TF-IDF, {X.shape[0]:,} × {X.shape[1]:,}, {X.nnz:,} non-zeros\n")
    for count in sorted({1, min(2, thread_count())}):
        contenders = {
            "reference, gradient": lambda: source.fold(
                lambda tile: reference.gradient_pass(LOSS, tile, theta)
            ),
            "gradient": lambda: native.gradient_pass(LOSS, batch, theta),
            "Hessian product": lambda: native.hessian_product_pass(LOSS, batch, theta, direction),
            "Hessian product, p kept": lambda: native.hessian_product_pass(
                LOSS, batch, theta, direction, curvature=kept
            ),
        }
        with threads(count):
            times = timed(contenders)
        print(f"{count} threads\n\n| pass | ms |\n|---|---|")
        for name, measured in times.items():
            print(f"| {name} | {shown(measured)} |")
        print()


def main():
    print(f"{machine()}, {os.cpu_count()} cores; {native.instruction_set()}; {ROUNDS} rounds\n")
    fused_passes_over_fashion_mnist()
    sparse_passes_over_newsgroups()


if __name__ == "__main__":
    main()
