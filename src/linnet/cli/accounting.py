"""The bits of a column of a file are accounted for."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from linnet.cli.encoding import precision_of, read_column, respelt, whole_column
from linnet.cli.inputs import is_classifier
from linnet.cli.options import Reading
from linnet.cli.spelling import match_spelling
from linnet.cli.terminal import note
from linnet.description import code_report
from linnet.estimators import load
from linnet.reports import CodeReport

__all__ = ["account_for_table"]


def account_for_table(
    model_file: Path,
    table_file: Path,
    reading: Reading,
    *,
    target: str | None,
    precision: float | None,
    confidence: float,
    resamples: int,
    seed: int,
) -> CodeReport:
    """Return the account of the target column of a file."""
    model = load(model_file)
    found, n, rows = read_column(model, table_file, reading, target)
    if is_classifier(model):
        found = respelt(found, model)
        labels, told = match_spelling(found.values, model.classes_)
        note(*[told] * bool(told))
        column = whole_column(replace(found, values=labels), n, None)
    else:
        column = whole_column(found, n, np.nan)
        precision = precision_of(model, found.values) if precision is None else precision
    return code_report(
        model,
        rows,
        column,
        precision=precision,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
