"""The certificate of mathematics §7: a proof of how near the optimum a point is.

For λ > 0, let φ(W) = min_b F(W, b). It is λ-strongly convex, and at the minimising b its
gradient is ∇_W F. A λ-strongly convex φ lies within ‖∇φ‖²/(2λ) of its minimum, so that

    F(W, b) − F* ≤ ‖∇_W F(W, b)‖² / (2λ)      where b minimises F(W, ·).

Where b is near that minimum, how near is bounded by its own Newton step, and ∇φ(W) with it.
"""

from dataclasses import dataclass
from math import exp, log1p, sqrt
from typing import Final, final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.conjugate_gradient import conjugate_gradient
from linnet.solvers.preconditioners import preconditioner_at, preconditioning_for
from linnet.solvers.problem import Point, Problem
from linnet.solvers.solution import Certificate
from linnet.types import Array

__all__ = ["certify", "gradient_bound", "minimise_intercepts", "newton_gap", "prove_nearby"]

# Newton's method doubles the correct digits with each step; from a fitted point three suffice,
# from anywhere some twenty.
MAXIMUM_INTERCEPT_STEPS: Final = 50
# The decrement would do with some per cent; that its step shows a direction of separation, if
# there is one, asks for more.
DECREMENT_ACCURACY: Final = 1e-3
DECREMENT_PRODUCTS: Final = 200
# A Newton step in the intercepts, in units of the scores, that surely leads to their minimum.
CLOSE: Final = 0.5


def gradient_bound(problem: Problem, gradient: Float[Array, "m p"]) -> float:
    """‖∇_W F‖²/(2λ): a bound where b is minimised, else only an indication; ∞ for λ = 0."""
    if problem.l2 == 0:
        return float("inf")
    in_weights = problem.penalised(gradient)
    return float(np.vdot(in_weights, in_weights)) / (2 * problem.l2)


def certify(
    problem: Problem, theta: Float[Array, "m p"], unit: str = "nats"
) -> tuple[Float[Array, "m p"], float, Certificate]:
    """Minimise the intercepts exactly, and prove what can be proved there.

    Returns
    -------
    theta : array of shape (m, p)
        The same weights, with the best intercepts for them.
    value : float
        F there.
    certificate : Certificate
        Of kind ``"proven"``; for λ = 0 its gap is F less its lower bound, often a loose one.
    """
    theta = minimise_intercepts(problem, theta)
    value, gradient = problem.value_and_gradient(theta)
    gap = min(gradient_bound(problem, gradient), value - problem.lower_bound)
    return theta, value, Certificate(gap, "proven", unit)


def prove_nearby(
    problem: Problem, here: Point, unit: str = "nats"
) -> tuple[Float[Array, "m p"], float, Certificate]:
    """Take one Newton step in the intercepts, and prove what can be proved without another.

    Let h(b) = F(W, b), which δ* leads to the minimum of; ‖·‖ of a step is in the norm of ∇²h(b),
    whose least curvature is μ, and ‖·‖' of a slope in that of its inverse. Along a step that moves
    scores by a range r, the third derivative of a softmax is at most r times the second (it is a
    third cumulant of numbers of that range; that of squares is 0). So curvatures change by a factor
    between e⁻ʳ and eʳ, and ‖δ*‖ (1 − e⁻ʳ)/r ≤ ‖∇h(b)‖' for the range r ≤ ‖δ*‖ √(2/μ) of δ*. With
    ν = ‖∇h(b)‖' √(2/μ) < 1

        ‖δ*‖ ≤ −log(1 − ν)/ν · ‖∇h(b)‖',      h(b) − min h ≤ ‖∇h(b)‖' ‖δ*‖,
        ‖∇φ(W)‖ ≤ ‖∇_W F(W, b)‖ + √c ‖δ*‖ /√(1 − ν),

    the last by Cauchy and Schwarz, where no curvature in the weights, less λ, is above c.

    Parameters
    ----------
    problem : Problem
        F.
    here : Point
        Θ = [W b], with F and ∇F there.
    unit : str
        Of F.

    Returns
    -------
    theta, value, certificate
        As of ``certify``; the gap is ∞ where b is too far from its minimum.
    """
    if not problem.fit_intercept:
        there = here.made_precise(problem)
        slope = float(np.linalg.norm(there.gradient))
        return there.theta, there.value, _proven(problem, there.value, slope, 0.0, unit)
    hessian = _InterceptHessian.of(problem, problem.intercept_derivatives(here.theta)[2])
    step = hessian.step(here.gradient[:, -1])
    # Scores move against each other, and one may be fixed at 0.
    moved = float(max(step.max(), 0.0) - min(step.min(), 0.0))
    if not moved < CLOSE:
        return here.theta, here.value, Certificate(np.inf, "proven", unit)
    theta = here.theta.copy()
    theta[:, -1] += step
    there = Point.of(problem, theta)
    # Curvatures there are those here, but for a factor.
    left = hessian.length(there.gradient[:, -1]) * exp(moved / 2)
    reach = left * sqrt(2 / hessian.least) * exp(moved / 2)
    if not reach < CLOSE:
        return theta, there.value, Certificate(np.inf, "proven", unit)
    way = left * (-log1p(-reach) / reach if reach > 0 else 1.0)
    slope = float(np.linalg.norm(problem.penalised(there.gradient)))
    slope += sqrt(problem.curvature_bound()) * way / sqrt(1 - reach)
    return theta, there.value, _proven(problem, there.value, slope, left * way, unit)


