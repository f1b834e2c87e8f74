"""A preconditioner in use: built anew when it has aged, and stronger where fits prove hard."""

from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import SINGLE_EPSILON
from linnet.solvers.preconditioners import preconditioner_at, preconditioning_for
from linnet.solvers.preconditioning import Preconditioning, far_apart
from linnet.solvers.problem import Problem
from linnet.solvers.remembered import Remembered
from linnet.types import Array

__all__ = ["Renewal"]

# A preconditioner that needs more products than this for a step has aged: build it anew.
PRODUCTS_BEFORE_REBUILDING: Final = 5
AGED: Final = 1.5
# And so does one that costs no more than this share of the last step's products.
CHEAP: Final = 0.5
# Products of a step that no preconditioner spares.
UNAVOIDABLE: Final = 2
# A stronger one is worth its cost where that many times over has gone into products without it.
PAID: Final = 1.0


@final
class Renewal:
    """The preconditioner of a fit, or of several fits that differ in their penalty.

    Parameters
    ----------
    random : numpy.random.Generator
        Draws the rows that preconditioners are made from.

    Attributes
    ----------
    largest : float
        Largest curvature that the last step has seen; 0 before the first.
    remembered : Remembered
        What the last step has measured of the Hessian.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self.largest = 0.0
        self.remembered = Remembered()
        self._random = random
        self._preconditioning: Preconditioning
        self._begun = False
        self._fresh: float | None = None
        self._spent = 0
        self._spent_near = 0

    def begin(self, problem: Problem, theta: Float[Array, "m p"]) -> None:
        """Turn to another problem: with a preconditioner of its own, or the last if there is one.

        A penalty a few times larger or smaller spoils a preconditioner by no more than that; by
        more, and conjugate gradients measure residuals so wrongly that they end without progress.
        """
        if self._begun:
            self._preconditioning = self._preconditioning.of_same_rows(problem)
            self._problem = problem
            if far_apart(problem.l2, self._built_for):
                self.remembered.forget()
                self._build(theta)
            return
        self._begun = True
        self._problem = problem
        self._preconditioning = preconditioning_for(problem, self._random)
        self._build(theta)

    def __call__(self, gradient: Float[Array, "m p"]) -> Float[Array, "m p"]:
        """About H⁻¹ times a gradient."""
        return self.remembered.correct(self._apply, gradient)

    @property
    def largest_rise(self) -> float:
        """How far residuals may rise in conjugate gradients before that is rounding."""
        return self._preconditioning.largest_rise

    def drowns(self, l2: float) -> bool:
        """Whether the rounding of single precision, in the largest curvature, drowns the least.

        That is λ, the penalty's.
        """
        return l2 <= SINGLE_EPSILON * self.largest

    def learn(self, products: int, theta: Float[Array, "m p"], *, astray: bool, near: bool) -> None:
        """Learn from a step, and build anew at ``theta``, where it led to, if that pays.

        Parameters
        ----------
        products : int
            Products with the Hessian that the step took.
        theta : array of shape (m, p)
            The parameters it led to.
        astray : bool
            Whether it had to be shortened, or the residual rose: then the Hessian has changed much.
        near : bool
            Whether one step like it is left: then nothing pays that costs more than that, unless
            such steps together have cost as much.
        """
        self.remembered.learn()
        if self._fresh is None:
            self._fresh = max(PRODUCTS_BEFORE_REBUILDING, AGED * products)
        self._spent += max(0, products - UNAVOIDABLE)
        self._spent_near = self._spent_near + products if near else 0
        stronger = self._preconditioning.stronger()
        worth = max(CHEAP * products, self._spent_near if near else self._spent / PAID)
        if stronger is not None and stronger.passes <= worth:
            self._adopt(stronger)
            astray = True
        cheap = self._preconditioning.passes <= CHEAP * products
        dear = near and self._preconditioning.passes > self._spent_near
        aged = products > self._fresh and not dear
        if cheap or aged or astray:
            self._build(theta)

    def strengthen(self, theta: Float[Array, "m p"]) -> bool:
        """Build a stronger one at ``theta``, where a step led nowhere; false if there is none."""
        stronger = self._preconditioning.stronger()
        if stronger is None:
            return False
        self._adopt(stronger)
        self._build(theta)
        return True

    def _adopt(self, stronger: Preconditioning) -> None:
        self._preconditioning = stronger
        self._spent = 0

    def _build(self, theta: Float[Array, "m p"]) -> None:
        self._apply = preconditioner_at(self._problem, self._preconditioning, theta, self._random)
        self._built_for = self._problem.l2
        self._fresh = None
        self._spent_near = 0
