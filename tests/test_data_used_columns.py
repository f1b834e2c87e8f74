"""Rows in the columns that they use are the same rows, and give the same scores."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from linnet.data.used_columns import in_used_columns
from linnet.engine import scores


@st.composite
def sparse_rows(draw):
    """Draw rows with their entries in any order, some twice, some zero."""
    n, k = draw(st.integers(0, 6)), draw(st.integers(1, 40))
    lengths = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    entries = sum(lengths)
    columns = draw(st.lists(st.integers(0, k - 1), min_size=entries, max_size=entries))
    values = draw(st.lists(st.integers(-3, 3), min_size=entries, max_size=entries))
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return sp.csr_matrix(
        (np.array(values, dtype=float), np.array(columns, dtype=np.int32), starts), shape=(n, k)
    )


@given(sparse_rows())
def test_columns_that_are_left_out_are_empty_and_the_rest_is_as_it_was(X):
    rows, used = in_used_columns(X)

    assert rows.shape == (X.shape[0], len(used))
    assert rows.nnz == X.nnz
    assert set(used) == set(X.indices)
    np.testing.assert_array_equal(rows.toarray(), X.toarray()[:, used])
    assert rows.has_canonical_format == X.has_canonical_format


@pytest.mark.parametrize("layout", ["csr", "csc"])
@given(
    X=sparse_rows(),
    seed=st.integers(0, 2**32 - 1),
    intercept=st.booleans(),
    by_columns=st.booleans(),
)
def test_scores_of_few_entries_are_those_of_the_same_rows_in_full(
    X, seed, intercept, by_columns, layout
):
    theta = np.random.default_rng(seed).normal(size=(3, X.shape[1] + intercept))
    expected = X.toarray() @ theta[:, : X.shape[1]].T + (theta[:, -1] if intercept else 0)
    theta = np.asfortranarray(theta) if by_columns else theta

    np.testing.assert_allclose(scores(X.asformat(layout), theta), expected, rtol=0, atol=1e-12)
