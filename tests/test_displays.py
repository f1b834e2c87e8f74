"""Displays draw what was computed, on axes that say what it is, and say so where they cannot."""

import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB

from linnet import LinearRegression, LinnetError, SoftmaxRegression, TableModel, softmax_path
from linnet.calibration import calibration_error, reliability_curve, smooth_calibration_error
from linnet.displays import (
    CodeLengthDisplay,
    ConvergenceDisplay,
    InformationDisplay,
    PathDisplay,
    ReliabilityDisplay,
)
from linnet.errors import DataError, DataTypeError, MissingDependencyError, SettingError
from linnet.plotting import COLOURS, bare_figure

EPS = np.finfo(float).eps
# Sums of some thousand terms, rounded.
SUM_ATOL = 1e4 * EPS


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:900], y[:900], X[900:], y[900:]


@pytest.fixture(scope="module")
def model(digits):
    X, y, _, _ = digits
    return SoftmaxRegression().fit(X, y)


@pytest.fixture(scope="module")
def path(digits):
    X, y, _, _ = digits
    return softmax_path(X, y, [1.0, 1e-4, 1e-2])


# What every display does ------------------------------------------------------------------

CLASSIFIED = [CodeLengthDisplay, InformationDisplay, ReliabilityDisplay]


@pytest.mark.parametrize("display", CLASSIFIED)
def test_predictions_draw_what_the_estimator_draws(display, digits, model):
    _, _, X, y = digits
    axes = bare_figure(4, 3).subplots(), bare_figure(4, 3).subplots()

    first = display.from_estimator(model, X, y, ax=axes[0])
    second = display.from_predictions(y, model.predict_proba(X), model.classes_, ax=axes[1])

    assert (first.ax_, second.ax_) == axes
    assert first.figure_ is axes[0].figure
    assert first.name == "SoftmaxRegression"
    assert first.ax_.get_xlabel() == second.ax_.get_xlabel()
    for one, other in zip(first.ax_.lines, second.ax_.lines, strict=True):
        np.testing.assert_allclose(one.get_xydata(), other.get_xydata(), atol=1e-9)
    for one, other in zip(first.ax_.patches, second.ax_.patches, strict=True):
        assert one.get_bbox().bounds == pytest.approx(other.get_bbox().bounds, abs=1e-9)


@pytest.mark.parametrize("display", CLASSIFIED)
def test_classifiers_of_scikit_learn_and_models_of_tables_are_drawn(display, digits):
    X, y, held, held_y = digits
    table = {"size": X[:, 20], "ink": X[:, 36]}
    models = [
        (GaussianNB().fit(X, y), held, held_y),
        (TableModel(SoftmaxRegression()).fit(table, y), table, y),
    ]

    drawn = [display.from_estimator(*each) for each in models]

    # Each on axes of its own, which pyplot shows.
    assert len({id(each.ax_) for each in drawn}) == 2
    assert plt.get_fignums() == [1, 2]
    assert [each.name for each in drawn] == ["GaussianNB", "TableModel"]


@pytest.mark.parametrize("display", CLASSIFIED)
def test_weights_count_like_repeated_rows(display, digits, model):
    _, _, X, y = digits
    weight = np.random.default_rng(0).integers(0, 3, len(y))

    weighted = display.from_estimator(model, X, y, sample_weight=weight)

    repeated = display.from_estimator(model, np.repeat(X, weight, axis=0), np.repeat(y, weight))
    for one, other in zip(weighted.ax_.patches, repeated.ax_.patches, strict=True):
        assert one.get_bbox().bounds == pytest.approx(other.get_bbox().bounds, abs=1e-9)
    # Intervals, and how far the smooth curve goes, differ: a row given twice is taken for two.
    first, second = (each.ax_.lines[-1].get_xydata() for each in (weighted, repeated))
    if display is not InformationDisplay:
        drawn = np.isfinite(first) & np.isfinite(second)
        np.testing.assert_allclose(first[drawn], second[drawn], atol=1e-9)


def everything(digits, model, path):
    _, _, X, y = digits
    return [
        *[display.from_estimator(model, X, y).ax_ for display in CLASSIFIED],
        *PathDisplay.from_estimator(path, X, y).ax_,
        ConvergenceDisplay.from_estimator(model).ax_,
    ]


def test_axes_are_labelled_with_their_units(digits, model, path):
    lengths, information, reliability, coefficients, held_out, convergence = everything(
        digits, model, path
    )

    assert lengths.get_xlabel() == "code length of a label (bits)"
    assert information.get_xlabel() == "mean code length (bits per label)"
    assert reliability.get_xlabel() == "predicted probability of the top label"
    assert reliability.get_ylabel() == "observed share"
    assert coefficients.get_ylabel() == "coefficient (nats per unit of its feature)"
    assert held_out.get_ylabel() == "held-out code length (bits per label)"
    assert held_out.get_xlabel() == "C, inverse strength of the penalty"
    assert convergence.get_ylabel().endswith("(nats per sample)")
    assert convergence.get_xlabel() == "readings of the data"


