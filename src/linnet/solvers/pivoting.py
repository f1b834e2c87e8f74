"""Factor a least-squares problem and judge its rank, whatever the units of its columns."""

from typing import Final

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack, qr

from linnet.numeric import EPSILON
from linnet.solvers.triangular import TriangularFactor
from linnet.types import Array

__all__ = ["ROUNDINGS", "column_scale", "factor_of_gram", "factor_of_rows"]

# A column counts as a combination of others when what is left of it, at unit length, is this many
# times the rounding error of a factorisation. NIST's Filip, whose columns of powers are the most
# nearly dependent that people fit in earnest, has 1e-10 left.
ROUNDINGS: Final = 10
# The same for the rounding of the data themselves, which is coarse where they came as float32.
DATA_ROUNDINGS: Final = 4


def factor_of_rows(
    A: Float[Array, "n k"],
    offset: Float[Array, " k"],
    precision: float = EPSILON,
    n_rows: int = 0,
) -> tuple[TriangularFactor, Float[Array, "n r"]]:
    """Factor the rows themselves, by QR with column pivoting. ``A`` is overwritten.

    Parameters
    ----------
    A : array of shape (n, k)
        The rows, centred and weighted.
    offset : array of shape (k,)
        Length of what centring took out of each column: its rounding error is left in ``A``.
    precision : float
        Rounding of the values, relative: machine epsilon of the type they came in.
    n_rows : int
        Rows that were reduced to ``A``, where it is itself a factor of them.

    Returns
    -------
    factor : TriangularFactor
    Q : array of shape (n, r)
        Orthonormal columns with A = Q B.
    """
    scale, noise = column_scale(np.linalg.norm(A, axis=0), offset, precision)
    A *= scale
    Q, R, pivots = qr(A, overwrite_a=True, mode="economic", pivoting=True, check_finite=False)
    left = np.abs(np.diagonal(R))
    small = ROUNDINGS * np.sqrt(max(*A.shape, n_rows)) * EPSILON + noise[pivots[: len(left)]]
    rank = _first(left <= small, otherwise=len(left))
    return TriangularFactor(R[:rank], pivots, scale), Q[:, :rank]


def factor_of_gram(
    gram: Float[Array, "k k"], offset: Float[Array, " k"], precision: float = EPSILON
) -> TriangularFactor:
    """Factor AᵀA, by Cholesky with pivoting. ``gram`` is overwritten.

    Squaring halves the digits: a column that differs from a combination of others by less than
    some 10⁻⁷ of its length counts as one.
    """
    k = len(gram)
    lengths = np.sqrt(np.diagonal(gram).clip(min=0))
    # Centring a square loses twice the digits: √ε of the offset is left in the length.
    scale, noise = column_scale(lengths, offset, precision, lost=np.sqrt(k * EPSILON))
    gram *= scale
    gram *= scale[:, None]
    # What centring took out of a square, relative to what is left, multiplies its rounding.
    taken = float(((offset * scale) ** 2).max(initial=0.0))
    smallest = ROUNDINGS * k * EPSILON * (1 + taken) + float(noise.max(initial=0.0)) ** 2
    R, pivots, rank, _ = lapack.dpstrf(gram, tol=smallest, lower=0, overwrite_a=True)
    R = np.triu(R)
    return TriangularFactor(R[:rank], pivots - 1, scale)


def column_scale(
    lengths: Float[Array, " k"],
    offset: Float[Array, " k"],
    precision: float,
    lost: float = 0.0,
) -> tuple[Float[Array, " k"], Float[Array, " k"]]:
    """Scale to unit length, and the noise at that scale; 0 for a column that is all noise."""
    noise = DATA_ROUNDINGS * precision * np.hypot(lengths, offset)
    counts = lengths > noise + lost * offset
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=counts)
    return scale, noise * scale


def _first(condition: Float[Array, " r"] | Array, *, otherwise: int) -> int:
    """Index of the first true value."""
    return int(np.argmax(condition)) if condition.any() else otherwise
