"""What every measure of calibration takes: labels, probabilities, classes and weights, checked."""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, final

import numpy as np
from jaxtyping import Bool, Float, Int

from linnet.errors import DataError, SettingError
from linnet.features.labels import class_codes, one_type
from linnet.information.distributions import distributions, probabilities
from linnet.types import Array

__all__ = [
    "Events",
    "Kind",
    "Predictions",
    "check_kind",
    "class_events",
    "events_of",
    "given_weights",
    "label_codes",
    "read_predictions",
    "top_events",
]

Kind: TypeAlias = Literal["top-label", "class-wise"]
"""Which probabilities of several classes are judged: each row's largest, or each class's."""

KINDS: Final = ("top-label", "class-wise")


@final
@dataclass(frozen=True)
class Events:
    """Probabilities of one kind of event, in n rows, and where it happened."""

    p: Float[Array, " n"]
    happened: Bool[Array, " n"]
    weight: Float[Array, " n"]


@final
@dataclass(frozen=True)
class Predictions:
    """Probabilities P of q classes for n rows, and the class that occurred in each.

    Rows of no weight are left out: ``kept`` tells which of the given rows are here.
    """

    P: Float[Array, "n q"]
    codes: Int[Array, " n"]
    weight: Float[Array, " n"]
    classes: Array
    kept: Bool[Array, " rows"]

    @property
    def occurred(self) -> Float[Array, " n"]:
        """Probability that was given to the label of each row."""
        return self.P[np.arange(len(self.codes)), self.codes]


def read_predictions(
    y_true: Any, probabilities: Any, classes: Any = None, sample_weight: Any = None
) -> Predictions:
    """Check labels and probabilities, and match them.

    Parameters
    ----------
    y_true : array of shape (n,)
        Labels that occurred.
    probabilities : array of shape (n, q), or (n,) for two classes
        Probabilities of the classes; of shape (n,) those of the second class.
    classes : array of shape (q,), optional
        The classes in the order of the columns, such as ``model.classes_``; by default the
        distinct labels in sorted order.
    sample_weight : array of shape (n,), optional
        How often each row counts.

    Raises
    ------
    DataError
        If a row is no distribution, a label is no class, or lengths differ.
    """
    P = _distributions(probabilities)
    codes, known = label_codes(y_true, classes, len(P), P.shape[1])
    weight = given_weights(sample_weight, len(P))
    kept = weight > 0
    return Predictions(P[kept], codes[kept], weight[kept], known, kept)


def label_codes(y_true: Any, classes: Any, n: int, q: int) -> tuple[Int[Array, " n"], Array]:
    """Give the column of each row's label, and the classes of the q columns.

    Raises
    ------
    DataError
        If a label is missing or no class, or the numbers of rows or classes differ.
    """
    labels = _array(y_true)
    if labels.ndim != 1 or len(labels) != n:
        raise DataError(
            f"y_true has shape {labels.shape}, but there are {n} rows of probabilities. Give one "
            "label for each of them."
        )
    if n == 0:
        raise DataError("There is no row. Give labels and what was predicted for them.")
    labels = one_type(labels)
    known = _classes(labels, classes, q)
    order = np.argsort(known, kind="stable")
    places = class_codes(labels, known[order])
    if (places < 0).any():
        row = int(np.argmax(places < 0))
        raise DataError(
            f"y_true has the label {labels[row]!s} in row {row}, which is not among the {q} "
            f"classes {_listed(known)}. Every label needs a column of probabilities: leave such "
            "rows out, and count them apart."
        )
    return order[places], known


def given_weights(sample_weight: Any, n: int) -> Float[Array, " n"]:
    """Return the weights of n rows, 1 where none are given.

    Raises
    ------
    DataError
        If one is negative or not finite, none is above 0, or there is not one for each row.
    """
    if sample_weight is None:
        return np.ones(n)
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"sample_weight must be numbers: {error}.") from error
    if weight.shape != (n,):
        raise DataError(
            f"sample_weight has shape {weight.shape}, but there are {n} rows. Give one weight for "
            "each row."
        )
    wrong = ~((weight >= 0) & (weight < np.inf))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"sample_weight is {float(weight[row])!r} in row {row}. A weight says how often a row "
            "counts: it is finite and at least 0."
        )
    if not weight.any():
        raise DataError("sample_weight is 0 in every row: nothing is left to measure.")
    return weight


def events_of(predictions: Predictions, label: Any = None) -> Events:
    """Probabilities of one class, or of the top label, and whether it occurred.

    Parameters
    ----------
    predictions : Predictions
    label : class, optional
        The class in question. By default the second of two classes; of more, whichever a row
        says is most probable.

    Raises
    ------
    DataError
        If ``label`` is no class.
    """
    if label is None:
        return (
            class_events(predictions, 1)
            if len(predictions.classes) == 2
            else top_events(predictions)
        )
    (places,) = np.nonzero(predictions.classes == label)
    if len(places) != 1:
        raise DataError(
            f"label is {label!r}, which is not among the classes {_listed(predictions.classes)}. "
            "Name one of them."
        )
    return class_events(predictions, int(places[0]))


def class_events(predictions: Predictions, column: int) -> Events:
    """Probabilities of the class in a column, and whether it occurred."""
    happened = predictions.codes == column
    return Events(predictions.P[:, column], happened, predictions.weight)


def top_events(predictions: Predictions) -> Events:
    """Largest probability of each row, and whether that class occurred; the first of equals."""
    happened = predictions.P.argmax(axis=1) == predictions.codes
    return Events(predictions.P.max(axis=1), happened, predictions.weight)


def _distributions(given: Any) -> Float[Array, "n q"]:
    if np.ndim(given) == 1:
        second = np.minimum(probabilities(given, "probabilities"), 1.0)
        return np.column_stack([1 - second, second])
    P = distributions(given, "probabilities")
    if P.ndim != 2 or P.shape[1] < 2:
        raise DataError(
            f"probabilities has shape {P.shape}. Give one row of probabilities for each label, "
            "and one column for each of two or more classes."
        )
    return P


def _classes(labels: Array, classes: Any, q: int) -> Array:
    """Return the classes of the columns, as given or as they occur."""
    if classes is None:
        known = np.unique(labels)
        if len(known) != q:
            raise DataError(
                f"y_true holds {len(known)} different labels ({_listed(known)}), but there are "
                f"probabilities of {q} classes. Give classes=model.classes_, so that each column "
                "has its class."
            )
        return known
    known = _array(classes)
    if known.shape != (q,):
        raise DataError(
            f"classes has shape {known.shape}, but there are probabilities of {q} classes. Give "
            "one class for each column."
        )
    known = one_type(known)
    if len(np.unique(known)) < q:
        raise DataError(f"classes names a class twice: {_listed(known)}. Give each column its own.")
    return known


def _array(given: Any) -> Array:
    """Return an array that has not made text of numbers that stand beside text in a list."""
    array = np.asarray(given)
    listed = array.dtype.kind in "US" and isinstance(given, list | tuple)
    return np.asarray(given, dtype=object) if listed else array


def _listed(classes: Array) -> str:
    shown = ", ".join(str(name) for name in classes[:10])
    return f"{shown}, …" if len(classes) > 10 else shown


def check_kind(kind: Any) -> None:
    """Raise a SettingError unless ``kind`` is None or one that there is."""
    if kind is not None and kind not in KINDS:
        raise SettingError(
            f"kind={kind!r}: it must be 'top-label', 'class-wise', or None for the second of two "
            "classes and the top label of more."
        )
