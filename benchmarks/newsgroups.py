"""Softmax regression of 20 newsgroups (TF-IDF, CSR) to a gap of 1e-6 nats, beside scikit-learn.

Run from a checkout with the real data beside it: python benchmarks/newsgroups.py 1 newton-cg 8
with C, scikit-learn's solver and the iterations it needs. Both are fitted in turn, in one process;
times are of the processor, on as many threads as OMP_NUM_THREADS says.
"""

import sys
import warnings
from statistics import median
from time import process_time

import numpy as np
from fused_pass import newsgroups
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from linnet import SoftmaxRegression

RUNS = 3


def timed(model, X, y):
    start = process_time()
    model.fit(X, y)
    return process_time() - start


def objective(model, X, y):
    return log_loss(y, model.predict_proba(X)) + (model.coef_**2).sum() / (2 * model.C * len(y))


def main(C, solver, iterations):
    warnings.simplefilter("ignore")
    X, y = newsgroups()
    best = objective(SoftmaxRegression(C=C, tol=1e-9).fit(X, y), X, y)
    ours, theirs = [], []
    for _ in range(RUNS):
        model = SoftmaxRegression(C=C)
        peer = LogisticRegression(C=C, solver=solver, max_iter=iterations, tol=1e-30)
        ours.append(timed(model, X, y))
        theirs.append(timed(peer, X, y))
    ratio = median(np.divide(theirs, ours))
    print(f"linnet {median(ours):.2f} s, gap {objective(model, X, y) - best:.1e}", end="; ")
    print(f"{solver} {median(theirs):.2f} s, gap {objective(peer, X, y) - best:.1e}", end="; ")
    print(f"ratio {ratio:.0f}; passes {model.history_[-1].passes:.0f}")


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
