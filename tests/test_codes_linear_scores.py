"""Scores that no order of sums can change: against exact fractions, and what rounding costs."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix

from linnet.codes import linear_scores
from linnet.codes.linear_scores import EXACT_BITS, LARGEST_SCORE, LARGEST_TERM, LinearScores
from linnet.codes.rounding import padded
from linnet.engine import limited_blas
from linnet.errors import DataError

seeds = st.integers(0, 2**32 - 1)


def model(rng, m, k):
    return LinearScores(rng.standard_normal((m, k)), rng.standard_normal(m))


def all_scores(scores, X, *, relative=False):
    return np.concatenate(list(scores.tiles(X, relative=relative)))


def error_bound(scores, X):
    """Bound on what rounding moves a score by, as the module's formula has it."""
    scaling = linear_scores._Scaling.of(scores.weights, X)
    k = max(1, scaling.width)
    weights = k * 2.0 ** (scaling.largest - scaling.beta - 1)
    features = k * 2.0 ** (-scaling.alpha - 1)
    return weights + features + k * 2.0 ** (-scaling.alpha - scaling.beta)


@given(seed=seeds, m=st.integers(1, 4), k=st.integers(1, 9), n=st.integers(1, 40))
def test_scores_are_the_scores_to_within_the_rounding_of_integers(seed, m, k, n):
    rng = np.random.default_rng(seed)
    scores = model(rng, m, k)
    X = rng.standard_normal((n, k)) * 10.0 ** rng.integers(-3, 3, k) + rng.standard_normal(k) * 100

    exact = X @ scores.weights.T + scores.intercepts

    slack = 1e-12 * (1 + np.abs(exact).max())
    assert np.abs(all_scores(scores, X) - exact).max() <= error_bound(scores, X) + slack


@given(seed=seeds, k=st.integers(1, 30), large=st.integers(-5, 60))
def test_products_and_all_their_sums_are_below_two_to_the_53(seed, k, large):
    """So that float64 holds them, whatever the order of the sums."""
    rng = np.random.default_rng(seed)
    scores = model(rng, 3, k)
    X = rng.standard_normal((20, k)) * 2.0 ** rng.integers(-5, large + 1, k)
    scaling = linear_scores._Scaling.of(scores.weights, X)

    W, V = scaling.rounded_weights(scores.weights), scaling.products(X, padded(np.eye(k)), k)
    largest = (np.abs(V) @ np.abs(W).T).max()

    assert (np.rint(W) == W).all()
    assert (np.rint(V) == V).all()
    assert largest <= 2.0**EXACT_BITS
    exact = [[sum(int(a) * int(b) for a, b in zip(v, w, strict=True)) for w in W] for v in V]
    assert (np.array(exact, dtype=np.float64) == V @ W.T).all()


@given(seed=seeds)
def test_neither_the_order_of_features_nor_threads_change_a_bit(seed):
    rng = np.random.default_rng(seed)
    k = 50
    scores = model(rng, 5, k)
    X = rng.standard_normal((300, k))
    order = rng.permutation(k)

    whole = all_scores(scores, X)
    shuffled = all_scores(LinearScores(scores.weights[:, order], scores.intercepts), X[:, order])
    with limited_blas(1):
        alone = all_scores(scores, X)

    np.testing.assert_array_equal(whole, shuffled)
    np.testing.assert_array_equal(whole, alone)
    np.testing.assert_array_equal(whole, all_scores(scores, np.asfortranarray(X)))


@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int64", "bool"])
def test_features_of_any_type_count_as_what_they_are(dtype):
    rng = np.random.default_rng(0)
    scores = model(rng, 3, 6)
    X = (rng.random((100, 6)) * 3).astype(dtype)

    np.testing.assert_array_equal(all_scores(scores, X), all_scores(scores, X.astype(np.float64)))


@pytest.mark.parametrize("kind", [csr_matrix, csr_array])
def test_sparse_rows_have_the_same_scores_to_within_rounding(kind):
    rng = np.random.default_rng(0)
    scores = model(rng, 3, 200)
    X = rng.standard_normal((100, 200)) * (rng.random((100, 200)) < 0.03)
    sparse = kind(X)
    exact = X @ scores.weights.T + scores.intercepts

    assert np.abs(all_scores(scores, sparse) - exact).max() <= error_bound(scores, sparse)
    assert (sparse.toarray() == X).all()


