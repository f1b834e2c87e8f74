"""The objective of mathematics §7: a loss and a penalty, folded over a source of samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.data import Batch, MemorySource, Source
from linnet.data.source import Fold
from linnet.engine import (
    Curvatures,
    Iterate,
    KeptCurvature,
    LineOfScores,
    RowDistributions,
    RowSpace,
    StepRule,
    can_ascend,
    column_hessians_pass,
    curvature,
    descend_through,
    gradient_and_curvature_pass,
    gradient_pass,
    hessian_diagonal_pass,
    hessian_pass,
    hessian_product_pass,
    intercept_pass,
    length_pass,
    line_pass,
    score_hessians_pass,
    second_moment_pass,
    slope_pass,
    value_pass,
)
from linnet.losses import Loss, SoftmaxCrossEntropy, SquaredLoss
from linnet.types import Array, HessianProduct

__all__ = ["Objective"]

FLAT: Final = 1e-4
"""A slope this small beside that of the opposite direction counts as zero.

Newton's step points along a direction of separation only as nearly as the fit has converged:
at a gap of 1e-6 the ratio is some 1e-7 to 1e-5 there, and between 0.01 and 1 elsewhere.
"""

SAMPLED_ROWS: Final = 1024
"""Rows that stand for all where a scale is wanted, and no more."""

POWER_ITERATIONS: Final = 8
"""Products that bring a random direction's curvature within some per cent of the greatest."""


# Numbers in distributions of all rows that are no matter: 256 MiB.
FEW_DISTRIBUTIONS: Final = 2**25
# The eigenvectors of 2,000 rows take about a second.
MOST_ROWS: Final = 2000
FEATURES_PER_ROW: Final = 2
# So few are fitted at once by Newton's method as they stand.
FEW_PARAMETERS: Final = 2000
# Beside the greatest of all scores, less curvature than this share counts as this.
NEGLIGIBLE: Final = 1e-6
# Curvature that adds no more than this share to the penalty's is hardly missed.
BESIDE_PENALTY: Final = 0.05
# With fewer scores than this, products with all of them take no longer than with some.
MANY_SCORES: Final = 8


@final
@dataclass(frozen=True)
class Line:
    """F(Θ + tD) as a function of t alone: sums over kept scores, and a parabola of penalty."""

    parts: tuple[LineOfScores, ...]
    total_weight: float
    penalty: tuple[float, float, float]

    def derivatives(self, length: float) -> tuple[float, float, float]:
        """F, its slope and its curvature at t = ``length``; no reading of the features."""
        sums = np.sum([part.derivatives(length) for part in self.parts], axis=0)
        value, slope, curvature = sums / self.total_weight
        constant, linear, quadratic = self.penalty
        return (
            float(value) + constant + length * (linear + 0.5 * length * quadratic),
            float(slope) + linear + length * quadratic,
            float(curvature) + quadratic,
        )


