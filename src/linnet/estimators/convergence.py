"""How an estimator tells of a fit that ended short of its goal: one warning, with advice."""

import warnings

from sklearn.exceptions import ConvergenceWarning as SklearnConvergenceWarning

from linnet.errors import LinnetWarning
from linnet.solvers import Certificate, Ending

__all__ = ["ConvergenceWarning", "warn_unless_converged"]


class ConvergenceWarning(LinnetWarning, SklearnConvergenceWarning):
    """The optimum was not reached within ``tol``: the message says what to do."""


def warn_unless_converged(
    name: str, ending: Ending, certificate: Certificate, more: str = "", *, depth: int = 3
) -> None:
    """Warn once if the solver ended short of its goal; the user's call is ``depth`` calls up."""
    if not ending.converged:
        warnings.warn(
            f"{name}: {ending.value}.{more} As it stands the fit is {certificate}.",
            ConvergenceWarning,
            stacklevel=depth,
        )
