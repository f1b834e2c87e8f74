"""How certain fitted parameters are: errors, intervals, tests and summaries."""

from linnet.estimators.inference.linear import LinearInference, PredictionIntervals
from linnet.estimators.inference.softmax import SoftmaxInference
from linnet.estimators.inference.summary_table import Summary
from linnet.estimators.inference.term_tests import TermTest

__all__ = ["LinearInference", "PredictionIntervals", "SoftmaxInference", "Summary", "TermTest"]
