"""Small problems of every kind that the benchmarks fit, and who is there to fit them."""

from math import inf

import numpy as np
import scipy.sparse as sp

from benchmarks.contest import Point
from benchmarks.peers import CONTENDERS
from benchmarks.problems import Problem

GAP = 1e-6
# The reference is certified to 1e-10, so that nobody can be further below it.
REFERENCE_DIGITS = 10


def problem(classes, *, sparse=False, kind=np.float64, C=0.05):
    random = np.random.default_rng(classes)
    X = (random.normal(size=(400, 6)) + 0.3).astype(kind)
    if sparse:
        X = sp.csr_matrix(np.where(np.abs(X) > 0.6, X, 0))
    Z = X @ random.normal(size=(6, max(1, classes)))
    if not classes:
        return Problem(X=X, y=Z[:, 0] + random.normal(size=400) + 2, Cs=(C,))
    if classes == 2:
        Z[:, 0] = 0.3
    y = (Z + random.gumbel(size=Z.shape)).argmax(axis=1)
    return Problem(X=X, y=y.astype(np.int64), Cs=(C,))


PROBLEMS = {
    "three classes": problem(3),
    "three classes, float32": problem(3, kind=np.float32),
    "three classes, CSR": problem(3, sparse=True),
    "two classes": problem(2),
    "two classes, CSR": problem(2, sparse=True),
    "ridge": problem(0),
    "least squares": problem(0, C=inf),
}
FITTERS = [c for c in CONTENDERS.values() if c.work == "fit" and c.version is not None]


def point(effort, seconds, gap):
    return Point(effort=effort, seconds=seconds, gap=gap)
