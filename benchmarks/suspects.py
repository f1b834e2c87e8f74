"""Labels turned wrong on purpose, and how many of them stand first among the suspects.

Run from a checkout with the real data beside it: python benchmarks/suspects.py [share] [folds]
A share of the labels, 2 % unless given, is replaced by another class at random. Rows are then
listed from the longest code down, with the model fitted to all of them, and out of fold. Printed
are the share of wrong labels among as many first rows as there are, and among the first tenth of
these; the share of all wrong labels among the first 5 % of rows; the mean code length; and the
bits of V-information. Chance finds the share that is wrong.
"""

import os
import sys
from pathlib import Path

import numpy as np

from linnet import SoftmaxRegression, TableEncoder, TableModel, suspects, v_information
from linnet.data.reading import read_table

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
TABLES = (
    ("adult", "adult/adult-train.csv", "c15", (), 1.0),
    ("letter", "letter/letter-recognition.data", "c1", (), 1.0),
    ("mushroom", "uci_mushroom/agaricus-lepiota.data", "c1", (), 1.0),
    ("dry bean", "dry_bean/dry_bean.csv", "Class", (), 1.0),
    ("SMS", "sms_spam/SMSSpamCollection", "c1", ("c2",), 1.0),
    ("SMS, C = 100", "sms_spam/SMSSpamCollection", "c1", ("c2",), 100.0),
)


def flip(labels: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Replace a share of the labels by another class; return the labels, and which are wrong."""
    random = np.random.default_rng(0)
    classes, codes = np.unique(labels, return_inverse=True)
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[random.choice(len(labels), int(share * len(labels)), replace=False)] = True
    codes[wrong] = (codes[wrong] + random.integers(1, len(classes), wrong.sum())) % len(classes)
    return classes[codes], wrong


def main() -> None:
    """Print a table with a line for each way."""
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 0.02
    folds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print("| table | coded | of the first m | of the first m/10 | found in 5 % | bits a label |")
    print("|---|---|---|---|---|---|")
    for name, file, target, text, C in TABLES:
        table = read_table(DATA / file)
        rows = table.without(target)
        labels = np.array([str(label) for label in table.column(target).to_pylist()])
        given, wrong = flip(labels, share)
        model = TableModel(SoftmaxRegression(C), TableEncoder(text=text)).fit(rows, given)
        m = int(wrong.sum())
        for way, cv in (("in sample", None), (f"{folds} folds", folds)):
            found = suspects(model, rows, given, cv=cv)
            hits = wrong[found.rows]
            print(
                f"| {name}, m = {m:,} of {len(labels):,} | {way} | {100 * hits[:m].mean():.1f} % "
                f"| {100 * hits[: m // 10].mean():.1f} % "
                f"| {100 * hits[: len(hits) // 20].sum() / m:.1f} % "
                f"| {float(found.mean):.4f} |",
                flush=True,
            )
        told = v_information(model, rows, given, cv=folds)
        low = np.asarray(told.pointwise) < 0
        print(
            f"| | V-information {told.information:.4f} | below 0: {low.sum():,} rows, "
            f"{100 * wrong[low].mean():.1f} % of them wrong | | | |"
        )


if __name__ == "__main__":
    main()
