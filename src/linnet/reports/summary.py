"""The summary of a fit: what was read, what was fitted, how good it is, and how that is known."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

from linnet.reports.classification import ClassifierAccount
from linnet.reports.coefficients import Coefficient
from linnet.reports.regression import RegressionAccount
from linnet.reports.strict_json import to_json_value
from linnet.solvers import Certificate

__all__ = ["Account", "FitSummary", "Fitting", "TableUse"]

Account: TypeAlias = ClassifierAccount | RegressionAccount


@final
@dataclass(frozen=True, kw_only=True)
class TableUse:
    """What was read, and what of it was used.

    Attributes
    ----------
    file : str
        Where the rows came from.
    rows : int
        Rows with a target: those used.
    rows_without_target : int
        Rows left out, for their target is missing.
    used, left_out : tuple of str
        Columns of the table that features were made of, and the others.
    notes : tuple of str
        What was assumed when reading, and what became of the columns.
    """

    file: str
    rows: int
    rows_without_target: int = 0
    used: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class Fitting:
    """How the optimum was found, and how near it is.

    Attributes
    ----------
    certificate : Certificate
        How far the objective is from its minimum.
    steps : int or None
        Steps of the solver; None where the solution is direct.
    passes : float or None
        Readings of the data.
    seconds : float
        Time of the fit.
    rank, condition_number : int or None, float or None
        Of the centred design, for linear regression.
    """

    certificate: Certificate
    steps: int | None
    passes: float | None
    seconds: float
    rank: int | None = None
    condition_number: float | None = None


@final
@dataclass(frozen=True, kw_only=True)
class FitSummary:
    """Everything that is to be told of a fit.

    Attributes
    ----------
    table : TableUse
        What was read.
    task : str
        "classification" or "regression".
    target : str
        Name of the column that is predicted.
    reason : str
        Why this task, in words that follow "because".
    features : int
        Columns of the design matrix.
    classes : dict of str to int
        Rows of each class; empty for a regression.
    training : ClassifierAccount or RegressionAccount
        Account of the rows that were fitted.
    held_out : ClassifierAccount or RegressionAccount or None
        Account of the rows that were not.
    held_out_rows : str
        Which rows those are, in words; empty if there are none.
    fitting : Fitting
        How the optimum was found.
    coefficients : tuple of Coefficient
        The strongest ones.
    settings : dict
        Settings of the estimator.
    seconds : float
        Time of everything, reading included.
    model : str or None
        File of the model.
    """

    table: TableUse
    task: str
    target: str
    reason: str
    features: int
    classes: dict[str, int] = field(default_factory=dict)
    training: Account
    held_out: Account | None
    held_out_rows: str
    fitting: Fitting
    coefficients: tuple[Coefficient, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float
    model: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as strict JSON holds it: see `to_json_value` for what is infinite."""
        content = {
            "table": vars(self.table),
            "task": self.task,
            "target": self.target,
            "reason": self.reason,
            "features": self.features,
            "classes": self.classes,
            "training": self.training.to_dict(),
            "held_out": None if self.held_out is None else self.held_out.to_dict(),
            "held_out_rows": self.held_out_rows or None,
            "certificate": vars(self.fitting.certificate),
            "solver": {
                "steps": self.fitting.steps,
                "passes": self.fitting.passes,
                "seconds": self.fitting.seconds,
                "rank": self.fitting.rank,
                "condition_number": self.fitting.condition_number,
            },
            "coefficients": [coefficient.to_dict() for coefficient in self.coefficients],
            "settings": self.settings,
            "seconds": self.seconds,
            "model": self.model,
        }
        return to_json_value(content)
