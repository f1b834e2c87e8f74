"""Problems for the tests of the engines, and how nearly two engines must agree on them."""

import numpy as np
import pytest

from linnet.data import Batch
from linnet.engine import native, reference
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss

LOSSES = ["labels", "distributions", "anchored", "anchored distributions", "squared"]
DENSE = ["float64", "float32", "float16", "bfloat16", "uint8", "int8", "uint16", "int64", "bool"]
PASSES = [
    "value",
    "gradient",
    "hessian_product",
    "hessian_products",
    "hessian_diagonal",
    "intercept",
]
SINGLE = float(np.finfo(np.float32).eps)


def bfloat16(X):
    """bfloat16 as ml_dtypes, PyTorch and JAX give it to NumPy."""
    return X.astype(pytest.importorskip("ml_dtypes").bfloat16)


def as_dtype(X, dtype):
    if dtype == "bfloat16":
        return bfloat16(X)
    whole = np.dtype(dtype).kind in "uib"
    return (np.abs(X) * 3 if whole else X).astype(dtype)


def rows_of(rng, n, k, storage="float64", order="C"):
    X = as_dtype(rng.normal(size=(n, k)), storage)
    match order:
        case "C":
            return np.ascontiguousarray(X)
        case "F":
            return np.asfortranarray(X)
        case "strided rows":
            return np.repeat(X, 2, axis=0)[::2]
        case "strided columns":
            return np.repeat(X, 2, axis=1)[:, ::2]
        case _:
            return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]


def model_of(rng, kind, n, q):
    """A loss, its targets, and the number of scores, for q classes."""
    anchored = kind.startswith("anchored")
    m = max(1, q - anchored)
    match kind:
        case "squared":
            return SquaredLoss(), rng.normal(size=(n, m)), m
        case "labels" | "anchored":
            return SoftmaxCrossEntropy(anchored=anchored), rng.integers(m + anchored, size=n), m
        case _:
            y = rng.dirichlet(np.full(m + anchored, 0.3), n) if n else np.empty((0, m + anchored))
            return SoftmaxCrossEntropy(anchored=anchored), y, m


def case(
    seed, kind, *, n=70, k=9, q=4, storage="float64", order="C", weighted=True, intercept=True
):
    rng = np.random.default_rng(seed)
    X = rows_of(rng, n, k, storage, order)
    loss, y, m = model_of(rng, kind, n, q)
    weight = rng.integers(0, 4, n).astype(float) if weighted else None
    size = 2.0 / np.sqrt(max(1, k))
    return loss, Batch(X, y, weight), size * rng.normal(size=(m, k + intercept))


def directions_for(theta, count=3):
    return np.random.default_rng(1).normal(size=(count, *theta.shape))


def run(name, module, loss, batch, theta, **precise):
    function = getattr(module, f"{name}_pass")
    if name == "hessian_product":
        return function(loss, batch, theta, directions_for(theta)[0], **precise)
    if name == "hessian_products":
        return function(loss, batch, theta, directions_for(theta), **precise)
    return function(loss, batch, theta, **precise)


def size_of_terms(name, loss, batch, theta):
    """Sum over the rows of the sizes of what is added up: rounding is relative to that."""
    X = batch.X if isinstance(batch.X, np.ndarray) else batch.X.toarray()
    X = np.abs(X.astype(np.float64))
    n, k = X.shape

    def size_of_scores(W):
        return 1 + (X @ np.abs(W[:, :k]).T + np.abs(W[:, k:]).sum(axis=1)).max(axis=1, initial=0)

    row = size_of_scores(theta)
    if name.startswith("hessian_product"):
        row = row * size_of_scores(np.abs(directions_for(theta)).max(axis=0))
    if isinstance(loss, SquaredLoss) and n:
        row = row + np.abs(batch.y).max(axis=1)
        row = row**2 if name in {"value", "gradient", "intercept"} else row
    if name not in {"value", "intercept"}:
        row = row * np.maximum(1, X.max(axis=1, initial=0)) ** (1 + (name == "hessian_diagonal"))
    return float(row.sum() if batch.weight is None else batch.weight @ row)


def assert_same(name, loss, batch, theta, precision, **precise):
    """Results differ by no more than rounding, as sums of so many numbers let it grow."""
    # Errors of either sign grow like the root of their number.
    growth = np.sqrt(batch.X.shape[1] + len(theta) + 16)
    bound = precision * growth * size_of_terms(name, loss, batch, theta)
    expected = run(name, reference, loss, batch, theta)
    for got, wanted in zip(run(name, native, loss, batch, theta, **precise), expected, strict=True):
        assert got.shape == wanted.shape
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, wanted, rtol=0, atol=bound)