def seen(colour, cone):
    """What an eye without one kind of cone sees of a colour (Viénot, Brettel and Mollon 1999)."""
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    rgb_to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    long, middle, short = rgb_to_lms @ linear
    lms = {
        "all": (long, middle, short),
        "no long": (2.02344 * middle - 2.52581 * short, middle, short),
        "no middle": (long, 0.494207 * long + 1.24827 * short, short),
    }[cone]
    return np.linalg.solve(rgb_to_lms, lms)


@pytest.mark.parametrize("cone", ["all", "no long", "no middle"])
def test_colours_differ_for_colour_blind_readers(cone):
    """Each pair is further apart than a tenth of the way from black to white."""
    colours = np.array([seen(colour, cone) for colour in COLOURS])

    apart = np.linalg.norm(colours[:, None] - colours, axis=2)
    assert apart[np.triu_indices(len(colours), 1)].min() > 0.1


@pytest.mark.parametrize("display", CLASSIFIED)
def test_without_matplotlib_an_error_says_what_to_install(display, digits, model, monkeypatch):
    _, _, X, y = digits
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingDependencyError, match=r"pip install 'linnet\[plot\]'"):
        display.from_estimator(model, X, y)


@pytest.mark.parametrize("display", CLASSIFIED)
def test_what_predicts_no_probabilities_is_an_error(display, digits):
    X, y, _, _ = digits

    with pytest.raises(DataTypeError, match="LinearRegression"):
        display.from_estimator(LinearRegression().fit(X, y), X, y)
    with pytest.raises(DataError, match="one weight for each row"):
        display.from_predictions([0, 1], [0.2, 0.8], sample_weight=[1])


# Code lengths ------------------------------------------------------------------------------


def test_the_histogram_holds_every_label_and_their_mean(digits, model):
    _, _, X, y = digits
    lengths = np.asarray(model.code_lengths(X, y, unit="nats"))

    display = CodeLengthDisplay.from_estimator(model, X, y, unit="nats", bins=20)

    expected, edges = np.histogram(lengths, bins=20)
    np.testing.assert_array_equal(display.counts_, expected)
    np.testing.assert_allclose(display.edges_, edges)
    assert display.mean_line_.get_xdata()[0] == pytest.approx(log_loss(y, model.predict_proba(X)))
    assert display.ax_.get_yscale() == "log"


def test_labels_of_infinite_length_are_counted_in_the_title(digits, model):
    _, _, X, _ = digits

    display = CodeLengthDisplay.from_estimator(model, X[:4], [11, 5, 5, 12])

    assert display.ax_.get_title() == "2 of infinite length not shown"
    assert display.counts_.sum() == 2
    with pytest.raises(DataError, match="finite length"):
        CodeLengthDisplay.from_estimator(model, X[:2], [11, 12])


# Information -------------------------------------------------------------------------------


def test_the_bars_are_the_account(digits, model):
    _, _, X, y = digits

    display = InformationDisplay.from_estimator(model, X, y)

    shares = np.bincount(y) / len(y)
    widths = [bar.get_width() for bar in display.bars_]
    loss = log_loss(y, model.predict_proba(X)) / np.log(2)
    expected = [np.log2(10), -(shares * np.log2(shares)).sum(), loss]
    assert widths == pytest.approx(expected, abs=SUM_ATOL)
    assert [text.get_text().strip() for text in display.ax_.texts] == [f"{x:.3f}" for x in expected]
    names = [tick.get_text() for tick in display.ax_.get_yticklabels()]
    assert names == ["uniform code", "marginal code, H(Y)", "SoftmaxRegression"]


def test_an_infinite_loss_says_so_and_is_drawn_as_long_as_the_longest():
    display = InformationDisplay.from_predictions([0, 1, 0, 1], [0.0, 0.0, 0.5, 0.5])

    assert [bar.get_width() for bar in display.bars_] == [1, 1, 1]
    assert display.ax_.texts[-1].get_text().strip() == "inf"


def test_a_unit_that_is_none_is_an_error():
    with pytest.raises((SettingError, TypeError)):
        InformationDisplay.from_predictions([0, 1], [0.2, 0.8], unit="bytes")


# Reliability -------------------------------------------------------------------------------


