"""Fit Fashion-MNIST at default settings, and print each step with its proven gap.

Run from a checkout with the real data beside it: python benchmarks/fashion_mnist.py [rows]
"""

import gzip
import os
import sys
from pathlib import Path

import numpy as np

from linnet import SoftmaxRegression
from linnet.solvers import listening

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


def idx(name, offset):
    with gzip.open(DATA / "fashion_mnist" / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    X = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)[:rows] / 255
    y = idx("train-labels-idx1-ubyte.gz", 8)[:rows]
    print("step  objective  gap      passes  seconds")
    with listening(
        lambda s: print(
            f"{s.number:4d}  {s.value:.7f}  {s.gap:.1e}  {s.passes:6.1f}  {s.seconds:6.2f}"
        )
    ):
        model = SoftmaxRegression().fit(X, y)
    print(f"\n{model.loss_:.9f} nats, {model.certificate_}")


if __name__ == "__main__":
    main()
