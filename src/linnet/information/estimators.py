"""Entropies estimated from counts, with what a sample hides allowed for, and intervals.

The shares of a sample have too little entropy, by about (m − 1)/2n nats for m symbols in n draws:
rare symbols are not seen, and others seen too often. Each method but the plug-in corrects that.

An interval holds how far estimates v* from draws of the sample spread. The plug-in's is 2v − v*:
the draws miss v much as v misses the truth. The other methods are taken to be right on average,
so that the spread is put around v. No interval knows of symbols that are missing altogether: where
most were seen once it is too short, whatever the method.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any, Final, Literal, SupportsIndex, TypeAlias, final, get_args

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.special import digamma

from linnet.errors import DataError, DataTypeError, SettingError
from linnet.information.units import Information, nats_per
from linnet.numeric import xlogx
from linnet.types import Array, Unit

__all__ = [
    "EstimationMethod",
    "SampleEstimate",
    "estimate_conditional_entropy",
    "estimate_entropy",
    "estimate_mutual_information",
    "joint_counts",
]

EstimationMethod: TypeAlias = Literal["plug-in", "miller-madow", "chao-shen", "grassberger"]

# Numbers that are drawn and worked on at once: 32 MB of float64.
_CHUNK: Final = 1 << 22

_Measure: TypeAlias = Callable[[Any, EstimationMethod], Any]
"""Nats of each table of counts in a stack of them, by a method."""


@final
@dataclass(frozen=True)
class SampleEstimate:
    """An amount of information estimated from a sample, and the ends of its interval.

    Attributes
    ----------
    value, low, high : Information
        The estimate, and the bootstrap interval; NaN without resamples.
    method : str
        How it was estimated.
    confidence : float
        Share of samples whose interval is to hold the truth.
    resamples : int
        Samples drawn from the sample.
    """

    value: Information
    low: Information
    high: Information
    method: EstimationMethod
    confidence: float
    resamples: int


def estimate_entropy(
    counts: ArrayLike,
    *,
    method: Any = "miller-madow",
    confidence: Any = 0.95,
    resamples: Any = 1000,
    seed: int = 0,
    unit: Unit = "nats",
) -> SampleEstimate:
    """Estimate the entropy of what was counted.

    With shares p = c/n of n draws, and m symbols that were seen:

    - plug-in: −Σ p log p
    - Miller–Madow: that and (m − 1)/2n
    - Chao–Shen: −Σ p̃ log p̃ / (1 − (1 − p̃)ⁿ) with p̃ = (1 − f₁/n) p, where f₁ symbols were seen once
    - Grassberger: ψ(n) − Σ c G(c)/n with G(c) = ψ(c) + ½ (−1)ᶜ (ψ((c + 1)/2) − ψ(c/2)), in
      Schürmann's form for a given n, which has no bias for two equally likely symbols

    Parameters
    ----------
    counts : array of shape (q,)
        How often each symbol was drawn; symbols never drawn change nothing.
    method : {"plug-in", "miller-madow", "chao-shen", "grassberger"}
        Chao–Shen suits samples that miss many symbols.
    confidence : float
        Confidence of the interval.
    resamples : int
        Samples to draw for the interval; 0 leaves it out.
    seed : int
        Seed of the draws.
    unit : {"nats", "bits"}
        Unit of the answer, per symbol.

    Returns
    -------
    SampleEstimate

    Raises
    ------
    DataError
        If a count is negative or not whole, or all are 0.
    SettingError
        If a setting is out of its range.

    References
    ----------
    Miller, "Note on the bias of information estimates", 1955. Chao & Shen, "Nonparametric
    estimation of Shannon's index of diversity when there are unseen species in sample",
    Environmental and Ecological Statistics 10, 2003. Grassberger, "Entropy estimates from
    insufficient samplings", arXiv:physics/0307138, 2003. Schürmann, "Bias analysis in entropy
    estimation", J. Phys. A 37, 2004. Davison & Hinkley, *Bootstrap Methods
    and their Application*, section 5.2.

    Examples
    --------
    >>> found = estimate_entropy([50, 30, 15, 5], unit="bits")
    >>> print(f"{found.value:.3f}, 95 %: {float(found.low):.2f} to {float(found.high):.2f}")
    1.669 bits, 95 %: 1.51 to 1.85
    """
    request = _Request(method, confidence, resamples, seed, unit)
    return request.estimate(_checked_counts(counts, "counts", axes=1), _entropies)


def estimate_mutual_information(
    joint: ArrayLike,
    *,
    method: Any = "miller-madow",
    confidence: Any = 0.95,
    resamples: Any = 1000,
    seed: int = 0,
    unit: Unit = "nats",
) -> SampleEstimate:
    """Estimate what X tells of Y: I(X; Y) = H(X) + H(Y) − H(X, Y), each estimated by ``method``.

    The plug-in is never negative, and too large by about (r − 1)(s − 1)/2n nats for independent X
    and Y of r and s values. The others may come out a little below 0, which then is their answer.

    Parameters
    ----------
    joint : array of shape (r, s)
        Rows of the sample with each value of X (down) and of Y (across): see `joint_counts`.
    method, confidence, resamples, seed, unit
        As for `estimate_entropy`.

    Returns
    -------
    SampleEstimate
        Its interval starts at 0 or above.

    Raises
    ------
    DataError
        If a count is negative or not whole, or all are 0.
    SettingError
        If a setting is out of its range.

    Examples
    --------
    >>> found = estimate_mutual_information([[40, 10], [10, 40]], method="plug-in", unit="bits")
    >>> print(f"{found.value:.4f}")
    0.2781 bits
    """
    request = _Request(method, confidence, resamples, seed, unit)
    return request.estimate(_checked_counts(joint, "joint", axes=2), _mutual)


def estimate_conditional_entropy(
    joint: ArrayLike,
    *,
    method: Any = "miller-madow",
    confidence: Any = 0.95,
    resamples: Any = 1000,
    seed: int = 0,
    unit: Unit = "nats",
) -> SampleEstimate:
    """Estimate what is unknown of Y once X is known: H(Y|X) = H(X, Y) − H(X).

    Parameters
    ----------
    joint : array of shape (r, s)
        Rows of the sample with each value of X (down) and of Y (across): see `joint_counts`.
    method, confidence, resamples, seed, unit
        As for `estimate_entropy`.

    Returns
    -------
    SampleEstimate

    Raises
    ------
    DataError
        If a count is negative or not whole, or all are 0.
    SettingError
        If a setting is out of its range.

    Examples
    --------
    >>> found = estimate_conditional_entropy([[25, 25], [50, 0]], method="plug-in", unit="bits")
    >>> print(f"{found.value:.4f}")
    0.5000 bits
    """
    request = _Request(method, confidence, resamples, seed, unit)
    return request.estimate(_checked_counts(joint, "joint", axes=2), _conditional)


def joint_counts(x: ArrayLike, y: ArrayLike) -> Int[Array, "r s"]:
    """Count the pairs of two columns, in the order of their sorted values.

    Parameters
    ----------
    x, y : array of shape (n,)
        Values of one kind each: numbers or text. NaN is a value like another.

    Returns
    -------
    int array of shape (r, s)

    Raises
    ------
    DataError
        If the two differ in length, or are empty.
    DataTypeError
        If values cannot be sorted, such as text among numbers.

    Examples
    --------
    >>> joint_counts(["a", "a", "b"], [1, 2, 2])
    array([[1, 1],
           [0, 1]])
    """
    x_codes, r = _coded(x, "x")
    y_codes, s = _coded(y, "y")
    if x_codes.size != y_codes.size or not x_codes.size:
        raise DataError(
            f"x has {x_codes.size} values and y has {y_codes.size}. Give one of each for every row "
            "of the sample."
        )
    return np.bincount(x_codes * s + y_codes, minlength=r * s).reshape(r, s)


@final
@dataclass(frozen=True)
class _Request:
    """How to estimate, and what interval to give: what a user set, so that it is checked."""

    method: Any
    confidence: Any
    resamples: Any
    seed: int
    unit: Unit

    def __post_init__(self) -> None:
        nats_per(self.unit)
        known = get_args(EstimationMethod)
        if self.method not in known:
            listed = ", ".join(map(repr, known))
            raise SettingError(f"method is {self.method!r}. Give one of {listed}.")
        if not 0 < self.confidence < 1:
            raise SettingError(f"confidence is {self.confidence!r}. Give a share between 0 and 1.")
        if not isinstance(self.resamples, SupportsIndex) or index(self.resamples) < 0:
            raise SettingError(
                f"resamples is {self.resamples!r}. Give a whole number, 0 for no interval."
            )

    def estimate(self, drawn: Int[Array, "*shape"], measure: _Measure) -> SampleEstimate:
        value = float(measure(drawn[np.newaxis], self.method)[0])
        low = high = float("nan")
        if self.resamples:
            again = self._measure_again(drawn, measure)
            # The draws miss v on average too: for the plug-in that is bias, else it is corrected.
            centre = value if self.method == "plug-in" else float(again.mean())
            tail = (1 - self.confidence) / 2
            above, below = np.quantile(again, [1 - tail, tail]) - centre
            low, high = max(0.0, value - above), max(0.0, value - below)
        return SampleEstimate(
            value=self._amount(value),
            low=self._amount(low),
            high=self._amount(high),
            method=self.method,
            confidence=self.confidence,
            resamples=self.resamples,
        )

    def _measure_again(
        self, drawn: Int[Array, "*shape"], measure: _Measure
    ) -> Float[Array, " resamples"]:
        """Measure samples that are drawn from the sample, with replacement."""
        rng = np.random.default_rng(self.seed)
        n = int(drawn.sum())
        shares = drawn.ravel() / n
        at_once = max(1, _CHUNK // prod(drawn.shape))
        parts = [
            measure(rng.multinomial(n, shares, size=size).reshape(size, *drawn.shape), self.method)
            for size in _sizes(self.resamples, at_once)
        ]
        return np.concatenate(parts)

    def _amount(self, nats: float) -> Information:
        return Information(nats, "nats").to(self.unit)


def _sizes(total: int, at_once: int) -> list[int]:
    whole, rest = divmod(total, at_once)
    return [at_once] * whole + [rest] * bool(rest)


def _entropies(counts: Int[Array, "b q"], method: EstimationMethod) -> Float[Array, " b"]:
    """Estimate the entropy of each row in nats; all rows have the same sum."""
    n = float(counts[0].sum())
    match method:
        case "plug-in":
            return _plug_in(counts, n)
        case "miller-madow":
            return _plug_in(counts, n) + ((counts > 0).sum(axis=1) - 1) / (2 * n)
        case "chao-shen":
            return _chao_shen(counts, n)
        case "grassberger":
            return digamma(n) - (counts * _grassberger(counts)).sum(axis=1) / n


def _plug_in(counts: Int[Array, "b q"], n: float) -> Float[Array, " b"]:
    return 0.0 - xlogx(counts / n).sum(axis=1)


def _chao_shen(counts: Int[Array, "b q"], n: float) -> Float[Array, " b"]:
    # Where every symbol was seen once, one less is taken, or nothing would be left.
    once = np.minimum((counts == 1).sum(axis=1), n - 1)
    P = (1 - once / n)[:, np.newaxis] * counts / n
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = -np.expm1(n * np.log1p(-P))
        terms = np.where(counts > 0, xlogx(P) / seen, 0.0)
    return 0.0 - terms.sum(axis=1)


def _grassberger(counts: Int[Array, "b q"]) -> Float[Array, "b q"]:
    """G of each count; of 0, which counts for nothing, that of 1."""
    c = np.maximum(counts, 1).astype(np.float64)
    sign = np.where(counts % 2, -1.0, 1.0)
    return digamma(c) + 0.5 * sign * (digamma((c + 1) / 2) - digamma(c / 2))


def _mutual(joint: Int[Array, "b r s"], method: EstimationMethod) -> Float[Array, " b"]:
    return _entropies(joint.sum(axis=1), method) - _conditional(joint, method)


def _conditional(joint: Int[Array, "b r s"], method: EstimationMethod) -> Float[Array, " b"]:
    pairs = _entropies(joint.reshape(len(joint), -1), method)
    return pairs - _entropies(joint.sum(axis=2), method)


def _checked_counts(counts: ArrayLike, name: str, *, axes: int) -> Int[Array, "*shape"]:
    values = np.asarray(counts)
    if values.dtype.kind not in "buif":
        raise DataTypeError(f"{name} holds values of type {values.dtype}. Give whole numbers.")
    if values.ndim != axes or not values.size:
        need = "one count for each symbol" if axes == 1 else "a row for each X, a column for each Y"
        raise DataError(f"{name} has shape {values.shape}. Give {need}.")
    # A NaN or an infinity is not its own floor's integer either.
    wrong = ~((values >= 0) & (values < 2**53) & (values == np.floor(values)))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = ", ".join(map(str, place))
        raise DataError(
            f"{name}[{where}] is {values[place]}. Give counts, whole numbers from 0 on: shares do "
            "not tell how large the sample is."
        )
    if not values.any():
        raise DataError(f"{name} sums to 0: nothing was counted. Give at least one observation.")
    return values.astype(np.int64)


def _coded(values: ArrayLike, name: str) -> tuple[Int[Array, " n"], int]:
    column = np.asarray(values)
    if column.ndim != 1:
        raise DataError(f"{name} has shape {column.shape}. Give an array of one axis.")
    try:
        distinct, codes = np.unique(column, return_inverse=True)
    except TypeError as error:
        raise DataTypeError(
            f"{name} holds values that cannot be compared ({error}). Give numbers or text."
        ) from error
    return codes, len(distinct)
