"""Inference of models of tables, and summaries as text, HTML and LaTeX."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
import statsmodels.api as sm

from linnet import LinearRegression, SoftmaxRegression, TableModel
from linnet.errors import SettingError
from linnet.estimators.inference.summary_table import Block, Summary


def table(seed=0, n=200):
    rng = np.random.default_rng(seed)
    return {
        "size": (rng.normal(size=n) * 30 + 400).tolist(),
        "colour": rng.choice(["blue", "green", "red"], n).tolist(),
        "old": (rng.random(n) < 0.4).tolist(),
    }


def design(columns):
    """What a user of statsmodels would write: dummies without the first level."""
    colour = np.array(columns["colour"])
    parts = [columns["size"], colour == "green", colour == "red", columns["old"]]
    return sm.add_constant(np.column_stack(parts).astype(float))


def shown(told, row=None):
    values = [told.parameters, told.standard_errors]
    values = values if row is None else [each[row] for each in values]
    kept = ~np.isnan(values[0])
    assert [n for n, k in zip(told.names, kept, strict=True) if not k] == ["colour=blue"]
    return [each[kept] for each in values]


def test_a_regression_of_a_table_is_told_in_its_own_units():
    columns = table()
    X = design(columns)
    y = X @ [3, 0.1, 2, 0, -1] + np.random.default_rng(1).normal(size=len(X))
    theirs = sm.OLS(y, X).fit()

    model = TableModel(LinearRegression()).fit(columns, y)
    told = model.inference(columns, y)

    parameters, errors = shown(told)
    np.testing.assert_allclose(parameters, theirs.params, rtol=1e-9)
    np.testing.assert_allclose(errors, theirs.bse, rtol=1e-9)
    np.testing.assert_allclose(
        told.covariance(["intercept", "size"]), theirs.cov_params()[:2, :2], rtol=1e-8
    )
    size, colour, old = told.f_tests()
    assert colour.statistic == pytest.approx(float(theirs.f_test(np.eye(5)[2:4]).fvalue), rel=1e-9)
    assert (size.term, colour.degrees_of_freedom, old.degrees_of_freedom) == ("size", 2, 1)
    frame = theirs.get_prediction(X).summary_frame()
    np.testing.assert_allclose(
        told.predict(columns).of_target, frame[["obs_ci_lower", "obs_ci_upper"]], rtol=1e-9
    )
    assert any("colour=blue" in note for note in told.notes)


@pytest.mark.parametrize("kind", ["hessian", "sandwich"])
def test_a_classifier_of_a_table_is_told_in_its_own_units(kind):
    columns = table(2)
    X = design(columns)
    noise = np.random.default_rng(3).gumbel(size=(len(X), 3))
    Z = np.outer(X[:, 1] - 400, [0, 0.02, 0.01]) + np.outer(X[:, 2], [1, 0, 0]) + noise
    y = np.array(["a", "b", "c"])[Z.argmax(axis=1)]
    theirs = sm.MNLogit(Z.argmax(axis=1), X).fit(
        method="newton", disp=0, tol=1e-10, cov_type={"hessian": "nonrobust"}.get(kind, "HC0")
    )

    model = TableModel(SoftmaxRegression(C=np.inf)).fit(columns, y)
    told = model.inference(columns, y, covariance=kind, reference="a")

    for row in range(2):
        parameters, errors = shown(told, row)
        np.testing.assert_allclose(parameters, theirs.params[:, row], rtol=1e-6)
        np.testing.assert_allclose(errors, theirs.bse[:, row], rtol=1e-6)
    less = sm.MNLogit(Z.argmax(axis=1), X[:, [0, 1, 4]]).fit(method="newton", disp=0, tol=1e-10)
    colour = told.likelihood_ratio_tests()[1]
    assert (colour.term, colour.degrees_of_freedom) == ("colour", 4)
    assert colour.statistic == pytest.approx(2 * (theirs.llf - less.llf), rel=1e-7)


def test_a_penalty_determines_every_level():
    columns = table(4)
    y = design(columns)[:, 2] > 0

    told = TableModel(SoftmaxRegression(C=1.0)).fit(columns, y).inference(columns, y)

    assert np.isfinite(told.standard_errors).all()


def test_dates_are_told_against_the_first_of_each_cycle():
    days = np.arange("2020-01-01", "2021-07-01", dtype="datetime64[D]")[::3]
    columns = {"when": days.tolist()}
    rng = np.random.default_rng(8)
    y = rng.normal(size=len(days))

    told = TableModel(LinearRegression()).fit(columns, y).inference(columns, y)

    assert told.notes == (
        "base levels, with which the other levels are compared: when month=Jan, when weekday=Mon",
    )
    (test,) = told.f_tests()
    assert (test.term, test.degrees_of_freedom) == ("when", 1 + 11 + 6)


@pytest.mark.parametrize("regression", [SoftmaxRegression(C=1.0), LinearRegression(alpha=5.0)])
def test_levels_that_a_penalty_binds_are_tested_by_their_difference(regression):
    columns = table(7)
    columns["colour"] = np.where(np.array(columns["colour"]) == "red", "red", "blue").tolist()
    y = np.array(columns["size"]) > 400

    told = TableModel(regression).fit(columns, y).inference(columns, y)
    tests = told.f_tests() if isinstance(regression, LinearRegression) else told.wald_tests()

    colour = next(test for test in tests if test.term == "colour")
    places = [told.names.index(f"colour={level}") for level in ("red", "blue")]
    red, blue = np.atleast_2d(told.parameters)[0][places]
    V = told.covariance(["colour=red", "colour=blue"])
    assert red + blue == pytest.approx(0, abs=1e-6 * abs(red))
    assert colour.degrees_of_freedom == 1
    assert colour.statistic == pytest.approx(
        (red - blue) ** 2 / (V[0, 0] + V[1, 1] - 2 * V[0, 1]), rel=1e-6
    )


def test_an_option_that_does_not_belong_to_a_table_is_named():
    columns = table(5)
    model = TableModel(LinearRegression()).fit(columns, columns["size"])

    with pytest.raises(SettingError, match="'terms' is no option"):
        model.inference(columns, columns["size"], terms={})


class _Balanced(HTMLParser):
    """Open elements, and the text of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.cells = [], []

    def handle_starttag(self, tag, attrs):
        del attrs
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.cells.append(data)


