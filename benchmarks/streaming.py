"""Learning from a stream of texts in one pass: linnet, scikit-learn and Vowpal Wabbit in turn.

Run from a checkout with the real data beside it: python benchmarks/streaming.py [rounds]
The stream is the training part of 20 newsgroups as JSON lines, hashed into 2^18 columns, learnt
once; what is reported is told of the test part. linnet fits a scan. scikit-learn reads the same
file with PyArrow, and takes 1,000 rows at a time, or all, through HashingVectorizer into
SGDClassifier.partial_fit, log loss, one class against the rest. Vowpal Wabbit reads a file that
was written for it before: words in lower case, their counts divided by the length of the text;
--oaa, logistic loss. All start in one process, round after round; printed are medians of processor
time and of the ratios within each round to scikit-learn, by the processor and by the clock.
"""

import gzip
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from pyarrow import json as arrow_json
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier

from linnet import HashingEncoder, SoftmaxRegression, TableModel, scan

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
BITS = 18
WORD = re.compile(r"\b\w\w+\b")


@dataclass(frozen=True)
class Texts:
    """Texts with their groups, and the files in which they are streamed."""

    lines: Path
    vowpal: Path
    groups: list[str]
    n: int
    test: dict[str, list[str]]


def prepare(folder: Path) -> Texts:
    """Write the training part in both forms, and read the test part."""
    train, test = (read(part) for part in ("train", "test"))
    order = np.random.default_rng(0).permutation(len(train))
    groups = sorted({row["group"] for row in train})
    lines, vowpal = folder / "train.jsonl", folder / "train.vw"
    with lines.open("w") as plain, vowpal.open("w") as other:
        for row in (train[i] for i in order):
            plain.write(json.dumps({"text": row["text"], "group": row["group"]}) + "\n")
            other.write(f"{groups.index(row['group']) + 1} |{vowpal_words(row['text'])}\n")
    tested = {name: [row[name] for row in test] for name in ("text", "group")}
    return Texts(lines, vowpal, groups, len(train), tested)


def read(part: str) -> list[dict[str, str]]:
    """Read one part of 20 newsgroups."""
    with gzip.open(DATA / f"newsgroups20_bydate/{part}.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


def vowpal_words(text: str) -> str:
    """Words and their counts, divided by the length of them all."""
    counts = Counter(WORD.findall(text.lower()))
    length = sqrt(sum(count**2 for count in counts.values()))
    return "".join(f" {word}:{count / length:.6g}" for word, count in counts.items())


def linnet(texts: Texts, **settings: Any) -> TableModel:
    """Fit a scan of the file."""
    rows = scan(texts.lines, target="group", text=["text"])
    return TableModel(SoftmaxRegression(**settings), HashingEncoder(bits=BITS)).fit(rows)


def scikit_learn(texts: Texts, rows: int = 1000) -> tuple[Any, Any]:
    """Learn from some rows at a time."""
    words = HashingVectorizer(n_features=2**BITS)
    model = SGDClassifier(loss="log_loss", alpha=1 / texts.n, random_state=0)
    table = arrow_json.read_json(texts.lines)
    for start in range(0, table.num_rows, rows):
        some = table.slice(start, rows)
        X = words.transform(some.column("text").to_pylist())
        model.partial_fit(X, some.column("group").to_pylist(), classes=texts.groups)
    return words, model


def vowpal_wabbit(texts: Texts) -> Any:
    """Let its own driver read the file."""
    from vowpalwabbit.pyvw import Workspace

    arguments = f"--oaa {len(texts.groups)} -b {BITS} --loss_function logistic --quiet"
    learner = Workspace(f"-d {texts.vowpal} {arguments}")
    learner.run_parser()
    return learner


def judge_linnet(model: TableModel, texts: Texts) -> str:
    """Accuracy, bits a label, and the progressive loss."""
    table, groups = {"text": texts.test["text"]}, texts.test["group"]
    bits = float(model.code_lengths(table, groups).mean())
    loss = float(model.progressive_loss_)
    return f"{100 * model.score(table, groups):.1f} % | {bits:.3f} | {loss:.3f}"


def judge_scikit_learn(fitted: tuple[Any, Any], texts: Texts) -> str:
    """Accuracy, and bits a label of the probabilities it gives."""
    words, model = fitted
    X, groups = words.transform(texts.test["text"]), np.array(texts.test["group"])
    p = model.predict_proba(X)[np.arange(len(groups)), np.searchsorted(texts.groups, groups)]
    with np.errstate(divide="ignore"):
        bits = -np.log2(p).mean()
    return f"{100 * model.score(X, groups):.1f} % | {bits:.3f} | –"


def judge_vowpal_wabbit(learner: Any, texts: Texts) -> str:
    """Accuracy alone."""
    found = [learner.predict(f"|{vowpal_words(text)}") for text in texts.test["text"]]
    right = [texts.groups[k - 1] == g for k, g in zip(found, texts.test["group"], strict=True)]
    return f"{100 * np.mean(right):.1f} % | – | –"


WAYS: dict[str, tuple[Callable[[Texts], Any], Callable[[Any, Texts], str]]] = {
    "scikit-learn": (scikit_learn, judge_scikit_learn),
    "scikit-learn, all rows at once": (
        lambda texts: scikit_learn(texts, texts.n),
        judge_scikit_learn,
    ),
    "linnet, sgd": (lambda texts: linnet(texts, solver="sgd"), judge_linnet),
    "linnet, sgd, 1 row a step": (
        lambda texts: linnet(texts, solver="sgd", batch_size=1),
        judge_linnet,
    ),
    "linnet, adagrad": (lambda texts: linnet(texts, solver="adagrad"), judge_linnet),
    "linnet, adagrad, C = 1000": (
        lambda texts: linnet(texts, solver="adagrad", C=1000),
        judge_linnet,
    ),
    "Vowpal Wabbit": (vowpal_wabbit, judge_vowpal_wabbit),
}


def main() -> None:
    """Print a table with a line for each way."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        texts = prepare(Path(folder))
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
        judged = {}
        for turn in range(rounds + 1):
            for name, (learn, judge) in WAYS.items():
                processor, clock = process_time(), perf_counter()
                fitted = learn(texts)
                # The first round loads what is loaded once.
                if turn:
                    taken[name].append((process_time() - processor, perf_counter() - clock))
                if turn == rounds:
                    judged[name] = judge(fitted, texts)
    print("| | texts/s of processor | processor | clock | accuracy | bits | progressive |")
    print("|---|---|---|---|---|---|---|")
    for name, times in taken.items():
        pairs = list(zip(taken["scikit-learn"], times, strict=True))
        processor, clock = (median(one[i] / other[i] for one, other in pairs) for i in (0, 1))
        speed = texts.n / median(each for each, _ in times)
        print(f"| {name} | {speed:,.0f} | {processor:.2f} | {clock:.2f} | {judged[name]} |")


if __name__ == "__main__":
    main()
