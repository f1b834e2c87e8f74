"""Run the examples of every docstring, of the README and of docs/ as tests."""

from doctest import ELLIPSIS, NORMALIZE_WHITESPACE

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

_examples = DocTestParser(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)

_documents = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser(), _examples], patterns=["README.md", "docs/*.md"]
)
_docstrings = Sybil(parsers=[_examples], patterns=["src/linnet/**/*.py"])

pytest_collect_file = (_documents + _docstrings).pytest()
