"""The dual of softmax regression: a distribution for each row, improved one row after another.

Whoever chooses distributions pᵢ for the rows, with Σᵢ sᵢ (pᵢ − yᵢ) = 0 where there are
intercepts, has weights and a lower bound of F:

    W = (1/λS) Σᵢ sᵢ (yᵢ − pᵢ) xᵢᵀ      D = (1/S) Σᵢ sᵢ H(pᵢ) − (λ/2) ‖W‖² ≤ F*,

and F(W, b) − D is the mean divergence D(pᵢ‖ŷᵢ) of the distributions chosen from the model's, for
any b: nought at the optimum, where p are the model's probabilities (Jaakkola and Haussler 1999;
Berger, Della Pietra and Della Pietra 1996 for D as maximum entropy).
"""

from typing import Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data import Batch, Matrix
from linnet.engine import ascent, native
from linnet.engine.choice import engine_name
from linnet.engine.reference import scores
from linnet.losses import Loss, SoftmaxCrossEntropy
from linnet.types import Array

__all__ = ["RowDistributions", "can_ascend"]

# exp of it is 0, and it stands for the logarithm of 0.
LOG_OF_ZERO: Final = -1e3
TINY: Final = float(np.finfo(np.float64).tiny)
# Intercepts move as the weights of a feature whose square is such a share of a row's: measured,
# from a tenth to one makes no difference. Where the penalty is strong they must move by more, or
# they would take long to arrive.
SHARE_OF_ROW: Final = 0.5
SHARE_OF_PENALTY: Final = 50.0


def can_ascend(loss: Loss, batch: Batch) -> bool:
    """Whether the native engine can sweep over these rows: softmax over CSR."""
    return (
        isinstance(loss, SoftmaxCrossEntropy)
        and not isinstance(batch.X, np.ndarray)
        and engine_name() == "native"
        and native.can_run(loss, batch)
    )


