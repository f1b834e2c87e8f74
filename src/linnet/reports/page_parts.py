"""What the sections of a page are built of: tables, figures, lists, all readable by keyboard."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from linnet.reports.grids import Grid
from linnet.reports.markup import Element, Node, element
from linnet.reports.palette import NEGATIVE, POSITIVE
from linnet.reports.pictures import Picture
from linnet.reports.png import png_address, signed_colours
from linnet.reports.table_of_classes import Classes

__all__ = [
    "confusion_table",
    "facts_list",
    "figure",
    "folded",
    "grid_table",
    "marked_table",
    "paragraphs",
    "picture_list",
    "row_picture",
    "section",
]


_SHORT_NAME: Final = 14


def section(name: str, title: str, *content: Node) -> Element:
    """Make a section that the page's table of contents can lead to."""
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, *content, id=name, aria_labelledby=f"{name}-title")


def paragraphs(sentences: Sequence[str]) -> Element | None:
    """Make one paragraph of sentences."""
    return element("p", " ".join(sentences), class_="said") if sentences else None


def facts_list(told: Sequence[tuple[str, str]]) -> Element:
    """List facts under their names."""
    return element(
        "dl",
        [(element("dt", name), element("dd", text)) for name, text in told],
        class_="facts",
    )


def figure(chart: Element | None, caption: str) -> Element | None:
    """Put a caption under a chart."""
    if chart is None:
        return None
    return element("figure", chart, element("figcaption", caption))


def grid_table(grid: Grid | None) -> Element | None:
    """Lay out a grid; where it is wide it scrolls by itself."""
    if grid is None:
        return None
    return _scrolling(grid.name, element("table", _caption(grid.name), _rows(grid)))


def marked_table(grid: Grid, marks: Sequence[Element], name: str) -> Element:
    """Lay out a grid whose rows end with a mark each; on a phone each row is a block.

    The roles are written out, for a browser forgets them of what is no longer laid out as a table.
    """
    named = [
        element("th", told, scope="col", role="columnheader", class_=_kind(grid, place))
        for place, told in enumerate([*grid.headers, name])
    ]
    head = element("tr", named, role="row")
    rows = [
        element(
            "tr",
            element("th", row[0], scope="row", role="rowheader", class_="words"),
            [
                element("td", cell, role="cell", class_=_kind(grid, place), data_name=told)
                for place, (cell, told) in enumerate(zip(row, grid.headers, strict=True))
                if place
            ],
            element("td", mark, role="cell", class_="mark-cell"),
            role="row",
        )
        for row, mark in zip(grid.rows, marks, strict=True)
    ]
    return element(
        "table",
        _caption(grid.name),
        element("thead", head, role="rowgroup"),
        element("tbody", rows, role="rowgroup"),
        class_="marked",
        role="table",
    )


def folded(summary: str, *content: Node) -> Element:
    """Hide what only some want to see."""
    return element("details", element("summary", summary), *content)


def confusion_table(classes: Classes) -> Element:
    """Lay out how many rows of each label are predicted as each class, shaded by their share."""
    names = classes.names
    head = element(
        "thead",
        element("tr", element("td", "label ╲ predicted"), [_column(name) for name in names]),
    )
    rows = [
        element("tr", element("th", name, scope="row", class_=_whole(name)), _cells(i, counts))
        for i, (name, counts) in enumerate(zip(names, classes.counts, strict=True))
    ]
    caption = _caption("Rows of each label, by the class predicted")
    table = element("table", caption, head, element("tbody", rows), class_="confusion")
    return _scrolling("Confusion matrix", table)


def picture_list(pictures: Sequence[Picture]) -> Element:
    """Show coefficients as pictures, all on one scale."""
    largest = max(abs(value) for picture in pictures for row in picture.values for value in row)
    return element(
        "ul",
        [
            element(
                "li",
                _image(
                    signed_colours(np.array(picture.values), largest, POSITIVE, NEGATIVE),
                    f"Coefficients of {picture.of}" if picture.of else "Coefficients",
                    "picture",
                ),
                element("p", picture.of),
            )
            for picture in pictures
        ],
        class_="pictures",
    )


def row_picture(values: Sequence[Sequence[float]], title: str) -> Element:
    """Show a row of pixels as a picture in grey, from its smallest value to its largest."""
    pixels = np.array(values)
    span = float(np.ptp(pixels)) or 1.0
    white = (255, 255, 255)
    return _image(
        signed_colours((pixels - pixels.min()) / span, 1.0, white, white), title, "picture sample"
    )


def _image(pixels: np.ndarray, title: str, class_: str) -> Element:
    height, width = pixels.shape[:2]
    picture = element("image", href=png_address(pixels), width=width, height=height)
    return element(
        "svg",
        element("title", title),
        picture,
        viewBox=f"0 0 {width} {height}",
        role="img",
        class_=class_,
    )


def _scrolling(name: str, content: Element) -> Element:
    return element(
        "div", content, class_="scroll", role="region", aria_label=f"Table: {name}", tabindex=0
    )


def _rows(grid: Grid) -> tuple[Element, Element]:
    headers = [
        element("th", name, scope="col", class_=_kind(grid, place)) if name else element("td")
        for place, name in enumerate(grid.headers)
    ]
    body = [
        element(
            "tr",
            element("th", row[0], scope="row", class_="words"),
            [
                element("td", cell, class_=_kind(grid, place))
                for place, cell in enumerate(row)
                if place
            ],
        )
        for row in grid.rows
    ]
    return element("thead", element("tr", headers)), element("tbody", body)


def _caption(name: str) -> Element:
    return element("caption", element("span", name))


def _kind(grid: Grid, column: int) -> str | None:
    return "words" if column == 0 or column in grid.words else None


def _column(name: str) -> Element:
    return element("th", name, scope="col", class_=_whole(name))


def _whole(name: str) -> str:
    """Keep short names on one line; long ones must break, or they would fill the page."""
    return "whole" if len(name) <= _SHORT_NAME else "broken"


def _cells(place: int, counts: Sequence[float]) -> list[Element]:
    total = sum(counts)
    cells = []
    for column, rows in enumerate(counts):
        shade = f"s{int(np.ceil(5 * rows / total))}" if rows > 0 else ""
        shade = shade or "none"
        kinds = f"{shade} hit" if column == place else shade
        told = f"{rows:,.0f}" if float(rows).is_integer() else f"{rows:,.2f}"
        cells.append(element("td", told if rows > 0 else "0", class_=kinds))
    return cells
