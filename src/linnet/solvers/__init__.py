"""Solvers: settings that minimise an objective, and the certificate of how well they did."""

from linnet.solvers.automatic import Automatic
from linnet.solvers.dual_ascent import DualAscent
from linnet.solvers.gradient_descent import GradientDescent
from linnet.solvers.lbfgs import LBFGS
from linnet.solvers.newton_cg import NewtonCG
from linnet.solvers.path import minimise_path
from linnet.solvers.progress import listening
from linnet.solvers.sgd import StochasticGradientDescent
from linnet.solvers.solution import Certificate, Ending, Solution, Step

__all__ = [
    "LBFGS",
    "Automatic",
    "Certificate",
    "DualAscent",
    "Ending",
    "GradientDescent",
    "NewtonCG",
    "Solution",
    "Step",
    "StochasticGradientDescent",
    "listening",
    "minimise_path",
]