def _proven(
    problem: Problem, value: float, slope: float, of_intercepts: float, unit: str
) -> Certificate:
    """Certificate of F(W, b) = ``value`` at most so far from φ(W), where ‖∇φ(W)‖ ≤ ``slope``."""
    of_weights = slope**2 / (2 * problem.l2) if problem.l2 > 0 else np.inf
    gap = min(of_weights + of_intercepts, value - problem.lower_bound)
    return Certificate(gap, "proven", unit)


@final
@dataclass(frozen=True)
class _InterceptHessian:
    """The Hessian of F in the intercepts, by its eigenvectors."""

    problem: Problem
    curvatures: Float[Array, " m"]
    directions: Float[Array, "m m"]

    @classmethod
    def of(cls, problem: Problem, hessian: Float[Array, "m m"]) -> "_InterceptHessian":
        """Work out its eigenvectors."""
        if not problem.centred(np.ones((len(hessian), 1))).any():
            # One number added to all changes nothing: that direction gets the mean curvature.
            hessian = hessian + np.trace(hessian) / len(hessian) ** 2
        curvatures, directions = np.linalg.eigh(hessian)
        return cls(problem, np.maximum(curvatures, EPSILON**2), directions)

    @property
    def least(self) -> float:
        """The least curvature."""
        return float(self.curvatures[0])

    def step(self, slope: Float[Array, " m"]) -> Float[Array, " m"]:
        """Newton's step."""
        step = -self.directions @ ((self.directions.T @ slope) / self.curvatures)
        return self.problem.centred(step[:, None])[:, 0]

    def length(self, slope: Float[Array, " m"]) -> float:
        """Length of that step in the norm of the Hessian."""
        along = self.directions.T @ slope
        return sqrt(along @ (along / self.curvatures))


def newton_gap(
    problem: Problem, theta: Float[Array, "m p"], gradient: Float[Array, "m p"]
) -> tuple[float, Float[Array, "m p"]]:
    """Half the squared Newton decrement, ½ ⟨∇F, (∇²F)⁻¹∇F⟩, and the Newton step.

    It is F(Θ) − F* where F is quadratic, and nearly so close to the optimum: an estimate, not
    a bound.
    """
    random = np.random.default_rng(0)
    preconditioning = preconditioning_for(problem, random)
    step = conjugate_gradient(
        problem.hessian_at(theta),
        -gradient,
        preconditioner_at(problem, preconditioning, theta, random),
        accuracy=DECREMENT_ACCURACY,
        max_products=DECREMENT_PRODUCTS,
        largest_rise=preconditioning.largest_rise,
    )
    # What all scores share bears the penalty alone, and is best at zero.
    shared = problem.penalised(theta - problem.centred(theta)) if problem.l2 > 0 else 0 * theta
    return step.decrease + 0.5 * problem.l2 * float(np.vdot(shared, shared)), step.x - shared


def minimise_intercepts(problem: Problem, theta: Float[Array, "m p"]) -> Float[Array, "m p"]:
    """Minimise F over the intercepts alone, by Newton's method to the rounding of float64."""
    if not problem.fit_intercept:
        return theta
    theta = theta.copy()
    value, gradient, hessian = problem.intercept_derivatives(theta)
    for _ in range(MAXIMUM_INTERCEPT_STEPS):
        # Adding one number to every intercept changes nothing, so the Hessian is singular; of the
        # equivalent steps the shortest is taken.
        step = np.linalg.lstsq(hessian, -gradient, rcond=None)[0]
        step = problem.centred(step[:, None])[:, 0]
        decrease = -0.5 * float(gradient @ step)
        # A thousandth of the rounding of F cannot matter to the bound.
        if decrease <= 1e-3 * EPSILON * abs(value):
            break
        moved = _shortened(problem, theta, step, value, decrease)
        if moved is None:
            break
        theta, value, gradient, hessian = moved
    return theta


def _shortened(
    problem: Problem,
    theta: Float[Array, "m p"],
    step: Float[Array, " m"],
    value: float,
    decrease: float,
) -> tuple[Array, float, Array, Array] | None:
    """Take the largest of the steps 1, ½, ¼, … of the Newton step that does not raise F."""
    rounding = 4 * EPSILON * abs(value)
    for _ in range(30):
        trial = theta.copy()
        trial[:, -1] += step
        new_value, gradient, hessian = problem.intercept_derivatives(trial)
        # Below the rounding of F its values cannot judge a step; Newton's own model can.
        if new_value <= value + rounding and np.isfinite(new_value):
            return trial, new_value, gradient, hessian
        if decrease <= rounding:
            return None
        step = step / 2
    return None
