"""Every solver reaches the optimum, and the certificate tells how near it is."""

import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from linnet.data import MemorySource
from linnet.losses import SoftmaxCrossEntropy, SquaredLoss
from linnet.numeric import EPSILON
from linnet.objective import Objective
from linnet.solvers import (
    LBFGS,
    Ending,
    GradientDescent,
    NewtonCG,
    StochasticGradientDescent,
    listening,
)
from linnet.solvers.certificate import (
    certify,
    gradient_bound,
    minimise_intercepts,
    newton_gap,
    prove_nearby,
)
from linnet.solvers.class_blocks import ClassBlocks
from linnet.solvers.conjugate_gradient import conjugate_gradient
from linnet.solvers.counted_problem import CountedProblem
from linnet.solvers.even_curvature import even_curvature
from linnet.solvers.gradient_descent import step_by_rows, step_of_matrix
from linnet.solvers.line_search import backtrack
from linnet.solvers.preconditioners import preconditioning_for
from linnet.solvers.problem import Point, Problem
from linnet.solvers.remembered import Remembered
from linnet.solvers.renewal import Renewal
from linnet.solvers.schedules import SCHEDULES, Schedule
from linnet.solvers.two_levels import TwoLevels

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=10)
TOL = 1e-6
SOLVERS = [
    NewtonCG(tol=TOL),
    LBFGS(tol=TOL),
    GradientDescent(tol=TOL),
    StochasticGradientDescent(tol=TOL, max_steps=3000, batch_size=10, learning_rate=0.3),
]


def name_of(solver):
    return type(solver).__name__


def problem(loss="softmax", *, seed=0, n=60, k=3, l2=0.1, intercept=True, noise=1.0):
    """Overlapping classes, or a noisy line, around a chosen model."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k))
    if loss == "squared":
        y = X @ rng.normal(size=(k, 2)) + noise * rng.normal(size=(n, 2))
        kind, m = SquaredLoss(), 2
    else:
        q = 2 if loss == "anchored" else 3
        Z = X @ rng.normal(size=(k, q)) + noise * rng.gumbel(size=(n, q))
        y = Z.argmax(axis=1)
        y[:q] = np.arange(q)
        kind, m = SoftmaxCrossEntropy(anchored=q == 2), 1 if q == 2 else q
    weight = rng.integers(1, 4, n).astype(float)
    return Objective(
        source=MemorySource(X, y, weight), loss=kind, n_scores=m, l2=l2, fit_intercept=intercept
    )


def optimum(objective):
    """The least value, found by SciPy from the objective's own derivatives."""
    found = minimize(
        lambda w: objective.value_and_gradient(w.reshape(objective.shape))[0],
        np.zeros(np.prod(objective.shape)),
        jac=lambda w: objective.value_and_gradient(w.reshape(objective.shape))[1].ravel(),
        hessp=lambda w, u: objective.hessian_at(w.reshape(objective.shape))(
            u.reshape(objective.shape)
        ).ravel(),
        method="trust-ncg",
        options={"gtol": 1e-11, "maxiter": 1000},
    )
    return found.fun


