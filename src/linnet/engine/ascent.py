"""Dual coordinate ascent by the native engine: a sweep over rows, and weights made anew."""

import numpy as np
from jaxtyping import Float, Int

from linnet.data import Matrix
from linnet.engine.native import _native, _raise, _rows, instruction_set
from linnet.engine.threads import thread_count
from linnet.types import Array

__all__ = ["outer", "sweep"]


def sweep(
    X: Matrix,
    rows: Int[Array, " r"] | None,
    *,
    sample_weight: Float[Array, " n"],
    penalty: float,
    share: float,
    anchored: bool,
    weights: Float[Array, "k w"],
    intercepts: Float[Array, " m"],
    log_probabilities: Float[Array, "n q"],
    divergences: Float[Array, " n"],
) -> float:
    """Dual coordinate ascent over ``rows`` of a sparse matrix: the last four arrays are its state.

    Row i in turn takes the p that is the softmax of the scores it then has, by Newton's method:
    W gains (s/``penalty``) (p_old − p) xᵀ, and b as much as for a feature of the value
    √``share``. ``divergences`` notes Σⱼ pⱼ log(pⱼ/ŷⱼ) as it was before. Without ``rows`` it notes
    those of all rows, and nothing else is changed.

    Returns
    -------
    float
        What Σᵢ sᵢ H(pᵢ) − (``penalty``/2) ‖W‖² has gained.
    """
    gain = np.zeros(1)
    fault = _native.sweep(
        _rows(X),
        None if rows is None else np.ascontiguousarray(rows, dtype=np.int64),
        sample_weight,
        weights=weights,
        intercepts=intercepts,
        log_probabilities=log_probabilities,
        divergences=divergences,
        gain=gain,
        penalty=penalty,
        share=share,
        anchored=anchored,
        simd=instruction_set(),
        threads=thread_count(),
    )
    if fault is not None:
        _raise(fault, classes=log_probabilities.shape[1])
    return float(gain[0])


def outer(
    X: Matrix, residuals: Float[Array, "n w"], weights: Float[Array, "k w"], *, scores: int
) -> None:
    """Set ``weights`` to XᵀR for a sparse matrix whose rows have been read before."""
    _native.outer(
        _rows(X),
        residuals,
        weights,
        scores=scores,
        simd=instruction_set(),
        threads=thread_count(),
    )
