"""The native engine: the passes of the reference in one reading of the data, in C++.

Rows go in tiles through scores, softmax and gradient while they are in the cache. Data keep their
type and order, and are never copied whole. Sums over tiles are in float64, in an order that does
not depend on the number of threads: neither do the last bits.

``precise`` says what the arithmetic within a tile is. With it, everything is in float64, and
agrees with the reference to rounding. Without it, data of float32 or less (float16, bfloat16,
whole numbers of 8 and 16 bits) are handled in float32, at twice the speed: parameters are rounded
to it, and a score z = Σ wⱼxⱼ then errs by up to about 1e-7 · Σ |wⱼxⱼ|, a gradient by some 1e-7 of
its largest terms. float64 and sparse data are always handled in float64.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from linnet.data import Batch, Matrix
from linnet.data.batch import misplaced_entry
from linnet.engine.threads import thread_count
from linnet.errors import DataError, SettingError
from linnet.losses import Loss, SoftmaxCrossEntropy, SquaredLoss
from linnet.types import Array

__all__ = [
    "VECTOR_BYTES",
    "add_moments",
    "can_read_rows",
    "can_run",
    "curvature",
    "exp",
    "gradient_and_curvature_pass",
    "gradient_pass",
    "hessian_diagonal_pass",
    "hessian_product_pass",
    "hessian_products_pass",
    "instruction_set",
    "instruction_sets",
    "intercept_pass",
    "is_built",
    "is_exact_in_float32",
    "line",
    "log",
    "scores",
    "value_pass",
    "weight_width",
]

EXACT_IN_FLOAT32: Final = frozenset(
    {"float32", "float16", "bfloat16", "uint8", "int8", "uint16", "int16", "bool"}
)
VECTOR_BYTES: Final = 64
"""Length that lines of :func:`scores` are a multiple of, on every machine."""
KINDS: Final = EXACT_IN_FLOAT32 | {"float64", "uint32", "int32", "uint64", "int64"}

_native: Any
try:
    _native = import_module("linnet.engine._native")
except ImportError:
    _native = None


def is_built() -> bool:
    """Whether the extension module was built when linnet was installed."""
    return _native is not None


def instruction_sets() -> list[str]:
    """Instruction sets that this machine can run, the best first."""
    return list(_native.instruction_sets()) if is_built() else []


def instruction_set() -> str:
    """Name the instruction set in use: the best, or the one that ``LINNET_SIMD`` names."""
    known = instruction_sets()
    wanted = os.environ.get("LINNET_SIMD", "")
    if wanted and wanted not in known:
        raise SettingError(
            f"LINNET_SIMD={wanted!r}: this machine can run {', '.join(known)}. Name one of them, "
            "or leave the variable out for the best."
        )
    return wanted or known[0]


def can_run(loss: Loss, batch: Batch) -> bool:
    """Whether the native engine knows this loss and can read these arrays."""
    return (
        isinstance(loss, SoftmaxCrossEntropy | SquaredLoss)
        and can_read_rows(batch.X)
        and _kind(batch.y) in KINDS
        and _is_strided(batch.y)
    )


def is_exact_in_float32(X: Matrix) -> bool:
    """Whether float32 holds every value that X can have."""
    return _kind(X) in EXACT_IN_FLOAT32


def value_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[Array]:
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ)."""
    sums = _run("value", loss, batch, theta[None], 0, precise=precise)
    return (sums[:1].reshape(()),)


def gradient_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[Array, Array]:
    """Σᵢ sᵢ ℓ(yᵢ, zᵢ) and its gradient."""
    return _gradient(loss, batch, theta, None, precise=precise)


def gradient_and_curvature_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[tuple[Array, Array], Array | None]:
    """Give what :func:`gradient_pass` and :func:`curvature` do, in one reading of the data."""
    kept = _room_for_probabilities(loss, batch, len(theta), precise=precise)
    return _gradient(loss, batch, theta, kept, precise=precise), kept


def _gradient(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    probabilities: Array | None,
    *,
    precise: bool,
) -> tuple[Array, Array]:
    sums = _run(
        "gradient",
        loss,
        batch,
        theta[None],
        theta.size,
        probabilities=probabilities,
        precise=precise,
    )
    return sums[:1].reshape(()), sums[1:].reshape(theta.shape)