def test_the_diagram_shows_bins_intervals_and_both_errors():
    X, y = load_breast_cancer(return_X_y=True)
    model = GaussianNB().fit(X[::2], y[::2])
    P = model.predict_proba(X[1::2])

    display = ReliabilityDisplay.from_estimator(model, X[1::2], y[1::2], bins=5)

    curve = reliability_curve(y[1::2], P, bins=5)
    points, _, (bars,) = display.bins_
    np.testing.assert_allclose(points.get_xydata().T, [curve.predicted, curve.observed])
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends.T, [curve.low, curve.high], atol=SUM_ATOL)
    told = " ".join(text.get_text() for text in display.ax_.get_legend().get_texts())
    assert f"ECE {calibration_error(y[1::2], P, bins=5):.3f}" in told
    assert f"smECE {smooth_calibration_error(y[1::2], P):.3f}" in told
    assert display.ax_.get_xlabel() == "predicted probability of 1"


def test_one_class_of_several_can_be_shown(digits, model):
    _, _, X, y = digits

    display = ReliabilityDisplay.from_estimator(model, X, y, label=8, strategy="equal-width")

    curve = reliability_curve(y, model.predict_proba(X), label=8, strategy="equal-width")
    np.testing.assert_allclose(display.bins_[0].get_ydata(), curve.observed)
    assert display.ax_.get_xlabel() == "predicted probability of 8"


# Path --------------------------------------------------------------------------------------


def test_the_path_is_drawn_in_the_order_of_C(digits, path):
    _, _, X, y = digits

    display = PathDisplay.from_estimator(path, X, y, most=7)

    lengths = np.asarray(path.cross_entropy(X, y))
    np.testing.assert_array_equal(display.length_line_.get_xdata(), [1e-4, 1e-2, 1])
    np.testing.assert_array_equal(display.length_line_.get_ydata(), lengths[[1, 2, 0]])
    assert display.best_C_ == path.best(X, y).C
    coefficients = path.coef[[1, 2, 0]].reshape(3, -1)
    largest = np.argmax(np.abs(coefficients).max(axis=0))
    np.testing.assert_array_equal(
        display.coefficient_lines_[0].get_ydata(), coefficients[:, largest]
    )
    assert len(display.coefficient_lines_) == 7
    assert display.ax_[0].get_title() == "7 of 640 coefficients: the largest"
    assert {axes.get_xscale() for axes in display.ax_} == {"log"}


def test_what_is_no_path_is_an_error(digits, model):
    _, _, X, y = digits
    with pytest.raises(DataTypeError, match="softmax_path"):
        PathDisplay.from_estimator(model, X, y)


def test_axes_given_are_drawn_on(digits, path):
    _, _, X, y = digits
    axes = bare_figure(4, 6).subplots(2)

    display = PathDisplay.from_estimator(path, X, y, ax=axes)

    assert list(display.ax_) == list(axes)


# Convergence -------------------------------------------------------------------------------


def test_the_steps_and_the_certificate_are_drawn(model):
    display = ConvergenceDisplay.from_estimator(model)

    known = [step for step in model.history_ if 0 < step.gap < np.inf]
    np.testing.assert_array_equal(display.line_.get_xdata(), [step.passes for step in known])
    np.testing.assert_array_equal(display.line_.get_ydata(), [step.gap for step in known])
    assert display.certificate_point_.get_ydata()[0] == model.certificate_.gap
    assert display.certificate_point_.get_fillstyle() == "full"
    assert display.ax_.get_yscale() == "log"


def test_an_estimate_is_told_from_a_proof(digits):
    X, y, _, _ = digits
    rng = np.random.default_rng(0)
    unpenalised = SoftmaxRegression(C=np.inf).fit(X[:, 20:22], rng.integers(0, 2, len(y)))

    display = ConvergenceDisplay.from_estimator(unpenalised)

    assert display.certificate_point_.get_fillstyle() == "none"
    assert "estimated" in display.certificate_point_.get_label()


def test_models_share_axes_and_models_of_tables_are_read(digits, model):
    X, y, _, _ = digits
    of_table = TableModel(SoftmaxRegression()).fit({"ink": X[:, 20], "size": X[:, 21]}, y)
    first = ConvergenceDisplay.from_estimator(model)

    second = ConvergenceDisplay.from_estimator(of_table, name="table", ax=first.ax_, color="black")

    assert second.ax_ is first.ax_
    assert second.line_.get_label() == "table"
    assert second.line_.get_color() == "black"


def test_a_model_without_history_is_an_error(digits):
    X, y, _, _ = digits
    streamed = SoftmaxRegression().partial_fit(X, y, classes=np.arange(10))

    with pytest.raises(LinnetError, match="no history"):
        ConvergenceDisplay.from_estimator(streamed)
