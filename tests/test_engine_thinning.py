"""Hessian products of the probabilities that count are those of a Hessian without the others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from linnet.data import Batch, MemorySource
from linnet.engine import curvature, engine_name, hessian_product_pass, native
from linnet.engine.thinning import thinned
from linnet.losses import SoftmaxCrossEntropy
from linnet.numeric import softmax
from linnet.objective import Objective
from linnet.solvers import NewtonCG

seeds = st.integers(0, 2**32 - 1)
natively = pytest.mark.skipif(engine_name() != "native", reason="pairs are the native engine's")


def confident_rows(seed, *, n=300, k=7, m=12, dtype=np.float64, weighted=False, intercept=True):
    """Rows whose probabilities are near 0 or 1 but for a few."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k)).astype(dtype)
    theta, direction = rng.normal(size=(2, m, k + intercept))
    theta *= 10
    weight = rng.integers(0, 4, n).astype(float) if weighted else None
    return Batch(X, rng.integers(0, m, n), weight), theta, direction


def product_of_pairs(batch, pairs, direction):
    """Σᵢ sᵢ (diag p − ppᵀ) D x̃ᵢ x̃ᵢᵀ with only the p of the pairs, in NumPy."""
    P = pairs.toarray().astype(float)
    X = batch.X.astype(float)
    if direction.shape[1] > X.shape[1]:
        X = np.column_stack([X, np.ones(len(X))])
    U = X @ direction.T
    R = P * (U - (P * U).sum(axis=1, keepdims=True))
    return (R * (1 if batch.weight is None else batch.weight[:, None])).T @ X


@natively
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("precise", [True, False])
@settings(max_examples=15)
@given(
    seed=seeds,
    form=st.tuples(st.sampled_from([1, 3, 7, 8, 16, 17, 33, 100]), st.booleans(), st.booleans()),
)
def test_a_product_of_pairs_is_that_of_the_hessian_they_make(dtype, precise, seed, form):
    loss = SoftmaxCrossEntropy()
    k, weighted, intercept = form
    batch, theta, direction = confident_rows(
        seed, k=k, dtype=dtype, weighted=weighted, intercept=intercept
    )
    P = curvature(loss, batch, theta, precise=precise)
    rows, classes = np.nonzero(P.T > 1e-3)
    pairs = csr_array((P.T[rows, classes], (rows, classes)), shape=P.T.shape)

    (product,) = hessian_product_pass(
        loss, batch, theta, direction, curvature=pairs, precise=precise
    )

    wanted = product_of_pairs(batch, pairs, direction)
    single = not precise and dtype != np.float64
    # Sums of n terms, each of a score that is a sum of k.
    rounding = (1e-6 if single else 1e-14) * np.sqrt(300 * k) * (np.abs(wanted).max() + 1)
    largest = float(np.abs(batch.X.astype(float)).max())
    np.testing.assert_allclose(product, wanted, rtol=0, atol=rounding * (1 + largest) ** 2)


@settings(max_examples=20)
@given(seed=seeds, share=st.floats(1e-9, 1e-2))
def test_no_more_curvature_is_dropped_than_may_be(seed, share):
    batch, theta, _ = confident_rows(seed, m=40)
    P = softmax(30 * batch.X @ theta[:, :-1].T).T
    dropped = share * (P * (1 - P)).sum(axis=0).mean()

    pairs = thinned(P, dropped)

    assert pairs is not None
    assert pairs.shape == P.T.shape
    kept = pairs.toarray()
    assert np.all((kept == 0) | (kept == P.T))
    left = (P.T * (1 - P.T))[kept == 0].sum() / P.shape[1]
    assert left <= dropped * (1 + 1e-9)
    assert pairs.nnz < 0.15 * P.size


def test_probabilities_that_all_count_are_not_thinned():
    P = np.full((20, 500), 1 / 20)

    assert thinned(P, 1e-6) is None


@natively
def test_pairs_that_do_not_fit_the_rows_are_refused():
    loss = SoftmaxCrossEntropy()
    batch, theta, direction = confident_rows(0)
    right = csr_array(np.full((300, 12), 0.1))
    starts, classes, values = right.indptr.copy(), right.indices.copy(), right.data
    beyond = classes.copy()
    beyond[5] = 12
    falling = starts.copy()
    falling[3] = falling[2] - 1

    for wrong in [
        (starts[:-1], classes, values),
        (starts, beyond, values),
        (falling, classes, values),
        (starts, classes, values[:-1]),
    ]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                native,
                "_pairs",
                lambda _, wrong=wrong: (wrong[0].astype(np.int64), *wrong[1:]),
            )
            with pytest.raises(ValueError, match="pairs of the wrong shape"):
                hessian_product_pass(loss, batch, theta, direction, curvature=right)


def test_a_fit_with_thinned_hessians_is_proven_like_any_other():
    rng = np.random.default_rng(3)
    means = rng.normal(size=(30, 30))
    y = rng.integers(0, 30, 3000)
    X = means[y] + 1.5 * rng.normal(size=(3000, 30))
    objective = Objective(
        source=MemorySource(X, y), loss=SoftmaxCrossEntropy(), n_scores=30, l2=1e-5
    )

    solution = NewtonCG(tol=1e-8).minimise(objective, np.zeros(objective.shape))

    assert solution.certificate.kind == "proven"
    assert solution.certificate.gap <= 1e-8
    theta = solution.theta
    direction = rng.normal(size=theta.shape)
    whole = objective.hessian_at(theta)(direction)
    thin = objective.hessian_at(theta, thin=True)(direction)
    # Left out are a thousandth of the curvature and little beside the penalty, in the mean.
    assert np.linalg.norm(thin - whole) <= 0.05 * np.linalg.norm(whole)
    assert engine_name() != "native" or np.any(thin != whole)
