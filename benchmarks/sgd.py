"""One epoch of linnet's stochastic solver beside one of scikit-learn's SGDClassifier.

Run from a checkout with the real data beside it: python -m benchmarks.sgd [rounds]
Both run in turn on one thread, round after round in one process. Printed are the medians of the
processor time, and of the ratios of the two in each round; then the objective that both reach with
one row a step after 1 and 5 epochs. scikit-learn fits one model a class against the rest; its
scores are taken as those of a softmax for F, which is what linnet minimises; the nats a label are
those of each model's own probabilities.
"""

import os
import sys
import warnings
from statistics import median
from time import process_time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier

from benchmarks import data
from benchmarks.machine import machine
from benchmarks.report import markdown_of_machine
from linnet import SoftmaxRegression
from linnet.data import MemorySource
from linnet.engine import Iterate, StepRule
from linnet.losses import SoftmaxCrossEntropy
from linnet.objective import Objective

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
WAYS = {
    "one row a step": (StepRule(), 1),
    "8 rows a step": (StepRule(), 8),
    "64 rows a step (default)": (StepRule(), 64),
    "average": (StepRule(average=True), 1),
    "momentum": (StepRule(momentum=0.9), 1),
    "AdaGrad": (StepRule(optimizer="adagrad", epsilon=1e-10), 1),
    "Adam": (StepRule(optimizer="adam"), 1),
    "AdaGrad, 64 rows": (StepRule(optimizer="adagrad", epsilon=1e-10), 64),
    "Adam, 64 rows": (StepRule(optimizer="adam"), 64),
}


def seconds(call):
    start = process_time()
    call()
    return process_time() - start


def scikit_learn(X, y, epochs):
    """Fit with a penalty of the same strength; it takes sparse matrices of 32-bit indices."""
    rows = sp.csr_matrix(X) if sp.issparse(X) else X
    return SGDClassifier(
        loss="log_loss", alpha=1 / len(y), max_iter=epochs, tol=None, random_state=0
    ).fit(rows, y)


def epoch(objective, rule, batch_size):
    return objective.walk(
        Iterate.begin(np.zeros(objective.shape), rule),
        rule,
        rates=lambda t: np.full(len(t), 0.01),
        batch_size=batch_size,
        random=np.random.default_rng(0),
    )


def compare_speed(X, y, objective):
    print("| one epoch | ms | rows a second | times scikit-learn's speed |\n|---|---|---|---|")
    theirs, ours, ratios = [], {name: [] for name in WAYS}, {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        theirs.append(seconds(lambda: scikit_learn(X, y, 1)))
        for name, (rule, batch_size) in WAYS.items():
            took = seconds(lambda rule=rule, size=batch_size: epoch(objective, rule, size))
            ours[name].append(took)
            ratios[name].append(theirs[-1] / took)
    n = len(y)
    print(f"| scikit-learn | {1e3 * median(theirs):.0f} | {n / median(theirs):,.0f} | 1 |")
    for name, times in ours.items():
        ms, rate = 1e3 * median(times), n / median(times)
        print(f"| {name} | {ms:.0f} | {rate:,.0f} | {median(ratios[name]):.1f} |")


def reached(X, y, objective, model):
    theta = np.c_[model.coef_, model.intercept_]
    with np.errstate(divide="ignore"):  # infinite where a label had no probability at all
        surprise = -np.log(model.predict_proba(X)[np.arange(len(y)), y]).mean()
    return f"{objective.value(theta):.4f} | {surprise:.4f} | {model.score(X, y):.4f}"


def compare_fits(X, y, objective):
    print("\n| fit | epochs | F | nats a label | accuracy |\n|---|---|---|---|---|")
    for epochs in (1, 5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            theirs = scikit_learn(X, y, epochs)
        print(f"| scikit-learn | {epochs} | {reached(X, y, objective, theirs)} |")
        for settings in ({"solver": "sgd"}, {"solver": "adagrad"}, {"solver": "adam"}):
            model = SoftmaxRegression(**settings, batch_size=1, max_iter=epochs, tol=1e-9)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(X, y)
            name = settings["solver"]
            print(f"| linnet, {name} | {epochs} | {reached(X, y, objective, model)} |")


def main():
    print(markdown_of_machine(machine(threads=1)), f"{ROUNDS} rounds", sep="\n", end="\n\n")
    for name, problem in (
        ("Fashion-MNIST, pixels/255, float32", data.fashion_mnist(1.0)),
        ("20 newsgroups, TF-IDF", data.newsgroups(1.0)),
    ):
        X, y = problem.X, problem.y
        objective = Objective(
            source=MemorySource(X, y),
            loss=SoftmaxCrossEntropy(),
            n_scores=int(y.max()) + 1,
            l2=1 / len(y),
        )
        print(f"### {name}: {X.shape[0]:,} × {X.shape[1]:,}, {objective.n_scores} classes\n")
        compare_speed(X, y, objective)
        compare_fits(X, y, objective)
        print()


if __name__ == "__main__":
    main()
