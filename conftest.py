"""Run the examples of every docstring, of the README and of docs/ as tests."""

import os
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

# scikit-learn skips one of its checks unless SciPy was imported with this set.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Figures are drawn without a display.
os.environ.setdefault("MPLBACKEND", "agg")

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser


def _enter_scratch_folder(namespace: dict[str, Any]) -> None:
    """Files that an example writes are not to land in the checkout."""
    namespace["_before"] = Path.cwd()
    os.chdir(mkdtemp())


def _leave_scratch_folder(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_before"])


_examples = DocTestParser(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)

_documents = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser(), _examples],
    patterns=["README.md", "docs/*.md", "docs/notebooks/*.md"],
    setup=_enter_scratch_folder,
    teardown=_leave_scratch_folder,
)
_docstrings = Sybil(parsers=[_examples], patterns=["src/linnet/**/*.py"])

pytest_collect_file = (_documents + _docstrings).pytest()
