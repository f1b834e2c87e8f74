"""Rows that a scan has prepared, as the regressions take them."""

from typing import Any

import numpy as np

from linnet.data import Source
from linnet.data.reweighed import ReweighedSource
from linnet.errors import SettingError
from linnet.estimators.kept_rows import PreparedRows
from linnet.estimators.softmax_parameters import label_totals
from linnet.estimators.targets import class_factors
from linnet.types import Array

__all__ = ["classified_rows", "measured_rows", "name_features"]


def classified_rows(estimator: Any, rows: PreparedRows, class_weight: Any) -> tuple[Source, Array]:
    """Rows of a classifier, weighed by class, and the classes.

    Raises
    ------
    SettingError
        If the target was taken for a number.
    """
    if rows.classes is None:
        raise SettingError(
            f"The target is taken for a number, because {rows.reason}: fit LinearRegression, or "
            "give task='classification' to linnet.scan."
        )
    estimator.n_features_in_ = rows.source.n_features
    if class_weight is None:
        return rows.source, rows.classes
    totals = label_totals(rows.source, len(rows.classes))
    factors = class_factors(class_weight, rows.classes, totals)
    return ReweighedSource(rows.source, factors), rows.classes


def measured_rows(estimator: Any, rows: PreparedRows) -> Source:
    """Rows of a regression.

    Raises
    ------
    SettingError
        If the target was taken for a class.
    """
    if rows.classes is not None:
        raise SettingError(
            f"The target is taken for a class, because {rows.reason}: fit SoftmaxRegression, or "
            "give task='regression' to linnet.scan."
        )
    estimator.n_features_in_ = rows.source.n_features
    return rows.source


def name_features(estimator: Any, rows: PreparedRows) -> None:
    """Tell an estimator that was fitted to a scan what its features are called."""
    if rows.encoder is None:
        return
    names = rows.encoder.get_feature_names_out()
    estimator.feature_names_in_ = np.asarray(names, dtype=object)
