"""Fitted models for other places: ONNX, scikit-learn, SQL, and Python without dependencies."""

from linnet.export.onnx_model import to_onnx
from linnet.export.python_source import to_python
from linnet.export.sklearn_model import to_sklearn
from linnet.export.sql import to_sql

__all__ = ["to_onnx", "to_python", "to_sklearn", "to_sql"]
