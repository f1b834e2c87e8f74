"""A worked sample shows the right numbers, in text, in Markdown and in HTML."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linnet.calculus import Step, Walkthrough, explain
from linnet.errors import DataError, SettingError

EPS = np.finfo(float).eps
# Each example renders three documents: fewer examples, and no clock.
few = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 2**32 - 1)
VOID = {"meta", "br", "hr", "img", "link"}
RENDERINGS = ["to_text", "to_markdown", "to_html", "_repr_html_"]


class Balance(HTMLParser):
    """Checks that every element is closed, in order; gathers text, tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def parsed(html):
    parser = Balance()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def random_sample(seed, q=None):
    rng = np.random.default_rng(seed)
    k, q = rng.integers(1, 6), q or rng.integers(2, 9)
    return (
        rng.normal(size=k),
        rng.normal(size=(q, k)),
        rng.normal(size=q),
        rng.dirichlet(np.ones(q)),
    )


# The worked case ---------------------------------------------------------------------------


def test_the_worked_case_has_its_loss_gradient_and_jacobians():
    walk = explain()

    assert walk["loss"].value == pytest.approx(-np.log(0.7), rel=4 * EPS)
    np.testing.assert_allclose(walk["gradient"].value, [-0.3, 0.2, 0.1], atol=4 * EPS)
    np.testing.assert_allclose(walk["loss_jacobian"].value, [[-1 / 0.7, 0, 0]], rtol=4 * EPS)
    p = np.array([0.7, 0.2, 0.1])
    jacobian = walk["softmax_jacobian"].value
    np.testing.assert_allclose(jacobian, np.diag(p) - np.outer(p, p), atol=4 * EPS)
    assert walk["agreement"].value <= 4 * EPS


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_every_rendering_shows_the_worked_numbers(rendering):
    document = getattr(explain(), rendering)()

    words = " ".join(parsed(document).words) if "html" in rendering else document
    for number in ("0.3567", "0.5146", "nats", "bits", "0.21", "1.4286", "0.16", "1.6094"):
        assert number in words
    for term in ("交叉熵", "雅可比矩阵", "梯度", "损失", "cross entropy", "numerator layout"):
        assert term in words
    assert "shape (3, 3)" in words.lower()


def test_text_puts_the_numbers_under_the_formula():
    text = str(explain())

    assert "ℓ = −Σⱼ yⱼ ln ŷⱼ" in text
    assert "ℓ = −(1 · ln 0.7 + 0 · ln 0.2 + 0 · ln 0.1)" in text
    assert "= 0.3567 nats = 0.5146 bits" in text
    assert "∂ŷ/∂O = diag(ŷ) − ŷŷᵀ" in text
    assert "∇_O ℓ = [0.7, 0.2, 0.1]ᵀ − [1, 0, 0]ᵀ" in text
    assert not re.search(r" \n| $", text)


def test_markdown_writes_the_formulas_in_latex():
    text = explain().to_markdown()

    assert text.count("$$") == 2 * len(explain().steps)
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert text.count("{") == text.count("}")
    assert r"\ell &= - \sum_{j} y_{j} \ln \hat{y}_{j}" in text
    assert r"\frac{\partial \hat{y}}{\partial O}" in text
    assert r"\begin{bmatrix} 0.21 & -0.14 & -0.07 \\" in text
    assert r"1.388 \times 10^{-17}" in text or "e−" not in text
    # What LaTeX cannot read stands outside the displays alone.
    for display in text.split("$$")[1::2]:
        assert display.isascii()


def test_html_needs_nothing_from_elsewhere():
    page = explain().to_html()
    parser = parsed(page)

    assert page.startswith("<!DOCTYPE html>")
    assert 'charset="utf-8"' in page
    assert {"math", "mfrac", "mtable", "msub", "msup"} <= parser.tags
    assert not {"script", "link", "img", "iframe"} & parser.tags
    assert not {"src", "href", "onclick"} & parser.attributes
    assert "url(" not in page
    assert "http" not in page
    assert explain()._repr_html_() in page


# Random samples ----------------------------------------------------------------------------


