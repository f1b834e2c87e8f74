"""Dual ascent: every visit is exact, weights follow from p, and the bound is one."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, rel_entr, softmax

from engine_cases import model_of
from linnet.data import Batch, MemorySource
from linnet.engine import limited_threads, native
from linnet.errors import DataError
from linnet.numeric import EPSILON
from linnet.objective import Objective
from linnet.solvers import NewtonCG

pytestmark = pytest.mark.skipif(
    not native.is_built(), reason="linnet was installed without its native engine"
)
KINDS = ["labels", "distributions", "anchored", "anchored distributions"]
# Newton's steps for a row end when they are below 1e-10; scores add their rounding.
VISIT = 1e-9


def sparse_rows(rng, n, k, *, values=np.float64, indices=np.int32, order="sorted"):
    """Rows of some zeros, the third without entries, in sorted, mixed or doubled columns."""
    dense = np.where(rng.random((n, k)) < 0.4, rng.normal(size=(n, k)), 0.0)
    dense[2] = 0
    X = sp.csr_array(dense.astype(values))
    X.indptr, X.indices = X.indptr.astype(indices), X.indices.astype(indices)
    if order != "sorted":
        for a, b in zip(X.indptr[:-1], X.indptr[1:], strict=True):
            mixed = a + rng.permutation(b - a)
            X.indices[a:b], X.data[a:b] = X.indices[mixed], X.data[mixed]
        X.has_sorted_indices = False
    return X


def objective_of(seed, kind, *, q=4, l2=0.01, weighted=True, intercept=True, **rows):
    rng = np.random.default_rng(seed)
    n, k = 30, 12
    X = sparse_rows(rng, n, k, **rows)
    loss, y, m = model_of(rng, kind, n, q)
    weight = rng.integers(0, 4, n).astype(float) if weighted else None
    if weighted:
        weight[0] = 1
    return Objective(
        source=MemorySource(X, y, weight), loss=loss, n_scores=m, l2=l2, fit_intercept=intercept
    )


def targets(objective):
    """Targets as distributions, all classes."""
    y, q = objective.source.y, objective.n_scores + objective.loss.anchored
    return np.eye(q)[y] if y.ndim == 1 else y


def all_scores(objective, theta):
    Z = objective.source.X.astype(float) @ theta[:, :12].T
    Z = Z + (theta[:, 12] if objective.fit_intercept else 0)
    return np.pad(Z, ((0, 0), (1, 0))) if objective.loss.anchored else Z


def weights_of(objective, p):
    """W = (1/λS) Σ s (y − p) xᵀ."""
    source = objective.source
    s = np.ones(30) if source.weight is None else source.weight
    residual = s[:, None] * (targets(objective) - p)[:, int(objective.loss.anchored) :]
    return (source.X.astype(float).T @ residual).T / (objective.l2 * source.total_weight)


@pytest.mark.parametrize("simd", native.instruction_sets())
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    q=st.sampled_from([2, 3, 4, 8, 9, 20, 41]),
    l2=st.sampled_from([1e-5, 1e-3, 0.1, 10.0]),
    weighted=st.booleans(),
    intercept=st.booleans(),
    values=st.sampled_from([np.float32, np.float64]),
    indices=st.sampled_from([np.int32, np.int64]),
    order=st.sampled_from(["sorted", "mixed"]),
)
def test_a_visit_gives_a_row_the_softmax_of_the_scores_it_then_has(
    simd, kind, *, seed, q, l2, weighted, intercept, values, indices, order
):
    objective = objective_of(
        seed, kind, q=q, l2=l2, weighted=weighted, intercept=intercept,
        values=values, indices=indices, order=order,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINNET_SIMD", simd)
        dual = objective.dual(np.zeros(objective.shape))
        for row in np.random.default_rng(seed).permutation(30):
            before = dual.theta(), dual.bound, np.exp(dual.log_p)
            dual.sweep(np.array([row]))
            check_visit(objective, dual, row, before)


def check_visit(objective, dual, row, before):
    """The row's p and W are as they should be, and nothing else has changed."""
    theta, bound, p = before
    after, new_p = dual.theta(), np.exp(dual.log_p)
    wanted = softmax(all_scores(objective, after), axis=1)[row]
    size = 1 + np.abs(all_scores(objective, after)[row]).max()
    np.testing.assert_allclose(new_p[row], wanted, rtol=0, atol=VISIT * size)
    np.testing.assert_array_equal(np.delete(new_p, row, 0), np.delete(p, row, 0))

    moved = weights_of(objective, new_p) - weights_of(objective, p)
    scale = 1 + np.abs(weights_of(objective, np.zeros_like(p))).max()
    np.testing.assert_allclose(
        after[:, :12] - theta[:, :12], moved, rtol=0, atol=200 * EPSILON * scale
    )

    log_model = log_softmax(all_scores(objective, theta)[row])
    divergence = rel_entr(p[row], np.exp(log_model)).sum()
    s = 1.0 if objective.source.weight is None else objective.source.weight[row]
    gap = dual.gaps[row] * objective.source.total_weight
    assert abs(gap - s * divergence) <= 1e-10 * s * (1 + np.abs(log_model).max())
    # The intercepts' multiplier is no part of D, and may cost it something.
    assert objective.fit_intercept or dual.bound >= bound - 1e-12 * (1 + abs(bound))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    sweeps=st.integers(0, 5),
    intercept=st.booleans(),
    weighted=st.booleans(),
    warm=st.booleans(),
)
def test_settled_the_bound_is_below_the_optimum_and_the_gap_is_exact(
    kind, *, seed, sweeps, intercept, weighted, warm
):
    objective = objective_of(seed, kind, intercept=intercept, weighted=weighted)
    rng = np.random.default_rng(seed)
    start = rng.normal(size=objective.shape) if warm else np.zeros(objective.shape)
    least = NewtonCG(tol=1e-12).minimise(objective, np.zeros(objective.shape)).value

    dual = objective.dual(start)
    for _ in range(sweeps):
        dual.sweep(rng.permutation(dual.rows))
        dual.recentre()
    gap = dual.settle()

    theta, p = dual.theta(), np.exp(dual.log_p)
    s = np.ones(30) if objective.source.weight is None else objective.source.weight
    rounding = 1e-12 * (1 + np.abs(all_scores(objective, theta)).max())
    assert dual.bound <= least + 1e-12 + rounding
    assert abs(objective.value(theta) - (dual.bound + gap)) <= rounding
    np.testing.assert_allclose(theta[:, :12], weights_of(objective, p), rtol=0, atol=rounding)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=0, atol=1e-13)
    if intercept:
        np.testing.assert_allclose(s @ p, s @ targets(objective), rtol=0, atol=1e-12 * s.sum())


