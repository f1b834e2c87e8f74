"""The Cholesky factor of the whole Hessian of a sample, where parameters are few."""

from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.solvers.factors import factored
from linnet.solvers.preconditioning import Preconditioner
from linnet.solvers.problem import Problem
from linnet.types import Array

__all__ = ["WholeHessian", "passes_to_build"]

# A factor of the whole leaves a condition number far below the square of this.
WHOLE_RISE: Final = 1e2
# Rows whose curvature is small hand it on to others: fewer products, and hardly a worse factor.
LEAST_CURVATURE: Final = 0.01
# A whole Hessian is as rough only where it has so many rows for each parameter.
ROWS_FOR_ROUGHNESS: Final = 50


@final
@dataclass(frozen=True)
class WholeHessian:
    """The Cholesky factor of the whole Hessian of a sample."""

    sample: Problem
    rows: int
    random: np.random.Generator
    passes: float
    rough: bool = True
    largest_rise: float = WHOLE_RISE

    def stronger(self) -> "WholeHessian | None":
        """Return the one of all rows, each with its own weight."""
        return replace(self, rough=False) if self.rough else None

    def of_same_rows(self, problem: Problem) -> "WholeHessian":
        """Return the same for another penalty."""
        return replace(self, sample=problem.sample(self.rows, self.random))

    def at(self, theta: Float[Array, "m p"]) -> Preconditioner:
        """Return the preconditioner for the Hessian at ``theta``."""
        # Few rows are all needed.
        share = min(1.0, self.rows / (ROWS_FOR_ROUGHNESS * theta.size))
        least = LEAST_CURVATURE * share if self.rough else 0.0
        hessian = self.sample.hessian(theta, least=least)
        return factored(hessian.reshape(theta.size, theta.size))


def passes_to_build(problem: Problem, rows: int, r: int) -> float:
    """Multiply-adds of a Hessian of m·r parameters and its factor, in units of a pass's."""
    m, p = problem.shape
    hessian = 0.5 * rows * (m * (m + 1) / 2) * r**2
    return (hessian + (m * r) ** 3 / 6) / (2.0 * problem.n_samples * m * p)
