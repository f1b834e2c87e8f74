"""Labels of real tables described three ways: online, in two parts, and on rows held out.

Run from a checkout with the real data beside it: python benchmarks/descriptions.py
First the prequential code of three classifiers, with the default blocks. Then, for softmax
regressions of several C, the two-part code of three quarters of the rows, beside the mean code
length of the others: does the shortest description do best there?
"""

import os
import warnings
from pathlib import Path
from time import process_time

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.naive_bayes import GaussianNB

from linnet import (
    SoftmaxRegression,
    TableEncoder,
    prequential_code_length,
    shortest_description,
)
from linnet.data.reading import read_table

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
TABLES = (
    ("letter", "letter/letter-recognition.data", "c1", ()),
    ("dry bean", "dry_bean/dry_bean.csv", "Class", ()),
    ("adult", "adult/adult-train.csv", "c15", ()),
    ("SMS", "sms_spam/SMSSpamCollection", "c1", ("c2",)),
)
ONLINE = (
    ("SoftmaxRegression()", SoftmaxRegression(), 0.0),
    ("GaussianNB(), smoothing 0.01", GaussianNB(), 0.01),
    ("RandomForestClassifier(), smoothing 0.01", RandomForestClassifier(random_state=0), 0.01),
)
CS = np.logspace(-3, 3, 7)


def main() -> None:
    """Print both tables."""
    # scikit-learn's forests remark on blocks of few rows.
    warnings.filterwarnings("ignore", message="The number of unique classes")
    tables = {}
    for name, file, target, text in TABLES:
        table = read_table(DATA / file)
        X = TableEncoder(text=text).fit_transform(table.without(target))
        labels = [str(label) for label in table.column(target).to_pylist()]
        tables[name] = X, np.array(labels)
    print(
        "| table | classifier | bits | a label | compression | seconds |\n|---|---|---|---|---|---|"
    )
    for name, (X, y) in tables.items():
        if isinstance(X, np.ndarray):
            print_prequential(name, X, y)
    print("\n| table | C | two parts, bits | parameters | step | not 0 | held out, bits a label |")
    print("|---|---|---|---|---|---|---|")
    for name, (X, y) in tables.items():
        print_two_parts(name, X, y)


def print_prequential(name: str, X: np.ndarray, y: np.ndarray) -> None:
    """Print a line for each classifier."""
    for kind, classifier, smoothing in ONLINE:
        start = process_time()
        code = prequential_code_length(classifier, X, y, smoothing=smoothing)
        print(
            f"| {name} | {kind} | {float(code.total):,.0f} | {float(code.per_label):.4f} "
            f"| {code.compression:.2f} | {process_time() - start:.1f} |",
            flush=True,
        )


def print_two_parts(name: str, X: np.ndarray, y: np.ndarray) -> None:
    """Print a line for each C, the shortest description and the best held-out code in bold."""
    order = np.random.default_rng(0).permutation(len(y))
    out, used = order[: len(y) // 4], order[len(y) // 4 :]
    models = {f"{C:g}": SoftmaxRegression(C, tol=1e-4).fit(X[used], y[used]) for C in CS}
    choice = shortest_description(models, X[used], y[used])
    held = {C: float(model.code_lengths(X[out], y[out]).mean()) for C, model in models.items()}
    for C, told in ((C, choice[C]) for C in choice):
        total = f"{float(told.total):,.0f}"
        print(
            f"| {name} | {C} | {f'**{total}**' if choice.best_name == C else total} "
            f"| {float(told.parameters):,.0f} | 2^{-told.exponent} | {told.n_nonzero:,} of "
            f"{told.n_parameters:,} | "
            f"{f'**{held[C]:.4f}**' if held[C] == min(held.values()) else f'{held[C]:.4f}'} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