def test_what_a_sweep_gains_is_kept_account_of():
    objective = objective_of(0, "labels")
    dual = objective.dual(np.zeros(objective.shape))
    dual.sweep(dual.rows)
    kept = dual.bound

    p = np.exp(dual.log_p)
    W = weights_of(objective, p)
    s = objective.source.weight
    entropy = -(s @ (p * dual.log_p).sum(axis=1)) / s.sum()
    assert kept == pytest.approx(entropy - 0.5 * objective.l2 * (W**2).sum(), rel=1e-12)


def test_a_row_outside_its_matrix_is_named_and_never_followed():
    objective = objective_of(1, "labels")
    X = objective.source.X
    X.indices[X.indptr[7] + 1] = 10**6
    with pytest.raises(DataError, match="row 7 of the sparse matrix names column 1000000"):
        objective.dual(np.zeros(objective.shape))
    objective = objective_of(1, "labels")
    objective.source.X.indptr[8] = 10**6
    with pytest.raises(DataError, match="Row 7 of the sparse matrix"):
        objective.dual(np.zeros(objective.shape))


def test_only_softmax_with_a_penalty_over_sparse_rows_has_a_dual_to_ascend():
    objective = objective_of(2, "labels")
    batch = Batch(objective.source.X, objective.source.y)
    zeros = np.zeros(objective.shape)
    dense = MemorySource(batch.X.toarray(), batch.y)
    squared = objective_of(2, "squared")

    assert objective.dual(zeros) is not None
    for without in (
        Objective(source=objective.source, loss=objective.loss, n_scores=4, l2=0.0),
        Objective(source=dense, loss=objective.loss, n_scores=4, l2=0.1),
        squared,
    ):
        assert without.dual(np.zeros(without.shape)) is None


def test_distributions_that_would_outgrow_their_rows_are_not_made():
    objective = objective_of(3, "labels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linnet.objective.FEW_DISTRIBUTIONS", 0)
        assert objective.source.n_values >= 30 * 4
        assert objective.dual(np.zeros(objective.shape)) is not None
        many = replace(objective, n_scores=1 + objective.source.n_values // 30)
        assert many.dual(np.zeros(many.shape)) is None


def test_the_number_of_threads_does_not_change_a_bit():
    objective = objective_of(4, "labels")
    found = []
    for threads in (1, 2, 5):
        with limited_threads(threads):
            dual = objective.dual(np.zeros(objective.shape))
            dual.sweep(dual.rows)
            found.append((dual.settle(), dual.theta()))
    for gap, theta in found[1:]:
        assert gap == found[0][0]
        np.testing.assert_array_equal(theta, found[0][1])
