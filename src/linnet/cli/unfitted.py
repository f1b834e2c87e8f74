"""The model that a fit begins with: the task decides its kind, the options its settings."""

from collections.abc import Mapping
from typing import Any, Final

from linnet.cli.inputs import AnyModel
from linnet.cli.samples import Samples
from linnet.data.tables import Table
from linnet.errors import DataError, SettingError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel
from linnet.features import TableEncoder, read_labels

__all__ = ["unfitted_model"]

_SHARED: Final = {"fit_intercept", "n_jobs"}
_OWN: Final = {
    "classification": {
        *("C", "solver", "tol", "max_iter", "class_weight", "learning_rate", "batch_size")
    },
    "regression": {"alpha"},
}


def unfitted_model(samples: Samples, settings: Mapping[str, Any], seed: int) -> AnyModel:
    """Make the model for some samples: of tables, or the bare regression for libsvm files.

    Raises
    ------
    SettingError
        If a setting is not one of this task.
    TableError
        If the labels cannot be used: the message names file and column.
    """
    strange = sorted(settings.keys() - _SHARED - _OWN[samples.task])
    if strange:
        option = strange[0].replace("_", "-")
        raise SettingError(
            f"--{option} is no setting of {samples.task}, and the task is {samples.task} because "
            f"{samples.reason}. Leave it out, or give another --task."
        )
    estimator: SoftmaxRegression | LinearRegression
    if samples.task == "classification":
        _check_labels(samples)
        estimator = SoftmaxRegression(**settings, random_state=seed)
    else:
        estimator = LinearRegression(**settings)
    if not isinstance(samples.features, Table):
        return estimator
    encoder = TableEncoder(text=samples.text, categorical=samples.categorical)
    return TableModel(estimator, encoder, target=samples.target.name)


def _check_labels(samples: Samples) -> None:
    try:
        read_labels(samples.target.values)
    except DataError as error:
        place = f"{samples.origin}, column {samples.target.name!r}"
        raise DataError(f"{place}: {error}") from error
