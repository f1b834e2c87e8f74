"""Rows from the longest code down: likely wrong labels first."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from linnet.data.frames import as_table
from linnet.description.folds import fold_numbers, out_of_fold_code
from linnet.description.label_code import (
    check_classifier,
    check_smoothing,
    fitted_label_code,
)
from linnet.description.samples import count_rows, label_array, labelled
from linnet.errors import DataError, DataWarning
from linnet.information import InformationArray, nats_per
from linnet.types import Array, Unit

__all__ = ["Suspects", "suspects"]

_SHOWN: Final = 20


@final
@dataclass(frozen=True, repr=False, eq=False)
class Suspects:
    """Rows in the order of their codes, the longest first. Printed, it shows the first 20.

    Attributes
    ----------
    rows : array of shape (n,)
        Rows, counted from 0.
    labels, predicted : array of shape (n,)
        Their labels, and the classes that the model finds most probable.
    probability : array of shape (n,)
        Probability of the predicted class.
    code_lengths : InformationArray of shape (n,)
        −log p(y | x), descending; ``inf`` for a label that the model never saw.
    held_out : bool
        Whether each row was coded by a model that was not fitted to it.
    """

    rows: Int[Array, " n"]
    labels: Array
    predicted: Array
    probability: Float[Array, " n"]
    code_lengths: InformationArray
    held_out: bool

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def mean(self) -> Any:
        """Mean code length of all rows, an `Information`."""
        return self.code_lengths.mean()

    def top(self, count: int) -> "Suspects":
        """Return the first ``count`` rows."""
        return Suspects(
            self.rows[:count],
            self.labels[:count],
            self.predicted[:count],
            self.probability[:count],
            self.code_lengths[:count],
            self.held_out,
        )

    def to_columns(self) -> dict[str, Array]:
        """Return the rows as columns of a table; rows count from 0."""
        return {
            "row": self.rows,
            "label": self.labels,
            "predicted": self.predicted,
            "probability": self.probability,
            self.code_lengths.unit: np.asarray(self.code_lengths),
        }

    def __repr__(self) -> str:
        shown = self.top(_SHOWN)
        width = max([9, *(len(str(label)) for label in [*shown.labels, *shown.predicted])])
        header = (
            f"{'row':>8}  {'label':<{width}}  {'predicted':<{width}}  {'probability':>11}  "
            f"{self.code_lengths.unit:>8}"
        )
        lines = [
            f"{row:>8}  {label!s:<{width}}  {predicted!s:<{width}}  {probability:>11.4f}  "
            f"{length:>8.3f}"
            for row, label, predicted, probability, length in zip(
                *shown.to_columns().values(), strict=True
            )
        ]
        rest = len(self) - len(shown)
        return "\n".join([header, *lines, *[f"and {rest:,} rows more"] * bool(rest)])


def suspects(
    model: Any,
    X: Any,
    y: ArrayLike,
    *,
    cv: Any = None,
    groups: ArrayLike | None = None,
    random_state: Any = 0,
    smoothing: float = 0.0,
    unit: Unit = "bits",
) -> Suspects:
    """List rows from the longest code for their label down: likely wrong labels first.

    A label's code, −log p(y | x), is long where the model is sure of another class. Of rows that
    it was fitted to a model knows too much: it has learnt wrong labels too, and their codes are too
    short. With ``cv`` each row is coded by a clone that was fitted to other rows.

    Parameters
    ----------
    model : classifier
        Any classifier of scikit-learn's kind with ``predict_proba``, or a
        :class:`~linnet.TableModel`: fitted, unless ``cv`` is given.
    X : array, sparse matrix, data frame or table of n rows
        Samples, as the model takes them.
    y : array of shape (n,)
        Their labels, as they were given.
    cv : int or splitter, optional
        Number of folds, or a splitter whose test parts hold each row once. Without it the model
        is used as it was fitted.
    groups : array of shape (n,), optional
        Rows of one group stay in one fold.
    random_state : int, RandomState instance or None, default 0
        Seed of the folds.
    smoothing : float, default 0.0
        Share s of the uniform code in every prediction, (1 − s) p + s/q.
    unit : {"bits", "nats"}
        Unit of the lengths.

    Returns
    -------
    Suspects

    Raises
    ------
    DataError
        If there is not one label for each row.

    Warns
    -----
    DataWarning
        If labels have probability 0, so that their codes are infinite.

    References
    ----------
    Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset
    labels", rank by the probability of the label given, out of fold, as is done here.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from linnet import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> y[[7, 90]] = 2, 0
    >>> suspects(SoftmaxRegression(), X, y, cv=5).top(3)
         row  label      predicted  probability      bits
           7  2          0               0.9710    23.4...
          90  0          1               0.8717     6.74...
         119  2          1               0.6887     1.688
    """
    check_classifier(model)
    share = check_smoothing(smoothing)
    nats_per(unit)
    X = as_table(X) if isinstance(X, Mapping) else X
    if cv is None:
        if not hasattr(model, "classes_"):
            raise DataError(
                f"The {type(model).__name__} is not fitted. Fit it, or give cv=5 to have every row "
                "coded by clones fitted to the others."
            )
        labels, classes = label_array(y, count_rows(X)), np.asarray(model.classes_)
        code = fitted_label_code(model, X, labels, smoothing=share)
    else:
        samples = labelled(X, y)
        labels, classes = samples.labels, samples.classes
        folds = fold_numbers(cv, samples, groups, random_state)
        code = out_of_fold_code(model, samples, folds, smoothing=share)
    _warn_of_infinite(code.lengths)
    order = np.argsort(-code.lengths, kind="stable")
    lengths = InformationArray(code.lengths[order], "nats").to(unit)
    return Suspects(
        rows=order,
        labels=labels[order],
        predicted=classes[code.predicted[order]],
        probability=code.probability[order],
        code_lengths=lengths,
        held_out=cv is not None,
    )


def _warn_of_infinite(lengths: Float[Array, " n"]) -> None:
    infinite = np.count_nonzero(np.isinf(lengths))
    if infinite:
        warnings.warn(
            f"{infinite} of {len(lengths)} labels have an infinite code, and stand first: the "
            "model never saw their class, or gave it probability 0.",
            DataWarning,
            stacklevel=3,
        )
