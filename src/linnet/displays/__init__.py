"""Displays in scikit-learn's manner: what was computed, drawn when asked for, axes returned."""

from linnet.displays.code_lengths import CodeLengthDisplay
from linnet.displays.convergence import ConvergenceDisplay
from linnet.displays.information import InformationDisplay
from linnet.displays.path import PathDisplay
from linnet.displays.reliability import ReliabilityDisplay

__all__ = [
    "CodeLengthDisplay",
    "ConvergenceDisplay",
    "InformationDisplay",
    "PathDisplay",
    "ReliabilityDisplay",
]
