"""LinearRegression against scikit-learn's, and Intel's where that is installed, fits in turn.

Each round fits the same data with every library, so that what else the machine does falls on all
alike; the table gives the medians. Peak memory is what a fit adds to the process, as the system
counts it, in a process of its own.

    python benchmarks/least_squares.py [rows [columns [rounds]]]
"""

import resource
import subprocess
import sys
import time
from importlib import import_module
from statistics import median

import numpy as np
from sklearn.linear_model import LinearRegression as SklearnLinearRegression

from linnet import LinearRegression, ridge_path

MODELS = {"linnet": LinearRegression, "scikit-learn": SklearnLinearRegression}


def rows_of(n, k):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, k))
    X += np.linspace(0, 3, k)
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
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model.fit(X, y)
    print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before), X.nbytes)


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
        print(f"{name:22} {median(walls):7.3f} s  CPU {median(cpus):7.3f} s  {ratio:6.1f} x linnet")
    del X, y
    for name in models:
        command = [sys.executable, __file__, "--peak", str(n), str(k), name]
        rose, size = map(int, subprocess.check_output(command).split())  # noqa: S603
        print(f"{name:22} peak memory {rose / 1e6:7.1f} MB, {100 * rose / size:.1f} % of X")


if __name__ == "__main__":
    if "--peak" in sys.argv:
        peak(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        main(*map(int, sys.argv[1:]))
