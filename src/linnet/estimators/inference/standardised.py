"""Columns of mean 0 and unit length, in which nothing depends on units: x′ = Bᵀx̃ of rows x̃."""

from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from linnet.data import Batch, Source
from linnet.estimators.inference.dependence import independent_columns
from linnet.losses import SquaredLoss
from linnet.numeric import EPSILON
from linnet.objective import Objective
from linnet.types import Array

__all__ = ["StandardisedDesign", "standardised_design"]


@final
@dataclass(frozen=True, eq=False)
class StandardisedDesign:
    """A design of k columns, and an intercept after them if the model has one.

    Parameters
    ----------
    mean, length : array of shape (k,)
        Means of the columns, 0 without intercept, and root mean squares about them.
    gram : array of shape (p, p)
        Mean of x′x′ᵀ.
    kept : array of shape (p,)
        Which columns of x′ are no combination of others.
    """

    mean: Float[Array, " k"]
    length: Float[Array, " k"]
    gram: Float[Array, "p p"]
    kept: Bool[Array, " p"]

    @property
    def basis(self) -> Float[Array, "p r"]:
        """Columns of B that are kept: Θ = Θ′Bᵀ."""
        return _basis(self.mean, self.length, len(self.gram))[:, self.kept]

    def parameters(self, theta: Float[Array, "m p"]) -> Float[Array, "m r"]:
        """Give Θ′ of the columns kept, with the weights of the others 0."""
        k = len(self.mean)
        free = theta.copy()
        free[:, :k] *= self.length
        if theta.shape[1] > k:
            free[:, k] += theta[:, :k] @ self.mean
        if self.kept.all():
            return free
        lost = ~self.kept
        # x′ of the lost columns, by those of the kept.
        mixing = np.linalg.solve(
            self.gram[np.ix_(self.kept, self.kept)], self.gram[self.kept][:, lost]
        )
        return free[:, self.kept] + free[:, lost] @ mixing.T

    def rank_of(self, columns: Int[Array, " c"]) -> int:
        """Rank of these columns, with the intercept."""
        k = len(self.mean)
        chosen = np.concatenate([columns, np.arange(k, len(self.gram))]).astype(int)
        part = self.gram[np.ix_(chosen, chosen)]
        return int(independent_columns(part, np.arange(len(chosen))[::-1]).sum())


def standardised_design(
    source: Source, *, fit_intercept: bool, order: Int[Array, " k"]
) -> StandardisedDesign:
    """Measure the columns of a source; of dependent ones, keep those that come first."""
    k = source.n_features
    mean = np.zeros(k)
    if fit_intercept:
        (total,) = source.fold(_sums)
        mean = total / source.total_weight
    (squares,) = source.fold(partial(_squares, mean=mean))
    length = np.sqrt(squares / source.total_weight)
    # What rounding leaves of a constant column is 0; any other length will do.
    constant = length <= 10 * EPSILON * np.abs(mean)
    length[constant] = np.abs(mean[constant])
    length[length == 0] = 1.0
    moments = Objective(
        source=source, loss=SquaredLoss(), n_scores=1, l2=0.0, fit_intercept=fit_intercept
    )
    p = k + fit_intercept
    gram = moments.hessian(np.zeros((1, p)), _basis(mean, length, p))[0, :, 0, :]
    first = [k] if fit_intercept else []
    kept = independent_columns(gram, np.concatenate([first, order]).astype(int))
    return StandardisedDesign(mean, length, gram, kept)


def _basis(mean: Float[Array, " k"], length: Float[Array, " k"], p: int) -> Float[Array, "p p"]:
    k = len(mean)
    B = np.eye(p)
    B[np.arange(k), np.arange(k)] = 1 / length
    if p > k:
        B[k, :k] = -mean / length
    return B


def _dense(X: Array) -> Float[Array, "n k"]:
    rows = X if isinstance(X, np.ndarray) else X.toarray()
    return rows.astype(np.float64, copy=False)


def _weights(batch: Batch) -> Float[Array, " n"]:
    return np.ones(batch.n_samples) if batch.weight is None else batch.weight


def _sums(batch: Batch) -> tuple[Array, ...]:
    return (_weights(batch) @ _dense(batch.X),)


def _squares(batch: Batch, mean: Float[Array, " k"]) -> tuple[Array, ...]:
    return (_weights(batch) @ np.square(_dense(batch.X) - mean),)