def hessian_product_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    direction: Float[Array, "m p"],
    *,
    curvature: Array | csr_array | None = None,
    precise: bool = True,
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ times ``direction``."""
    (products,) = hessian_products_pass(
        loss, batch, theta, direction[None], curvature=curvature, precise=precise
    )
    return (products[0],)


def hessian_products_pass(
    loss: Loss,
    batch: Batch,
    theta: Float[Array, "m p"],
    directions: Float[Array, "d m p"],
    *,
    curvature: Array | csr_array | None = None,
    precise: bool = True,
) -> tuple[Array]:
    """Hessian of Σᵢ sᵢ ℓᵢ times each of ``directions``, in one reading of the data.

    ``curvature`` is what :func:`curvature` gave for the same rows, Θ and ``precise``, or of that
    the probabilities that count, as a matrix n×m: for one direction, and dense rows.
    """
    # The Hessian of squared loss does not depend on Θ.
    squared = isinstance(loss, SquaredLoss)
    parameters = directions if squared else np.concatenate([theta[None], directions])
    sums = _run(
        "hessian_product",
        loss,
        batch,
        parameters,
        directions.size,
        probabilities=curvature if isinstance(curvature, np.ndarray) else None,
        pairs=curvature if isinstance(curvature, csr_array) else None,
        precise=precise,
    )
    return (sums[1:].reshape(directions.shape),)


def curvature(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> Array | None:
    """Compute what all Hessian products at Θ have in common: a third of the work of each.

    For softmax it is the probabilities of each row, m·n numbers, in float32 unless ``precise``;
    for squared loss nothing.
    """
    kept = _room_for_probabilities(loss, batch, len(theta), precise=precise)
    if kept is not None:
        _run("probabilities", loss, batch, theta[None], 0, probabilities=kept, precise=precise)
    return kept


def _room_for_probabilities(
    loss: Loss, batch: Batch, m: int, *, precise: bool
) -> Float[Array, "m n"] | None:
    if isinstance(loss, SquaredLoss):
        return None
    dtype = np.float32 if _in_float32(batch.X, precise=precise) else np.float64
    return np.empty((m, batch.n_samples), dtype)


def scores(
    loss: Loss, batch: Batch, parameters: Float[Array, "s m p"], *, precise: bool = True
) -> Float[Array, "r w"]:
    """Scores of each row under several sets of parameters, one after another.

    Each line holds a score of every row, and zeros up to a length of whole vectors.
    """
    dtype = np.dtype(np.float32 if _in_float32(batch.X, precise=precise) else np.float64)
    vector = VECTOR_BYTES // dtype.itemsize
    width = -(-batch.n_samples // vector) * vector
    Z = np.zeros((parameters.shape[0] * parameters.shape[1], width), dtype)
    _run("scores", loss, batch, parameters, 0, probabilities=Z, precise=precise)
    return Z


def line(
    scores: Float[Array, "r w"],
    n: int,
    weight: Float[Array, " n"] | None,
    length: float,
    *,
    anchored: bool,
) -> Float[Array, "3"]:
    """Value, slope and curvature of Σᵢ sᵢ logsumexp(zᵢ + t uᵢ) at t = ``length``."""
    sums = np.zeros(3)
    if weight is not None:
        weight = np.ascontiguousarray(weight, dtype=np.float64)
    _native.add_line(
        scores,
        weight,
        rows=n,
        anchored=anchored,
        length=length,
        simd=instruction_set(),
        sums=sums,
    )
    return sums


def hessian_diagonal_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"], *, precise: bool = True
) -> tuple[Array]:
    """Diagonal of the Hessian of Σᵢ sᵢ ℓᵢ, in the shape of Θ."""
    sums = _run("hessian_diagonal", loss, batch, theta[None], theta.size, precise=precise)
    return (sums[1:].reshape(theta.shape),)


def intercept_pass(
    loss: Loss, batch: Batch, theta: Float[Array, "m p"]
) -> tuple[Array, Array, Array]:
    """Σᵢ sᵢ ℓᵢ with its gradient (m) and Hessian (m×m) in the intercepts alone."""
    m = len(theta)
    sums = _run("intercept", loss, batch, theta[None], m * m + m, precise=True)
    return sums[:1].reshape(()), sums[1 + m * m :], sums[1 : 1 + m * m].reshape(m, m)


def add_moments(
    rows: Array,
    weights: Float[Array, "c t"],
    least: float,
    sums: Float[Array, "c r r"],
    *,
    others: Float[Array, "n o"] | None = None,
    indices: Int[Array, " t"] | None = None,
    threads: int | None = None,
) -> None:
    """Add Σᵢ cᵢ zᵢzᵢᵀ to ``sums`` for each row c of weights, on and above the diagonal only.

    z is a row with what ``others`` have behind it, or with a 1 where r = k + 1. Products are in the
    type of the weights, float32 or float64, and their sums over tiles of rows in float64. Weights,
    at least 0, that are below ``least`` are handed on to the rows that follow.

    Parameters
    ----------
    rows : array of shape (n, k)
        Rows of any type that :func:`can_read_rows` knows, each contiguous.
    weights : array of shape (c, t)
        Weights of all rows, or of those with ``indices``.
    least : float
        Weight that a row must have to be multiplied.
    sums : array of shape (c, r, r)
        What is added to.
    others : array of shape (n, r − k), optional
        The last entries of each row, in the type of the weights, contiguous.
    indices : array of shape (t,), optional
        Rows that count.
    threads : int, optional
        As many as passes have, unless given.
    """
    _native.add_moments(
        _exportable(rows),
        _kind(rows),
        weights,
        others,
        None if indices is None else np.ascontiguousarray(indices, dtype=np.int64),
        least=least,
        simd=instruction_set(),
        threads=thread_count() if threads is None else threads,
        sums=sums,
    )


def weight_width(scores: int) -> int:
    """Numbers kept for each column of sparse rows: ``scores``, and some to fill vectors."""
    return int(_native.width(scores, instruction_set()))


def exp(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Exponential of numbers up to 0, in float32 or float64: within 1 ulp, or 2 without FMA."""
    return _elementary("exp", x)


