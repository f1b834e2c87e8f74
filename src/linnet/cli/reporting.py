"""What a command found is written down: as a page, a card, or JSON."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from linnet.cli.files import check_output
from linnet.cli.inputs import AnyModel, regression_of, rows_for
from linnet.cli.samples import Samples
from linnet.cli.summarising import table_use
from linnet.cli.terminal import note
from linnet.errors import SettingError
from linnet.reports import (
    FitSummary,
    ModelReport,
    Subject,
    check_report_name,
    model_report,
    write_report,
)
from linnet.types import Array

__all__ = ["check_reports", "report_of", "subject_of", "write_reports"]


def check_reports(files: Sequence[Path], *others: Path) -> None:
    """Check, before long work begins, that reports can be written.

    Parameters
    ----------
    files : sequence of pathlib.Path
        The reports.
    *others : pathlib.Path
        What is read, or is written too.

    Raises
    ------
    SettingError
        If a name does not say what to write, two files are one, or one cannot be written.
    """
    taken = {each.resolve() for each in others}
    for file in files:
        check_report_name(file)
        if file.resolve() in taken:
            raise SettingError(
                f"{file}: the command reads or writes this file already. Name another one for the "
                "report."
            )
        taken.add(file.resolve())
        check_output(file)


def report_of(
    model: AnyModel,
    judged: Samples,
    target: Array,
    *,
    about: Samples,
    rows: Int[Array, " m"],
    file: Path | None,
    **more: Any,
) -> ModelReport:
    """Gather a report of a model and of samples.

    Parameters
    ----------
    model : model
        The fitted model.
    judged : Samples
        The rows with a target, and no others.
    target : array of shape (m,)
        Their targets, spelt as the model does.
    about : Samples
        All that was read.
    rows : array of shape (m,)
        Which rows of their file these are, counted from 0.
    file : pathlib.Path or None
        That of the model.
    **more
        For `model_report`.
    """
    regression = regression_of(model)
    use = table_use(model, about)
    left_out = tuple(name for name in use.left_out if name != about.target.name)
    subject = Subject(
        task=about.task,
        target=about.target.name,
        reason=about.reason,
        table=replace(use, left_out=left_out),
        features=int(regression.n_features_in_),
        model=None if file is None else str(file),
        settings=regression.get_params(deep=False),
        version=version("linnet"),
    )
    return model_report(
        model,
        rows_for(model, judged.features, judged.origin),
        target,
        sample_weight=judged.weight,
        row_numbers=np.asarray(rows) + 1,
        subject=subject,
        **more,
    )


def subject_of(summary: FitSummary) -> Subject:
    """Tell what was fitted on what, as the summary of the fit does."""
    return Subject(
        task=summary.task,
        target=summary.target,
        reason=summary.reason,
        table=summary.table,
        features=summary.features,
        model=summary.model,
        settings=summary.settings,
        version=version("linnet"),
    )


def write_reports(files: Sequence[Path], report: ModelReport) -> None:
    """Write a report to each file, and tell where it is."""
    for file in files:
        write_report(report, file)
        note(f"the report is in {file}")
