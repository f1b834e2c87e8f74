"""The page of a report: valid, escaped, readable, the same facts as the card and the JSON."""

import dataclasses
import json
import re
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sklearn.datasets import load_diabetes, load_digits, load_iris

from linnet import LinearRegression, SoftmaxRegression, TableModel, model_report
from linnet.reports import report_card, report_page
from linnet.reports.markup import visible
from linnet.reports.palette import DARK, LIGHT, READ_ON, contrast
from linnet.reports.report_facts import LongRow
from pages import PageReader

# Texts that pages, cards and style sheets have stumbled over, beside whatever Hypothesis finds.
NASTY = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</title></style></svg></table>",
    "<!-- --> ]]> &lt; &#0; &amp;",
    "a|b\n# c\n\n---\n* d `e` **f** [g](http://h) <b>",
    "\x00\x1b\x85\u202e\ud800\uffff",
    "  ",
    "=cmd|' /C calc'!A0",
]
texts = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=40))


def birds():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 240)
    table = {
        "grams": rng.normal(15 + 5 * kind, 2),
        "bill": np.where(rng.random(240) < 0.1, np.nan, rng.normal(kind, 1)),
        "place": np.array(["wood", "field", "shore"])[(kind + rng.integers(0, 2, 240)) % 3],
    }
    return pd.DataFrame(table), np.array(["finch", "linnet", "wren"])[kind]


def reports():
    """A report of each kind: of a table, with drift of both kinds; of numbers; of pictures."""
    X, y = birds()
    model = TableModel(SoftmaxRegression(), target="kind").fit(X[:160], y[:160])
    new = X[160:].assign(place="sea")
    yield "table", model_report(model, X[160:], y[160:])
    yield "new values", model_report(model, X[160:], y[160:], training=X[:160])
    yield "unseen labels", model_report(model, X[160:], np.where(y[160:] == "wren", "owl", "finch"))
    with pytest.warns(match="not seen"):
        yield "drift", model_report(model, new, y[160:])
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    numbers = LinearRegression().fit(X, y)
    yield "numbers", model_report(numbers, X, y, standard_errors=np.full(10, 40.0))
    yield "exact", model_report(numbers, X, numbers.predict(X))
    X, y = load_digits(return_X_y=True)
    yield "pictures", model_report(SoftmaxRegression().fit(X, y), X, y)
    X, y = load_iris(return_X_y=True)
    two = SoftmaxRegression().fit(X[:100], y[:100])
    yield "two classes", model_report(two, X[:100], y[:100], longest=0)
    wide = np.random.default_rng(1).normal(size=(400, 2))
    many = wide[:, 0].argsort().argsort() // 20
    yield "twenty classes", model_report(SoftmaxRegression().fit(wide, many), wide, many)


REPORTS = dict(reports())
each_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())


def spoken(report, text):
    """The report with every text of the user's replaced by ``text``."""

    def replaced(value):
        if dataclasses.is_dataclass(value) and type(value).__name__ != "Certificate":
            fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
            keep = {"task", "version", "kind"}
            new = {k: v if k in keep else replaced(v) for k, v in fields.items()}
            return dataclasses.replace(value, **new)
        if isinstance(value, str):
            return text if value else value
        if isinstance(value, tuple | list):
            return type(value)(map(replaced, value))
        if isinstance(value, Mapping):
            return {f"{text}{place}": replaced(v) for place, v in enumerate(value.values())}
        return value

    return replaced(report)


@each_report
def test_every_page_is_valid_html_that_runs_and_fetches_nothing(report):
    page = PageReader(report_page(report))

    assert page.structure[0][0] == "html"
    assert len(page.ids) == len(set(page.ids))
    inside = [link for link in page.links if not link.startswith("data:image/png;base64,")]
    assert {link[1:] for link in inside} <= set(page.ids)
    assert page.untitled == 0
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    steps = np.diff(page.headings)
    assert (steps <= 1).all()
    tags = {tag for tag, *_ in page.structure}
    assert not tags & {"script", "link", "iframe", "object", "base", "img"}
    assert not any(name.startswith("on") for name, _ in page.attributes)
    policy = dict(page.attributes)["http-equiv"]
    assert policy == "Content-Security-Policy"


@each_report
def test_a_style_sheet_fetches_nothing_and_closes_what_it_opens(report):
    style = re.search("<style>(.*?)</style>", report_page(report), re.DOTALL)[1]

    assert "url(" not in style
    assert "@import" not in style
    assert style.count("{") == style.count("}")


@pytest.mark.parametrize("name", ["drift", "numbers"])
# Fewer than usual, for each writes a page whole.
@settings(max_examples=30)
@given(text=texts)
def test_no_text_of_the_data_becomes_markup_of_a_page(name, text):
    hostile = PageReader(report_page(spoken(REPORTS[name], text)))

    assert hostile.structure == page_of_words(name).structure
    assert visible(text) in "".join(hostile.texts)


@cache
def page_of_words(name):
    return PageReader(report_page(spoken(REPORTS[name], "word")))


@pytest.mark.parametrize("name", ["drift", "numbers"])
@settings(max_examples=30)
@given(text=texts)
def test_no_text_of_the_data_becomes_markup_of_a_card(name, text):
    assert shape_of_card(name, text) == shape_of_card(name, "word")


def shape_of_card(name, text):
    """Blocks of a card, and which kinds of mark its texts have, as Markdown is read."""
    markdown = MarkdownIt().enable("table").enable("strikethrough")
    tokens = markdown.parse(report_card(spoken(REPORTS[name], text)))
    inline = {child.type for token in tokens for child in token.children or ()}
    return [token.type for token in tokens], inline - {"text", "text_special", "softbreak"}


@each_report
def test_json_is_strict_and_holds_the_same_account(report):
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))

    assert told["accounts"][report.judged] == report.account.to_dict()
    assert len(told["coefficients"]) == len(report.coefficients)


@each_report
def test_a_card_shows_no_row_of_the_table(report):
    """Rows replaced by other rows leave the card as it is."""
    row = LongRow(
        row=4711, target="t", predicted="p", probability=0.5, nats=1.0, values={"c": "secret"}
    )

    other = dataclasses.replace(report, longest=(row,))

    assert report_card(other) == report_card(report)
    assert "secret" in report_page(other)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), READ_ON)
def test_every_text_can_be_read_on_what_is_behind_it(colours, text, behind):
    """WCAG 2.2 asks for a contrast of 4.5."""
    assert contrast(colours[text], colours[behind]) >= 4.5


def test_contrast_is_that_of_wcag():
    """The values of WebAIM's checker, which cuts to two digits."""
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=5e-4)
    assert contrast("#0000ff", "#ffffff") == pytest.approx(8.592, abs=5e-4)


@each_report
def test_nothing_is_drawn_outside_a_chart(report):
    page = PageReader(report_page(report))

    for name, value in page.attributes:
        if name in {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "d"}:
            places = [float(number) for number in re.split("[ MLh]", value) if number]
            # No chart is wider than this.
            assert all(0 <= place <= 360 for place in places), (name, value)
