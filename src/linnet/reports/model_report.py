"""A report of a model is gathered from the model and from rows whose targets are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from linnet.data.frames import as_table
from linnet.data.tables import Table
from linnet.errors import DataError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel
from linnet.estimators.targets import label_column
from linnet.estimators.validation import check_numeric_targets, check_weights
from linnet.features.labels import class_codes
from linnet.reports.classifier_sums import classifier_account
from linnet.reports.drift import measure_drift
from linnet.reports.fitted_parts import (
    AnyModel,
    ImageShape,
    coefficients_of,
    fitting_of,
    image_shape_of,
    pictures_of,
    regression_in,
)
from linnet.reports.long_rows import RowCodes, long_rows
from linnet.reports.regression_sums import gaussian_lengths, regression_account
from linnet.reports.reliability import Reliability, reliability
from linnet.reports.report_facts import Drifted, ModelReport, Subject
from linnet.reports.residuals import Residuals, residuals
from linnet.reports.shift import measure_shift
from linnet.reports.summary import Account, TableUse
from linnet.reports.table_of_classes import Classes, table_of_classes
from linnet.types import Array

__all__ = ["model_report"]

# The adjusted p-value of m columns cannot be below m/permutations: 40 for each allow 0.025.
_PERMUTATIONS_PER_COLUMN: Final = 40
_FEWEST_PERMUTATIONS: Final = 999
# More take too long for a report.
_MOST_PERMUTATIONS: Final = 3999


def model_report(
    model: AnyModel,
    X: Any,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    name: str = "these rows",
    row_numbers: ArrayLike | None = None,
    earlier: Mapping[str, Account] | None = None,
    training: Any = "kept",
    standard_errors: ArrayLike | None = None,
    image_shape: ImageShape = "auto",
    longest: int = 10,
    precision: float | None = None,
    subject: Subject | None = None,
    encoded: bool = False,
) -> ModelReport:
    """Gather what is to be told of a model and of rows whose targets are known.

    Parameters
    ----------
    model : SoftmaxRegression, LinearRegression or TableModel
        A fitted model.
    X : array, sparse matrix, data frame or table of n rows
        Rows, as the model takes them.
    y : array of shape (n,)
        Their labels or numbers.
    sample_weight : array of shape (n,), optional
        How often each row counts.
    name : str
        What the report calls these rows.
    row_numbers : array of shape (n,), optional
        Numbers that the report gives the rows; 1, 2, … by default.
    earlier : mapping of str to Account, optional
        Accounts of other rows, to stand before that of these: such as the rows of training.
    training : table, "kept" or None
        Rows of training, to which those of ``X`` are compared column by column. "kept", the
        default, compares them to what a TableModel keeps of its training; None does neither.
    standard_errors : array of the shape of ``coef_``, optional
        Standard errors of the coefficients: these are then drawn with intervals. A first column
        for intercepts may stand before them.
    image_shape : "auto", pair of int, or None
        Height and width of the pictures whose pixels the columns are. "auto" takes columns for
        pixels where they make a square and differ in nothing but a number in their names.
    longest : int
        How many rows with the longest codes to show, with all they hold; 0 for none.
    precision : float, optional
        To which the numbers of a regression are given; found out by default.
    subject : Subject, optional
        What was fitted on what, where more is known than the model says.
    encoded : bool
        Whether ``X`` holds rows as the encoder of a TableModel makes them, not as a table does.

    Returns
    -------
    ModelReport
        Its ``to_dict`` gives JSON; `write_report` writes it as a page, a card or JSON.

    Raises
    ------
    DataError
        If targets, weights, row numbers or standard errors do not fit the rows or the model.
    SettingError
        If the model predicts several targets, or ``image_shape`` does not fit its columns.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression, model_report
    >>> X, y = load_iris(return_X_y=True)
    >>> report = model_report(SoftmaxRegression().fit(X, y), X, y)
    >>> report.longest[0].row, f"{report.account.gained.value:.3f} nats"
    (84, '0.979 nats')
    """
    regression = regression_in(model)
    shape = image_shape_of(model, image_shape)
    judge = regression if encoded else model
    takes_tables = isinstance(judge, TableModel)
    rows = as_table(X) if takes_tables and not isinstance(X, Table) else X
    n = rows.n_rows if isinstance(rows, Table) else np.shape(rows)[0]
    numbers = _numbers(row_numbers, n)
    given = check_weights(sample_weight, n)
    weight = np.ones(n) if given is None else given
    coefficients = coefficients_of(model, standard_errors)
    judged = (
        _classified(judge, rows, label_column(y, n), weight)
        if isinstance(regression, SoftmaxRegression)
        else _measured(judge, regression, rows, _one_number(y, n), weight, precision=precision)
    )
    return ModelReport(
        subject=subject or _subject(model, n, name),
        accounts={**(earlier or {}), name: judged.account},
        fitting=fitting_of(model),
        steps=tuple(getattr(regression, "history_", ())),
        classes=judged.classes,
        reliability=judged.reliability,
        residuals=judged.residuals,
        coefficients=coefficients,
        pictures=pictures_of(model, shape),
        longest=long_rows(
            judge,
            rows,
            judged.codes,
            numbers=numbers,
            shape=None if encoded else shape,
            count=longest,
        ),
        drift=_drift(model, rows, training),
    )


@final
@dataclass(frozen=True, kw_only=True)
class _Judged:
    """The rows against the model: their account, the code of each, and what is drawn of them."""

    account: Account
    codes: RowCodes
    classes: Classes | None = None
    reliability: Reliability | None = None
    residuals: Residuals | None = None


def _classified(model: AnyModel, rows: Any, labels: Array, weight: Float[Array, " n"]) -> _Judged:
    log_probabilities, classes = model.predict_log_proba(rows), model.classes_
    codes = class_codes(labels, classes)
    places, guesses = np.arange(len(labels)), log_probabilities.argmax(axis=1)
    nats = np.where(codes >= 0, -log_probabilities[places, codes], np.inf)
    return _Judged(
        account=classifier_account(log_probabilities, labels, classes, weight),
        codes=RowCodes(
            targets=labels,
            predicted=classes[guesses],
            probability=np.exp(log_probabilities[places, guesses]),
            surprise=np.where(weight > 0, nats, -np.inf),
            nats=nats,
        ),
        classes=table_of_classes(log_probabilities, labels, classes, weight),
        reliability=reliability(log_probabilities, labels, classes, weight),
    )


def _measured(
    model: AnyModel,
    regression: LinearRegression,
    rows: Any,
    targets: Float[Array, " n"],
    weight: Float[Array, " n"],
    *,
    precision: float | None,
) -> _Judged:
    predicted = model.predict(rows)
    variance = float(regression.residual_variance_)
    account = regression_account(
        predicted, targets, residual_variance=variance, precision=precision, weight=weight
    )
    squares = (targets - predicted) ** 2
    nats = gaussian_lengths(squares, variance, account.precision) if variance > 0 else None
    return _Judged(
        account=account,
        codes=RowCodes(
            targets=targets,
            predicted=predicted,
            probability=None,
            surprise=np.where(weight > 0, squares, -np.inf),
            nats=nats,
        ),
        residuals=residuals(predicted, targets),
    )


def _numbers(given: ArrayLike | None, n: int) -> Int[Array, " n"]:
    numbers = np.arange(1, n + 1) if given is None else np.asarray(given)
    if numbers.shape != (n,) or numbers.dtype.kind not in "iu":
        raise DataError(
            f"row_numbers are of shape {numbers.shape} and type {numbers.dtype}, but there are "
            f"{n:,} rows. Give one whole number for each."
        )
    return numbers


def _one_number(y: ArrayLike, n: int) -> Float[Array, " n"]:
    targets = check_numeric_targets(y, n)
    if targets.ndim != 1:
        raise DataError(f"y has {targets.shape[1]} targets a row, but the model predicts one.")
    return targets.astype(np.float64, copy=False)


def _subject(model: AnyModel, n: int, name: str) -> Subject:
    """Tell what the model itself says."""
    regression = regression_in(model)
    classifies = isinstance(regression, SoftmaxRegression)
    target = model.target if isinstance(model, TableModel) else None
    return Subject(
        task="classification" if classifies else "regression",
        target=target or "target",
        table=TableUse(file=name, rows=n),
        features=int(regression.n_features_in_),
        settings=regression.get_params(deep=False),
        version=version("linnet"),
    )


def _drift(model: AnyModel, rows: Any, training: Any) -> Drifted | None:
    """How far the rows are from those of training, or from what the model keeps of them."""
    if training is None:
        return None
    kept = isinstance(training, str) and training == "kept"
    if not (isinstance(model, TableModel) and isinstance(rows, Table)):
        if kept:
            return None
        raise DataError("Drift is measured between tables, but the model takes arrays.")
    if kept:
        return measure_shift(model.encoder_, rows)
    used = [each.name for each in model.encoder_.encoders_]
    before = training if isinstance(training, Table) else as_table(training)
    wanted = max(_FEWEST_PERMUTATIONS, _PERMUTATIONS_PER_COLUMN * len(used))
    permutations = min(wanted, _MOST_PERMUTATIONS)
    return measure_drift(before.only(used), rows.only(used), permutations=permutations)