@final
@dataclass(frozen=True, kw_only=True)
class Objective:
    """F(Θ) = (1/S) Σᵢ sᵢ ℓ(yᵢ, W xᵢ + b) + (λ/2) ‖W‖², where Θ = [W b] and S = Σᵢ sᵢ.

    The intercepts b, the last column of Θ, are not penalised. A weight of 2 equals a row given
    twice. Every method reads the source once.

    Parameters
    ----------
    source : Source
        The samples.
    loss : Loss
        Loss of one sample's scores.
    n_scores : int
        Number of scores m of the model, the rows of Θ.
    l2 : float
        Strength λ of the penalty, at least 0.
    fit_intercept : bool
        Whether the model has intercepts.
    """

    source: Source
    loss: Loss
    n_scores: int
    l2: float
    fit_intercept: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (m, p) of the parameters Θ."""
        return self.n_scores, self.source.n_features + self.fit_intercept

    @property
    def lower_bound(self) -> float:
        """0: neither loss nor penalty is ever negative."""
        return 0.0

    @property
    def n_samples(self) -> int:
        """Number of rows of the source."""
        return self.source.n_samples

    @property
    def room(self) -> int:
        """How many numbers sums over all rows, and what is made of them, may take."""
        return self.source.room_for_sums

    @property
    def multiply_adds(self) -> float:
        """Work of a matrix product with the data, about half of that of a pass."""
        return float(self.source.n_values) * self.n_scores

    def value(self, theta: Float[Array, "m p"]) -> float:
        """F(Θ)."""
        (total,) = self._sums(partial(value_pass, self.loss, theta=theta))
        return float(total) / self.source.total_weight + self._penalty(theta)

    def value_and_gradient(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> tuple[float, Float[Array, "m p"]]:
        """F(Θ) and ∇F(Θ), the gradient in the shape of Θ.

        Without ``precise`` data of float32 or less are multiplied in float32.
        """
        sums = self._sums(partial(gradient_pass, self.loss, theta=theta, precise=precise))
        return self._add_penalty(theta, sums, self.source.total_weight)

    def gradient_and_curvatures(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> tuple[float, Float[Array, "m p"], Curvatures]:
        """F(Θ) and ∇F(Θ), and of the same reading what Hessians at Θ have in common."""
        kept: Curvatures = []
        if not self._may_keep(self.n_scores * self.n_samples):
            return *self.value_and_gradient(theta, precise=precise), kept

        def keep(batch: Batch) -> tuple[Array, ...]:
            sums, part = gradient_and_curvature_pass(self.loss, batch, theta, precise=precise)
            kept.append(KeptCurvature.of(batch, part))
            return sums

        sums = self._sums(keep)
        return *self._add_penalty(theta, sums, self.source.total_weight), kept

    def hessian_at(
        self,
        theta: Float[Array, "m p"],
        *,
        precise: bool = True,
        thin: bool = False,
        kept: Curvatures | None = None,
    ) -> HessianProduct:
        """∇²F(Θ) as a function of a direction.

        What its products have in common is computed once, where that takes little memory beside
        the data, unless it was ``kept`` before. Without ``precise`` data of float32 or less are
        multiplied in float32. With ``thin`` curvature that hardly counts beside the penalty is left
        out where that saves time.
        """
        if kept is None:
            kept = self._curvatures(theta, precise=precise)
        if thin:
            kept = self._thinned(kept)

        def product(direction: Float[Array, "m p"]) -> Float[Array, "m p"]:
            of_batches = partial(
                hessian_product_pass, self.loss, theta=theta, direction=direction, precise=precise
            )
            (total,) = self._sums_beside(kept, of_batches)
            return total / self.source.total_weight + self.l2 * self.penalised(direction)

        return product

    def intercept_derivatives(
        self, theta: Float[Array, "m p"]
    ) -> tuple[float, Float[Array, " m"], Float[Array, "m m"]]:
        """F(Θ), and its gradient and Hessian in the intercepts alone."""
        value, gradient, hessian = self._sums(partial(intercept_pass, self.loss, theta=theta))
        S = self.source.total_weight
        return float(value) / S + self._penalty(theta), gradient / S, hessian / S

    def curvature_bound(self) -> float:
        """No more than the mean loss curves in any direction of the weights: κ times mean ‖x‖².

        κ is the loss's greatest curvature, and Σ Aᵢ ≤ Σ tr Aᵢ · I.
        """
        _, lengths = self.source.fold(partial(length_pass, p=self.source.n_features))
        return self.loss.greatest_curvature * float(lengths) / self.source.total_weight

    def even_curvatures(self, theta: Float[Array, "m p"]) -> Float[Array, " m"] | None:
        """Curvature of the loss in each score, apart from the others, where all rows share it.

        ``None`` where weights are not zero, and scores differ from row to row.
        """
        if theta[:, : self.source.n_features].any():
            return None
        intercepts = theta[:, -1] if self.fit_intercept else np.zeros(self.n_scores)
        return self.loss.uncoupled(intercepts[None])[0]

    def hessian(
        self,
        theta: Float[Array, "m p"],
        basis: Float[Array, "p r"] | None = None,
        *,
        least: float = 0.0,
        precise: bool = True,
    ) -> Float[Array, "m r m r"]:
        """∇²F(Θ) as an array; given a basis B, that in Θ' where Θ = Θ'Bᵀ.

        With ``least`` > 0 a rough one, for less work: rows whose curvature is below it, per unit
        of their mean weight, hand it on to one that follows.
        """
        least *= self.source.total_weight / max(1, self.n_samples)
        (hessian,) = self._sums(
            partial(hessian_pass, self.loss, theta=theta, basis=basis, least=least, precise=precise)
        )
        hessian /= self.source.total_weight
        scores = np.arange(self.n_scores)
        hessian[scores, :, scores, :] += self._penalty_hessian(basis)
        return hessian

    def score_hessians(
        self,
        theta: Float[Array, "m p"],
        rows: float,
        at_once: int,
        *,
        kept: Curvatures | None = None,
    ) -> Iterator[Float[Array, "p p"]]:
        """∇²F(Θ) in each row of Θ alone: the weights of a score among themselves.

        Rough ones, of about so many ``rows`` of the data each, drawn by their curvature; so many
        are worked out ``at_once``. What was ``kept`` of Θ without ``precise`` need not be computed.
        """
        few = self.source.sample(np.random.default_rng(0), SAMPLED_ROWS)
        curvatures = np.diagonal(replace(self, source=few).intercept_derivatives(theta)[2])
        total = np.maximum(curvatures, curvatures.max() * NEGLIGIBLE) * self.source.total_weight
        least = np.maximum(total / rows, np.finfo(float).tiny)
        if kept is None:
            kept = self._curvatures(theta, precise=False)
        features = np.arange(self.source.n_features)
        for start in range(0, self.n_scores, at_once):
            chosen = range(start, min(self.n_scores, start + at_once))
            of_chosen = partial(
                score_hessians_pass, self.loss, theta=theta, chosen=chosen, least=least[chosen]
            )
            for sums in self._sums_beside(kept, of_chosen):
                hessian = np.divide(sums, self.source.total_weight, out=sums)
                hessian[features, features] += self.l2
                yield hessian

    def column_hessians(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> Float[Array, "p m m"]:
        """∇²F(Θ) in each column of Θ alone: how a feature's weights for the scores are coupled."""
        (hessians,) = self._sums(
            partial(column_hessians_pass, self.loss, theta=theta, precise=precise)
        )
        hessians /= self.source.total_weight
        scores = np.arange(self.n_scores)
        hessians[: self.source.n_features, scores, scores] += self.l2
        return hessians

    def second_moment(self, *, precise: bool = True) -> Float[Array, "p p"]:
        """(1/S) Σᵢ sᵢ x̃ᵢx̃ᵢᵀ, where x̃ is x with a 1 for the intercept."""
        (total,) = self._sums(partial(second_moment_pass, p=self.shape[1], precise=precise))
        return total / self.source.total_weight

    def with_l2(self, l2: float) -> "Objective":
        """Give the same objective with another strength λ of the penalty."""
        return replace(self, l2=l2)

    def sample(self, rows: int, random: np.random.Generator) -> "Objective":
        """Give the same objective over a random sample of rows; itself if that is all of them."""
        if rows >= self.n_samples:
            return self
        return replace(self, source=self.source.sample(random, rows))

    def rotated(self, basis: Float[Array, "p r"]) -> "Objective":
        """Give the mean loss alone, as a function of Θ' where Θ = Θ' Bᵀ: its samples are Bᵀx̃.

        They are held in memory, dense and in the type of B: meant for a sample of rows.
        """
        return replace(self, source=self.source.rotated(basis), l2=0.0, fit_intercept=False)

    def hessian_diagonal(
        self, theta: Float[Array, "m p"], *, precise: bool = True
    ) -> Float[Array, "m p"]:
        """Diagonal of ∇²F(Θ)."""
        (total,) = self._sums(
            partial(hessian_diagonal_pass, self.loss, theta=theta, precise=precise)
        )
        return total / self.source.total_weight + self.l2 * self.penalised(np.ones(self.shape))

    def never_rises_along(self, direction: Float[Array, "m p"]) -> bool:
        """Whether the losses fall, and never rise, along ``direction``: F has no minimum then.

        Along a direction in which the losses change at all they rise one way or the other, unless
        the classes are separable. The penalty is left out: with it there is always a minimum.
        """
        ahead, behind = self._sums(partial(slope_pass, self.loss, direction=direction))
        return bool(ahead <= FLAT * behind) and bool(behind > 0)

    def along(
        self, theta: Float[Array, "m p"], direction: Float[Array, "m p"], *, precise: bool = True
    ) -> Line | None:
        """Return F on the line Θ + tD; ``None`` where its scores are too many to be kept.

        Without ``precise`` data of float32 or less give scores in float32.
        """
        if not self._may_keep(2 * self.n_samples * self.n_scores):
            return None
        parts: list[LineOfScores] = []

        def keep(batch: Batch) -> tuple[Array, ...]:
            parts.append(line_pass(self.loss, batch, theta, direction, precise=precise))
            return ()

        self._sums(keep)
        weights = self.penalised(direction)
        linear = self.l2 * float(np.vdot(weights, theta))
        quadratic = self.l2 * float(np.vdot(weights, weights))
        penalty = (self._penalty(theta), linear, quadratic)
        return Line(tuple(parts), self.source.total_weight, penalty)

    def in_row_space(self) -> "tuple[Objective, RowSpace] | None":
        """Return F of weights in the row space alone, where that has far fewer dimensions.

        That is dense rows in memory, and not so many that their eigenvectors take long.
        """
        source = self.source
        if not isinstance(source, MemorySource) or not isinstance(source.X, np.ndarray):
            return None
        n, k = source.X.shape
        if n > MOST_ROWS or k < FEATURES_PER_ROW * n or k * self.n_scores < FEW_PARAMETERS:
            return None
        space = RowSpace.of(source.X)
        if space is None:
            return None
        return replace(self, source=MemorySource(space.rows, source.y, source.weight)), space

    def dual(self, theta: Float[Array, "m p"]) -> RowDistributions | None:
        """Return the dual of F, begun from Θ, where it can be ascended row by row; else ``None``.

        That is softmax with a penalty, over sparse rows in memory, and distributions for all rows
        that take no more memory than the rows, or little.
        """
        source, loss = self.source, self.loss
        if self.l2 == 0 or not isinstance(source, MemorySource):
            return None
        if source.n_samples * self.n_scores > max(FEW_DISTRIBUTIONS, source.n_values):
            return None
        batch = Batch(source.X, source.y, source.weight)
        if not isinstance(loss, SoftmaxCrossEntropy) or not can_ascend(loss, batch):
            return None
        return RowDistributions(
            loss,
            batch,
            l2=self.l2,
            total_weight=source.total_weight,
            theta=theta,
            fit_intercept=self.fit_intercept,
        )

    def walk(
        self,
        iterate: Iterate,
        rule: StepRule,
        *,
        rates: Callable[[Int[Array, " t"]], Float[Array, " t"]],
        batch_size: int,
        random: np.random.Generator,
    ) -> Iterate:
        """Go over the samples once, in random order, with a step for every few of them.

        A step follows the gradient of F estimated, without bias, from its rows alone. They are
        weighed by S times the share of the rows that they are, and not by their own weight: that
        would favour light batches, and fail on one whose rows all weigh nothing.
        """
        return descend_through(
            self.source,
            iterate,
            random,
            loss=self.loss,
            rule=rule,
            rates=rates,
            batch_size=batch_size,
            l2=self.l2,
            share=self.n_samples / self.source.total_weight,
        )

    def curvatures(self, random: np.random.Generator) -> tuple[float, float]:
        """Curvature of a typical row, and the greatest of the mean loss, both at Θ = 0.

        There the Hessian H of the loss in the scores is the same for every row, and that of the
        mean loss is H ⊗ M with the second moments M of the rows. The first result is
        tr H · Σ tᵢ²/Σ tᵢ with tᵢ = ‖x̃ᵢ‖² sᵢn/S, so that long and heavy rows count for more; the
        second is the top eigenvalue. M and tᵢ are those of a sample of rows.
        """
        source = self.source.sample(random, SAMPLED_ROWS)
        if source.total_weight == 0:
            source = self.source
        H = self.loss.hessian(np.zeros((1, self.n_scores)))[0]
        if isinstance(source, MemorySource):
            source = source.without_empty_columns()
        p = source.n_features + self.fit_intercept
        squares, total = source.fold(partial(length_pass, p=p))
        if total == 0:
            return 0.0, 0.0
        row = float(squares / total) * source.n_samples / source.total_weight
        # The Hessian of the squared loss is M, whatever the parameters.
        moments = replace(self, source=source, loss=SquaredLoss(), n_scores=1, l2=0.0)
        product = moments.hessian_at(np.zeros(moments.shape))
        direction = random.normal(size=moments.shape)
        for _ in range(POWER_ITERATIONS):
            direction = product(direction / np.linalg.norm(direction))
        greatest = float(np.linalg.eigvalsh(H)[-1] * np.linalg.norm(direction))
        return float(np.trace(H)) * row, greatest

    def penalised(self, theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
        """Θ with the intercepts, which bear no penalty, set to zero."""
        if not self.fit_intercept:
            return theta
        weights = theta.copy()
        weights[:, -1] = 0
        return weights

    def centred(self, theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
        """Θ less what all scores share, where the loss sees their differences alone."""
        return self.loss.centred(theta.T).T

    def _droppable_curvature(self) -> float:
        """Sum of ŷ(1 − ŷ) over classes, in the mean over rows, that adds little to the penalty.

        In the mean over all directions, that is; a row's share is ŷ(1 − ŷ) ‖x‖² of them together.
        """
        if self.n_scores < MANY_SCORES:
            return 0.0
        some = self.source.sample(np.random.default_rng(0), SAMPLED_ROWS)
        _, lengths = some.fold(partial(length_pass, p=some.n_features))
        square = max(float(lengths) / max(some.total_weight, 1.0), np.finfo(float).tiny)
        return BESIDE_PENALTY * self.l2 * self.n_scores * some.n_features / square

    def _curvatures(self, theta: Float[Array, "m p"], *, precise: bool) -> Curvatures:
        """Work out what Hessians at Θ have in common; nothing where it is much."""
        kept: Curvatures = []
        if not self._may_keep(self.n_scores * self.n_samples):
            return kept

        def keep(batch: Batch) -> tuple[Array, ...]:
            part = curvature(self.loss, batch, theta, precise=precise)
            kept.append(KeptCurvature.of(batch, part))
            return ()

        self._sums(keep)
        return kept

    def _thinned(self, kept: Curvatures) -> Curvatures:
        """Leave out curvature that hardly counts beside the penalty, where that saves time."""
        droppable = self._droppable_curvature()
        return [part.thinned(droppable) for part in kept] if droppable else kept

    def _may_keep(self, values: int) -> bool:
        return values <= self.source.room

    def _sums(self, function: Fold) -> tuple[Array, ...]:
        # The passes of the engine go through a batch of any size in tiles of their own.
        return self.source.fold(function, tiled=False)

    def _sums_beside(
        self, kept: Curvatures, function: Callable[..., tuple[Array, ...]]
    ) -> tuple[Array, ...]:
        """Add up a function of each batch and of what was kept of it, if that was."""
        of_batch = iter(kept)
        return self._sums(
            (lambda batch: function(batch, curvature=next(of_batch).values)) if kept else function
        )

    def _add_penalty(
        self, theta: Float[Array, "m p"], sums: tuple[Array, ...], weight: float
    ) -> tuple[float, Float[Array, "m p"]]:
        value, gradient = sums
        return (
            float(value) / weight + self._penalty(theta),
            gradient / weight + self.l2 * self.penalised(theta),
        )

    def _penalty_hessian(self, basis: Float[Array, "p r"] | None) -> Float[Array, "r r"]:
        """Hessian of the penalty in one row of Θ', or of Θ."""
        p = self.shape[1]
        weights = np.eye(p) if basis is None else basis.astype(np.float64)
        if self.fit_intercept:
            weights = weights[:-1]
        return self.l2 * (weights.T @ weights)

    def _penalty(self, theta: Float[Array, "m p"]) -> float:
        W = theta[:, : self.source.n_features]
        return 0.5 * self.l2 * float(np.vdot(W, W))
