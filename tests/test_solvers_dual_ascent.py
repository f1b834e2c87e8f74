"""Dual ascent proves the optimum of wide sparse problems, and hands over where it is slow."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from linnet import SoftmaxRegression
from linnet.data import MemorySource
from linnet.data.reading import read_table
from linnet.engine import native
from linnet.losses import SoftmaxCrossEntropy
from linnet.objective import Objective
from linnet.solvers import Automatic, DualAscent, Ending, NewtonCG, listening

pytestmark = pytest.mark.skipif(
    not native.is_built(), reason="linnet was installed without its native engine"
)
WIDE = 4001


def documents(seed, *, n=150, k=WIDE, q=3, C=1.0, anchored=False, weighted=True, intercept=True):
    """Rows of ten words out of many, of unit length; one word in three tells the class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(q, size=n)
    words = rng.geometric(0.01, size=(n, 10)) % (k // q) * q
    words += np.where(rng.random((n, 10)) < 0.3, y[:, None], rng.integers(q, size=(n, 10)))
    X = sp.csr_array((np.full(10 * n, 10**-0.5), words.ravel(), 10 * np.arange(n + 1)), (n, k))
    X.has_sorted_indices = False
    weight = rng.integers(0, 3, n).astype(float) if weighted else None
    S = float(n if weight is None else weight.sum())
    return Objective(
        source=MemorySource(X, y, weight),
        loss=SoftmaxCrossEntropy(anchored=anchored),
        n_scores=q - anchored,
        l2=1 / (C * S),
        fit_intercept=intercept,
    )


@pytest.mark.parametrize("anchored", [False, True])
@settings(max_examples=10)
@given(
    seed=st.integers(0, 2**32 - 1),
    C=st.sampled_from([0.01, 1.0, 100.0]),
    weighted=st.booleans(),
    intercept=st.booleans(),
)
def test_ascent_proves_the_optimum_that_newton_finds(anchored, *, seed, C, weighted, intercept):
    objective = documents(
        seed, C=C, q=3 - anchored, anchored=anchored, weighted=weighted, intercept=intercept
    )
    zeros = np.zeros(objective.shape)

    solution = DualAscent(tol=1e-8).minimise(objective, zeros)

    least = NewtonCG(tol=1e-11).minimise(objective, zeros)
    assert solution.ending is Ending.CONVERGED
    assert solution.certificate.kind == "proven"
    assert solution.certificate.gap <= 1e-8
    assert solution.value == pytest.approx(objective.value(solution.theta), abs=1e-12)
    assert least.value - 1e-11 <= solution.value + 1e-12
    assert solution.value - least.value <= solution.certificate.gap + 1e-11
    passes = [step.passes for step in solution.steps]
    assert passes == sorted(passes)


def test_the_same_seed_gives_the_same_bits():
    objective = documents(0)
    zeros = np.zeros(objective.shape)
    one, same, other = (
        DualAscent(random_state=seed).minimise(objective, zeros).theta for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)


def test_newton_goes_on_where_ascent_is_slow():
    """Rows that share all their words, and hardly a penalty: each undoes what others did."""
    objective = documents(3, n=600, k=30, C=1e6)
    X = objective.source.X
    wide = sp.csr_array((X.data, X.indices, X.indptr), (600, WIDE))
    objective = replace(objective, source=replace(objective.source, X=wide))
    zeros = np.zeros(objective.shape)
    heard = []

    ascent = DualAscent().minimise(objective, zeros)
    with listening(heard.append):
        solution = Automatic().minimise(objective, zeros)

    assert ascent.ending is Ending.MAX_STEPS
    assert solution.ending is Ending.CONVERGED
    assert solution.certificate.gap <= 1e-6
    assert solution.value <= ascent.value
    assert [step.number for step in solution.steps] == list(range(len(solution.steps)))
    assert len(heard) == len(solution.steps) > len(ascent.steps)


def test_so_many_sweeps_as_are_allowed_and_no_more():
    objective = documents(4, C=100.0)
    solution = Automatic(tol=1e-12, max_steps=2).minimise(objective, np.zeros(objective.shape))
    assert solution.ending is Ending.MAX_STEPS
    assert (
        solution.certificate.gap
        >= solution.value - NewtonCG(tol=1e-12).minimise(objective, solution.theta).value
    )


@pytest.mark.parametrize("tol", [1e-15, 1e-30])
def test_a_gap_below_rounding_ends_where_rounding_does(tol):
    objective = documents(7, n=40, C=0.1)
    solution = Automatic(tol=tol).minimise(objective, np.zeros(objective.shape))
    assert 0 <= solution.certificate.gap <= 1e-14


def test_narrow_problems_are_newtons():
    objective = documents(5, k=60)
    zeros = np.zeros(objective.shape)
    np.testing.assert_array_equal(
        Automatic().minimise(objective, zeros).theta, NewtonCG().minimise(objective, zeros).theta
    )


def test_dense_problems_have_no_rows_to_ascend():
    sparse = documents(5)
    dense = replace(sparse, source=replace(sparse.source, X=sparse.source.X.toarray()))
    assert DualAscent().minimise(dense, np.zeros(dense.shape)) is None


def test_a_warm_start_goes_on_from_where_it_was():
    objective = documents(6, n=400, C=10.0)
    first = DualAscent(tol=1e-9).minimise(objective, np.zeros(objective.shape))
    again = DualAscent(tol=1e-6).minimise(objective, first.theta)
    afresh = DualAscent(tol=1e-6).minimise(objective, np.zeros(objective.shape))
    assert again.steps[-1].passes < afresh.steps[-1].passes


@pytest.mark.parametrize(("C", "passes"), [(1.0, 10), (100.0, 25)])
def test_newsgroups_are_proven_in_few_passes(C, passes, newsgroups):
    """Newton's method takes 53 passes at C = 1 and 364 at C = 100."""
    X, y = newsgroups
    model = SoftmaxRegression(C=C).fit(X, y)
    assert model.certificate_.gap <= 1e-6
    assert model.certificate_.kind == "proven"
    assert model.history_[-1].passes <= passes


@pytest.fixture(scope="module")
def newsgroups(real_data):
    table = read_table(real_data("newsgroups20_bydate/train.jsonl.gz"))
    texts = table.column("text").to_pylist()
    return TfidfVectorizer(sublinear_tf=True).fit_transform(texts), table.column("group").to_numpy()
