"""All contenders of the benchmarks solve one problem, on data that are the same each time."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from benchmark_cases import FITTERS, GAP, PROBLEMS, REFERENCE_DIGITS, point
from benchmarks import data
from benchmarks.contest import search
from benchmarks.peers import CONTENDERS
from benchmarks.problems import Problem

# Averaged SGD approaches the optimum as one over the number of steps.
GAPS = {"scikit-learn, SGDClassifier": 2e-3}
PAIRS = [
    pytest.param(contender, small, id=f"{contender.name}: {name}")
    for contender in FITTERS
    for name, small in PROBLEMS.items()
    if not contender.objection(small)
]


@pytest.mark.parametrize(("contender", "small"), PAIRS)
def test_every_contender_minimises_the_same_objective(contender, small):
    """Each comes within the gap of linnet's certified optimum, and none goes below it."""
    best = small.values(CONTENDERS["linnet"].fit(small, REFERENCE_DIGITS).theta)
    with warnings.catch_warnings():
        # PyTorch says that its sparse matrices are in beta.
        warnings.simplefilter("ignore")
        prepared = contender.prepare(small)

    def run(effort):
        with warnings.catch_warnings():
            # Iterations that are cut off on purpose warn.
            warnings.simplefilter("ignore")
            theta = contender.fit(prepared, effort).theta
        return point(effort, 0.0, float((small.values(theta) - best).max()))

    found = search(run, contender.ladder, GAPS.get(contender.name, GAP))

    assert min(p.gap for p in found.points) > -(10.0**-REFERENCE_DIGITS)
    # A contender with default settings stops where these let it.
    if contender.name != "scikit-learn, default settings":
        assert found.outcome == "reached"


@pytest.mark.parametrize("start", ["each C cold", "warm-started"])
def test_a_path_has_the_optimum_of_each_strength_in_the_order_given(start):
    small = replace(PROBLEMS["three classes"], Cs=(10.0, 0.01, 1.0), work="path")
    singly = [replace(small, Cs=(C,), work="fit") for C in small.Cs]
    best = [s.values(CONTENDERS["linnet"].fit(s, REFERENCE_DIGITS).theta)[0] for s in singly]

    fit = CONTENDERS[f"scikit-learn, lbfgs, {start}"].fit(small, 8)

    np.testing.assert_allclose(small.values(fit.theta), best, rtol=0, atol=GAP)


@pytest.mark.parametrize("name", ["linnet, epoch", "scikit-learn, SGDClassifier, epoch"])
def test_an_epoch_makes_better_than_guessing(name):
    small = replace(PROBLEMS["three classes"], work="epoch")

    (value,) = small.values(CONTENDERS[name].fit(small, 0).theta)

    assert value < np.log(3)


def test_the_value_of_a_problem_is_the_mean_loss_plus_the_penalty():
    small = PROBLEMS["three classes"]
    theta = np.random.default_rng(0).normal(size=(1, 3, 7))
    W, b = theta[0, :, :6], theta[0, :, 6]
    Z = small.X @ W.T + b
    losses = logsumexp(Z, axis=1) - Z[np.arange(400), small.y]

    expected = losses.mean() + (W**2).sum() / (2 * 0.05 * 400)

    np.testing.assert_allclose(small.values(theta), [expected], rtol=1e-12)


def test_pixels_as_bytes_give_the_parameters_of_the_pixels_as_floats():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, size=(300, 5))
    y = (pixels[:, 0] / 64 + random.normal(size=300)).astype(int).clip(0, 2)
    small = Problem(X=pixels / np.float32(255), y=y, Cs=(2.0,), pixel_scale=255.0)
    as_bytes = CONTENDERS["linnet, uint8 pixels"]

    prepared = as_bytes.prepare(small)

    assert prepared[0].X.dtype == np.uint8
    np.testing.assert_array_equal(prepared[0].X, pixels)
    values = small.values(as_bytes.fit(prepared, REFERENCE_DIGITS).theta)
    best = small.values(CONTENDERS["linnet"].fit(small, REFERENCE_DIGITS).theta)
    # Both are within 1e-10; float32 rounds x = p/255 by 6e-8 of itself.
    np.testing.assert_allclose(values, best, atol=1e-7)


@pytest.mark.parametrize("name", ["three classes, float32", "two classes, CSR", "ridge"])
def test_a_problem_comes_back_from_its_folder(name, tmp_path):
    small = PROBLEMS[name]

    small.save(tmp_path)
    back = Problem.load(tmp_path)

    assert back.shape_in_words == small.shape_in_words
    assert (back.Cs, back.work, back.pixel_scale) == (small.Cs, small.work, small.pixel_scale)
    assert abs(back.X - small.X).max() == 0
    np.testing.assert_array_equal(back.y, small.y)


@pytest.mark.parametrize("name", PROBLEMS)
def test_contenders_rehearse_on_a_problem_of_the_same_kind(name):
    small = PROBLEMS[name]

    easy = small.rehearsal()

    assert (easy.n_classes, easy.is_sparse) == (small.n_classes, small.is_sparse)
    assert (easy.X.dtype, easy.y.dtype) == (small.X.dtype, small.y.dtype)
    assert easy.X.shape[1] == small.X.shape[1]
    assert all(not c.objection(easy) for c in FITTERS if not c.objection(small))


# The data that are made


def test_made_data_are_the_same_each_time():
    for make in (lambda: data.embeddings(300, 8, 5), lambda: data.regression(300, 4)):
        one, other = make(), make()
        np.testing.assert_array_equal(one.X, other.X)
        np.testing.assert_array_equal(one.y, other.y)


def test_embeddings_have_unit_rows_and_overlap_so_that_four_in_five_are_told():
    made = data.embeddings(8_000, 64, 20)
    X, y = made.X, made.y

    model = LinearDiscriminantAnalysis().fit(X[:4_000], y[:4_000])

    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-6)
    assert made.n_classes == 20
    # 4,000 rows give a standard error of 0.006; random means are not quite orthogonal.
    assert model.score(X[4_000:], y[4_000:]) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(("distance", "classes"), [(0.0, 10), (1.5, 2), (3.0, 100)])
def test_classes_are_told_apart_as_often_as_simulation_says(distance, classes):
    scores = np.random.default_rng(0).normal(size=(20_000, classes))
    scores[:, 0] += distance

    found = data.classes_told_apart(distance, classes)

    # Five standard errors.
    assert found == pytest.approx((scores.argmax(axis=1) == 0).mean(), abs=5 * 0.5 / 20_000**0.5)
