"""Summaries, tables of coefficients and figures show what the model holds."""

import io
import sys

import numpy as np
import pytest
from rich.console import Console
from sklearn.datasets import load_diabetes, load_iris

from linnet import LinearRegression, SoftmaxRegression
from linnet.reports import (
    account_text,
    classifier_account,
    confusion_figure,
    convergence_figure,
    information_figure,
    prediction_figure,
    regression_account,
    strongest_coefficients,
)
from linnet.solvers import Certificate

EPS = np.finfo(float).eps


def printed(renderable):
    stream = io.StringIO()
    Console(file=stream, width=120, markup=False, highlight=False).print(renderable)
    return stream.getvalue()


@pytest.fixture
def iris():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression().fit(X, y)
    return X, y, model, classifier_account(model.predict_log_proba(X), y, model.classes_)


# Coefficients ------------------------------------------------------------------------------


def test_coefficients_come_by_size_with_class_and_side():
    coef = np.array([[1.0, -3.0], [0.0, 2.0], [-1.5, 0.0]])

    told = strongest_coefficients(coef, np.array(["a", "b"]), classes=np.array(["x", "y", "z"]))

    assert [(c.feature, c.speaks_for, c.value) for c in told] == [
        ("b", "x", -3.0),
        ("b", "y", 2.0),
        ("a", "z", -1.5),
        ("a", "x", 1.0),
    ]


def test_the_one_score_of_two_classes_speaks_for_the_second():
    (only,) = strongest_coefficients(
        np.array([[2.0]]), np.array(["a"]), classes=np.array(["no", "yes"])
    )

    assert only.speaks_for == "yes"


def test_slope_is_that_of_the_tables_own_unit():
    """A coefficient a standard deviation, divided by that, is the slope of the raw column."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    scale = X.std(axis=0)
    standard = LinearRegression().fit((X - X.mean(axis=0)) / scale, y)
    raw = LinearRegression().fit(X, y)

    told = strongest_coefficients(
        np.atleast_2d(standard.coef_), np.arange(10).astype(str), scale=scale
    )

    for coefficient in told:
        # Each solution has about as many digits as the condition, 10³, leaves of 16.
        expected = raw.coef_[int(coefficient.feature)]
        assert coefficient.slope == pytest.approx(expected, rel=1e6 * EPS)


# Text --------------------------------------------------------------------------------------


def test_account_is_told_in_nats_and_bits(iris):
    _, _, _, account = iris

    text = printed(account_text({"training": account}))

    assert "1.0986 nats = 1.5850 bits" in text
    assert f"{100 * account.accuracy.value:.2f} %" in text
    bits = account.loss.value / np.log(2)
    assert f"{account.loss.value:.4f} nats = {bits:.4f} bits" in text


def test_infinite_loss_is_told_with_the_rows_and_the_loss_over_the_others():
    account = classifier_account(
        np.log([[0.5, 0.5], [0.5, 0.5]]), np.array(["a", "z"]), np.array(["a", "b"])
    )

    text = printed(account_text({"held out": account}))

    assert "infinite" in text
    assert "1 row with labels that training never saw (z)" in text
    assert "Over the other rows it is 0.6931 nats = 1.0000 bits." in text


def test_regression_without_residual_is_told():
    y = np.array([1.0, 2.0])

    text = printed(account_text({"training": regression_account(y, y, residual_variance=0.0)}))

    assert "no residual" in text


# Figures -----------------------------------------------------------------------------------


def drawn(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue().startswith(b"\x89PNG")


def test_figures_are_drawn_without_pyplot(iris):
    X, y, model, account = iris
    before = "matplotlib.pyplot" in sys.modules

    figures = [
        convergence_figure(model.history_, model.certificate_),
        information_figure({"training": account}),
        confusion_figure(y, model.predict(X), model.classes_),
        prediction_figure(y + 0.1, y.astype(float)),
    ]

    assert all(drawn(figure) for figure in figures)
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_convergence_shows_the_steps_and_the_certificate(iris):
    _, _, model, _ = iris

    objective, gap = convergence_figure(model.history_, model.certificate_).axes

    drawn_values = objective.lines[0].get_ydata()
    np.testing.assert_array_equal(drawn_values, [step.value for step in model.history_])
    assert gap.lines[-1].get_ydata()[0] == model.certificate_.gap
    assert gap.get_yscale() == "log"


def test_convergence_of_a_fit_without_steps_is_empty():
    assert drawn(convergence_figure([], Certificate(np.inf, "none")))


def test_information_bars_have_the_lengths_of_the_codes(iris):
    *_, account = iris

    (axes,) = information_figure({"training": account}, unit="bits").axes

    widths = [bar.get_width() for bar in axes.patches]
    expected = np.array([account.uniform, account.marginal, account.loss.value]) / np.log(2)
    np.testing.assert_allclose(widths, expected, rtol=4 * EPS)


def test_an_infinite_bar_is_drawn_and_labelled():
    account = classifier_account(np.log([[0.5, 0.5]]), np.array(["z"]), np.array(["a", "b"]))

    (axes,) = information_figure({"held out": account}).axes

    assert [text.get_text() for text in axes.texts][-1].strip() == "inf"


def test_confusion_counts_every_row_of_a_known_label():
    labels, predicted = np.array(["a", "a", "b", "z"]), np.array(["a", "b", "b", "a"])

    (axes,) = confusion_figure(labels, predicted, np.array(["a", "b"])).axes

    assert sorted(text.get_text() for text in axes.texts) == ["1", "1", "1"]
