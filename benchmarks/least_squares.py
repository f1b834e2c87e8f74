"""LinearRegression against scikit-learn's, and Intel's where that is installed, fits in turn.

Each round fits the same data with every library, so that what else the machine does falls on all
alike; the table gives medians. Peak memory is what a fit adds to that of a process of its own,
as Linux counts it.

    python benchmarks/least_squares.py [rows [columns [rounds]]]
"""

import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.linear_model import LinearRegression as SklearnLinearRegression

from linnet import LinearRegression, ridge_path

MODELS = {"linnet": LinearRegression, "scikit-learn": SklearnLinearRegression}


def rows_of(n, k):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, k))
    return X, X @ rng.standard_normal(k) + rng.standard_normal(n)


def with_intel():
    try:
        home = import_module("sklearnex.linear_model")
    except ImportError:
        return MODELS
    return {**MODELS, "scikit-learn-intelex": home.LinearRegression}


def peak(n, k, name):
    """Fit in this process, and print by how many bytes its peak rose, and the bytes of X."""
    X, y = rows_of(n, k)
    model = with_intel()[name]()
    # What is loaded once is loaded before.
    model.fit(X[:5000], y[:5000])
    # Forgets the peak so far: what is resident now is the peak.
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_resident()
    model.fit(X, y)
    print(peak_resident() - before, X.nbytes)


def peak_resident():
    status = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in status if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def seconds(fit):
    wall, cpu = time.perf_counter(), time.process_time()
    fit()
    return time.perf_counter() - wall, time.process_time() - cpu


def main(n=1_000_000, k=100, rounds=5):
    X, y = rows_of(n, k)
    models = with_intel()
    alphas = np.logspace(-3, 3, 25)
    fits = {name: (lambda model=model: model().fit(X, y)) for name, model in models.items()}
    fits["linnet, path of 25"] = lambda: ridge_path(X, y, alphas)
    taken = {name: [] for name in fits}
    for _ in range(rounds):
        for name, fit in fits.items():
            taken[name].append(seconds(fit))
    own = [wall for wall, _ in taken["linnet"]]
    print(f"{n} x {k} float64, {X.nbytes / 1e6:.0f} MB; medians of {rounds} rounds")
    for name, times in taken.items():
        walls, cpus = zip(*times, strict=True)
        ratio = median(wall / mine for wall, mine in zip(walls, own, strict=True))
        print(
            f"{name:22} {median(walls):7.3f} s  CPU {median(cpus):7.3f} s  {ratio:6.1f} x linnet",
            flush=True,
        )
    del X, y
    for name in models:
        command = [sys.executable, __file__, "--peak", str(n), str(k), name]
        rose, size = map(int, subprocess.check_output(command).split())
        print(f"{name:22} peak memory {rose / 1e6:7.1f} MB, {100 * rose / size:.1f} % of X")


if __name__ == "__main__":
    if "--peak" in sys.argv:
        peak(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        main(*map(int, sys.argv[1:]))
