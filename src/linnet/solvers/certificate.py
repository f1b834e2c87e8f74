"""The certificate of mathematics §7: a proof of how near the optimum a point is.

For λ > 0, let φ(W) = min_b F(W, b). It is λ-strongly convex, and at the minimising b its
gradient is ∇_W F. A λ-strongly convex φ lies within ‖∇φ‖²/(2λ) of its minimum, so that

    F(W, b) − F* ≤ ‖∇_W F(W, b)‖² / (2λ)      where b minimises F(W, ·).
"""

from typing import Final

import numpy as np
from jaxtyping import Float

from linnet.numeric import EPSILON
from linnet.solvers.conjugate_gradient import conjugate_gradient
from linnet.solvers.preconditioners import preconditioner_at, preconditioning_for
from linnet.solvers.problem import Problem
from linnet.solvers.solution import Certificate
from linnet.types import Array

__all__ = ["certify", "gradient_bound", "minimise_intercepts", "newton_gap"]

# Newton's method doubles the correct digits with each step; from a fitted point three suffice,
# from anywhere some twenty.
MAXIMUM_INTERCEPT_STEPS: Final = 50
# The decrement would do with some per cent; that its step shows a direction of separation, if
# there is one, asks for more.
DECREMENT_ACCURACY: Final = 1e-3
DECREMENT_PRODUCTS: Final = 200


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


def newton_gap(
    problem: Problem, theta: Float[Array, "m p"], gradient: Float[Array, "m p"]
) -> tuple[float, Float[Array, "m p"]]:
    """Half the squared Newton decrement, ½ ⟨∇F, (∇²F)⁻¹∇F⟩, and the Newton step.

    It is F(Θ) − F* where F is quadratic, and nearly so close to the optimum: an estimate, not
    a bound.
    """
    preconditioning = preconditioning_for(problem, np.random.default_rng(0))
    step = conjugate_gradient(
        problem.hessian_at(theta),
        -gradient,
        preconditioner_at(problem, preconditioning, theta),
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
