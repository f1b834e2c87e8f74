"""Linear and softmax regression with a proven optimum, every loss a code length.

Everything is loaded when it is first used: ``import linnet`` itself takes a few milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from linnet.errors import LinnetError, LinnetWarning

if TYPE_CHECKING:
    from linnet.codes import HuffmanCode
    from linnet.compression import compress_table, decompress_table
    from linnet.description import (
        code_report,
        description_length,
        prequential_code_length,
        shortest_description,
        suspects,
        v_information,
    )
    from linnet.estimators import (
        ConvergenceWarning,
        LinearRegression,
        Ridge,
        RidgeCV,
        RidgePath,
        SoftmaxPath,
        SoftmaxRegression,
        SoftmaxRegressionCV,
        TableModel,
        TemperatureScaling,
        decode_labels,
        decode_numbers,
        encode_labels,
        encode_numbers,
        load,
        ridge_path,
        softmax_path,
    )
    from linnet.export import to_onnx, to_python, to_sklearn, to_sql
    from linnet.features import HashingEncoder, TableEncoder
    from linnet.information import cross_entropy, entropy, kl_divergence
    from linnet.reports import model_report, write_report
    from linnet.versions import show_versions

__version__ = "0.1.0"

_HOMES = {
    "ConvergenceWarning": "linnet.estimators",
    "HashingEncoder": "linnet.features",
    "HuffmanCode": "linnet.codes",
    "LinearRegression": "linnet.estimators",
    "Ridge": "linnet.estimators",
    "RidgeCV": "linnet.estimators",
    "RidgePath": "linnet.estimators",
    "SoftmaxPath": "linnet.estimators",
    "SoftmaxRegression": "linnet.estimators",
    "SoftmaxRegressionCV": "linnet.estimators",
    "TableEncoder": "linnet.features",
    "TableModel": "linnet.estimators",
    "TemperatureScaling": "linnet.estimators",
    "code_report": "linnet.description",
    "compress_table": "linnet.compression",
    "cross_entropy": "linnet.information",
    "decode_labels": "linnet.estimators",
    "decode_numbers": "linnet.estimators",
    "decompress_table": "linnet.compression",
    "description_length": "linnet.description",
    "encode_labels": "linnet.estimators",
    "encode_numbers": "linnet.estimators",
    "entropy": "linnet.information",
    "kl_divergence": "linnet.information",
    "load": "linnet.estimators",
    "model_report": "linnet.reports",
    "prequential_code_length": "linnet.description",
    "ridge_path": "linnet.estimators",
    "scan": "linnet.estimators",
    "softmax_path": "linnet.estimators",
    "shortest_description": "linnet.description",
    "show_versions": "linnet.versions",
    "suspects": "linnet.description",
    "to_onnx": "linnet.export",
    "to_python": "linnet.export",
    "to_sklearn": "linnet.export",
    "to_sql": "linnet.export",
    "v_information": "linnet.description",
    "write_report": "linnet.reports",
}

__all__ = [
    "ConvergenceWarning",
    "HashingEncoder",
    "HuffmanCode",
    "LinearRegression",
    "LinnetError",
    "LinnetWarning",
    "Ridge",
    "RidgeCV",
    "RidgePath",
    "SoftmaxPath",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "TableEncoder",
    "TableModel",
    "TemperatureScaling",
    "code_report",
    "compress_table",
    "cross_entropy",
    "decode_labels",
    "decode_numbers",
    "decompress_table",
    "description_length",
    "encode_labels",
    "encode_numbers",
    "entropy",
    "kl_divergence",
    "load",
    "model_report",
    "prequential_code_length",
    "ridge_path",
    "scan",
    "shortest_description",
    "show_versions",
    "softmax_path",
    "suspects",
    "to_onnx",
    "to_python",
    "to_sklearn",
    "to_sql",
    "v_information",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'linnet' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
