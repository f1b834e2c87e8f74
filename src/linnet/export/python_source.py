"""A model as the source of a Python module that needs nothing but ``math``."""

import ast
import inspect
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any, Final, final

from linnet.data.missing import MISSING
from linnet.export import standalone
from linnet.export.formula import Formula, formula_of, refuse
from linnet.export.terms import ColumnType, Cycle, Gap, Levels, Quantity, Term, Words
from linnet.types import Array

__all__ = ["to_python"]

_LISTS: Final = ("quantities", "gaps", "levels", "cycles", "words")

_HEAD: Final = '''"""Predictions of a model that linnet {version} fitted.

predict(row) takes a dict with a row's value in each of COLUMNS, where None and NaN are gaps, and
gives a dict of what is predicted. Nothing but Python's math is needed.
"""

import math

COLUMNS = {columns!r}

NAMES = {names!r}

MODEL = {{
{model}}}


def predict(row):
    """Return {what} for a row, a dict of its values by column."""
    scores = row_scores(row, MODEL)
    return dict(zip(NAMES, {made}))
'''


def to_python(model: Any) -> str:
    """Write a fitted model as a Python module with a function ``predict(row)``.

    The function takes a row as a dict of values by column, and gives a dict: the probability of
    each class by its label, or of a regression the number called "prediction". Texts may spell
    numbers, as they do in files; dates are datetimes or dates, in UTC. It refuses an infinite
    number, and a gap where the model was fitted without an encoder.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression or TableModel
        A fitted model. The columns of one that was fitted to an array are called c1, c2, ….

    Returns
    -------
    str
        The module's source, which imports ``math`` and nothing else.

    Raises
    ------
    SettingError
        If the model uses hashed words of a text.

    Examples
    --------
    >>> from linnet import LinearRegression, to_python
    >>> module = {}
    >>> exec(to_python(LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])), module)
    >>> round(module["predict"]({"c1": 2.0})["prediction"], 9)
    5.0
    """
    formula = formula_of(model)
    made = "softmax([0.0, *scores])" if len(formula.labels) == 2 else "softmax(scores)"
    head = _HEAD.format(
        version=version("linnet"),
        columns=tuple(formula.columns),
        names=formula.labels or formula.outputs,
        model="".join(_model_lines(formula)),
        what="the probability of each class" if formula.labels else "the prediction",
        made=made if formula.labels else "scores",
    )
    return "\n\n".join([head, *_functions()])


def _model_lines(formula: Formula) -> Iterator[str]:
    yield f"    'gaps_in_text': {MISSING!r},\n"
    yield f"    'intercept': {_numbers(formula.intercept)},\n"
    entries: dict[str, list[str]] = {name: [] for name in _LISTS}
    for term in formula.terms:
        name, fields = _entry(term, formula)
        entries[name].append(f"        ({term.column!r}, {', '.join(fields)}),\n")
    for name, lines in entries.items():
        yield f"    {name!r}: [\n{''.join(lines)}    ],\n"


def _entry(term: Term, formula: Formula) -> tuple[str, list[str]]:
    """Tell the list that a term stands in, and what stands there beside the column's name."""
    is_date = repr(formula.columns[term.column] is ColumnType.DATE)
    match term:
        case Quantity():
            fill = None if term.fill is None else float(term.fill)
            measures = [repr(each) for each in (fill, float(term.centre), float(term.scale))]
            return "quantities", [is_date, *measures, _numbers(term.weights)]
        case Gap():
            return "gaps", [is_date, _numbers(term.weights)]
        case Levels():
            levels = _mapping(term.levels, map(_numbers, term.weights))
            return "levels", [levels, _numbers(term.other), _numbers(term.missing)]
        case Cycle():
            return "cycles", [repr(term.unit), _mapping(term.places, map(_numbers, term.weights))]
        case Words():
            return "words", [repr(term.n_grams), _mapping(term.words, _weighed(term))]


def _weighed(term: Words) -> Iterator[str]:
    if term.method == "hashed":
        raise refuse(term, "Python without dependencies", "Count words instead of hashing them.")
    for rarity, weights in zip(term.rarity, term.weights, strict=True):
        yield f"({float(rarity)!r}, {_numbers(weights)})"


def _mapping(keys: Iterable[Any], values: Iterable[str]) -> str:
    return f"{{{', '.join(f'{k!r}: {v}' for k, v in zip(keys, values, strict=True))}}}"


def _numbers(x: Array) -> str:
    return repr(tuple(x.tolist()))


def _functions() -> Iterator[str]:
    """Give the source of each function of `standalone`, without annotations."""
    for node in ast.parse(inspect.getsource(standalone)).body:
        if isinstance(node, ast.FunctionDef):
            plain = ast.fix_missing_locations(_Unannotated().visit(node))
            yield ast.unparse(plain) + "\n"


@final
class _Unannotated(ast.NodeTransformer):
    """Takes annotations away, so that nothing need be imported for them."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return node
        return ast.Assign([node.target], node.value)