def log(x: Float[Array, " n"]) -> Float[Array, " n"]:
    """Logarithm of positive normal numbers, in float32 or float64: within 1 ulp, or 2."""
    return _elementary("log", x)


def _elementary(name: str, x: Float[Array, " n"]) -> Float[Array, " n"]:
    result = np.empty_like(x)
    _native.apply(name, x, result, instruction_set())
    return result


def _run(
    mode: str,
    loss: Loss,
    batch: Batch,
    parameters: Float[Array, "s m p"],
    size: int,
    *,
    probabilities: Array | None = None,
    pairs: csr_array | None = None,
    precise: bool,
) -> Float[Array, " t"]:
    """Run one pass: the value, then ``size`` numbers as its mode has them."""
    # The second number is what was left of the rounding of the value.
    sums = np.empty(2 + size)
    targets = _exportable(batch.y) if mode in {"value", "gradient", "intercept"} else None
    weight = batch.weight
    fault = _native.run(
        _rows(batch.X),
        targets,
        _kind(batch.y),
        None if weight is None else np.ascontiguousarray(weight, dtype=np.float64),
        np.ascontiguousarray(parameters, dtype=np.float64),
        loss="squared" if isinstance(loss, SquaredLoss) else "softmax",
        anchored=isinstance(loss, SoftmaxCrossEntropy) and bool(loss.anchored),
        mode=mode,
        float32=_in_float32(batch.X, precise=precise),
        simd=instruction_set(),
        threads=thread_count(),
        sums=sums,
        probabilities=probabilities,
        pairs=None if pairs is None else _pairs(pairs),
    )
    if fault is not None:
        _raise(fault, classes=parameters.shape[1] + int(getattr(loss, "anchored", False)))
    sums[1] = sums[0]
    return sums[1:]


def _raise(fault: tuple[str, int, int], *, classes: int) -> None:
    """Say which row cannot be used."""
    what, row, number = fault
    if what == "column":
        raise misplaced_entry(row, number)
    messages: dict[str, Callable[[], str]] = {
        "label": lambda: (
            f"The label in row {row} is {number}, but the model has {classes} classes: labels are "
            f"0 to {classes - 1}."
        ),
        "pointer": lambda: (
            f"Row {row} of the sparse matrix begins at entry {number} and ends outside of it. Its "
            "index arrays are corrupt: build it anew."
        ),
    }
    raise DataError(messages[what]())


def _rows(X: Matrix) -> tuple[Any, ...]:
    """Give the arrays behind a matrix."""
    if isinstance(X, np.ndarray):
        return _exportable(X), _kind(X)
    return X.indptr, X.indices, X.data, X.shape[1], bool(X.has_sorted_indices)


def _pairs(pairs: csr_array) -> tuple[Array, ...]:
    return pairs.indptr.astype(np.int64), pairs.indices.astype(np.int32), pairs.data


def _exportable(array: Array) -> Array:
    """Give the same bits as numbers that the buffer protocol knows: bfloat16 is not one."""
    return array.view(np.uint16) if _kind(array) == "bfloat16" else array


def _in_float32(X: Matrix, *, precise: bool) -> bool:
    return not precise and isinstance(X, np.ndarray) and is_exact_in_float32(X)


def _kind(array: Matrix) -> str:
    return _name(array.dtype)


@lru_cache
def _name(dtype: "np.dtype[Any]") -> str:
    # NumPy makes it anew each time: to ask six times takes longer than a pass over a small table.
    return str(dtype.name)


def _is_strided(array: Array) -> bool:
    return array.dtype.isnative and array.ndim in {1, 2}


def can_read_rows(X: Matrix) -> bool:
    """Whether the native engine can read these arrays."""
    if isinstance(X, np.ndarray):
        return X.ndim == 2 and _kind(X) in KINDS and _is_strided(X)
    return (
        X.format == "csr"
        and _kind(X) in {"float32", "float64"}
        and {_kind(X.indptr), _kind(X.indices)} <= {"int32", "int64"}
        and all(a.dtype.isnative and a.flags.c_contiguous for a in (X.indptr, X.indices, X.data))
    )
