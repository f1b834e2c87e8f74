"""Measures that are made of entropies: the divergence of two distributions from their mean."""

from math import exp

import numpy as np
from numpy.typing import ArrayLike

from linnet.errors import DataError
from linnet.information.distributions import distributions, same_shape
from linnet.information.measures import cross_entropy, divergence_terms, entropy
from linnet.information.units import Information, InformationArray, in_unit
from linnet.types import Unit

__all__ = ["jensen_shannon", "perplexity"]


def jensen_shannon(
    p: ArrayLike, q: ArrayLike, *, axis: int = -1, unit: Unit = "nats"
) -> Information | InformationArray:
    """Measure what a symbol tells of whether it came from ``p`` or ``q``, each as likely.

    JS(P, Q) = ½ D(P‖M) + ½ D(Q‖M) = H(M) − ½ H(P) − ½ H(Q), where M = ½ (P + Q): from 0, if the
    two are equal, to 1 bit, if no symbol is in both. Unlike D(P‖Q) it is symmetric and finite.

    Parameters
    ----------
    p, q : array of shape (..., q)
        Probabilities, each summing to 1 within 1e-6 along ``axis``; never changed to do so.
    axis : int
        Axis of the classes.
    unit : {"nats", "bits"}
        Unit of the answer, per symbol.

    Returns
    -------
    Information, or InformationArray of shape (...)
        One amount for each pair of rows.

    Raises
    ------
    DataError
        If a row is not a distribution, or the shapes differ.

    References
    ----------
    Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37(1), 1991.

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1], unit="bits")
    1.0 bits
    >>> print(f"{jensen_shannon([0.5, 0.5], [0.25, 0.75], unit='bits'):.4f}")
    0.0488 bits
    """
    P, Q = distributions(p, "p", axis), distributions(q, "q", axis)
    same_shape(P, "p", Q, "q")
    M = (P + Q) / 2
    with np.errstate(divide="ignore"):
        log_m = np.log(M)
    terms = divergence_terms(P, M, log_m) + divergence_terms(Q, M, log_m)
    # A sum of terms rounded up may pass log 2 by its last bits.
    return in_unit(np.minimum(terms.sum(axis=-1) / 2, np.log(2)), unit)


def perplexity(p: ArrayLike, q: ArrayLike | None = None) -> float:
    """Give the number of equally likely symbols that are as uncertain as ``p``: exp H(P).

    Where ``q`` is given, as uncertain as symbols from ``p`` are to who believes ``q``:
    exp H(P, Q).

    Parameters
    ----------
    p, q : array of shape (q,)
        Probabilities, each summing to 1 within 1e-6.

    Returns
    -------
    float
        At least 1; ``inf`` if some qⱼ = 0 < pⱼ.

    Raises
    ------
    DataError
        If ``p`` or ``q`` is not one distribution, or their shapes differ.

    References
    ----------
    Jelinek, Mercer, Bahl & Baker, "Perplexity: a measure of the difficulty of speech recognition
    tasks", J. Acoust. Soc. Am. 62, S63, 1977.

    Examples
    --------
    >>> round(perplexity([0.25, 0.25, 0.25, 0.25]), 12)
    4.0
    """
    nats = entropy(p) if q is None else cross_entropy(p, q)
    if not isinstance(nats, Information):
        raise DataError(f"p has shape {np.shape(p)}. Give one distribution at a time.")
    return exp(nats)
