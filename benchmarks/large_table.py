"""A table larger than a budget of memory, fitted within it: ``python -m benchmarks.large_table``.

Makes a CSV of the size asked for, fits it by ``linnet fit`` in a process of its own, and prints
the peak of that process's memory, the seconds, and the size of the cache. Of its first rows a model
is fitted both ways, in chunks and in memory, and the two are compared.
"""

import argparse
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from pyarrow import csv

from linnet import SoftmaxRegression, TableModel, scan

ROWS_AT_A_TIME = 200_000
FEATURES = 12
CLASSES = ("wren", "finch", "linnet")
ROWS_COMPARED = 1_000_000

FIT = """
import sys
from pathlib import Path
from linnet.cli import run
code = run(sys.argv[1:])
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
sys.exit(code)
"""


def rows(random: np.random.Generator, n: int) -> pa.Table:
    """Make n rows: numbers, a category, and a label that depends on both."""
    X = random.normal(size=(n, FEATURES)).round(5)
    place = random.integers(20, size=n)
    scores = np.stack([X @ np.linspace(-1, 1, FEATURES), 0.1 * place, X[:, 0]], axis=1)
    label = (scores + random.gumbel(size=scores.shape)).argmax(axis=1)
    columns = {f"x{j}": X[:, j] for j in range(FEATURES)}
    columns["place"] = np.array([f"place {p}" for p in range(20)])[place]
    columns["bird"] = np.array(CLASSES)[label]
    return pa.table(columns)


def make(file: Path, size: int) -> int:
    """Write rows until the file has ``size`` bytes; return how many there are."""
    random = np.random.default_rng(0)
    first = rows(random, ROWS_AT_A_TIME)
    count = len(first)
    with csv.CSVWriter(file, first.schema) as writer:
        writer.write_table(first)
        while file.stat().st_size < size:
            writer.write_table(rows(random, ROWS_AT_A_TIME))
            count += ROWS_AT_A_TIME
    return count


def difference(file: Path, folder: Path, memory: str) -> tuple[float, float]:
    """Fit the first rows of the file in chunks and in memory: how F and W differ."""
    part = folder / "part.csv"
    with file.open("rb") as source, part.open("wb") as target:
        target.writelines(islice(source, ROWS_COMPARED + 1))
    streamed = TableModel(SoftmaxRegression()).fit(scan(part, target="bird", memory=memory))
    table = csv.read_csv(part)
    y = np.asarray(table["bird"].to_pylist())
    whole = TableModel(SoftmaxRegression()).fit(table.drop_columns("bird"), y)
    one, other = streamed.estimator_, whole.estimator_
    return abs(one.loss_ - other.loss_), float(np.abs(one.coef_ - other.coef_).max())


def fitted(file: Path, folder: Path, memory: str) -> tuple[int, float, int]:
    """Fit in a process of its own: its peak memory in bytes, seconds, and bytes of the cache."""
    cache = folder / "cache"
    options = ("--target", "bird", "--memory", memory, "-q", "--cache", str(cache))
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", FIT, "fit", str(file), *options, "-o", str(folder / "birds.linnet")],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = perf_counter() - began
    return int(done.stdout), seconds, sum(each.stat().st_size for each in cache.iterdir())


def main() -> None:
    """Make, fit, compare, and print one line of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        file = folder / "birds.csv"
        count = make(file, int(chosen.gigabytes * 1e9))
        size = file.stat().st_size / 1e9
        peak, seconds, cached = fitted(file, folder, chosen.memory)
        sys.stdout.write(
            f"{size:.1f} GB of CSV, {count:,} rows; budget {chosen.memory}: "
            f"peak {peak / 1e9:.3f} GB, {seconds:.0f} s, cache {cached / 1e9:.1f} GB\n"
        )
        loss, coef = difference(file, folder, chosen.memory)
    sys.stdout.write(
        f"first {min(count, ROWS_COMPARED):,} rows in chunks and in memory: "
        f"F differs by {loss:.1e}, W by {coef:.1e}\n"
    )


if __name__ == "__main__":
    main()
