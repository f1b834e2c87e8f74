"""Whether probabilities mean what they say, and what it costs in bits if not."""

from linnet.calibration.class_table import ClassRow, ClassTable, class_table
from linnet.calibration.decomposition import Decomposition, decompose_cross_entropy
from linnet.calibration.intervals import wilson_interval
from linnet.calibration.predictions import Kind
from linnet.calibration.reliability import (
    ReliabilityCurve,
    Strategy,
    calibration_error,
    reliability_curve,
)
from linnet.calibration.smooth import (
    SmoothCurve,
    smooth_calibration_error,
    smooth_reliability_curve,
)
from linnet.calibration.temperature import Temperature, fit_temperature
from linnet.calibration.thresholds import (
    Metric,
    ThresholdTable,
    expected_cost_threshold,
    threshold_table,
)

__all__ = [
    "ClassRow",
    "ClassTable",
    "Decomposition",
    "Kind",
    "Metric",
    "ReliabilityCurve",
    "SmoothCurve",
    "Strategy",
    "Temperature",
    "ThresholdTable",
    "calibration_error",
    "class_table",
    "decompose_cross_entropy",
    "expected_cost_threshold",
    "fit_temperature",
    "reliability_curve",
    "smooth_calibration_error",
    "smooth_reliability_curve",
    "threshold_table",
    "wilson_interval",
]
