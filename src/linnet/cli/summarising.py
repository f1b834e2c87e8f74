"""The summary of a fit is drawn from the fitted model and the rows it was given."""

from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.cli.inputs import AnyModel, regression_of
from linnet.cli.samples import Samples
from linnet.data.tables import Table
from linnet.estimators import LinearRegression, TableModel
from linnet.estimators.softmax_parameters import weights_of
from linnet.reports import (
    Account,
    Coefficient,
    FitSummary,
    Fitting,
    TableUse,
    strongest_coefficients,
)

__all__ = ["Told", "summarise", "summary_of", "table_use"]


def summarise(
    model: AnyModel,
    samples: Samples,
    *,
    training: Account,
    held_out: Account | None,
    held_out_rows: str,
    seconds_to_fit: float,
    seconds: float,
    file: str | None,
) -> FitSummary:
    """Gather what is to be told of a fit.

    Parameters
    ----------
    model : model
        The fitted model.
    samples : Samples
        All rows that were read, fitted and held out.
    training, held_out : Account
        The accounts of both parts.
    held_out_rows : str
        Which rows were held out, in words.
    seconds_to_fit, seconds : float
        Time of the fit, and of everything.
    file : str or None
        Where the model was saved.
    """
    return summary_of(
        model,
        Told(
            table=table_use(model, samples),
            task=samples.task,
            target=samples.target.name,
            reason=samples.reason,
            classes=_class_counts(samples),
        ),
        training=training,
        held_out=held_out,
        held_out_rows=held_out_rows,
        seconds_to_fit=seconds_to_fit,
        seconds=seconds,
        file=file,
    )


@final
@dataclass(frozen=True, kw_only=True)
class Told:
    """What was found out about the rows: see `FitSummary`."""

    table: TableUse
    task: str
    target: str
    reason: str
    classes: dict[str, int]


def summary_of(
    model: AnyModel,
    told: Told,
    *,
    training: Account,
    held_out: Account | None,
    held_out_rows: str,
    seconds_to_fit: float,
    seconds: float,
    file: str | None,
) -> FitSummary:
    """Gather what is to be told of a fit to rows wherever they lie; see `summarise`."""
    regression = regression_of(model)
    return FitSummary(
        table=told.table,
        task=told.task,
        target=told.target,
        reason=told.reason,
        features=int(regression.n_features_in_),
        classes=told.classes,
        training=training,
        held_out=held_out,
        held_out_rows=held_out_rows,
        fitting=_fitting(model, seconds_to_fit),
        coefficients=_coefficients(model),
        settings=regression.get_params(deep=False),
        seconds=seconds,
        model=file,
    )


def table_use(model: AnyModel, samples: Samples) -> TableUse:
    """Tell what was read, and what of it the model uses."""
    used: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes = samples.notes
    if isinstance(model, TableModel) and isinstance(samples.features, Table):
        encoded = {encoder.name for encoder in model.encoder_.encoders_}
        used = tuple(name for name in samples.features.names if name in encoded)
        left_out = tuple(name for name in samples.features.names if name not in encoded)
        notes += model.encoder_.notes_
    return TableUse(
        file=samples.origin,
        rows=samples.size,
        rows_without_target=samples.target.missing,
        used=used,
        left_out=left_out,
        notes=notes,
    )


def _class_counts(samples: Samples) -> dict[str, int]:
    if samples.task == "regression":
        return {}
    labels, counts = np.unique(samples.target.values, return_counts=True)
    return {str(label): int(count) for label, count in zip(labels, counts, strict=True)}


def _fitting(model: AnyModel, seconds: float) -> Fitting:
    regression = regression_of(model)
    if isinstance(regression, LinearRegression):
        return Fitting(
            certificate=regression.certificate_,
            steps=None,
            passes=None,
            seconds=seconds,
            rank=regression.rank_,
            condition_number=regression.condition_number_,
        )
    return Fitting(
        certificate=regression.certificate_,
        steps=int(regression.n_iter_[0]),
        passes=regression.history_[-1].passes,
        seconds=seconds,
    )


def _coefficients(model: AnyModel) -> tuple[Coefficient, ...]:
    regression = regression_of(model)
    is_table = isinstance(model, TableModel)
    # Without an encoder features have no names: they count from 1, as libsvm files do.
    names = (
        model.encoder_.get_feature_names_out()
        if is_table
        else np.array([f"feature {i}" for i in range(1, regression.n_features_in_ + 1)])
    )
    return strongest_coefficients(
        np.atleast_2d(weights_of(regression)),
        names,
        scale=model.encoder_.scale_ if is_table else None,
        classes=None if isinstance(regression, LinearRegression) else regression.classes_,
    )