AWKWARD = Summary(
    "Fit of <y> & _x_",
    (("R²", "50 %"),),
    (Block("a", ("", "P>|z|"), (("cost_$ {5} ~ ^ \\ #1 <b>", "−1.5"),)),),
    ("see χ²",),
)


def test_html_is_balanced_and_escapes_names():
    parser = _Balanced()
    parser.feed(AWKWARD._repr_html_())

    assert parser.open == []
    assert "cost_$ {5} ~ ^ \\ #1 <b>" in parser.cells
    assert "Fit of <y> & _x_" in parser.cells


def test_latex_escapes_names():
    latex = AWKWARD.to_latex()

    body = latex.replace("\\begin{tabular}{ll}", "").replace("\\begin{tabular}{lr}", "")
    bare = re.sub(r"\\[&%$#_{}]|\$[^$]*\$|\\text\w+\{\}|\\(end\{tabular\}|hline|\\)", "", body)
    assert not set(bare) & set("%$#_{}~^\\<>|χ²−")
    assert latex.count("\\begin{tabular}") == latex.count("\\end{tabular}") == 2


def test_text_lines_up():
    columns = table(6)
    y = np.array(columns["size"]) + np.arange(200) % 7
    told = TableModel(LinearRegression()).fit(columns, y).inference(columns, y)

    lines = str(told.summary(level=0.9)).splitlines()

    start = next(i for i, line in enumerate(lines) if "estimate" in line)
    assert lines[start].endswith("0.05        0.95") or lines[start].split()[-2:] == [
        "0.05",
        "0.95",
    ]
    assert len(lines[start]) == len(lines[start + 1]) == len(lines[start + 2])
    assert repr(told) == str(told.summary())
    assert told._repr_html_() == told.summary().to_html()
