"""The model that a fit begins with: the task decides its kind, the options its settings."""

from collections.abc import Mapping
from typing import Any, Final

from linnet.cli.inputs import AnyModel
from linnet.cli.samples import Samples
from linnet.data.tables import Table
from linnet.errors import DataError, SettingError
from linnet.estimators import LinearRegression, SoftmaxRegression, TableModel
from linnet.features import TableEncoder, read_labels
from linnet.features.columns import Task

__all__ = ["unfitted_model", "unfitted_regression"]

_SHARED: Final = {"fit_intercept", "n_jobs"}
_OWN: Final = {
    "classification": {
        *("C", "solver", "tol", "max_iter", "class_weight", "learning_rate", "batch_size")
    },
    "regression": {"alpha"},
}
_OF_STEPS: Final = {"solver", "max_iter", "learning_rate", "batch_size"}


def unfitted_model(samples: Samples, settings: Mapping[str, Any], seed: int) -> AnyModel:
    """Make the model for some samples: of tables, or the bare regression for libsvm files.

    Raises
    ------
    SettingError
        If a setting is not one of this task.
    TableError
        If the labels cannot be used: the message names file and column.
    """
    if samples.task == "classification":
        _check_labels(samples)
    estimator = unfitted_regression(samples.task, samples.reason, settings, seed)
    if not isinstance(samples.features, Table):
        return estimator
    encoder = TableEncoder(text=samples.text, categorical=samples.categorical)
    return TableModel(estimator, encoder, target=samples.target.name)


def unfitted_regression(
    task: Task, reason: str, settings: Mapping[str, Any], seed: int, *, steps: bool = False
) -> SoftmaxRegression | LinearRegression:
    """Make the bare regression; raises SettingError for a setting that the task has not.

    With ``steps`` it learns by them, and a regression has their settings, too.
    """
    own = _SHARED | _OWN[task] | (_OF_STEPS if steps else set())
    strange = sorted(settings.keys() - own)
    if strange:
        option = strange[0].replace("_", "-")
        raise SettingError(
            f"--{option} is no setting of {task}, and the task is {task} because {reason}. Leave "
            "it out, or give another --task."
        )
    if task == "classification":
        return SoftmaxRegression(**settings, random_state=seed)
    # An exact fit draws nothing at random.
    drawn: dict[str, Any] = {"random_state": seed} if steps else {}
    return LinearRegression(**settings, **drawn)


def _check_labels(samples: Samples) -> None:
    try:
        read_labels(samples.target.values)
    except DataError as error:
        place = f"{samples.origin}, column {samples.target.name!r}"
        raise DataError(f"{place}: {error}") from error
