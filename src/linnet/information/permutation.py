"""Whether two samples differ by more than chance: their rows are dealt out anew, many times.

If both samples come from one distribution, every way to deal the pooled rows out to them is as
likely. What is measured depends on rows only through counts, and the counts of the first sample
are then multivariate hypergeometric: they are drawn as such, so that no row is touched.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.errors import DataError, SettingError
from linnet.information.derived import jensen_shannon
from linnet.information.units import Information
from linnet.numeric import xlogx
from linnet.types import Array

__all__ = ["DifferenceTest", "difference_test", "holm_adjusted"]

_CHUNK: Final = 1 << 20
# What NumPy draws from at most.
_MOST_ROWS: Final = 10**9
# Ways to deal that differ as much as the samples do must count: sums of the same terms in another
# order differ by less than this.
_TIE: Final = 1e-12


@final
@dataclass(frozen=True)
class DifferenceTest:
    """How much two samples differ, and how much they would by chance.

    Attributes
    ----------
    divergence : Information
        Jensen–Shannon divergence of the two samples' shares, in bits.
    by_chance : Information
        Its mean over the permutations, in bits.
    p_value : float
        (1 + permutations with as much divergence or more)/(1 + permutations): no sample is less
        likely than that, so that p is never 0.
    permutations : int
        How often rows were dealt out anew.
    """

    divergence: Information
    by_chance: Information
    p_value: float
    permutations: int


def difference_test(
    first: Int[Array, " q"],
    second: Int[Array, " q"],
    *,
    permutations: int = 9999,
    seed: int | list[int] = 0,
) -> DifferenceTest:
    """Test whether two samples come from one distribution, by their Jensen–Shannon divergence.

    Parameters
    ----------
    first, second : int array of shape (q,)
        How often each symbol was drawn, in the one sample and in the other.
    permutations : int
        How often to deal the rows out anew.
    seed : int or list of int
        Seed of the draws.

    Raises
    ------
    DataError
        If a sample is empty, or both together have 10⁹ rows or more.
    SettingError
        If there is no permutation.

    References
    ----------
    Phipson & Smyth, "Permutation p-values should never be zero", Stat. Appl. Genet. Mol. Biol.
    9(1), 2010.

    Examples
    --------
    >>> import numpy as np
    >>> found = difference_test(np.array([30, 10]), np.array([15, 25]))
    >>> print(f"{found.divergence:.4f}, by chance {found.by_chance:.4f}, p = {found.p_value:.3f}")
    0.1058 bits, by chance 0.0092 bits, p = 0.001
    """
    if permutations < 1:
        raise SettingError(f"permutations is {permutations}. Give at least 1; 9999 are usual.")
    sizes = int(first.sum()), int(second.sum())
    if min(sizes) < 1 or sum(sizes) >= _MOST_ROWS:
        raise DataError(
            f"The samples have {sizes[0]:,} and {sizes[1]:,} rows. Each needs one, and both "
            f"together fewer than {_MOST_ROWS:,}: take a part of the rows."
        )
    pooled = first + second
    used = pooled > 0
    first, pooled = first[used], pooled[used]
    drawn = _divergences_by_chance(pooled, sizes[0], permutations, seed)
    found = _divergences(first[np.newaxis], pooled)[0]
    as_much = int((drawn >= found - _TIE).sum())
    shares = first / sizes[0], (pooled - first) / sizes[1]
    return DifferenceTest(
        divergence=Information(float(jensen_shannon(*shares)), "nats").to("bits"),
        by_chance=Information(max(0.0, float(drawn.mean())), "nats").to("bits"),
        p_value=(1 + as_much) / (1 + permutations),
        permutations=permutations,
    )


def holm_adjusted(p_values: Float[Array, " m"]) -> Float[Array, " m"]:
    """Adjust p-values of several tests, so that one below α is in error with chance α at most.

    The i-th smallest of m is multiplied by m − i + 1; none gets smaller than one before it.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6(2), 1979.

    Examples
    --------
    >>> import numpy as np
    >>> holm_adjusted(np.array([0.01, 0.5, 0.02]))
    array([0.03, 0.5 , 0.04])
    """
    order = np.argsort(p_values, kind="stable")
    times = np.arange(p_values.size, 0, -1)
    adjusted = np.empty(p_values.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * times), 1.0)
    return adjusted


def _divergences_by_chance(
    pooled: Int[Array, " q"], size: int, permutations: int, seed: int | list[int]
) -> Float[Array, " permutations"]:
    rng = np.random.default_rng(seed)
    at_once = max(1, _CHUNK // pooled.size)
    parts = []
    for start in range(0, permutations, at_once):
        rows = min(at_once, permutations - start)
        # The other method takes memory for every row of the samples.
        dealt = rng.multivariate_hypergeometric(pooled, size, size=rows, method="marginals")
        parts.append(_divergences(dealt, pooled))
    return np.concatenate(parts)


def _divergences(first: Int[Array, "b q"], pooled: Int[Array, " q"]) -> Float[Array, " b"]:
    """JS = Σⱼ ½ pⱼ log pⱼ + ½ qⱼ log qⱼ − mⱼ log mⱼ of each row of counts, in nats."""
    P = first / first[0].sum()
    second = pooled - first
    Q = second / second[0].sum()
    return ((xlogx(P) + xlogx(Q)) / 2 - xlogx((P + Q) / 2)).sum(axis=1)
