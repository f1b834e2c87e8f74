"""Refuse pages that fetch scripts, styles or pictures from elsewhere: the site works without."""

import re
from typing import Any

from mkdocs.exceptions import PluginError

__all__ = ["on_post_page"]

FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*?\bsrc=[\"']?(?:https?:)?//[^\s\"'>]+"
    r"|<link\b[^>]*?\brel=[\"']?(?:stylesheet|preload|preconnect)[^>]*?(?:https?:)?//[^\s\"'>]+",
    re.IGNORECASE,
)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Give the page as it is, unless a browser would ask another host for parts of it.

    Parameters
    ----------
    output : str
        The whole page.
    page : mkdocs.structure.pages.Page
        Where it comes from.

    Returns
    -------
    str
        ``output``.

    Raises
    ------
    mkdocs.exceptions.PluginError
        If the page needs another host.
    """
    if found := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri}: fetched from another host: {found[0]}")
    return output
