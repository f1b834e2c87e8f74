"""The data of the cases: real tables where they are found, and made ones, the same every time."""

import gzip
import os
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from benchmarks.problems import Problem

__all__ = [
    "DATA",
    "a9a",
    "adult",
    "classes_told_apart",
    "embeddings",
    "fashion_mnist",
    "fashion_mnist_raw",
    "newsgroups",
    "numbers",
    "regression",
    "toy",
]

DATA = Path(os.environ.get("LINNET_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))


def fashion_mnist(C: float, rows: int = 60_000) -> Problem:
    """Fashion-MNIST as pixels/255 in float32."""
    pixels, y = _fashion_mnist()
    X = pixels[:rows] / np.float32(255)
    return Problem(X=X, y=y[:rows], Cs=(C,), pixel_scale=255.0)


def fashion_mnist_raw(C: float) -> Problem:
    """Fashion-MNIST as pixels 0, …, 255 in float32: badly conditioned, hardly penalised."""
    pixels, y = _fashion_mnist()
    return Problem(X=pixels.astype(np.float32), y=y, Cs=(C,), pixel_scale=1.0)


def newsgroups(C: float) -> Problem:
    """20 newsgroups as TF-IDF with sublinear counts, CSR."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = _table("newsgroups20_bydate/train.jsonl.gz")
    texts = [text or "" for text in table.column("text").to_pylist()]
    X = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    return Problem(X=X, y=_codes(table.column("group").to_pylist()), Cs=(C,))


def numbers(file: str, target: str) -> Problem:
    """Read a table of numbers as it is, C = 1."""
    table = _table(file)
    rest = table.without(target)
    X = np.column_stack([rest.column(name).to_numpy() for name in rest.names]).astype(float)
    return Problem(X=X, y=_codes(table.column(target).to_pylist()))


def adult() -> Problem:
    """Adult, its categories as columns of 0 and 1, its numbers at raw scale."""
    from linnet import TableEncoder

    table = _table("adult/adult-train.csv")
    X = TableEncoder(scale=False).fit_transform(table.without("c15"))
    return Problem(X=X, y=_codes(table.column("c15").to_pylist()))


def a9a() -> Problem:
    """Adult as libsvm has it: 123 columns of 0 and 1, CSR."""
    from sklearn.datasets import load_svmlight_file

    X, y = load_svmlight_file(str(_there("libsvm_a9a/a9a")))
    return Problem(X=X, y=_codes(y))


def toy(name: str) -> Problem:
    """Give one of scikit-learn's own small tables."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return Problem(X=X, y=y.astype(np.int64))


def embeddings(
    rows: int = 50_000, features: int = 512, classes: int = 100, accuracy: float = 0.85
) -> Problem:
    """Make data like embeddings: class means, correlated noise, rows of unit length, float32.

    Before the noise is correlated, the means lie in random directions at the one distance from
    the origin at which the best classifier has the accuracy asked for. One learnt from 500 rows a
    class has 0.80 on other rows where the best has 0.85.
    """
    random = np.random.default_rng(20)
    distance = brentq(lambda d: classes_told_apart(d, classes) - accuracy, 0.0, 20.0)
    means = random.normal(size=(classes, features)) * (distance / np.sqrt(features))
    y = random.integers(classes, size=rows)
    # Standard deviations that fall as 1/√j, in directions that no column has to itself.
    basis = np.linalg.qr(random.normal(size=(features, features)))[0]
    mixing = (basis / np.sqrt(np.arange(1, features + 1))).T.astype(np.float32)
    X = (random.normal(size=(rows, features)) + means[y]).astype(np.float32) @ mixing
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    # Every class occurs, also among few rows.
    y_codes = np.unique(y, return_inverse=True)[1].astype(np.int64)
    return Problem(X=X, y=y_codes)


def classes_told_apart(distance: float, classes: int) -> float:
    """Probability that the right one of several orthogonal signals in unit noise is the largest.

    ∫ φ(z − d) Φ(z)^(q−1) dz, the accuracy of the best classifier for orthogonal means of length d
    (Green and Swets, *Signal Detection Theory and Psychophysics*, 1966, on forced choice).
    """
    return quad(lambda z: norm.pdf(z - distance) * norm.cdf(z) ** (classes - 1), -8, 8 + distance)[
        0
    ]


def regression(rows: int = 1_000_000, features: int = 100) -> Problem:
    """Make a linear function of Gaussian features, plus unit noise, in float64."""
    random = np.random.default_rng(30)
    X = random.normal(size=(rows, features))
    y = X @ random.normal(size=features) + random.normal(size=rows) + 1
    return Problem(X=X, y=y, Cs=(inf,))


def _there(name: str) -> Path:
    file = DATA / name
    if not file.exists():
        raise FileNotFoundError(
            f"{name} is neither in ../shared/data nor in the folder named by LINNET_DATA"
        )
    return file


def _table(name: str) -> Any:
    from linnet.data.reading import read_table

    return read_table(_there(name))


def _codes(labels: Any) -> np.ndarray:
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


@cache
def _fashion_mnist() -> tuple[np.ndarray, np.ndarray]:
    pixels = _idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    return pixels, _idx("train-labels-idx1-ubyte.gz", 8).astype(np.int64)


def _idx(name: str, offset: int) -> np.ndarray:
    with gzip.open(_there(f"fashion_mnist/{name}")) as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)
