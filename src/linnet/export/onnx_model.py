"""A model as an ONNX graph, which onnxruntime and its like run in any language."""

from typing import Any, Final, TypeAlias

import numpy as np

from linnet.errors import SettingError
from linnet.export.formula import Formula, formula_of, refuse
from linnet.export.onnx_graph import OnnxGraph, OnnxValue, described
from linnet.export.onnx_terms import term_nodes
from linnet.export.terms import ColumnType, Levels, Words

__all__ = ["to_onnx"]

_Model: TypeAlias = Any
"""An ``onnx.ModelProto``."""

_ROWS: Final = "rows"
_TYPES: Final = {
    ColumnType.NUMBER: np.dtype(float),
    ColumnType.DATE: np.dtype(np.int64),
    ColumnType.CATEGORY: np.dtype(str),
}


def to_onnx(model: Any) -> _Model:
    """Write a fitted model as an ONNX graph.

    A TableModel has one input for each column used, of shape (rows,): numbers and booleans as
    float64 with NaN for a gap; categories as text with "" for a gap; dates as int64, microseconds
    since 1970-01-01, with −2⁶³ for a gap, as NumPy's ``datetime64[us]`` holds them. Other models
    have one input ``X`` of float64 and shape (rows, k). The outputs are ``label`` and
    ``probabilities``, of shapes (rows,) and (rows, q), or ``prediction``; an underscore is added
    where a column has that name. All is computed in float64.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression or TableModel
        A fitted model.

    Returns
    -------
    onnx.ModelProto
        Its ``SerializeToString()`` gives the bytes of a file.

    Raises
    ------
    MissingDependencyError
        If the package onnx is not installed.
    SettingError
        If the model uses words of a text, or tells empty text from missing text.

    Examples
    --------
    >>> from linnet import LinearRegression, to_onnx
    >>> graph = to_onnx(LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])).graph
    >>> [each.name for each in graph.input], [each.name for each in graph.output]
    (['X'], ['prediction'])
    """
    formula = formula_of(model)
    graph = OnnxGraph(_free("linnet ", formula, as_start=True))
    if formula.of_table:
        _check_inputs(formula)
        inputs = [described(name, _TYPES[kind], _ROWS) for name, kind in formula.columns.items()]
        scores = graph.apply(
            "Sum", *term_nodes(graph, formula), graph.constant([formula.intercept])
        )
    else:
        inputs = [described("X", float, _ROWS, len(formula.terms))]
        weights = np.array([term.weights for term in formula.terms])
        products = graph.apply("MatMul", "X", graph.constant(weights))
        scores = graph.apply("Add", products, graph.constant([formula.intercept]))
    outputs = _predicted(graph, formula, scores)
    return graph.model(inputs, outputs)


def _predicted(graph: OnnxGraph, formula: Formula, scores: str) -> list[OnnxValue]:
    """Apply what gives the outputs, and describe them."""
    if formula.classes is None:
        name = _free("prediction", formula)
        if formula.single:
            graph.apply("Squeeze", scores, graph.constant([1]), gives=name)
            return [described(name, float, _ROWS)]
        graph.apply("Identity", scores, gives=name)
        return [described(name, float, _ROWS, len(formula.intercept))]
    classes = np.asarray(formula.classes)
    label, probabilities = _free("label", formula), _free("probabilities", formula)
    if len(classes) == 2:
        # The score of the first class is 0.
        pads = graph.constant([0, 1, 0, 0])
        scores = graph.apply("Pad", scores, pads, graph.constant(0.0))
    best = graph.apply("ArgMax", scores, axis=1, keepdims=0)
    graph.apply("Gather", graph.constant(classes), best, gives=label)
    graph.apply("Softmax", scores, axis=1, gives=probabilities)
    return [
        described(label, classes.dtype, _ROWS),
        described(probabilities, float, _ROWS, len(classes)),
    ]


def _check_inputs(formula: Formula) -> None:
    """Refuse what no input can hold."""
    if "" in formula.columns:
        raise SettingError(
            "A column has the name '', which no input of ONNX can have. Rename it and fit again."
        )
    for term in formula.terms:
        if isinstance(term, Words):
            raise refuse(term, "ONNX", "Export to Python or scikit-learn.")
        if isinstance(term, Levels) and term.has_blank and (term.missing != term.other).any():
            raise SettingError(
                f"Column {term.column!r} had both empty texts and gaps when fitting, but ONNX has "
                "no text for a gap except the empty one. Write something for empty text, and fit "
                "again."
            )


def _free(name: str, formula: Formula, *, as_start: bool = False) -> str:
    """Add underscores to a name until no input has it, or none starts with it."""
    inputs = formula.columns if formula.of_table else ("X",)
    while any(each.startswith(name) if as_start else each == name for each in inputs):
        name += "_"
    return name
