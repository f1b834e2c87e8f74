"""What is told of a model: accounts in nats and bits, summaries, figures. Nothing here prints."""

from linnet.reports.card import report_card
from linnet.reports.classification import ClassifierAccount
from linnet.reports.classifier_sums import ClassifierSums, classifier_account
from linnet.reports.code_report import CodeReport
from linnet.reports.coded import CodedAccount, coded_text
from linnet.reports.coefficients import Coefficient, strongest_coefficients
from linnet.reports.estimates import Estimate
from linnet.reports.figures import (
    confusion_figure,
    convergence_figure,
    information_figure,
    prediction_figure,
)
from linnet.reports.model_report import model_report
from linnet.reports.page import report_page
from linnet.reports.regression import RegressionAccount
from linnet.reports.regression_sums import RegressionSums, regression_account
from linnet.reports.report_facts import ModelReport, Subject
from linnet.reports.strict_json import to_json_value
from linnet.reports.summary import Account, FitSummary, Fitting, TableUse
from linnet.reports.text import account_text, summary_text
from linnet.reports.writing_reports import check_report_name, write_report

__all__ = [
    "Account",
    "ClassifierAccount",
    "ClassifierSums",
    "CodeReport",
    "CodedAccount",
    "Coefficient",
    "Estimate",
    "FitSummary",
    "Fitting",
    "ModelReport",
    "RegressionAccount",
    "RegressionSums",
    "Subject",
    "TableUse",
    "account_text",
    "check_report_name",
    "classifier_account",
    "coded_text",
    "confusion_figure",
    "convergence_figure",
    "information_figure",
    "model_report",
    "prediction_figure",
    "regression_account",
    "report_card",
    "report_page",
    "strongest_coefficients",
    "summary_text",
    "to_json_value",
    "write_report",
]
