"""Read docstrings as linnet writes them: roles, and choices such as {"nats", "bits"}."""

import re
from typing import Any

import griffe

__all__ = ["Docstrings"]

# :class:`~linnet.TableModel`, which Sphinx would make a link of.
ROLE = re.compile(r":(?:attr|class|func|meth|mod):`(?:~(?:\w+\.)*)?(?P<name>[\w.]+)`")
# The types of parameters: "unit : {"nats", "bits"}, default "bits"".
TYPE = re.compile(r"^\w+(?:, \w+)* : .*$", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Changes docstrings before they are parsed."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Leave the name of a role, and keep choices as they are written.

        With straight quotation marks they would be read as Python, and "newton-cg" as a
        difference.

        Parameters
        ----------
        obj : griffe.Object
            What has a docstring, or none.
        """
        if obj.docstring is not None:
            text = ROLE.sub(r"`\g<name>`", obj.docstring.value)
            obj.docstring.value = TYPE.sub(_with_curly_quotes, text)


def _with_curly_quotes(line: re.Match[str]) -> str:
    return re.sub(r'"([^"]*)"', "“\\1”", line[0])
