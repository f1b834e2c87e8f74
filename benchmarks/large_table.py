"""A table larger than a budget of memory, fitted within it: ``python -m benchmarks.large_table``.

Makes a CSV of the size asked for, fits it by ``linnet fit`` in a process of its own, and prints
the peak of that process's memory, the seconds, and the size of the cache.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from pyarrow import csv

ROWS_AT_A_TIME = 200_000
FEATURES = 12
CLASSES = ("wren", "finch", "linnet")

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


def main() -> None:
    """Make, fit, and print one line of a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--folder", type=Path, default=None)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        file = Path(folder, "birds.csv")
        count = make(file, int(chosen.gigabytes * 1e9))
        fit = ("fit", str(file), "--target", "bird", "--memory", chosen.memory, "-q")
        began = perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", FIT, *fit, "-o", f"{folder}/birds.linnet", "--cache", folder],
            check=True,
            capture_output=True,
            text=True,
        )
        seconds = perf_counter() - began
        size = file.stat().st_size / 1e9
        cached = sum(each.stat().st_size for each in Path(folder).iterdir()) / 1e9 - size
    peak = int(done.stdout) / 1e9
    sys.stdout.write(
        f"{size:.1f} GB of CSV, {count:,} rows; budget {chosen.memory}: peak {peak:.3f} GB, "
        f"{seconds:.0f} s, cache {cached:.1f} GB\n"
    )


if __name__ == "__main__":
    main()
