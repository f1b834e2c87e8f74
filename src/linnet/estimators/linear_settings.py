"""Settings of a linear regression: linnet's own, and scikit-learn's that mean the same."""

from typing import Any, Final

import numpy as np

from linnet.engine.descent import OPTIMIZERS
from linnet.errors import SettingError
from linnet.estimators.streaming import check_stream
from linnet.estimators.validation import check_choice, check_count, check_positive, check_steps
from linnet.solvers.schedules import SCHEDULES

__all__ = ["RIDGE_SOLVERS", "check_linear_settings", "learns_by_steps"]

RIDGE_SOLVERS: Final = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")
"""Names of scikit-learn's solvers: each asks for the one solution."""


def check_linear_settings(model: Any) -> float:
    """Give the penalty α, or raise a SettingError that names the first setting out of range."""
    if np.ndim(model.alpha) > 0:
        raise SettingError(
            f"alpha has shape {np.shape(model.alpha)}: there is one penalty for all targets. Fit "
            "each column of y by itself, or compare penalties with linnet.ridge_path."
        )
    alpha = check_positive(model.alpha, "alpha", zero=True)
    check_positive(model.tol, "tol", zero=True)
    if not isinstance(model.positive, bool | np.bool_):
        raise SettingError(f"positive={model.positive!r}: it must be True or False.")
    if model.positive:
        raise SettingError(
            "positive=True bounds the weights, and linnet fits them free. Set positive=False, or "
            "stay with scikit-learn's LinearRegression(positive=True)."
        )
    solver = getattr(model, "solver", "auto")
    check_choice(solver, "solver", (*RIDGE_SOLVERS, *OPTIMIZERS))
    if getattr(model, "max_iter", None) is not None:
        check_count(model.max_iter, "max_iter")
    if solver in OPTIMIZERS:
        _check_steps(model)
    return alpha


def learns_by_steps(model: Any) -> bool:
    """Whether streams are learnt by steps, and not added up."""
    return model.solver in OPTIMIZERS


def _check_steps(model: Any) -> None:
    """Raise SettingError unless steps can be taken over a stream."""
    check_choice(model.schedule, "schedule", SCHEDULES)
    check_stream(model.schedule, model.max_iter)
    check_count(model.batch_size, "batch_size")
    check_steps(model.solver, model.momentum, model.average)
    if model.learning_rate is not None:
        check_positive(model.learning_rate, "learning_rate")
