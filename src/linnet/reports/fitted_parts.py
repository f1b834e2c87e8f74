"""What a fitted model of any kind says of itself: features, coefficients, the way there."""

from typing import Any, Final, TypeAlias

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from linnet.errors import DataError, SettingError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel
from linnet.reports.coefficients import Coefficient, strongest_coefficients
from linnet.reports.pictures import Picture, coefficient_pictures, picture_shape
from linnet.reports.summary import Fitting
from linnet.types import Array

__all__ = [
    "AnyModel",
    "ImageShape",
    "coefficients_of",
    "column_names",
    "fitting_of",
    "image_shape_of",
    "pictures_of",
    "regression_in",
]

AnyModel: TypeAlias = SoftmaxRegression | LinearRegression | TableModel
"""What `linnet.load` gives."""

ImageShape: TypeAlias = Any
"""Height and width; "auto" to find out; None for no pictures."""

_SHOWN: Final = 20


def regression_in(model: AnyModel) -> SoftmaxRegression | LinearRegression:
    """Return the regression itself, without the encoder before it.

    Raises
    ------
    SettingError
        If it predicts several targets at once.
    """
    regression = model.estimator_ if isinstance(model, TableModel) else model
    if isinstance(regression, LinearRegression) and np.ndim(regression.residual_variance_):
        raise SettingError(
            "The model predicts several targets at once, and one is evaluated at a time."
        )
    return regression


def column_names(model: AnyModel) -> list[str]:
    """Names of the columns that a model was given: those of a table, else of the features."""
    if isinstance(model, TableModel):
        return [str(name) for name in model.encoder_.columns_]
    named = getattr(model, "feature_names_in_", None)
    # Without names features count from 1, as libsvm files do.
    told = named if named is not None else range(1, model.n_features_in_ + 1)
    return [str(name) if named is not None else f"feature {name}" for name in told]


def feature_names(model: AnyModel) -> list[str]:
    """Names of the columns of the design matrix."""
    if isinstance(model, TableModel):
        return [str(name) for name in model.encoder_.get_feature_names_out()]
    return column_names(model)


def coefficients_of(
    model: AnyModel, standard_errors: ArrayLike | None = None, count: int = _SHOWN
) -> tuple[Coefficient, ...]:
    """Return the strongest coefficients of a model, with their standard errors if those are given.

    Parameters
    ----------
    model : model
        A fitted one.
    standard_errors : array of the shape of ``coef_``, optional
        Or with one more column, the first, for intercepts.
    count : int
        How many, at most.

    Raises
    ------
    DataError
        If the standard errors are of another shape, or one is negative.
    """
    regression = regression_in(model)
    coef = np.atleast_2d(regression.coef_)
    return strongest_coefficients(
        coef,
        np.array(feature_names(model), dtype=object),
        scale=model.encoder_.scale_ if isinstance(model, TableModel) else None,
        classes=_classes(regression),
        standard_errors=_checked_errors(standard_errors, coef),
        count=count,
    )


def fitting_of(model: AnyModel) -> Fitting:
    """Tell how the optimum was found, and how near it is."""
    regression = regression_in(model)
    if isinstance(regression, LinearRegression):
        return Fitting(
            certificate=regression.certificate_,
            steps=None,
            passes=None,
            seconds=np.nan,
            rank=regression.rank_,
            condition_number=regression.condition_number_,
        )
    steps = list(regression.history_)
    return Fitting(
        certificate=regression.certificate_,
        steps=int(np.ravel(regression.n_iter_)[0]),
        passes=steps[-1].passes if steps else None,
        seconds=steps[-1].seconds if steps else np.nan,
    )


def image_shape_of(model: AnyModel, given: ImageShape) -> tuple[int, int] | None:
    """Settle the shape of the pictures that a model's columns are pixels of.

    Raises
    ------
    SettingError
        If what is given is no shape, or not that of as many pixels as there are columns.
    """
    if given is None:
        return None
    columns = column_names(model)
    if isinstance(given, str) and given == "auto":
        return picture_shape(columns)
    try:
        height, width = (int(side) for side in given)
    except (TypeError, ValueError):
        raise SettingError(
            f'image_shape is {given!r}. Give (height, width), "auto", or None for no pictures.'
        ) from None
    if height < 1 or width < 1 or height * width != len(columns):
        raise SettingError(
            f"image_shape is {height} × {width}, which makes {height * width:,} pixels, but the "
            f"model has {len(columns):,} columns. Give height and width whose product that is."
        )
    return height, width


def pictures_of(model: AnyModel, shape: tuple[int, int] | None) -> tuple[Picture, ...]:
    """Return the coefficients as pictures, or none where there is no shape."""
    if shape is None:
        return ()
    regression = regression_in(model)
    return coefficient_pictures(
        np.atleast_2d(regression.coef_),
        feature_names(model),
        column_names(model),
        shape,
        _classes(regression),
    )


def _classes(regression: SoftmaxRegression | LinearRegression) -> Array | None:
    return None if isinstance(regression, LinearRegression) else regression.classes_


def _checked_errors(
    given: ArrayLike | None, coef: Float[Array, "m k"]
) -> Float[Array, "m k"] | None:
    if given is None:
        return None
    errors = np.atleast_2d(np.asarray(given, dtype=np.float64))
    m, k = coef.shape
    if errors.shape == (m, k + 1):
        errors = errors[:, 1:]
    if errors.shape != (m, k):
        raise DataError(
            f"standard_errors are of shape {errors.shape}, but the coefficients of {(m, k)}. Give "
            "one for each coefficient; a column for intercepts may stand before them."
        )
    if (errors < 0).any():
        raise DataError("A standard error is negative. Give square roots of variances.")
    return errors
