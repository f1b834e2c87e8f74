"""What a report says in sentences, the same on a page and on a card."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final

from linnet.estimators import LinearRegression, SoftmaxRegression
from linnet.reports.classification import ClassifierAccount
from linnet.reports.drift import Drift
from linnet.reports.grids import bits
from linnet.reports.numbers_in_words import count, number, percent
from linnet.reports.report_facts import ModelReport
from linnet.reports.shift import Shift

__all__ = [
    "account_sentences",
    "coefficient_sentences",
    "drift_sentences",
    "facts",
    "fitting_sentences",
    "headline",
    "longest_sentences",
    "reliability_sentences",
    "residual_sentences",
]

_MOST_NAMES: Final = 12
_SIGNIFICANT: Final = 0.05
_ALWAYS_TOLD: Final = frozenset({"C", "alpha"})


def headline(report: ModelReport) -> list[tuple[str, str]]:
    """Tell the few numbers that matter most: what each is, and how much."""
    account = report.account
    if isinstance(account, ClassifierAccount):
        return [
            ("bits a label", bits(account.loss.value)),
            ("bits gained by the features", bits(account.gained.value)),
            # Unbreakable, for it stands in a narrow box.
            ("accuracy", percent(account.accuracy.value).replace(" ", "\N{NO-BREAK SPACE}")),
        ]
    return [
        ("R²", number(account.r2.value)),
        ("root mean squared error", number(account.rmse.value)),
        ("bits gained a value", bits(account.gained and account.gained.value)),
    ]


def facts(report: ModelReport) -> list[tuple[str, str]]:
    """Tell what was fitted on what."""
    subject = report.subject
    because = f", because {subject.reason}" if subject.reason else ""
    told = [
        ("target", f"{subject.target}: {subject.task}{because}"),
        ("table", subject.table.file),
        ("rows", _rows(report)),
        ("columns", _columns(subject.table.used, subject.table.left_out)),
        ("features", f"{subject.features:,}"),
        ("classes", _some(() if report.classes is None else report.classes.names)),
        ("optimum", str(report.fitting.certificate)),
        ("settings", _settings(subject.task, subject.settings)),
        ("model", subject.model or "not saved"),
        ("made by", f"linnet {subject.version}"),
    ]
    return [(name, text) for name, text in told if text]


def account_sentences(report: ModelReport) -> list[str]:
    """Say what the account means."""
    account = report.account
    if not isinstance(account, ClassifierAccount):
        if account.loss is None:
            return ["The model leaves no residual in training: its Gaussian has no code."]
        width = number(account.precision)
        return [f"Codes give each value to {width}; what is gained does not depend on that."]
    told = [
        (
            f"A label costs {bits(account.uniform)} bits if one knows only the {account.classes} "
            f"classes, {bits(account.marginal)} with their shares, and {bits(account.loss.value)} "
            "with the model's probabilities."
        )
    ]
    if account.unseen:
        told.append(
            f"{count(account.unseen_rows, 'row')} have labels that training never saw "
            f"({_some(tuple(account.unseen))}): no code exists for them, so the loss is infinite."
        )
    if account.known_loss is not None:
        told.append(f"Over the other rows it is {bits(account.known_loss.value)} bits.")
    return told


def fitting_sentences(report: ModelReport) -> list[str]:
    """Say how near the optimum is, and how that is known."""
    fitting, features = report.fitting, report.subject.features
    told = [f"The fit is {fitting.certificate}."]
    if fitting.certificate.kind == "none":
        told = [f"{fitting.certificate}."]
    if fitting.steps is None:
        told.append("Least squares are solved directly, so there are no steps to show.")
    elif fitting.passes is not None:
        passes = f"{fitting.passes:,.0f} readings of the data"
        told.append(f"It took {count(fitting.steps, 'step')} and {passes}.")
    if fitting.rank is not None and fitting.rank < features:
        told.append(
            f"The {features:,} features are linearly dependent (rank {fitting.rank:,}), as the "
            "levels of a category are by nature. Predictions are unique; of all coefficients that "
            "give them, these are the shortest."
        )
    return [sentence[0].upper() + sentence[1:] for sentence in told]


def reliability_sentences(report: ModelReport) -> list[str]:
    """Say how to read the reliability diagram."""
    if report.reliability is None:
        return []
    return [
        (
            f"Dots on the diagonal: the {report.reliability.of} is right as often as it says. "
            "Bars are 95 % intervals."
        ),
        f"Expected calibration error of these ranges: {percent(report.reliability.error)}.",
    ]


def residual_sentences(report: ModelReport) -> list[str]:
    """Say what the residuals are like."""
    left = report.residuals
    if left is None:
        return []
    drawn = len(left.predicted)
    told = [f"Residuals have mean {number(left.mean)} and deviation {number(left.deviation)}."]
    if drawn < left.rows:
        told.append(f"{drawn:,} of {left.rows:,} rows are drawn.")
    if left.quantiles:
        told.append("Quantiles on the diagonal are those of a normal distribution.")
    return told


def coefficient_sentences(report: ModelReport) -> list[str]:
    """Say what a coefficient is a change of."""
    if not report.coefficients:
        return ["No coefficient differs from zero."]
    classification = report.subject.task == "classification"
    unit = "nats of log odds" if classification else f"the unit of {report.subject.target}"
    scaled = any(coefficient.slope is not None for coefficient in report.coefficients)
    per = "; of a number, per standard deviation" if scaled else ""
    told = [f"In {unit}{per}."]
    if any(coefficient.interval is not None for coefficient in report.coefficients):
        told.append("Intervals are 1.96 standard errors to either side.")
    return told


def longest_sentences(report: ModelReport) -> list[str]:
    """Say what the rows with the longest codes are good for."""
    if not report.longest:
        return []
    if report.classes is None:
        return ["Values farthest from what the model predicts: look for errors of the table here."]
    return ["Labels that surprise the model most: look for wrong ones here."]


def drift_sentences(report: ModelReport) -> list[str]:
    """Say what drift was measured against, and how."""
    drift = report.drift
    if isinstance(drift, Drift):
        columns = count(len(drift.columns), "column")
        found = sum(column.adjusted < _SIGNIFICANT for column in drift.columns)
        verb = "differs" if found == 1 else "differ"
        told = (
            f"{found or 'None'} of {columns} {verb} from training by more than chance (p below "
            f"{_SIGNIFICANT}, adjusted for the number of columns)."
        )
        if drift.finest_p > _SIGNIFICANT:
            told = (
                f"Among {columns} no p can be below {drift.finest_p:.2g} with so few permutations: "
                "linnet drift takes more."
            )
        meaning = (
            "Bits: Jensen–Shannon divergence, what a value tells of its table. "
            f"p: {drift.permutations:,} permutations."
        )
        return [told, meaning]
    if isinstance(drift, Shift):
        return [
            (
                "Measured against what the model keeps of training: mean and deviation of numbers, "
                "and the values of categories. Extra bits: what a value costs more with the "
                "Gaussian code of training than with one made for these rows."
            ),
            *([] if drift.unseen else ["No value here is one that training did not have."]),
        ]
    return []


def _rows(report: ModelReport) -> str:
    alone = len(report.accounts) == 1
    told = (
        f"{report.account.rows:,}"
        if alone
        else "; ".join(f"{name} {account.rows:,}" for name, account in report.accounts.items())
    )
    left_out = report.subject.table.rows_without_target
    return f"{told}; {left_out:,} left out, their target is missing" if left_out else told


def _columns(used: Sequence[str], left_out: Sequence[str]) -> str:
    if not used:
        return ""
    told = f"{len(used)} used: {_some(used)}"
    return f"{told}; {len(left_out)} left out: {_some(left_out)}" if left_out else told


def _settings(task: str, settings: Mapping[str, Any]) -> str:
    """Tell the strength of the penalty, and what else is not as by default."""
    estimator = SoftmaxRegression() if task == "classification" else LinearRegression()
    usual = estimator.get_params(deep=False)
    told = [
        f"{name} = {_value(value)}"
        for name, value in settings.items()
        if name in _ALWAYS_TOLD or value != usual.get(name)
    ]
    return f"{', '.join(told)}; all else by default"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return number(value) if isfinite(value) else "inf"
    return str(value)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    rest = len(names) - _MOST_NAMES
    return f"{shown} and {rest} more" if rest > 0 else shown
