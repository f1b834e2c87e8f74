"""A pass on one worker process and on two, in turn: ``python -m benchmarks.scaling``.

Prints, for each size, the median seconds of a pass of loss and gradient on either cluster, the
median of their ratios, and the bytes that a pass moves between processes beside the model of
docs/scaling.md. Bytes are counted on the loopback interface, where Linux tells them.
"""

import argparse
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from linnet.data import Batch
from linnet.data.dask_source import DaskSource
from linnet.engine import limited_threads
from linnet.losses import SoftmaxCrossEntropy
from linnet.objective import Objective

CLASSES = 10
PARTITIONS = 16
SIZES = ((640, 20), (640_000, 100), (160_000, 1000))


def rows(n: int, k: int, seed: int) -> Batch:
    """Make a partition on a worker."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((n, k), dtype=np.float32)
    return Batch(X, random.integers(CLASSES, size=n))


def on_cluster(stack: ExitStack, workers: int, n: int, k: int) -> Objective:
    """Spread n rows over workers, each a process of one thread."""
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    client = stack.enter_context(Client(stack.enter_context(cluster)))
    make = partial(rows, n // PARTITIONS, k)
    partitions = client.map(make, range(PARTITIONS), pure=False)
    source = DaskSource(client, tuple(partitions), within=partial(limited_threads, 1))
    client.rebalance(partitions)
    return Objective(source=source, loss=SoftmaxCrossEntropy(), n_scores=CLASSES, l2=1e-3)


def loopback() -> int:
    """Bytes that the loopback interface has carried."""
    line = Path("/proc/net/dev").read_text().split("lo:")[1]
    return int(line.split()[0])


def one_pass(problem: Objective, theta: Any) -> tuple[float, int]:
    """Seconds and bytes of a pass."""
    began, before = perf_counter(), loopback()
    problem.value_and_gradient(theta)
    return perf_counter() - began, loopback() - before


def compare(n: int, k: int, passes: int) -> str:
    """Make passes on both clusters in turn, and tell of them in a line."""
    with ExitStack() as stack:
        one, two = (on_cluster(stack, workers, n, k) for workers in (1, 2))
        theta = np.zeros(one.shape)
        for problem in (one, two):
            problem.value_and_gradient(theta)
        taken = [(one_pass(one, theta), one_pass(two, theta)) for _ in range(passes)]
    edge = 8 * theta.size
    seconds = [median(pair[i][0] for pair in taken) for i in (0, 1)]
    moved = [median(pair[i][1] for pair in taken) / edge for i in (0, 1)]
    ratio = median(a[0] / b[0] for a, b in taken)
    return (
        f"{n:>9,} × {k:<5} 1 worker {1000 * seconds[0]:6.0f} ms, 2 workers {1000 * seconds[1]:6.0f}"
        f" ms, ratio {ratio:.2f}; an edge is {edge:,} bytes: {moved[0]:.1f} edges move with "
        f"1 worker (model 4), {moved[1]:.1f} with 2 (model 14)"
    )


def main() -> None:
    """Compare at each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=15)
    chosen = parser.parse_args()
    for n, k in SIZES:
        sys.stdout.write(compare(n, k, chosen.passes) + "\n")


if __name__ == "__main__":
    main()