@final
class RowDistributions:
    """Distributions pᵢ over q classes for the rows of a batch, with the weights they make.

    A sweep visits rows in a given order. Each takes the distribution that is the softmax of the
    scores it then has: exact ascent of D in pᵢ (Shalev-Shwartz and Zhang 2013), by Newton's
    method. The condition on the intercepts is left to multipliers: within sweeps b moves with p,
    as if it were the weight of one more feature, from a centre that :meth:`recentre` moves.

    Parameters
    ----------
    loss : SoftmaxCrossEntropy
        With or without anchor.
    batch : Batch
        All rows, sparse.
    l2 : float
        Strength λ of the penalty, above 0.
    total_weight : float
        S, the sum of the weights of the rows.
    theta : array of shape (m, p)
        Where to begin: with p = y where the weights are zero, else with the model's p.
    fit_intercept : bool
        Whether there are intercepts.

    Attributes
    ----------
    bound : float
        D, in nats per sample; after :meth:`settle` no more than F*.
    log_p : array of shape (n, q)
        Logarithms of the distributions.
    """

    def __init__(
        self,
        loss: SoftmaxCrossEntropy,
        batch: Batch,
        *,
        l2: float,
        total_weight: float,
        theta: Float[Array, "m p"],
        fit_intercept: bool,
    ) -> None:
        self._anchored, self._X, self._total = loss.anchored, batch.X, total_weight
        self._penalty = l2 * total_weight
        self._fit_intercept = fit_intercept
        n, self._features = batch.X.shape
        self._m = len(theta)
        self._y, self._weight = _as_distributions(batch, self._m + loss.anchored)
        square = float(np.square(batch.X.data, dtype=np.float64).sum()) / max(n, 1)
        share = max(SHARE_OF_ROW * square, SHARE_OF_PENALTY * l2)
        self._share = share if fit_intercept else 0.0
        self._b = np.array(theta[:, -1]) if fit_intercept else np.zeros(self._m)
        self._centre = self._b.copy()
        self.log_p: Float[Array, "n q"] = _log(self._y)
        self._divergences = np.zeros(n)
        self._W = np.zeros((self._features, native.weight_width(self._m)))
        self.bound = -float(self._weight @ (self._y * self.log_p).sum(axis=1)) / total_weight
        # Whether rows are sound is seen at once here; which one is not, as they are visited.
        if not _are_sound(batch.X):
            self._visit(None)
        if np.any(theta[:, : self._features]):
            self.log_p = np.maximum(loss.log_probabilities(scores(batch.X, theta)), LOG_OF_ZERO)
            self._make_weights()

    @property
    def rows(self) -> Int[Array, " r"]:
        """Rows that count: those of some weight."""
        return np.flatnonzero(self._weight > 0)

    @property
    def gaps(self) -> Float[Array, " n"]:
        """Share of each row in F − D, in nats, as it was when the row was last visited."""
        return self._weight * self._divergences / self._total

    def share_of_values(self, rows: Int[Array, " r"]) -> float:
        """Values in ``rows`` as a share of all: a sweep reads them twice, as a pass reads all."""
        counts = np.diff(self._X.indptr)
        return float(counts[rows].sum() / max(1, counts.sum()))

    def sweep(self, rows: Int[Array, " r"]) -> None:
        """Visit ``rows`` in their order."""
        self._visit(rows)

    def recentre(self) -> None:
        """Move the intercepts on by as much as the sweeps have moved them from their centre."""
        self._centre, self._b = self._b, 2 * self._b - self._centre

    def settle(self) -> float:
        """Make all exact: p, the weights that go with it, D, and ``gaps``. Return F − D.

        Where Σᵢ sᵢ pᵢ exceeds Σᵢ sᵢ yᵢ in a class, every row gives up the same share of that class
        to those that lack: then D is a lower bound.
        """
        p = np.exp(self.log_p)
        p /= p.sum(axis=1, keepdims=True)
        if self._fit_intercept:
            have = self._weight @ p
            excess = have - self._weight @ self._y
            given = p * (np.maximum(excess, 0) / np.where(have > 0, have, 1))
            lacking = np.maximum(-excess, 0)
            p += given.sum(axis=1, keepdims=True) * (lacking / max(lacking.sum(), TINY)) - given
        self.log_p = _log(p)
        self._make_weights()
        self._centre = self._b.copy()
        self._visit(None)
        return float(self.gaps.sum())

    def theta(self) -> Float[Array, "m p"]:
        """Return the weights and intercepts as parameters Θ."""
        theta = np.empty((self._m, self._features + self._fit_intercept))
        theta[:, : self._features] = self._W[:, : self._m].T
        if self._fit_intercept:
            theta[:, -1] = self._b
        return theta

    def _visit(self, rows: Int[Array, " r"] | None) -> None:
        gain = ascent.sweep(
            self._X,
            rows,
            sample_weight=self._weight,
            penalty=self._penalty,
            share=self._share,
            anchored=self._anchored,
            weights=self._W,
            intercepts=self._b,
            log_probabilities=self.log_p,
            divergences=self._divergences,
        )
        self.bound += gain / self._total

    def _make_weights(self) -> None:
        """W = (1/λS) Σᵢ sᵢ (yᵢ − pᵢ) xᵢᵀ, and D."""
        residuals = np.zeros((len(self._y), self._W.shape[1]))
        scale = (self._weight / self._penalty)[:, None]
        p = np.exp(self.log_p)
        residuals[:, : self._m] = scale * (self._y - p)[:, int(self._anchored) :]
        ascent.outer(self._X, residuals, self._W, scores=self._m)
        entropy = -float(self._weight @ (p * self.log_p).sum(axis=1))
        squares = float(np.vdot(self._W, self._W))
        self.bound = (entropy - 0.5 * self._penalty * squares) / self._total


def _are_sound(X: Matrix) -> bool:
    """Whether every entry lies in a column of the matrix, and every row among its entries."""
    if X.nnz == 0:
        return True
    columns = X.indices.min() >= 0 and X.indices.max() < X.shape[1]
    within = X.indptr[0] >= 0 and X.indptr[-1] <= min(len(X.indices), len(X.data))
    return bool(columns and within and np.all(np.diff(X.indptr) >= 0))


def _as_distributions(batch: Batch, classes: int) -> tuple[Float[Array, "n q"], Float[Array, " n"]]:
    """Targets as distributions, and the weights of the rows.

    A target whose sum T is not 1, by rounding, is one of weight T.
    """
    weight = np.ones(batch.n_samples)
    if batch.weight is not None:
        weight *= batch.weight
    if batch.y.ndim == 1:
        return (batch.y[:, None] == np.arange(classes)).astype(np.float64), weight
    y = np.array(batch.y, dtype=np.float64)
    total = y.sum(axis=1)
    return y / total[:, None], weight * total


def _log(p: Float[Array, "n q"]) -> Float[Array, "n q"]:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), LOG_OF_ZERO)
