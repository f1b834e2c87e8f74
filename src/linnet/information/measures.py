"""Entropy, cross entropy and Kullback–Leibler divergence of probabilities."""

from operator import index
from typing import SupportsFloat

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.errors import DataError, DataTypeError
from linnet.information.distributions import distributions, probabilities, same_shape
from linnet.information.units import Information, InformationArray, in_unit
from linnet.numeric import xlogx, xlogy
from linnet.types import Array, Unit

__all__ = [
    "cross_entropy",
    "divergence_terms",
    "entropy",
    "kl_divergence",
    "surprise",
    "uniform_code",
]


def entropy(p: ArrayLike, *, axis: int = -1, unit: Unit = "nats") -> Information | InformationArray:
    """Mean code length of symbols from ``p`` under the best code for them.

    H(P) = −Σⱼ pⱼ log pⱼ, where 0·log 0 is 0: from 0, if one symbol is sure, to log q.

    Parameters
    ----------
    p : array of shape (..., q)
        Probabilities, summing to 1 within 1e-6 along ``axis``; never changed to do so.
    axis : int
        Axis of the classes.
    unit : {"nats", "bits"}
        Unit of the answer, per symbol.

    Returns
    -------
    Information, or InformationArray of shape (...)
        One amount for each distribution.

    Raises
    ------
    DataError
        If a row is not a distribution.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., section 2.1.

    Examples
    --------
    >>> entropy([0.5, 0.25, 0.25], unit="bits")
    1.5 bits
    """
    P = distributions(p, "p", axis)
    # 0 − 0 is 0, where −(0) would be a minus zero.
    return in_unit(0.0 - xlogx(P).sum(axis=-1), unit)


def cross_entropy(
    p: ArrayLike, q: ArrayLike, *, axis: int = -1, unit: Unit = "nats"
) -> Information | InformationArray:
    """Mean code length when symbols from ``p`` are coded with the code made for ``q``.

    H(P, Q) = −Σⱼ pⱼ log qⱼ = H(P) + D(P‖Q), where a term with pⱼ = 0 counts as 0.

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
        One amount for each pair of rows; ``inf`` if some qⱼ = 0 < pⱼ.

    Raises
    ------
    DataError
        If a row is not a distribution, or the shapes differ.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., theorem 5.4.3.

    Examples
    --------
    >>> print(f"{cross_entropy([1, 0, 0], [0.7, 0.2, 0.1]):.4f}")
    0.3567 nats
    >>> print(f"{cross_entropy([1, 0, 0], [0.7, 0.2, 0.1], unit='bits'):.4f}")
    0.5146 bits
    """
    P, Q = distributions(p, "p", axis), distributions(q, "q", axis)
    same_shape(P, "p", Q, "q")
    return in_unit(0.0 - xlogy(P, Q).sum(axis=-1), unit)


def kl_divergence(
    p: ArrayLike, q: ArrayLike, *, axis: int = -1, unit: Unit = "nats"
) -> Information | InformationArray:
    """Mean extra code length when symbols from ``p`` are coded for ``q``.

    D(P‖Q) = Σⱼ pⱼ log(pⱼ / qⱼ) = Σⱼ (pⱼ log(pⱼ / qⱼ) − pⱼ + qⱼ). The two sums are equal, for
    P and Q both sum to 1; the second is computed, since none of its terms is negative.

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
        One amount for each pair of rows: never negative; ``inf`` if some qⱼ = 0 < pⱼ.

    Raises
    ------
    DataError
        If a row is not a distribution, or the shapes differ.

    References
    ----------
    Cover & Thomas, *Elements of Information Theory*, 2nd ed., section 2.3.

    Examples
    --------
    >>> print(f"{kl_divergence([0.5, 0.5], [0.25, 0.75], unit='bits'):.4f}")
    0.2075 bits
    """
    P, Q = distributions(p, "p", axis), distributions(q, "q", axis)
    same_shape(P, "p", Q, "q")
    with np.errstate(divide="ignore"):
        return in_unit(divergence_terms(P, Q, np.log(Q)).sum(axis=-1), unit)


def surprise(
    p: ArrayLike | SupportsFloat, *, unit: Unit = "nats"
) -> Information | InformationArray:
    """Code length of an event of probability ``p``: −log p, and ``inf`` for p = 0.

    Parameters
    ----------
    p : float or array
        Probabilities of events, that need not sum to anything.
    unit : {"nats", "bits"}
        Unit of the answer.

    Returns
    -------
    Information, or InformationArray of the shape of ``p``

    Raises
    ------
    DataError
        If an entry is no probability.

    Examples
    --------
    >>> surprise(0.125, unit="bits")
    3.0 bits
    """
    with np.errstate(divide="ignore"):
        return in_unit(0.0 - np.log(probabilities(p, "p")), unit)


def uniform_code(classes: int, *, unit: Unit = "nats") -> Information:
    """Code length of one of ``classes`` symbols when nothing else is known: log q.

    Parameters
    ----------
    classes : int
        Number q of symbols, at least 1.
    unit : {"nats", "bits"}
        Unit of the answer.

    Returns
    -------
    Information

    Raises
    ------
    DataError
        If there is no symbol.

    Examples
    --------
    >>> uniform_code(8, unit="bits")
    3.0 bits
    """
    try:
        q = index(classes)
    except TypeError as error:
        raise DataTypeError(f"classes is {classes!r}. Give the number of symbols.") from error
    if q < 1:
        raise DataError(f"classes is {q}. An alphabet has at least one symbol.")
    return Information(float(np.log(q)), "nats").to(unit)


def divergence_terms(
    P: Float[Array, "*batch q"], Q: Float[Array, "*batch q"], log_q: Float[Array, "*batch q"]
) -> Float[Array, "*batch q"]:
    """Terms p log(p/q) − p + q of the divergence, none of them negative.

    With d = log p − log q a term is p (d + (e^{−d} − 1)). For |d| ≤ 1 that form is used: near
    d = 0 it is ½ p d² where the plain sum would be rounding. Beyond, e^{−d} may overflow, and
    nothing cancels in the plain sum.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        d = np.log(P) - log_q
        # d + expm1(−d) ≥ 0, but expm1 may err by its last bit; the truth is then nearer 0.
        near = P * np.maximum(d + np.expm1(-d), 0.0)
        far = P * d + (Q - P)
    return np.where(P == 0, Q, np.where(np.abs(d) <= 1, near, far))
