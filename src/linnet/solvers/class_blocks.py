"""The Hessian of each score's own weights, factored; scores are coupled where most of it lies.

Rows that a class is sure of have no curvature for it: each block is that of the rows that count for
its class, drawn by their curvature. So a block is as good late in a fit, where few rows count, as
at its beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.engine import limited_blas, thread_count
from linnet.parallel import in_order
from linnet.solvers.coupling import coupling
from linnet.solvers.factors import single_factor
from linnet.solvers.preconditioning import Preconditioner, Preconditioning
from linnet.solvers.problem import Problem
from linnet.solvers.whole_hessian import WholeHessian, passes_to_build
from linnet.types import Array

__all__ = ["ClassBlocks"]

# Rows for each parameter of a block: more where the fit proves hard.
ROWS_PER_PARAMETER: Final = (4, 16, 64)
# Blocks of 500 classes of 512 features take 520 MB.
LARGEST_BLOCKS: Final = 2**27
# Sums of blocks, and what is copied of them.
BLOCKS_AT_ONCE: Final = 3
# Values of Hessians at a time: 32 MB.
VALUES_AT_ONCE: Final = 2**22
# Rows for the coupling of scores while most rows have curvature; later it takes all.
ROWS_OF_COUPLING: Final = 10_000
# Where all else proves too weak, a factor of 8,000 parameters takes some 5 s and 500 MB.
LARGEST_LAST_FACTOR: Final = 8000
# A Hessian, its factor and a copy.
FACTORS_HELD: Final = 3
# Pairs of classes that are both likely, for a row of data that people have.
RELEVANT_PAIRS: Final = 2.0
# To factor is in float64, and so twice as slow.
SLOWNESS: Final = 2.0


@final
@dataclass(frozen=True)
class ClassBlocks:
    """The preconditioner of many parameters of moderately many features.

    Parameters
    ----------
    problem : Problem
        The problem.
    random : numpy.random.Generator
        Draws rows.
    level : int
        How many rows a block is made of: an index into ``ROWS_PER_PARAMETER``.
    """

    problem: Problem
    random: np.random.Generator
    level: int = 0
    largest_rise: float = np.inf

    @staticmethod
    def fits(problem: Problem) -> bool:
        """Whether blocks, and what it takes to work them out, find room."""
        m, p = problem.shape
        # A block is in float32.
        numbers = m * p**2 // 2 + BLOCKS_AT_ONCE * max(p**2, VALUES_AT_ONCE)
        return m * p**2 <= LARGEST_BLOCKS and numbers <= problem.room

    @property
    def rows(self) -> float:
        """Rows that a block is made of."""
        n, p = self.problem.n_samples, self.problem.shape[1]
        return float(min(n, ROWS_PER_PARAMETER[self.level] * p))

    @property
    def passes(self) -> float:
        """About how many passes over the data it costs to build one."""
        p = self.problem.shape[1]
        of_rows = self.rows * p**2 / 2
        return 1 + (of_rows + SLOWNESS * p**3 / 6) / (2.0 * self.problem.n_samples * p)

    def stronger(self) -> "Preconditioning | None":
        """Return one of more rows; at last the whole Hessian, if it fits."""
        m, p = self.problem.shape
        n = self.problem.n_samples
        if self.rows < n and self.level + 1 < len(ROWS_PER_PARAMETER):
            return replace(self, level=self.level + 1)
        if m * p > LARGEST_LAST_FACTOR or FACTORS_HELD * (m * p) ** 2 > self.problem.room:
            return None
        # Of every row's pairs of classes the few that are both likely are left.
        rows = int(n * 2 * RELEVANT_PAIRS / m)
        return WholeHessian(self.problem, n, self.random, passes_to_build(self.problem, rows, p))

    def of_same_rows(self, problem: Problem) -> "ClassBlocks":
        """Return the same for another penalty."""
        return replace(self, problem=problem)

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        """Return the preconditioner for the Hessian at ``theta``."""
        p = theta.shape[1]
        pooled = np.zeros((p, p))

        def noted() -> Iterator[Float[Array, "p p"]]:
            at_once = max(1, VALUES_AT_ONCE // p**2)
            for hessian in self.problem.score_hessians(theta, self.rows, at_once):
                np.add(pooled, hessian, out=pooled)
                yield hessian

        with limited_blas(1):
            factors = list(in_order(single_factor, noted(), thread_count()))
        coupled = coupling(self._rows_of_coupling, theta, factors, pooled)

        def apply(gradient: Array) -> Array:
            alone = [solve(row) for solve, row in zip(factors, gradient, strict=True)]
            return np.stack(alone) if coupled is None else coupled(gradient) + alone

        return apply

    @cached_property
    def _rows_of_coupling(self) -> Problem:
        if self.level > 0:
            return self.problem
        return self.problem.sample(ROWS_OF_COUPLING, self.random)
