"""How fast blocks on disk are summed, beside a plain reading: ``python -m benchmarks.blocks``.

2 GiB of rows, in the page cache; medians of runs side by side.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from linnet.data import Batch
from linnet.data.blocks import BlockSource
from linnet.engine import gradient_pass
from linnet.losses import SoftmaxCrossEntropy
from linnet.types import Array

__all__ = ["main"]

ROWS, COLUMNS, BATCHES, REPEATS = 2**15, 64, 128, 5


def main() -> None:
    """Write the rows, and time reading, a sum and a gradient of softmax with three classes."""
    rng = np.random.default_rng(0)
    batch = Batch(rng.normal(size=(ROWS, COLUMNS)), rng.integers(0, 3, ROWS))
    gradient = partial(gradient_pass, SoftmaxCrossEntropy(), theta=np.zeros((3, COLUMNS + 1)))
    with TemporaryDirectory() as folder:
        source = BlockSource.write((batch for _ in range(BATCHES)), folder, memory=2**30)
        runs: dict[str, Callable[[], object]] = {
            "readinto": partial(_read, Path(folder, "rows.blocks")),
            "sum": partial(source.fold, _total, tiled=False),
            "gradient": partial(source.fold, gradient, tiled=False),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(REPEATS):
            for name, run in runs.items():
                start = perf_counter()
                run()
                times[name].append(perf_counter() - start)
        size = source.stored.n_bytes / 1e9
    for name, taken in times.items():
        share = median(a / b for a, b in zip(times["readinto"], taken, strict=True))
        print(f"{name:10} {size / median(taken):5.2f} GB/s  {share:.2f} of readinto")


def _read(path: Path) -> None:
    buffer = bytearray(2**26)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def _total(batch: Batch) -> tuple[Array, ...]:
    return (np.asarray(batch.X.sum()),)


if __name__ == "__main__":
    main()
