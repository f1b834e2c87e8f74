"""What is told of a model: accounts in nats and bits, summaries, figures. Nothing here prints."""

from linnet.reports.classification import ClassifierAccount, classifier_account
from linnet.reports.code_report import CodeReport
from linnet.reports.coded import CodedAccount, coded_text
from linnet.reports.coefficients import Coefficient, strongest_coefficients
from linnet.reports.estimates import Estimate
from linnet.reports.figures import (
    code_length_figure,
    confusion_figure,
    convergence_figure,
    information_figure,
    prediction_figure,
)
from linnet.reports.regression import RegressionAccount, regression_account
from linnet.reports.strict_json import to_json_value
from linnet.reports.summary import Account, FitSummary, Fitting, TableUse
from linnet.reports.text import account_text, summary_text

__all__ = [
    "Account",
    "ClassifierAccount",
    "CodeReport",
    "CodedAccount",
    "Coefficient",
    "Estimate",
    "FitSummary",
    "Fitting",
    "RegressionAccount",
    "TableUse",
    "account_text",
    "classifier_account",
    "code_length_figure",
    "coded_text",
    "confusion_figure",
    "convergence_figure",
    "information_figure",
    "prediction_figure",
    "regression_account",
    "strongest_coefficients",
    "summary_text",
    "to_json_value",
]
