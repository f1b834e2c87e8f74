"""A report as one HTML file: no other file, no script, no network."""

from typing import Final

from linnet.reports.charts import (
    learning_chart,
    quantile_chart,
    reliability_chart,
    residual_chart,
)
from linnet.reports.classification import ClassifierAccount
from linnet.reports.grids import (
    Grid,
    account_grid,
    bits,
    class_grid,
    coefficient_grid,
    drift_grids,
    longest_grid,
    mistake_grid,
    reliability_grid,
    speaks,
    step_grid,
)
from linnet.reports.marks import bar_marks, estimate_marks
from linnet.reports.markup import Element, Node, element
from linnet.reports.numbers_in_words import signed
from linnet.reports.page_parts import (
    confusion_table,
    facts_list,
    figure,
    folded,
    grid_table,
    marked_table,
    paragraphs,
    picture_list,
    row_picture,
    section,
)
from linnet.reports.page_style import page_style
from linnet.reports.report_facts import LongRow, ModelReport
from linnet.reports.sentences import (
    account_sentences,
    coefficient_sentences,
    drift_sentences,
    facts,
    fitting_sentences,
    headline,
    longest_sentences,
    reliability_sentences,
    residual_sentences,
)

__all__ = ["report_page"]

# A larger matrix is no longer read cell by cell.
_MOST_CLASSES: Final = 16
# So many fit on half the page.
_FEW_CLASSES: Final = 6
# Nothing may be loaded, and nothing run.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def report_page(report: ModelReport) -> str:
    r"""Write a report as HTML.

    Every text of the user's data is escaped, and the page forbids scripts and whatever would have
    to be fetched.

    Parameters
    ----------
    report : ModelReport
        What `model_report` gathered.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression, model_report
    >>> from linnet.reports import report_page
    >>> X, y = load_iris(return_X_y=True)
    >>> report_page(model_report(SoftmaxRegression().fit(X, y), X, y))[:31]
    '<!DOCTYPE html>\n<html lang="en"'
    """
    sections = [part for part in _sections(report) if part is not None]
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", **{"http-equiv": "Content-Security-Policy"}, content=_POLICY),
            element("title", report.title),
            element("style", page_style()),
        ),
        element(
            "body", _header(report), _contents(sections), element("main", sections), _foot(report)
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{page}\n"


def _header(report: ModelReport) -> Element:
    rows = f"{report.account.rows:,} rows: {report.judged}"
    told = " · ".join([report.subject.model, rows] if report.subject.model else [rows])
    tiles = [
        element("div", element("dt", name), element("dd", value))
        for name, value in headline(report)
    ]
    return element(
        "header",
        element("p", "linnet report", class_="kicker"),
        element("h1", report.title),
        element("p", told, class_="lead"),
        element("dl", tiles, class_="tiles"),
    )


def _contents(sections: list[Element]) -> Element:
    links = []
    for part in sections:
        name = dict(part.attributes)["id"]
        heading = part.children[0]
        title = heading.children if isinstance(heading, Element) else ()
        links.append(element("li", element("a", *title, href=f"#{name}")))
    return element("nav", element("ul", links), aria_label="Contents")


def _foot(report: ModelReport) -> Element:
    notes = report.subject.table.notes
    listed = element("ul", [element("li", note) for note in notes]) if notes else None
    version = f"Made by linnet {report.subject.version}. 1 nat = 1.4427 bits."
    return element("footer", element("p", version), folded("Notes", listed) if notes else None)


def _sections(report: ModelReport) -> list[Element | None]:
    return [
        _account(report),
        _fit(report),
        _classes(report),
        _residuals(report),
        _coefficients(report),
        _longest(report),
        _drift(report),
    ]


def _account(report: ModelReport) -> Element:
    last, accounts = report.account, report.accounts
    if isinstance(last, ClassifierAccount):
        amounts = [("uniform code", last.uniform), ("marginal code", last.marginal)]
    else:
        amounts = [] if last.marginal is None else [("marginal Gaussian code", last.marginal)]
    compared = last.marginal
    losses = [
        (f"model, {name}", account.loss.value)
        for name, account in accounts.items()
        if account.loss is not None
    ]
    shown = [*amounts, *losses]
    per = "label" if isinstance(last, ClassifierAccount) else "value"
    grid = Grid(
        f"Bits a {per}: what the model saves",
        ("code", "bits"),
        tuple((name, bits(nats)) for name, nats in shown),
    )
    titled = [(f"{name}: {bits(nats)} bits", nats) for name, nats in shown]
    bars = bar_marks(titled, compared, len(losses))
    return section(
        "account",
        "The account in bits",
        paragraphs(account_sentences(report)),
        marked_table(grid, bars, "length") if shown else None,
        grid_table(account_grid(report)),
    )


def _fit(report: ModelReport) -> Element:
    chart = learning_chart(report.steps, report.fitting.certificate)
    steps = step_grid(report)
    return section(
        "fit",
        "What was fitted on what",
        element(
            "div",
            facts_list(facts(report)),
            element(
                "div",
                paragraphs(fitting_sentences(report)),
                figure(chart, "Distance from the optimum that is known at each step."),
                None if steps is None else folded("The steps as numbers", grid_table(steps)),
            ),
            class_="pair",
        ),
    )


def _classes(report: ModelReport) -> Element | None:
    if report.classes is None or report.reliability is None:
        return None
    many = len(report.classes.rows)
    matrix = confusion_table(report.classes) if many <= _MOST_CLASSES else None
    return section(
        "classes",
        "Classes and probabilities",
        matrix if many > _FEW_CLASSES else None,
        element(
            "div",
            element(
                "div",
                matrix if many <= _FEW_CLASSES else None,
                grid_table(class_grid(report)),
                grid_table(mistake_grid(report)),
            ),
            element(
                "div",
                element("h3", "Reliability"),
                paragraphs(reliability_sentences(report)),
                figure(
                    reliability_chart(report.reliability),
                    "Share that came so against the probability; below, the rows of each range.",
                ),
                folded("The ranges as numbers", grid_table(reliability_grid(report))),
            ),
            class_="pair",
        ),
    )


def _residuals(report: ModelReport) -> Element | None:
    left = report.residuals
    if left is None:
        return None
    return section(
        "residuals",
        "Residuals",
        paragraphs(residual_sentences(report)),
        element(
            "div",
            figure(residual_chart(left), "What is left over against what was predicted."),
            figure(quantile_chart(left), "Quantiles against those of a normal distribution."),
            class_="pair",
        ),
    )


def _coefficients(report: ModelReport) -> Element:
    grid = coefficient_grid(report)
    shown: Node = None
    if grid is not None:
        estimates = [(_told(c.feature, c.value, speaks(c)), c) for c in report.coefficients]
        marks = estimate_marks([(title, c.interval, c.value) for title, c in estimates])
        shown = marked_table(grid, marks, "beside zero")
    pictures: Node = None
    if report.pictures:
        said = "Blue speaks for the class, orange against it; all pictures have one scale."
        pictures = (element("h3", "As pictures"), paragraphs([said]), picture_list(report.pictures))
        shown = folded("The strongest coefficients as numbers", shown)
    return section(
        "coefficients",
        "Coefficients",
        paragraphs(coefficient_sentences(report)),
        pictures,
        shown,
    )


def _told(feature: str, value: float, side: str) -> str:
    return f"{feature}: {signed(value)} {side}".strip()


def _longest(report: ModelReport) -> Element | None:
    grid = longest_grid(report)
    if grid is None:
        return None
    rows = element("ul", [_long_row(row, report) for row in report.longest], class_="long")
    return section(
        "longest",
        "The longest codes",
        paragraphs(longest_sentences(report)),
        rows,
        folded("The same as a table", grid_table(grid)),
    )


def _long_row(row: LongRow, report: ModelReport) -> Element:
    sure = "" if row.probability is None else f" ({row.probability:.4f})"
    name = "label" if report.classes is not None else "value"
    held = " · ".join(f"{column} {value}" for column, value in row.values.items())
    told = element(
        "div",
        element("p", f"{bits(row.nats, 2)} bits", class_="length")
        if row.nats is not None
        else None,
        element("p", f"row {row.row:,}: {name} ", element("strong", row.target)),
        element("p", "predicted ", element("strong", row.predicted), sure),
        element("p", held, class_="held") if held else None,
    )
    if not row.picture:
        return element("li", told)
    picture = row_picture(row.picture, f"Row {row.row}, {name} {row.target}")
    return element("li", picture, told, class_="with-picture")


def _drift(report: ModelReport) -> Element | None:
    if report.drift is None:
        return None
    return section(
        "drift",
        "Drift from training",
        paragraphs(drift_sentences(report)),
        [grid_table(grid) for grid in drift_grids(report)],
    )
