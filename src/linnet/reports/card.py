"""A report as a model card in Markdown: what the model is, and how good it is on which rows."""

import re
from collections.abc import Sequence
from typing import Final

from linnet.reports.grids import (
    Grid,
    account_grid,
    class_grid,
    coefficient_grid,
    drift_grids,
    mistake_grid,
    reliability_grid,
)
from linnet.reports.markup import visible
from linnet.reports.report_facts import ModelReport
from linnet.reports.sentences import (
    account_sentences,
    coefficient_sentences,
    drift_sentences,
    facts,
    fitting_sentences,
    reliability_sentences,
    residual_sentences,
)

__all__ = ["report_card"]

# What Markdown, or an extension of it that many sites have, would take for markup.
_MARKS: Final = re.compile(r"[\\`*_\[\]<>|~&$#^!{}@]")


def report_card(report: ModelReport) -> str:
    """Write a report as Markdown, without any row of the table: a card may be published.

    Parameters
    ----------
    report : ModelReport
        What `model_report` gathered.

    References
    ----------
    Mitchell et al., "Model cards for model reporting", FAT* 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression, model_report
    >>> from linnet.reports import report_card
    >>> X, y = load_iris(return_X_y=True)
    >>> card = report_card(model_report(SoftmaxRegression().fit(X, y), X, y))
    >>> print(card.splitlines()[0])
    # Classification of target
    """
    subject = Grid("", ("", ""), tuple(facts(report)), words=frozenset({1}))
    parts = [
        f"# {_plain(report.title)}",
        _table(subject),
        "## The account in bits",
        _said(account_sentences(report)),
        _table(account_grid(report)),
        "## The fit",
        _said(fitting_sentences(report)),
    ]
    if report.classes is not None:
        parts += ["## Classes", *map(_named, (class_grid(report), mistake_grid(report)))]
    if report.reliability is not None:
        # The sentence on dots is about a drawing.
        parts += ["## Reliability", _said(reliability_sentences(report)[1:])]
        parts.append(_named(reliability_grid(report)))
    if report.residuals is not None:
        parts += ["## Residuals", _said(residual_sentences(report)[:1])]
    parts += ["## Coefficients", _said(coefficient_sentences(report))]
    parts.append(_named(coefficient_grid(report)))
    if report.drift is not None:
        parts += ["## Drift from training", _said(drift_sentences(report))]
        parts += map(_named, drift_grids(report))
    return "\n\n".join(part for part in parts if part) + "\n"


def _named(grid: Grid | None) -> str:
    return "" if grid is None else f"**{_plain(grid.name)}**\n\n{_table(grid)}"


def _table(grid: Grid) -> str:
    rules = ["---" if i == 0 or i in grid.words else "---:" for i in range(len(grid.headers))]
    lines = [map(_plain, grid.headers), rules, *(map(_plain, row) for row in grid.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _said(sentences: Sequence[str]) -> str:
    return _plain(" ".join(sentences))


def _plain(text: str) -> str:
    """Escape a text, so that it is shown as it is, on one line."""
    return _MARKS.sub(r"\\\g<0>", " ".join(visible(text).split()))
