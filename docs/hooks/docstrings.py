"""Show the roles in docstrings, such as :class:`~linnet.TableModel`, as the names they hold."""

import re
from typing import Any

__all__ = ["on_page_content"]

# :role:`~module.Name` after Markdown has made code of what stands between the backquotes.
ROLE = re.compile(r":(?:attr|class|func|meth|mod):<code>(?:~(?:\w+\.)*)?(?P<name>[\w.]+)</code>")


def on_page_content(html: str, **_: Any) -> str:
    """Leave the name of each role, without its module where ``~`` says so.

    Parameters
    ----------
    html : str
        The page, rendered from Markdown.

    Returns
    -------
    str
        The same without roles.
    """
    return ROLE.sub(r"<code>\g<name></code>", html)