def test_rows_without_any_feature_have_the_intercepts():
    scores = model(np.random.default_rng(0), 3, 4)

    np.testing.assert_array_equal(
        all_scores(scores, csr_array((5, 4))), np.tile(scores.intercepts, (5, 1))
    )


@settings(max_examples=50)
@given(seed=seeds, offset=st.sampled_from([1e6, 1.7e9, 1e15]))
def test_features_far_from_zero_keep_their_precision(seed, offset):
    """A typical value is taken off first: times in seconds would lose all their bits else."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal((2, 1))
    X = np.rint(1000 * rng.random((50, 1))) + offset
    exact = [
        [Fraction(w) * Fraction(x) - Fraction(w) * Fraction(offset) for w in weights[:, 0].tolist()]
        for x in X[:, 0].tolist()
    ]
    centred = LinearScores(weights, -weights[:, 0] * offset)

    # The intercept itself was rounded.
    slack = 4 * np.finfo(float).eps * np.abs(weights).max() * offset
    error = np.abs(all_scores(centred, X) - np.array(exact, dtype=np.float64)).max()
    assert error <= error_bound(centred, X) + slack


@pytest.mark.parametrize("huge", [1e9, 1e300, np.finfo(float).max])
def test_one_huge_value_leaves_other_rows_their_precision(huge):
    rng = np.random.default_rng(0)
    scores = model(rng, 3, 5)
    X = rng.standard_normal((1000, 5))
    exact = X @ scores.weights.T + scores.intercepts
    X[500, 2] = huge

    got = all_scores(scores, X)

    assert np.isfinite(got).all()
    others = np.arange(1000) != 500
    scaling = linear_scores._Scaling.of(scores.weights, X)
    assert scaling.largest == LARGEST_TERM
    assert np.abs(got - exact)[others].max() <= error_bound(scores, X)
    # Five features, each rounded to 2⁻⁹ at the worst: a code length moves by the square of that.
    assert error_bound(scores, X) < 2.0**-6


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e200, 1e308])
def test_weights_of_any_size_give_finite_integers(size):
    X = np.array([[1.0, -2.0], [3.0, 0.0], [-1e308, 1e308]])
    scores = LinearScores(np.array([[size, 0.0], [-size, 0.0]]), np.zeros(2))

    (Z,) = scores.integers(X)

    assert Z.dtype == np.int32
    assert np.abs(Z).max() <= LARGEST_SCORE


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_are_never_infinite_or_nan(bad):
    with pytest.raises(DataError, match="not finite"):
        LinearScores(np.array([[1.0, bad]]), np.zeros(1))
    with pytest.raises(DataError, match="not finite"):
        LinearScores(np.ones((1, 2)), np.array([bad]))


def test_a_feature_without_weight_matters_to_nobody():
    scores = LinearScores(np.array([[1.0, 0.0], [2.0, 0.0]]), np.zeros(2))
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    other = X.copy()
    other[:, 1] = [1e300, -1e300, 0.0]

    np.testing.assert_array_equal(all_scores(scores, X), all_scores(scores, other))


def test_no_features_leave_the_intercepts():
    scores = LinearScores(np.zeros((2, 0)), np.array([1.0, 2.0]))

    np.testing.assert_array_equal(all_scores(scores, np.zeros((3, 0))), [[1.0, 2.0]] * 3)


def test_tiles_are_cut_so_that_they_fit_a_cache_and_change_nothing():
    rng = np.random.default_rng(0)
    scores = model(rng, 3, 100)
    X = rng.standard_normal((5000, 100))
    tiles = list(scores.tiles(X))

    assert len(tiles) > 1
    assert max(tile.shape[0] for tile in tiles) * 100 <= linear_scores._TILE_VALUES
    exact = X @ scores.weights.T + scores.intercepts
    assert np.abs(np.concatenate(tiles) - exact).max() <= error_bound(scores, X)
