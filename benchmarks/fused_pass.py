"""One pass over the data by NumPy, the reference and the native engine, beside the roofline.

All contenders run in turn, round after round in one process; medians, and the least time in
brackets, in milliseconds. The roofline is the longer of one read of X at the speed of memory and
the arithmetic at that of BLAS, both measured in the same rounds.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from statistics import median
from time import perf_counter, sleep

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import data
from benchmarks.arena import Settings, said
from benchmarks.results import Table
from linnet.data import Batch, MemorySource
from linnet.engine import limited_threads, native, reference
from linnet.losses import SoftmaxCrossEntropy

__all__ = ["measure"]

# OpenBLAS's threads keep their cores busy for a while after each product, and whatever runs next
# on them takes twice as long.
BLAS_SETTLES = 0.1
# A pass takes milliseconds, so that more rounds than those of fits cost little.
ROUNDS_PER_REPEAT = 3
COLUMNS = ("threads", "pass", "ms", "times the speed of the first", "of the roofline")
ROOF = ("one read of X", "dot product X·X", "sgemm 1500³")
LOSS = SoftmaxCrossEntropy()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let BLAS and the engine use so many threads."""
    with threadpool_limits(count), limited_threads(count):
        yield


@contextmanager
def simd(name: str) -> Iterator[None]:
    """Use this instruction set."""
    os.environ["LINNET_SIMD"] = name
    try:
        yield
    finally:
        del os.environ["LINNET_SIMD"]


def timed(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time each contender, round by round, in milliseconds."""
    times = defaultdict(list)
    for _ in range(rounds):
        for name, call in contenders.items():
            sleep(BLAS_SETTLES)
            call()  # wakes threads and fills caches
            start = perf_counter()
            call()
            times[name].append(1e3 * (perf_counter() - start))
    return times


def shown(times: Sequence[float]) -> str:
    """Median, and the least in brackets."""
    return f"{median(times):.1f} ({min(times):.1f})"


def numpy_pass(X: np.ndarray, y: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Two products with softmax, in float32."""
    Z = X @ W.T
    Z -= Z.max(axis=1, keepdims=True)
    np.exp(Z, out=Z)
    Z /= Z.sum(axis=1, keepdims=True)
    Z[np.arange(len(y)), y] -= 1
    return Z.T @ X


def one_read(X: np.ndarray, count: int) -> float:
    """Find the largest value of X on so many threads; a sum would wait for its additions."""
    values = X.reshape(-1)
    parts = np.array_split(values, 8 * count)
    with ThreadPoolExecutor(count) as pool:
        return max(pool.map(np.max, parts))


def with_simd(name: str, call: Callable[[], object]) -> None:
    """Call with this instruction set."""
    with simd(name):
        call()


def dense_contenders(
    X: np.ndarray, pixels: np.ndarray, y: np.ndarray, parameters: np.ndarray, count: int
) -> dict[str, Callable[[], object]]:
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


def dense_rows(count: int, rounds: int) -> list[tuple[str, ...]]:
    """Time the passes over Fashion-MNIST, 60,000 × 784 float32, with so many threads."""
    problem = data.fashion_mnist(1.0)
    X, y = problem.X, problem.y
    pixels = np.rint(X * np.float32(255)).astype(np.uint8)
    parameters = 0.05 * np.random.default_rng(0).normal(size=(2, 10, 785))
    with threads(count):
        times = timed(dense_contenders(X, pixels, y, parameters, count), rounds)
    read = min(median(times["one read of X"]), median(times["dot product X·X"]))
    work = 4 * X.size * parameters.shape[1]
    arithmetic = work / (2 * 1500**3) * median(times["sgemm 1500³"])
    roofline = max(read, arithmetic)
    rows = [
        (str(count), "Fashion-MNIST: roofline, one read of X", f"{read:.1f}", "", ""),
        (str(count), "Fashion-MNIST: roofline, arithmetic", f"{arithmetic:.1f}", "", ""),
    ]
    for name, measured in times.items():
        if name in ROOF:
            continue
        share = f"{roofline / median(measured):.0%}" if "gradient" in name else ""
        speed = f"{median(times['NumPy, float32']) / median(measured):.1f}"
        rows.append((str(count), f"Fashion-MNIST: {name}", shown(measured), speed, share))
    return rows


def sparse_rows(count: int, rounds: int) -> list[tuple[str, ...]]:
    """Time the passes over 20 newsgroups, CSR, with so many threads."""
    problem = data.newsgroups(1.0)
    X, y = problem.X, problem.y
    theta, direction = 0.05 * np.random.default_rng(0).normal(size=(2, 20, X.shape[1] + 1))
    batch, source = Batch(X, y), MemorySource(X, y)
    kept = native.curvature(LOSS, batch, theta)
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
        times = timed(contenders, rounds)
    first = median(times["reference, gradient"])
    return [
        (str(count), f"newsgroups: {name}", shown(spent), f"{first / median(spent):.1f}", "")
        for name, spent in times.items()
    ]


def measure(settings: Settings, *, name: str, title: str, target: str) -> Table:
    """Time all passes on one thread, and on as many as are set."""
    rounds = ROUNDS_PER_REPEAT * settings.repeats
    rows: list[tuple[str, ...]] = []
    for count in sorted({1, settings.threads}):
        said(f"  {count} threads, {rounds} rounds")
        rows += dense_rows(count, rounds) + sparse_rows(count, rounds)
    note = (
        f"Medians of {rounds} rounds in turn, the least in brackets. Speeds on Fashion-MNIST are "
        "in terms of NumPy's in float32, on newsgroups of the reference's."
    )
    return Table(
        name=name, title=title, target=target, columns=COLUMNS, rows=tuple(rows), note=note
    )