@pytest.mark.parametrize("loss", ["softmax", "anchored", "squared"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("solver", SOLVERS, ids=name_of)
def test_every_solver_proves_the_same_optimum(solver, loss, intercept):
    objective = problem(loss, intercept=intercept)

    solution = solver.minimise(objective, np.zeros(objective.shape))

    assert solution.ending is Ending.CONVERGED
    assert solution.certificate.kind == "proven"
    assert solution.certificate.gap <= TOL
    least = optimum(objective)
    assert least - 1e-12 <= solution.value <= least + solution.certificate.gap + 1e-12


@few
@given(seed=seeds, l2=st.sampled_from([1e-4, 1e-2, 1.0]))
def test_the_certificate_is_never_below_the_true_gap(seed, l2):
    objective = problem(seed=seed, l2=l2)
    least = optimum(objective)
    anywhere = np.random.default_rng(seed).normal(size=objective.shape)

    theta, value, certificate = certify(objective, anywhere)

    assert value - least <= certificate.gap * (1 + 1e-9) + 1e-12
    np.testing.assert_array_equal(theta[:, :-1], anywhere[:, :-1])


@pytest.mark.parametrize("loss", ["softmax", "anchored", "squared"])
@few
@given(seed=seeds, l2=st.sampled_from([1e-4, 1e-2, 1.0]), away=st.floats(-8, 0))
def test_a_proof_with_intercepts_near_their_best_holds(loss, seed, l2, away):
    objective = problem(loss, seed=seed, l2=l2)
    best = NewtonCG(tol=1e-14).minimise(objective, np.zeros(objective.shape))
    moved = 10**away * np.random.default_rng(seed).normal(size=objective.shape)
    near = Point.of(objective, best.theta + moved)

    theta, value, certificate = prove_nearby(objective, near)

    # The best F is known within 1e-14, and the rounding of F.
    assert value - best.value <= certificate.gap + 1e-13
    np.testing.assert_array_equal(theta[:, :-1], near.theta[:, :-1])
    if away < -2:
        exact = certify(objective, near.theta)[2]
        assert certificate.gap <= 1.1 * exact.gap + 1e-15


@few
@given(seed=seeds)
def test_intercepts_in_single_precision_prove_nothing_by_themselves(seed):
    objective = problem(seed=seed)
    best = NewtonCG(tol=1e-14).minimise(objective, np.zeros(objective.shape)).theta
    for intercept in (True, False):
        there = replace(objective, fit_intercept=intercept)
        theta = best if intercept else best[:, :-1]
        rough = Point(theta, 0.0, np.zeros(there.shape), precise=False)

        _, value, certificate = prove_nearby(there, rough)

        assert value == pytest.approx(there.value(theta), abs=1e-12)
        assert certificate.gap >= 0.99 * certify(there, theta)[2].gap - 1e-15


@pytest.mark.parametrize("loss", ["softmax", "anchored", "squared"])
@few
@given(seed=seeds, l2=st.sampled_from([0.0, 1e-3, 1.0]))
def test_with_weights_of_zero_the_hessian_is_known_from_second_moments(loss, seed, l2):
    """All rows are drawn, and classes are as frequent: the inverse is exact."""
    objective = replace(problem(loss, seed=seed), l2=l2)
    rng = np.random.default_rng(seed)
    theta = np.zeros(objective.shape)
    slope = objective.centred(rng.normal(size=objective.shape))

    step = objective.centred(even_curvature(objective, theta, rng)(slope))

    np.testing.assert_allclose(objective.hessian_at(theta)(step), slope, rtol=1e-6, atol=1e-8)


@few
@given(seed=seeds, l2=st.sampled_from([1e-6, 1e-3, 1.0]))
def test_blocks_of_scores_that_are_not_coupled_are_the_whole_inverse(seed, l2):
    objective = problem("squared", seed=seed, l2=l2)
    rng = np.random.default_rng(seed)
    slope = rng.normal(size=objective.shape)

    # All 60 rows, each drawn as often as it weighs.
    blocks = replace(ClassBlocks(objective, rng), level=2)
    step = blocks.at(np.zeros(objective.shape))(slope)

    got = objective.hessian_at(np.zeros(objective.shape))(step)
    assert np.linalg.norm(got - slope) <= 0.35 * np.linalg.norm(slope)


@few
@given(seed=seeds, l2=st.sampled_from([1e-6, 1e-3, 1.0]))
def test_blocks_coupled_on_all_directions_are_nearly_the_whole_inverse(seed, l2):
    """Three classes and four columns: all directions lead."""
    objective = problem(seed=seed, n=400, l2=l2)
    rng = np.random.default_rng(seed)
    theta = 0.3 * objective.centred(rng.normal(size=objective.shape))
    slope = objective.centred(rng.normal(size=objective.shape))

    step = objective.centred(ClassBlocks(objective, rng).at(theta)(slope))

    # Rows hand on up to a fiftieth of a row's curvature.
    got = objective.hessian_at(theta)(step)
    assert np.linalg.norm(got - slope) <= 0.2 * np.linalg.norm(slope)


@few
@given(seed=seeds, r=st.integers(1, 5))
def test_the_coupling_of_few_directions_leaves_blocks_positive_definite(seed, r):
    rng = np.random.default_rng(seed)
    objective = problem(seed=seed, k=5, l2=1e-4)
    theta = rng.normal(size=objective.shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linnet.solvers.coupling.FEW_DIRECTIONS", 1)
        patch.setattr("linnet.solvers.coupling.LEADING_PARAMETERS", r * len(theta))
        apply = ClassBlocks(objective, rng).at(theta)

    eye = np.eye(theta.size).reshape(-1, *theta.shape)
    inverse = np.array([apply(slope).ravel() for slope in eye])

    np.testing.assert_allclose(inverse, inverse.T, rtol=1e-3, atol=1e-4 * np.abs(inverse).max())
    assert np.linalg.eigvalsh((inverse + inverse.T) / 2).min() > 0


@few
@given(seed=seeds, size=st.integers(4, 8))
def test_what_is_remembered_of_a_solved_step_is_the_whole_inverse(seed, size):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(size, size))
    hessian = A @ A.T + np.eye(size)
    b = rng.normal(size=(1, size))
    remembered = Remembered()
    product = remembered.noting(lambda direction: direction @ hessian, room=10**6)
    step = conjugate_gradient(product, b, np.copy, accuracy=1e-12, max_products=size)

    np.testing.assert_array_equal(remembered.correct(lambda r: r, b), b)
    remembered.learn()

    solved = remembered.correct(lambda r: r, b)
    np.testing.assert_allclose(solved, step.x, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(solved @ hessian, b, rtol=1e-6, atol=1e-8)
    other = rng.normal(size=(1, size))
    assert np.vdot(other, remembered.correct(lambda r: r, other)) > 0
    remembered.forget()
    np.testing.assert_array_equal(remembered.correct(lambda r: r, b), b)


def test_no_more_is_remembered_than_there_is_room_for():
    rng = np.random.default_rng(0)
    remembered = Remembered()
    product = remembered.noting(lambda direction: 2 * direction, room=8 * 2 * 4 * 10)
    for _ in range(5):
        product(rng.normal(size=(1, 10)))
    remembered.learn()
    slopes = rng.normal(size=(6, 1, 10))

    changes = [remembered.correct(lambda r: r, slope) - slope for slope in slopes]

    assert np.linalg.matrix_rank(np.array(changes).reshape(6, 10)) == 4


def test_late_in_a_fit_blocks_of_classes_take_a_fraction_of_the_products():
    rng = np.random.default_rng(0)
    means = 0.5 * rng.normal(size=(25, 150))
    y = rng.integers(0, 25, 4000)
    X = means[y] + 1.5 * rng.normal(size=(4000, 150))
    objective = Objective(
        source=MemorySource(X, y), loss=SoftmaxCrossEntropy(), n_scores=25, l2=1e-8
    )
    theta = NewtonCG(tol=1e-3).minimise(objective.with_l2(3e-8), np.zeros(objective.shape)).theta
    gradient = objective.value_and_gradient(theta)[1]

    def products(preconditioning):
        apply = preconditioning.at(theta)
        return conjugate_gradient(
            objective.hessian_at(theta),
            -gradient,
            lambda slope: objective.centred(apply(objective.centred(slope))),
            accuracy=0.01,
            max_products=1000,
        ).products

    two_levels = products(TwoLevels(objective, rng))
    assert products(ClassBlocks(objective, rng)) < two_levels / 2


def test_elsewhere_curvatures_are_not_even():
    objective = problem()

    assert even_curvature(objective, np.ones(objective.shape), np.random.default_rng(0)) is None


@few
@given(seed=seeds)
def test_intercepts_are_minimised_to_rounding(seed):
    objective = problem(seed=seed)
    theta = minimise_intercepts(objective, np.random.default_rng(seed).normal(size=(3, 4)))

    assert np.abs(objective.intercept_derivatives(theta)[1]).max() < 1e-8


@few
@given(seed=seeds)
def test_near_the_optimum_the_newton_decrement_is_the_gap(seed):
    objective = problem(seed=seed, l2=1e-3)
    best = NewtonCG(tol=1e-12).minimise(objective, np.zeros(objective.shape))
    theta = best.theta + 1e-4 * np.random.default_rng(seed).normal(size=objective.shape)
    value, gradient = objective.value_and_gradient(theta)

    gap, _ = newton_gap(objective, theta, gradient)

    assert gap == pytest.approx(value - best.value, rel=0.01)


@pytest.mark.parametrize("k", [1, 3])
def test_the_row_by_row_step_is_the_step_of_the_matrix(k):
    rng = np.random.default_rng(k)
    theta, gradient = rng.normal(size=(2, 7, k))

    np.testing.assert_array_equal(
        step_by_rows(theta, gradient, 0.3), step_of_matrix(theta, gradient, 0.3)
    )
    objective = problem()
    fits = [
        GradientDescent(learning_rate=0.1, form=form, max_steps=50).minimise(
            objective, np.zeros(objective.shape)
        )
        for form in ("matrix", "rows")
    ]
    np.testing.assert_array_equal(fits[0].theta, fits[1].theta)


@pytest.mark.parametrize("solver", [NewtonCG(), LBFGS()], ids=name_of)
def test_units_and_correlation_do_not_keep_newton_or_lbfgs_from_the_optimum(solver):
    objective = problem(n=300, l2=0.0)
    units = np.array([1e-4, 1.0, 1e4])
    rescaled = Objective(
        source=MemorySource(objective.source.X * units, objective.source.y),
        loss=objective.loss,
        n_scores=3,
        l2=0.0,
    )
    plain = Objective(
        source=MemorySource(objective.source.X, objective.source.y),
        loss=objective.loss,
        n_scores=3,
        l2=0.0,
    )

    first = solver.minimise(plain, np.zeros(plain.shape))
    second = solver.minimise(rescaled, np.zeros(plain.shape))

    assert first.ending is second.ending is Ending.CONVERGED
    assert first.certificate.kind == second.certificate.kind == "estimate"
    assert second.value == pytest.approx(first.value, abs=2 * TOL)


@pytest.mark.parametrize("solver", [NewtonCG(), LBFGS()], ids=name_of)
@pytest.mark.parametrize("quasi", [False, True])
def test_separable_classes_without_penalty_are_said_to_be_separable(solver, quasi):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    # Separable; or only by a feature that is 1 for some of one class, the rest overlapping.
    y = (X[:, 0] > 0).astype(int)
    if quasi:
        y = (X[:, 0] + 2 * rng.normal(size=200) > 0).astype(int)
        X[:, 2] = (y == 1) & (rng.random(200) < 0.3)
    objective = Objective(
        source=MemorySource(X, y), loss=SoftmaxCrossEntropy(anchored=True), n_scores=1, l2=0.0
    )

    solution = solver.minimise(objective, np.zeros(objective.shape))

    assert solution.ending is Ending.SEPARABLE
    assert np.isfinite(solution.theta).all()


@few
@given(seed=seeds)
def test_overlapping_classes_are_never_said_to_be_separable(seed):
    objective = problem("anchored", seed=seed, n=100, l2=0.0, noise=3.0)

    assert NewtonCG().minimise(objective, np.zeros(objective.shape)).ending is Ending.CONVERGED


def test_a_penalty_too_small_for_float64_ends_with_an_estimate():
    objective = problem(n=300, l2=1e-18)

    solution = NewtonCG().minimise(objective, np.zeros(objective.shape))

    assert solution.ending is Ending.CONVERGED
    assert solution.certificate.gap <= TOL


@pytest.mark.parametrize(
    "solver",
    [NewtonCG(max_steps=1), LBFGS(max_steps=2), GradientDescent(max_steps=2)],
    ids=name_of,
)
def test_too_few_steps_end_with_what_is_known_of_the_gap(solver):
    objective = problem()

    solution = solver.minimise(objective, np.zeros(objective.shape))

    assert solution.ending is Ending.MAX_STEPS
    assert not solution.ending.converged
    assert len(solution.steps) == solver.max_steps + 1
    assert solution.value - optimum(objective) <= solution.certificate.gap


@pytest.mark.parametrize(
    "solver",
    [GradientDescent(learning_rate=1e4), StochasticGradientDescent(learning_rate=1e6)],
    ids=name_of,
)
def test_a_learning_rate_too_large_is_told_apart_from_too_few_steps(solver):
    objective = problem("squared")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        solution = solver.minimise(objective, np.zeros(objective.shape))

    assert solution.ending is Ending.DIVERGED


@few
@given(seed=seeds, scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_the_learning_rate_of_sgd_does_not_diverge(seed, scale):
    objective = problem(seed=seed)
    scaled = Objective(
        source=MemorySource(scale * objective.source.X, objective.source.y),
        loss=objective.loss,
        n_scores=3,
        l2=0.0,
    )

    solution = StochasticGradientDescent(max_steps=5).minimise(scaled, np.zeros(scaled.shape))

    assert solution.value <= scaled.value(np.zeros(scaled.shape))


def test_listeners_hear_of_every_step_in_order():
    objective = problem()
    heard = []

    with listening(heard.append):
        solution = NewtonCG().minimise(objective, np.zeros(objective.shape))
    NewtonCG().minimise(objective, np.zeros(objective.shape))

    assert tuple(heard) == solution.steps
    assert [step.number for step in heard] == list(range(len(heard)))
    assert all(a.passes < b.passes for a, b in pairwise(heard))
    assert heard[-1].value < heard[0].value


def test_conjugate_gradients_solve_in_as_many_products_as_there_are_dimensions():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    A = root @ root.T
    b = rng.normal(size=(6, 1))

    answer = conjugate_gradient(
        lambda v: A @ v, b, lambda r: r / np.diag(A)[:, None], accuracy=1e-9, max_products=50
    )

    np.testing.assert_allclose(A @ answer.x, b, atol=1e-6)
    assert answer.products <= 8


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_between_zero_and_one_and_end_no_higher_than_they_peak(name):
    schedule = Schedule(name=name, steps_per_epoch=10, total_steps=100)
    factors = [schedule.factor(t) for t in range(101)]

    assert all(0 <= factor <= 1 for factor in factors)
    assert max(factors) == pytest.approx(1)
    assert factors[-1] <= factors[0]
    if name in {"cosine", "one-cycle"}:
        assert factors[-1] == pytest.approx(0, abs=EPSILON)
    if name == "inverse-scaling":
        assert factors[100] == pytest.approx((1 + 40) ** -0.5)


def test_a_counted_problem_is_a_problem_and_counts_its_passes():
    counted = CountedProblem(problem())
    theta = np.zeros(counted.shape)

    counted.value_and_gradient(theta)
    counted.hessian_at(theta)(theta)

    assert isinstance(counted, Problem)
    assert counted.passes == 2.5
    assert gradient_bound(counted, theta) == 0


class Priced:
    """A preconditioner that costs 100 passes, and counts how often it is built."""

    passes = 100.0
    largest_rise = np.inf

    def __init__(self) -> None:
        self.built = 0

    def stronger(self):
        return None

    def of_same_rows(self, _):
        return self

    def at(self, _):
        self.built += 1
        return lambda gradient: gradient


@pytest.mark.parametrize("near", [True, False])
def test_near_the_end_a_preconditioner_is_renewed_once_its_price_has_gone_into_steps(
    near, monkeypatch
):
    priced, objective = Priced(), problem()
    monkeypatch.setattr("linnet.solvers.renewal.preconditioning_for", lambda *_: priced)
    theta = np.ones(objective.shape)
    renewal = Renewal(np.random.default_rng(0))
    renewal.begin(objective, theta)

    built = []
    for products in (2, 40, 40, 40):
        renewal.learn(products, theta, astray=False, near=near)
        built.append(priced.built)

    # A step of 40 products is 20 times as long as the first: elsewhere that is enough.
    assert built == ([1, 1, 1, 2] if near else [1, 2, 2, 2])


def test_a_hessian_where_the_last_gradient_was_takes_no_reading_of_its_own():
    objective = problem()
    rng = np.random.default_rng(0)
    here, there, direction = rng.normal(size=(3, *objective.shape))
    counted = CountedProblem(objective, keeps_curvatures=True)

    counted.value_and_gradient(here)
    product = counted.hessian_at(here)
    assert counted.passes == 1
    np.testing.assert_array_equal(product(direction), objective.hessian_at(here)(direction))
    # Elsewhere, in other precision and after the next gradient it does.
    counted.hessian_at(there)
    counted.hessian_at(here, precise=False)
    counted.value_and_gradient(there)
    counted.hessian_at(here)
    assert counted.passes == 2 + 1 + 3 * 0.5


@few
@given(seed=seeds, end=st.floats(0.5, 20))
def test_a_step_that_overshoots_is_cut_to_the_minimum_of_its_line(seed, end):
    """Two passes: the scores along the line, and the gradient where it comes down."""
    objective = problem(seed=seed, noise=0.1, l2=1e-6)
    theta = np.zeros(objective.shape)
    here = Point.of(objective, theta)
    direction = -1e4 * end * here.gradient
    counted = CountedProblem(objective)

    landing = backtrack(counted, here, direction)

    there = landing.point
    assert landing.length < 1
    assert there.value < here.value
    assert abs(np.vdot(there.gradient, direction)) <= 0.06 * abs(np.vdot(here.gradient, direction))
    assert counted.passes == 3


def test_a_line_search_halves_where_scores_would_be_too_many():
    objective = problem(noise=0.1, l2=1e-6)
    theta = np.zeros(objective.shape)
    here = Point.of(objective, theta)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linnet.data.memory.KEPT_VALUES", 0)
        landing = backtrack(objective, here, -1e4 * here.gradient)

    assert landing.point.value < here.value
    assert landing.length in 0.5 ** np.arange(1, 41)


@given(powers=st.lists(st.integers(-12, 12), min_size=3, max_size=3))
@settings(max_examples=15)
def test_without_a_penalty_the_optimum_does_not_depend_on_units(powers):
    """A feature in units 10²⁴ times as large as another's still counts."""
    objective = problem(k=3, l2=0.0)
    units = 10.0 ** np.array(powers)
    source = objective.source
    scaled = replace(objective, source=MemorySource(source.X * units, source.y, source.weight))
    one, other = (
        NewtonCG(tol=1e-9).minimise(each, np.zeros(each.shape)) for each in (objective, scaled)
    )
    assert other.value == pytest.approx(one.value, abs=2e-9)


def test_where_matrices_find_no_room_the_diagonal_preconditions(monkeypatch):
    objective = problem(k=30, l2=1e-3)
    monkeypatch.setattr("linnet.solvers.preconditioners.LARGEST_FACTOR", 0)
    rng = np.random.default_rng(0)
    assert isinstance(preconditioning_for(objective, rng), ClassBlocks)

    monkeypatch.setattr(MemorySource, "room_for_sums", 6 * 31**2)
    assert isinstance(preconditioning_for(objective, rng), TwoLevels)

    monkeypatch.setattr(MemorySource, "room_for_sums", 31**2)
    assert not isinstance(preconditioning_for(objective, rng), ClassBlocks | TwoLevels)
    solution = NewtonCG(tol=1e-9).minimise(objective, np.zeros(objective.shape))
    assert solution.certificate.gap <= 1e-9
