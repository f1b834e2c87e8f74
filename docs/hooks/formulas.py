"""Write formulas as MathML while the site is built: no script, no fonts, nothing to be fetched."""

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

__all__ = ["on_page_content"]

# What pymdownx.arithmatex leaves, in its generic form, of $…$ and of $$…$$.
FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)
# A logarithm, beside a factor, or before what has no bracket: the converter leaves no space there.
LOGARITHM = re.compile(
    r"(?P<factor></mi>|</mn>|</msub>|x00029;</mo>)?"
    r"(?P<log><mi>log</mi>|<msub><mi>log</mi><mn>2</mn></msub>)"
    r"(?P<bare>(?=<m(?!o|row><mo)))?"
)
SPACE = '<mspace width="0.17em"/>'


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Replace each formula of a page; one that cannot be read ends the build.

    Parameters
    ----------
    html : str
        The page, rendered from Markdown.
    page : mkdocs.structure.pages.Page
        Where it comes from.

    Returns
    -------
    str
        The same with MathML.

    Raises
    ------
    mkdocs.exceptions.PluginError
        If a formula holds a command that is not known.
    """

    def mathml(formula: re.Match[str]) -> str:
        latex = unescape(formula["latex"]).strip()
        block = formula["tag"] == "div"
        written = convert(latex, display="block" if block else "inline")
        # A command or an alignment that the converter does not know stays in the text as it is.
        if "<mi>\\" in written or "<mi>&" in written.replace("<mi>&#", ""):
            raise PluginError(f"{page.file.src_uri}: cannot write as MathML: {latex}")
        written = LOGARITHM.sub(_spaced, written)
        return f'<div class="formula">{written}</div>' if block else written

    return FORMULA.sub(mathml, html)


def _spaced(logarithm: re.Match[str]) -> str:
    before = "" if logarithm["factor"] is None else logarithm["factor"] + SPACE
    return before + logarithm["log"] + ("" if logarithm["bare"] is None else SPACE)
