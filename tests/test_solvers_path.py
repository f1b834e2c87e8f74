"""Problems that are hardly penalised are come to from more penalised ones."""

from itertools import pairwise

import numpy as np
import pytest

from linnet.data import MemorySource
from linnet.losses import SoftmaxCrossEntropy
from linnet.objective import Objective
from linnet.solvers import Automatic, Ending, NewtonCG
from linnet.solvers.path import minimise_by_approach, minimise_path


def hardly_penalised(l2, k=260):
    """Eight classes told apart by features that few rows have."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2 * k, k)) * (rng.random((2 * k, k)) < 0.05)
    y = (X @ rng.normal(size=(k, 8)) + rng.gumbel(size=(2 * k, 8))).argmax(axis=1)
    return Objective(source=MemorySource(X, y), loss=SoftmaxCrossEntropy(), n_scores=8, l2=l2)


@pytest.fixture(scope="module")
def weak():
    return hardly_penalised(1e-9)


@pytest.fixture(scope="module")
def solution(weak):
    return minimise_by_approach(weak, np.zeros(weak.shape), NewtonCG())


def test_the_problem_itself_is_solved_and_proven(weak, solution):
    assert solution.ending is Ending.CONVERGED
    assert solution.certificate.kind == "proven"
    assert solution.value == pytest.approx(weak.value(solution.theta), rel=1e-12)
    gradient = weak.value_and_gradient(solution.theta)[1]
    assert np.vdot(gradient[:, :-1], gradient[:, :-1]) / (2 * weak.l2) <= 1e-6


def test_steps_are_counted_through_all_problems_on_the_way(solution):
    assert [step.number for step in solution.steps] == list(range(len(solution.steps)))
    assert all(a.passes <= b.passes for a, b in pairwise(solution.steps))
    # Only stronger penalties make F that large, and a weaker one makes it fall.
    assert solution.steps[0].value == pytest.approx(np.log(8))


def test_the_number_of_steps_is_limited_in_all(weak):
    limited = Automatic(max_steps=5).minimise(weak, np.zeros(weak.shape))

    assert limited.ending is Ending.MAX_STEPS
    assert limited.certificate.gap > 1e-6
    assert limited.value == pytest.approx(weak.value(limited.theta), rel=1e-12)


@pytest.mark.parametrize(("l2", "k"), [(1e-3, 260), (0.0, 260), (1e-9, 40)])
def test_problems_with_some_penalty_or_none_or_few_parameters_are_solved_directly(l2, k):
    problem = hardly_penalised(l2, k)
    start = np.zeros(problem.shape)
    solver = NewtonCG(max_steps=3)

    approached = minimise_by_approach(problem, start, solver)

    np.testing.assert_array_equal(approached.theta, solver.minimise(problem, start).theta)


def test_a_fit_that_goes_on_from_another_is_not_sent_back(weak, solution):
    again = minimise_by_approach(weak, solution.theta, NewtonCG())

    assert again.ending is Ending.CONVERGED
    assert len(again.steps) <= 2


def unit_rows(l2):
    """Forty classes of rows of unit length, as embeddings are."""
    rng = np.random.default_rng(0)
    y = rng.integers(40, size=4000)
    X = (rng.normal(size=(4000, 80)) + rng.normal(size=(40, 80))[y]) / np.sqrt(np.arange(1, 81))
    X = (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(np.float32)
    return Objective(source=MemorySource(X, y), loss=SoftmaxCrossEntropy(), n_scores=40, l2=l2)


def passes_of_the_last_four(strengths):
    problems = [unit_rows(l2) for l2 in strengths]
    solutions = list(minimise_path(problems, np.zeros(problems[0].shape), NewtonCG()))
    assert {solution.certificate.kind for solution in solutions} == {"proven"}
    return sum(solution.steps[-1].passes for solution in solutions[-4:])


def test_a_path_is_no_slower_for_having_begun_at_an_overwhelming_penalty():
    strengths = np.logspace(1, -4, 11).tolist()
    # It was 1.9 times as slow when directions were kept that the first penalty had decided on.
    assert passes_of_the_last_four(strengths) <= 1.2 * passes_of_the_last_four(strengths[-5:])


def test_scores_do_not_drift_off_together():
    problem = unit_rows(1e-7)
    solution = NewtonCG().minimise(problem, np.ones(problem.shape))
    np.testing.assert_allclose(solution.theta.mean(axis=0), 0, atol=1e-12)
