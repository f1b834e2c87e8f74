"""Estimators in scikit-learn's manner: fit, predict, save."""

from linnet.estimators.convergence import ConvergenceWarning
from linnet.estimators.label_codec import decode_labels, encode_labels
from linnet.estimators.linear import LinearRegression
from linnet.estimators.loading import load
from linnet.estimators.residual_codec import decode_numbers, encode_numbers
from linnet.estimators.ridge import RidgePath, ridge_path
from linnet.estimators.ridge_regression import Ridge
from linnet.estimators.ridge_selection import RidgeCV
from linnet.estimators.scanning import Scan, scan
from linnet.estimators.selection import Selection
from linnet.estimators.softmax import SoftmaxRegression
from linnet.estimators.softmax_path import SoftmaxPath, softmax_path
from linnet.estimators.softmax_selection import SoftmaxRegressionCV
from linnet.estimators.table_model import TableModel
from linnet.estimators.temperature import TemperatureScaling

__all__ = [
    "ConvergenceWarning",
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "RidgePath",
    "Scan",
    "Selection",
    "SoftmaxPath",
    "SoftmaxRegression",
    "SoftmaxRegressionCV",
    "TableModel",
    "TemperatureScaling",
    "decode_labels",
    "decode_numbers",
    "encode_labels",
    "encode_numbers",
    "load",
    "ridge_path",
    "scan",
    "softmax_path",
]
