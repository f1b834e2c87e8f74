"""A test of a term: whether all weights of its columns are 0 at once."""

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from jaxtyping import Float
from scipy import stats

from linnet.types import Array

__all__ = ["TermTest", "chi_squared_test", "f_test", "wald_statistic"]

# A direction whose share of the variances is no more than this is bound, but for rounding.
LEAST_SHARE: Final = 1e-11


@final
@dataclass(frozen=True)
class TermTest:
    """Whether the model needs a term.

    Parameters
    ----------
    term : str
        Its name.
    kind : {"Wald", "likelihood ratio", "F"}
        Which test.
    statistic : float
        χ², or F; NaN where the data do not tell the term from others.
    degrees_of_freedom : int
        Weights that are tested.
    p_value : float
        Probability of a statistic as large where all of them are 0.
    residual_freedom : float or None
        Second degrees of freedom of F.
    """

    term: str
    kind: Literal["Wald", "likelihood ratio", "F"]
    statistic: float
    degrees_of_freedom: int
    p_value: float
    residual_freedom: float | None = None


def chi_squared_test(
    term: str, kind: Literal["Wald", "likelihood ratio"], statistic: float, freedom: int
) -> TermTest:
    """Judge a statistic by χ²; without degrees of freedom nothing is tested."""
    if freedom <= 0:
        return TermTest(term, kind, float("nan"), 0, float("nan"))
    return TermTest(term, kind, statistic, freedom, float(stats.chi2.sf(statistic, freedom)))


def f_test(term: str, statistic: float, freedom: int, residual_freedom: float) -> TermTest:
    """Judge a statistic by F; without degrees of freedom nothing is tested."""
    if freedom <= 0:
        return TermTest(term, "F", float("nan"), 0, float("nan"), residual_freedom)
    p = float(stats.f.sf(statistic, freedom, residual_freedom))
    return TermTest(term, "F", statistic, freedom, p, residual_freedom)


def wald_statistic(
    estimates: Float[Array, " c"], covariance: Float[Array, "c c"]
) -> tuple[float, int]:
    """βᵀV⁺β and the rank of V.

    V has less than full rank where estimates are bound: weights of all levels of a category that
    are penalised, and have a free intercept beside them, sum to zero.
    """
    scale = np.sqrt(np.diagonal(covariance))
    if len(scale) == 0 or not (scale > 0).all():
        return float("nan"), 0
    shares, directions = np.linalg.eigh(covariance / np.outer(scale, scale))
    free = shares > LEAST_SHARE * shares[-1]
    along = directions[:, free].T @ (estimates / scale)
    return float((np.square(along) / shares[free]).sum()), int(free.sum())
