"""All that a report of a model says: one structure, of which pages, cards and JSON are made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias, final

from linnet.reports.coefficients import Coefficient
from linnet.reports.drift import Drift
from linnet.reports.pictures import Picture
from linnet.reports.reliability import Reliability
from linnet.reports.residuals import Residuals
from linnet.reports.shift import Shift
from linnet.reports.strict_json import to_json_value
from linnet.reports.summary import Account, Fitting, TableUse
from linnet.reports.table_of_classes import Classes
from linnet.solvers import Step

__all__ = ["LongRow", "ModelReport", "Subject"]

Drifted: TypeAlias = Drift | Shift


@final
@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a report is about.

    Attributes
    ----------
    task : str
        "classification" or "regression".
    target : str
        What is predicted.
    table : TableUse
        What was read.
    features : int
        Columns of the design matrix.
    reason : str
        Why this task, in words that follow "because"; may be empty.
    model : str or None
        File of the model.
    settings : dict
        Settings of the estimator.
    version : str
        That of linnet.
    """

    task: str
    target: str
    table: TableUse
    features: int
    reason: str = ""
    model: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    version: str


@final
@dataclass(frozen=True, kw_only=True)
class LongRow:
    """A row whose target has a long code.

    Attributes
    ----------
    row : int
        Its number in the table, counted from 1.
    target, predicted : str
        What stands there, and what the model predicts.
    probability : float or None
        Probability of the predicted class.
    nats : float or None
        Length of the code; None for a regression without residual in training.
    values : dict of str to str
        What else the row holds, of a table.
    picture : tuple of tuple of float
        Where the features are pixels: those of the row; else empty.
    """

    row: int
    target: str
    predicted: str
    probability: float | None
    nats: float | None
    values: dict[str, str]
    picture: tuple[tuple[float, ...], ...] = ()


@final
@dataclass(frozen=True, kw_only=True)
class ModelReport:
    """What is to be told of a model and of rows whose targets are known.

    Attributes
    ----------
    subject : Subject
        What was fitted on what.
    accounts : dict of str to Account
        Accounts under the names of their rows; the last is that of the rows which all below is
        about.
    fitting : Fitting
        How near the optimum is.
    steps : tuple of Step
        The way there; empty where the solution is direct.
    classes : Classes or None
        The confusion of classes and what each costs, of a classifier.
    reliability : Reliability or None
        Probabilities against what happened, of a classifier.
    residuals : Residuals or None
        What is left over, of a regression.
    coefficients : tuple of Coefficient
        The strongest, with standard errors where these are known.
    pictures : tuple of Picture
        The coefficients as pictures, where the features are pixels.
    longest : tuple of LongRow
        The rows with the longest codes, the longest first.
    drift : Drift, Shift or None
        How far the rows are from those of training: measured against these, or against what the
        model keeps of them.
    """

    subject: Subject
    accounts: Mapping[str, Account]
    fitting: Fitting
    steps: tuple[Step, ...] = ()
    classes: Classes | None = None
    reliability: Reliability | None = None
    residuals: Residuals | None = None
    coefficients: tuple[Coefficient, ...] = ()
    pictures: tuple[Picture, ...] = ()
    longest: tuple[LongRow, ...] = ()
    drift: Drifted | None = None

    @property
    def judged(self) -> str:
        """Name of the rows that the figures are about."""
        return list(self.accounts)[-1]

    @property
    def account(self) -> Account:
        """The account of those rows."""
        return self.accounts[self.judged]

    @property
    def title(self) -> str:
        """What the report is about, in a few words."""
        return f"{self.subject.task.capitalize()} of {self.subject.target}"

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as strict JSON holds it: see `to_json_value` for what is infinite."""
        content = {
            "subject": asdict(self.subject),
            "rows_judged": self.judged,
            "accounts": {name: account.to_dict() for name, account in self.accounts.items()},
            "fitting": asdict(self.fitting),
            "steps": [asdict(step) for step in self.steps],
            "classes": None if self.classes is None else asdict(self.classes),
            "reliability": None if self.reliability is None else asdict(self.reliability),
            "residuals": None if self.residuals is None else asdict(self.residuals),
            "coefficients": [coefficient.to_dict() for coefficient in self.coefficients],
            "pictures": [asdict(picture) for picture in self.pictures],
            "longest_codes": [asdict(row) for row in self.longest],
            "drift": None if self.drift is None else self.drift.to_dict(),
        }
        return to_json_value(content)
