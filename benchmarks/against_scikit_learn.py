"""Default fits of linnet and scikit-learn on real tables at raw scale: time and gap.

Run from a checkout with the real data beside it: python benchmarks/against_scikit_learn.py
Both are fitted in turn, several times in one process; medians are printed as a Markdown table.
"""

import os
import platform
import warnings
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from sklearn.datasets import load_svmlight_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from linnet import SoftmaxRegression, TableEncoder
from linnet.data.reading import read_table

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
RUNS = 3


def numbers(file, target):
    table = read_table(DATA / file)
    y = np.array(table.column(target).to_pylist())
    rest = table.without(target)
    return np.column_stack([rest.column(name).to_numpy() for name in rest.names]).astype(float), y


def adult():
    table = read_table(DATA / "adult/adult-train.csv")
    X = TableEncoder(scale=False).fit_transform(table.without("c15"))
    return X, np.array(table.column("c15").to_pylist())


CASES = {
    "letter": lambda: numbers("letter/letter-recognition.data", "c1"),
    "covtype_20k": lambda: numbers("covtype_20k/covtype.20k.data", "c55"),
    "dry_bean": lambda: numbers("dry_bean/dry_bean.csv", "Class"),
    "adult, encoded, unscaled": adult,
    "a9a (CSR)": lambda: load_svmlight_file(str(DATA / "libsvm_a9a/a9a")),
}


def objective(model, X, y):
    return log_loss(y, model.predict_proba(X)) + (model.coef_**2).sum() / (2 * model.C * len(y))


def timed(make, X, y):
    start = perf_counter()
    model = make().fit(X, y)
    return perf_counter() - start, model


def main():
    warnings.simplefilter("ignore")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores\n")
    print("| table | linnet | proven gap | scikit-learn | its gap | ratio of times |")
    print("|---|---|---|---|---|---|")
    for name, load in CASES.items():
        X, y = load()
        best = objective(SoftmaxRegression(tol=1e-10).fit(X, y), X, y)
        pairs = [
            (timed(SoftmaxRegression, X, y), timed(LogisticRegression, X, y)) for _ in range(RUNS)
        ]
        ours, theirs = (median(pair[i][0] for pair in pairs) for i in (0, 1))
        model, peer = pairs[-1][0][1], pairs[-1][1][1]
        print(
            f"| {name} | {ours:.2f} s | {model.certificate_.gap:.0e} | {theirs:.2f} s "
            f"| {objective(peer, X, y) - best:.0e} | {theirs / ours:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
