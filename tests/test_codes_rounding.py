"""Native loops over features and scores give the numbers that NumPy defines, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.codes import coder, rounding
from linnet.codes.linear_scores import EXACT_BITS, LinearScores, _Scaling
from linnet.engine import limited_blas
from linnet.errors import SettingError

seeds = st.integers(0, 2**32 - 1)
KINDS = ("float64", "float32", "uint8", "bool", "int64", "float16", ">f8")
kinds = st.sampled_from(KINDS)
layouts = st.sampled_from(["C", "F", "every other row", "every other column", "one row apart"])
BUILT = [] if coder._coder is None else coder._coder.instruction_sets()


def features(rng, shape, kind, layout, spread):
    n, k = shape
    if np.dtype(kind).kind == "f":
        most = 2.0 ** min(spread, np.finfo(kind).maxexp - 8)
        X = (rng.standard_normal((n, k)) * most ** rng.uniform(-1, 1, (n, k))).astype(kind)
    else:
        X = rng.integers(0, 2 if kind == "bool" else 200, (n, k)).astype(kind)
    if layout == "every other row":
        return np.repeat(X, 2, axis=0)[::2]
    if layout == "every other column":
        return np.repeat(X, 2, axis=1)[:, ::2]
    if layout == "one row apart":
        return np.asfortranarray(np.vstack([X[:1], X, X[:1]]))[1:-1]
    return np.asarray(X, order=layout)


@settings(max_examples=150, deadline=None)
@given(
    seed=seeds,
    n=st.integers(1, 140),
    k=st.integers(0, 40),
    m=st.integers(1, 60),
    kind=kinds,
    layout=layouts,
    spread=st.sampled_from([1, 30, 1000]),
)
def test_every_instruction_set_gives_the_products_that_numpy_defines(
    *, seed, n, k, m, kind, layout, spread
):
    rng = np.random.default_rng(seed)
    X = features(rng, (n, k), kind, layout, spread)
    scaling = _Scaling.of(rng.standard_normal((m, k)), X) if k else None
    scale = rng.choice([0.0, 0.5, 2.0**10, 2.0**-900], k) if scaling is None else scaling.scale
    offset = np.rint(rng.standard_normal(k) * 2.0**20)
    # Both factors are below 2²³, and there are at most 2⁶ terms.
    W = np.rint(rng.standard_normal((k, m)) * 2.0**19).clip(-(2.0**23), 2.0**23)

    how = rounding.Rounding(scale, offset, 2.0**23)
    expected = rounding.whole(X, how) @ W

    assert np.abs(expected).max(initial=0) <= 2.0**EXACT_BITS
    for instruction_set in ["", *BUILT]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("LINNET_SIMD", instruction_set)
            got = rounding.whole_products(X, how, rounding.padded(W), m)
        np.testing.assert_array_equal(got, expected)


def test_an_instruction_set_that_there_is_not_is_refused(monkeypatch):
    monkeypatch.setenv("LINNET_SIMD", "vax")

    with pytest.raises(SettingError, match="'vax'"):
        coder.instruction_set()


@settings(max_examples=80, deadline=None)
@given(
    seed=seeds,
    n=st.integers(1, 3000),
    k=st.integers(1, 40),
    kind=kinds,
    layout=layouts,
)
def test_extremes_are_those_of_every_column(seed, n, k, kind, layout):
    X = features(np.random.default_rng(seed), (n, k), kind, layout, 1000)

    found = np.concatenate(rounding.extremes(X))

    np.testing.assert_array_equal(found.min(axis=0), X.min(axis=0))
    np.testing.assert_array_equal(found.max(axis=0), X.max(axis=0))


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    n=st.integers(1, 300),
    k=st.integers(0, 20),
    m=st.integers(1, 20),
    kind=kinds,
    layout=layouts,
    spread=st.sampled_from([1, 30, 1000]),
)
def test_scores_do_not_depend_on_the_engine_or_on_threads(*, seed, n, k, m, kind, layout, spread):
    rng = np.random.default_rng(seed)
    scores = LinearScores(rng.standard_normal((m, k)), rng.standard_normal(m))
    X = features(rng, (n, k), kind, layout, spread)
    native = list(scores.integers(X)), list(scores.tiles(X))
    with limited_blas(1), pytest.MonkeyPatch.context() as patched:
        patched.setenv("LINNET_ENGINE", "reference")
        assert coder.native() is None
        reference = list(scores.integers(X)), list(scores.tiles(X))

    for ours, theirs in zip(native, reference, strict=True):
        np.testing.assert_array_equal(np.concatenate(ours), np.concatenate(theirs))


@given(seed=seeds, n=st.integers(0, 50), m=st.integers(1, 12), size=st.integers(-60, 60))
def test_scores_are_rounded_as_numpy_rounds_them(seed, n, m, size):
    rng = np.random.default_rng(seed)
    # Many of them halves, which go to the even number.
    Z = np.rint(rng.standard_normal((n, m)) * 8) * 2.0**size
    offset = np.rint(rng.standard_normal(m) * 4) / 2

    got = rounding.whole_scores(Z, 0.5, offset, 2.0, 2.0**29)

    expected = np.clip(np.rint((Z * 0.5 + offset) * 2.0), -(2.0**29), 2.0**29)
    assert got.dtype == np.int32
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("huge", [1e50, 1e57, 1e60, 1e62, 1e300])
def test_a_feature_huge_in_every_row_leaves_all_sums_exact(huge):
    """Its offset is cut at 2²⁰⁰, and what is left must be cut to the bound of a term as well."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((64, 3))
    X[:, 1] = huge
    scores = LinearScores(rng.standard_normal((2, 3)), np.zeros(2))
    scaling = _Scaling.of(scores.weights, X)

    whole = scaling.products(X, rounding.padded(np.eye(3)), 3)

    assert np.abs(whole).max() <= 2.0 ** (scaling.largest + scaling.alpha)
    W = scaling.rounded_weights(scores.weights)
    assert (np.abs(whole) @ np.abs(W).T).max() <= 2.0**EXACT_BITS


@pytest.mark.skipif(not BUILT, reason="the native coder is not built")
def test_native_loops_refuse_arrays_that_do_not_fit():
    X, one = np.ones((4, 3)), np.ones(3)
    native = coder.native()
    for wrong in (
        (X, False, one[:2], one, 1.0, np.ones((3, 8)), np.ones((4, 2)), ""),
        (X, False, one, one, 1.0, np.ones((3, 7)), np.ones((4, 2)), ""),
        (X, False, one, one, 1.0, np.ones((3, 8)), np.ones((5, 2)), ""),
        (X.astype("f4"), False, one, one, 1.0, np.ones((3, 8)), np.ones((4, 2)), ""),
        (X, False, one, one, 1.0, np.ones((3, 8)), np.ones((4, 2)), "vax"),
    ):
        with pytest.raises(ValueError, match=r"shape|type|machine"):
            native.products_float64(*wrong)
    with pytest.raises(ValueError, match="length"):
        native.extremes_float64(X, np.ones(2), np.ones(2), False)
    with pytest.raises(ValueError, match="shape"):
        native.whole_scores(X, 1.0, np.ones(2), 1.0, 1.0, np.ones((4, 3), np.int32))