@few
@given(seed=seeds)
def test_softmax_steps_are_those_of_brute_force(seed):
    x, W, b, y = random_sample(seed)

    walk = explain(y, x=x, weights=W, bias=b, learning_rate=0.25)

    Z = W @ x + b
    P = np.exp(Z - Z.max()) / np.exp(Z - Z.max()).sum()
    expected = {
        "scores": Z,
        "probabilities": P,
        "loss": -(y * np.log(P)).sum(),
        "loss_jacobian": [-y / P],
        "softmax_jacobian": np.diag(P) - np.outer(P, P),
        "chain": [P - y],
        "vjp": P - y,
        "gradient": P - y,
        "weight_gradient": np.outer(P - y, x),
        "bias_gradient": P - y,
        "update": W - 0.25 * np.outer(P - y, x),
        "bias_update": b - 0.25 * (P - y),
    }
    assert {step.name for step in walk.steps} == {*expected, "agreement"}
    # Some tens of operations on numbers of the size of Z, x and W.
    tolerance = 50 * EPS * (1 + np.abs(Z).max() + np.abs(W).max()) * (1 + np.abs(x).max())
    for name, value in expected.items():
        assert walk[name].value.shape == np.shape(value)
        np.testing.assert_allclose(walk[name].value, value, rtol=tolerance, atol=tolerance)
    assert walk["agreement"].value <= 8 * EPS


@few
@given(seed=seeds, scale=st.sampled_from([1.0, 5.0]))
def test_three_ways_to_the_gradient_agree_and_match_differences(seed, scale):
    z = scale * random_sample(seed)[2]
    label = seed % len(z)

    walk = explain(label, scores=z)

    assert walk["agreement"].value <= 8 * EPS

    def loss(z):
        return float(explain(label, scores=z)["loss"].value)

    h = EPS ** (1 / 3)
    slope = [(loss(z + h * e) - loss(z - h * e)) / (2 * h) for e in np.eye(len(z))]
    # A central difference with h = ε^⅓ errs by about ε^⅔; 100 covers the third derivatives.
    tolerance = 100 * EPS ** (2 / 3) * (1 + np.abs(z).max())
    np.testing.assert_allclose(walk["gradient"].value, slope, atol=tolerance)


@few
@given(seed=seeds)
def test_squared_steps_are_those_of_brute_force(seed):
    x, W, b, _ = random_sample(seed)
    w, offset, y = W[0], b[0], b[1]

    walk = explain(y, x=x, weights=w, bias=offset, loss="squared")

    prediction = w @ x + offset
    residual = prediction - y
    expected = {
        "prediction": [prediction],
        "loss": 0.5 * residual**2,
        "loss_jacobian": [[residual]],
        "prediction_jacobian": [x],
        "chain": [residual * x],
        "vjp": residual * x,
        "gradient": [residual],
        "weight_gradient": residual * x,
        "bias_gradient": [residual],
        "update": w - 0.1 * residual * x,
        "bias_update": [offset - 0.1 * residual],
    }
    assert {step.name for step in walk.steps} == {*expected, "agreement"}
    tolerance = 50 * EPS * (1 + np.abs(w).max()) * (1 + np.abs(x).max()) ** 2
    for name, value in expected.items():
        assert walk[name].value.shape == np.shape(value)
        np.testing.assert_allclose(walk[name].value, value, rtol=tolerance, atol=tolerance)
    assert walk["agreement"].value <= 4 * EPS * np.abs(residual * x).max()


@few
@given(seed=seeds, loss=st.sampled_from(["softmax", "squared"]))
def test_every_sample_renders_whole(seed, loss):
    x, W, b, y = random_sample(seed)
    if loss == "squared":
        walk = explain(y[0], x=x, weights=W[0], bias=b[0], loss="squared")
    else:
        walk = explain(y, x=x, weights=W, bias=b)

    parsed(walk.to_html())
    markdown = walk.to_markdown()
    assert markdown.count("{") == markdown.count("}")
    assert walk.to_text().count("\n\n") == len(walk.steps)


# Forms of the sample -----------------------------------------------------------------------


def test_a_class_is_its_one_hot_distribution():
    by_class, by_distribution = explain(1), explain([0, 1, 0])

    assert str(by_class) == str(by_distribution)
    assert str(explain(np.int64(1))) == str(by_class)
    assert str(explain()) == str(explain(0, probabilities=[0.7, 0.2, 0.1]))


def test_scores_and_probabilities_that_belong_together_tell_the_same():
    p = np.array([0.5, 0.25, 0.25])
    by_scores, by_probabilities = explain(2, scores=np.log(p) + 3), explain(2, probabilities=p)

    for name in ("probabilities", "loss", "gradient", "softmax_jacobian"):
        np.testing.assert_allclose(
            by_scores[name].value, by_probabilities[name].value, rtol=0, atol=16 * EPS
        )


def test_the_squared_loss_has_a_worked_case_too():
    walk = explain(loss="squared")

    assert walk["loss"].value == 0.125
    assert walk["weight_gradient"].value.tolist() == [-0.5, -1.0]
    assert "½(3 − 2.5)²" in str(walk)
    assert [step.name for step in explain(1, scores=2, loss="squared").steps] == [
        "prediction",
        "loss",
        "loss_jacobian",
        "gradient",
        "agreement",
    ]


