"""The same measures where Q is given by scores, whose softmax it is.

Scores keep what probabilities lose: a class of probability e^{−1000} has a code length of 1000
nats, while its probability in float64 is 0. Log-probabilities are scores too: they are their own
log-softmax. A score of −∞ is a probability of 0.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.information.distributions import distributions, same_shape, scores
from linnet.information.measures import divergence_terms
from linnet.information.units import Information, InformationArray, in_unit
from linnet.numeric import log_softmax
from linnet.types import Array, Unit

__all__ = ["cross_entropy_from_logits", "entropy_from_logits", "kl_divergence_from_logits"]


def entropy_from_logits(
    logits: ArrayLike, *, axis: int = -1, unit: Unit = "nats"
) -> Information | InformationArray:
    """Entropy of the softmax of ``logits``: see `entropy`.

    Parameters
    ----------
    logits : array of shape (..., q)
        Scores or log-probabilities; a number added to a whole row changes nothing.
    axis : int
        Axis of the classes.
    unit : {"nats", "bits"}
        Unit of the answer, per symbol.

    Returns
    -------
    Information, or InformationArray of shape (...)

    Raises
    ------
    DataError
        If a row has a score of NaN or +inf, or none above −inf.

    Examples
    --------
    >>> entropy_from_logits([5.0, 5.0], unit="bits")
    1.0 bits
    """
    log_p = _log_probabilities(logits, axis)
    return _mean_length(np.exp(log_p), log_p, unit)


def cross_entropy_from_logits(
    p: ArrayLike, logits: ArrayLike, *, axis: int = -1, unit: Unit = "nats"
) -> Information | InformationArray:
    """Cross entropy of ``p`` and the softmax of ``logits``: see `cross_entropy`.

    Parameters
    ----------
    p : array of shape (..., q)
        Probabilities, summing to 1 within 1e-6 along ``axis``.
    logits : array of shape (..., q)
        Scores or log-probabilities; a number added to a whole row changes nothing.
    axis : int
        Axis of the classes.
    unit : {"nats", "bits"}
        Unit of the answer, per symbol.

    Returns
    -------
    Information, or InformationArray of shape (...)
        ``inf`` if a symbol with pⱼ > 0 has the score −inf.

    Raises
    ------
    DataError
        If a row of ``p`` is not a distribution, one of ``logits`` has no softmax, or the shapes
        differ.

    Examples
    --------
    >>> cross_entropy_from_logits([0, 1], [1000, 0])
    1000.0 nats
    """
    P, log_q = distributions(p, "p", axis), _log_probabilities(logits, axis)
    same_shape(P, "p", log_q, "logits")
    return _mean_length(P, log_q, unit)


def kl_divergence_from_logits(
    p: ArrayLike, logits: ArrayLike, *, axis: int = -1, unit: Unit = "nats"
) -> Information | InformationArray:
    """Divergence of ``p`` from the softmax of ``logits``: see `kl_divergence`.

    Parameters
    ----------
    p : array of shape (..., q)
        Probabilities, summing to 1 within 1e-6 along ``axis``.
    logits : array of shape (..., q)
        Scores or log-probabilities; a number added to a whole row changes nothing.
    axis : int
        Axis of the classes.
    unit : {"nats", "bits"}
        Unit of the answer, per symbol.

    Returns
    -------
    Information, or InformationArray of shape (...)
        Never negative; ``inf`` if a symbol with pⱼ > 0 has the score −inf.

    Raises
    ------
    DataError
        If a row of ``p`` is not a distribution, one of ``logits`` has no softmax, or the shapes
        differ.

    Examples
    --------
    >>> kl_divergence_from_logits([0.5, 0.5], [3.0, 3.0])
    0.0 nats
    """
    P, log_q = distributions(p, "p", axis), _log_probabilities(logits, axis)
    same_shape(P, "p", log_q, "logits")
    return in_unit(divergence_terms(P, np.exp(log_q), log_q).sum(axis=-1), unit)


def _log_probabilities(logits: ArrayLike, axis: int) -> Float[Array, "*batch q"]:
    return log_softmax(scores(logits, "logits", axis))


def _mean_length(
    P: Float[Array, "*batch q"], log_q: Float[Array, "*batch q"], unit: Unit
) -> Information | InformationArray:
    """−Σⱼ pⱼ log qⱼ of each row."""
    # 0·(−∞) must not arise: a symbol that never occurs costs nothing.
    return in_unit(0.0 - (P * np.where(P == 0, 0.0, log_q)).sum(axis=-1), unit)
