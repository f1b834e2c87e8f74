"""Run the pages under notebooks/ while the site is built, and show what each cell gives."""

import re
import warnings
from base64 import b64encode
from contextlib import redirect_stdout
from html import escape
from io import BytesIO, StringIO
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

__all__ = ["on_page_markdown"]

CELL = re.compile(r"^```python\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put after each cell what it prints and the figures that it draws.

    The cells of a page share their names, as in a notebook. An error or a warning in one ends the
    build.

    Parameters
    ----------
    markdown : str
        The page.
    page : mkdocs.structure.pages.Page
        Where it comes from; a page outside of notebooks/ is left as it is.

    Returns
    -------
    str
        The page with what its cells give.
    """
    if not page.file.src_uri.startswith("notebooks/"):
        return markdown
    names: dict[str, object] = {"__name__": "__main__"}

    def run(cell: re.Match[str]) -> str:
        return "\n\n".join([cell[0], *_given_by(cell["code"], page.file.src_uri, names)])

    mpl.use("agg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return CELL.sub(run, markdown)


def _given_by(code: str, page: str, names: dict[str, object]) -> list[str]:
    with redirect_stdout(StringIO()) as printed:
        exec(compile(code, page, "exec"), names)
    given = [_picture(plt.figure(number)) for number in plt.get_fignums()]
    plt.close("all")
    if text := printed.getvalue().rstrip():
        given.insert(0, f"```text\n{text}\n```")
    return given


def _picture(figure: Any) -> str:
    drawn = BytesIO()
    figure.savefig(drawn, format="svg")
    title = escape("; ".join(axes.get_title() for axes in figure.axes))
    data = b64encode(drawn.getvalue()).decode()
    return f'<img alt="{title}" src="data:image/svg+xml;base64,{data}">'