def test_without_weights_there_is_no_weight_gradient():
    names = {step.name for step in explain().steps}

    assert not names & {"weight_gradient", "bias_gradient", "update", "bias_update"}


def test_gradient_in_the_weights_has_their_shape_and_the_step_goes_down():
    walk = explain(2, x=[1.0, -2.0], weights=np.zeros((3, 2)), learning_rate=0.1)

    assert walk["weight_gradient"].value.shape == (3, 2)
    after = explain(2, x=[1.0, -2.0], weights=walk["update"].value)
    assert after["loss"].value < walk["loss"].value
    assert "(3, 2)" in walk["weight_gradient"].note


def test_where_the_product_of_jacobians_breaks_down_the_steps_say_so():
    walk = explain(1, scores=[1000.0, 0.0])

    assert walk["loss"].value == 1000
    assert walk["gradient"].value.tolist() == [1.0, -1.0]
    assert np.isnan(walk["agreement"].value)
    assert "0·∞" in walk["agreement"].note
    for rendering in RENDERINGS:
        assert "NaN" in getattr(walk, rendering)()


def test_a_class_of_probability_0_that_is_not_the_label_costs_nothing():
    walk = explain(0, probabilities=[1.0, 0.0])

    assert walk["loss"].value == 0
    assert walk["agreement"].value == 0
    assert "−∞" in str(walk)


def test_many_classes_are_cut_in_the_middle():
    q = 50
    walk = explain(40, scores=np.arange(float(q)))

    assert walk["softmax_jacobian"].value.shape == (q, q)
    assert max(map(len, str(walk).splitlines())) < 400
    assert "…" in str(walk)
    assert r"\dots" in walk.to_markdown()


def test_a_walkthrough_finds_its_steps_by_name():
    walk = explain()

    assert isinstance(walk, Walkthrough)
    assert all(isinstance(step, Step) for step in walk.steps)
    assert walk["loss"].unit == "nats"
    with pytest.raises(SettingError, match=r"no step 'los'.*scores, probabilities, loss"):
        walk["los"]


# Errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: explain(3), "y is 3.*from 0 to 2"),
        (lambda: explain(-1), "y is -1"),
        (lambda: explain(0.5), "y is 0.5.*integer"),
        (lambda: explain([0.5, 0.6, 0.0]), "y sums to 1.1"),
        (lambda: explain([0.5, 0.5]), r"y has shape \(2,\).*3 entries"),
        (lambda: explain(0, probabilities=[0.5, 0.6]), "probabilities sums to 1.1"),
        (lambda: explain(0, probabilities=[[0.5, 0.5]]), r"shape \(1, 2\)"),
        (lambda: explain(0, scores=[np.nan, 1.0]), "scores has nan at position 0"),
        (lambda: explain(0, x=[1, 2], weights=[[1, 2, 3]]), r"weights has shape \(1, 3\)"),
        (lambda: explain(0, x=[1, 2], weights=[1, 2]), r"weights has shape \(2,\)"),
        (lambda: explain(0, x=[1], weights=[[1], [2]], bias=[1]), r"bias has shape \(1,\)"),
        (lambda: explain([1, 2], scores=1, loss="squared"), r"y is \[1, 2\]"),
        (lambda: explain(np.inf, scores=1, loss="squared"), "y is inf"),
        (
            lambda: explain(1, x=[1], weights=[[1], [2]], loss="squared"),
            r"weights has shape \(2, 1\)",
        ),
    ],
)
def test_a_sample_that_does_not_fit_is_named(call, message):
    with pytest.raises(DataError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: explain(0, scores=[1, 2], probabilities=[0.5, 0.5]), "one way"),
        (lambda: explain(0, x=[1.0]), "x with weights"),
        (lambda: explain(0, weights=[[1.0]]), "x with weights"),
        (lambda: explain(scores=[1, 2]), "y is missing"),
        (lambda: explain(0, scores=[1, 2], learning_rate=0.1), "learning_rate is of use"),
        (lambda: explain(0, scores=[1, 2], bias=[1, 2]), "bias is of use"),
        (lambda: explain(0, x=[1], weights=[[1], [2]], learning_rate=0), "learning_rate is 0.0"),
        (lambda: explain(0, probabilities=[1.0], loss="squared"), "no probabilities"),
    ],
)
def test_too_little_or_too_much_is_said(call, message):
    with pytest.raises(SettingError, match=message):
        call()
