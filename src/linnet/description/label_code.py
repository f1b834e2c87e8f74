"""Any scikit-learn classifier as a coder of labels: it may not know all, and may give some none.

A code for labels needs a probability for each of the q classes of a declared alphabet. Two rules
make one of what a classifier says, and a decoder can follow both:

- **Escape.** Of q classes a classifier may have seen some only. After N rows each class that it
  has not seen has the probability that the estimator of Krichevsky and Trofimov gives to a count of
  0, ½/(N + q/2); those it has seen share the rest as it says. Where all classes were seen its
  probabilities stay as they are. Where one alone was seen no classifier can be fitted: that class
  is taken as certain before the escape, which makes it the estimator itself.
- **Smoothing**, if asked for: (1 − s) p + s/q, with a stated share s of the uniform code.

Nothing else is changed. A label of probability 0 has an infinite code, and a warning counts them.

References
----------
Krichevsky and Trofimov 1981, "The performance of universal encoding", IEEE Transactions on
Information Theory 27.
"""

import warnings
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import gammaln
from sklearn.base import clone

from linnet.description.samples import Labelled, count_rows
from linnet.errors import DataError, DataTypeError, DataWarning, SettingError
from linnet.features.labels import class_codes
from linnet.information import SUM_TOLERANCE
from linnet.numeric import logsumexp
from linnet.types import Array

__all__ = [
    "LabelCode",
    "check_classifier",
    "check_smoothing",
    "count_code",
    "fitted_label_code",
    "label_code",
    "warn_of_infinite",
]

# What Krichevsky and Trofimov add to every count: of all such constants the least worst case.
ADDED_COUNT: Final = 0.5


@final
@dataclass(frozen=True, eq=False)
class LabelCode:
    """What a classifier says of the labels of rows.

    Attributes
    ----------
    lengths : array of shape (n,)
        −log q(y|x) of each label, in nats.
    predicted : array of shape (n,)
        Number of the most probable class.
    probability : array of shape (n,)
        Its probability.
    unseen : array of shape (n,)
        Whether the label is of a class that the classifier has not seen.
    """

    lengths: Float[Array, " n"]
    predicted: Int[Array, " n"]
    probability: Float[Array, " n"]
    unseen: Bool[Array, " n"]


def label_code(
    estimator: Any, training: Labelled, rows: Labelled, *, smoothing: float, where: str
) -> LabelCode:
    """Fit a clone of a classifier to some rows and code the labels of others.

    ``where`` says which rows it is fitted to, for messages.

    Raises
    ------
    DataError
        If it cannot be fitted to these rows, or what it says is no distribution.
    """
    q = len(rows.classes)
    seen = np.bincount(training.codes, minlength=q) > 0
    if seen.sum() == 1:
        log_p = np.broadcast_to(np.where(seen, 0.0, -np.inf), (len(rows), q))
    else:
        try:
            model = clone(estimator).fit(training.X, training.labels)
        except ValueError as error:
            raise DataError(
                f"{type(estimator).__name__} could not be fitted to {where} ({len(training)} rows, "
                f"{seen.sum()} of {q} classes): {error}"
            ) from error
        log_p, seen = _log_probabilities(model, rows.X, rows.classes)
    log_q = _smooth(_escape(log_p, seen, len(training)), smoothing)
    return _read_off(log_q, rows.codes, ~seen[rows.codes])


def fitted_label_code(model: Any, X: Any, y: Array, *, smoothing: float = 0.0) -> LabelCode:
    """Code labels with a classifier as it was fitted; one that it never saw is infinitely long."""
    classes = np.asarray(model.classes_)
    log_p, _ = _log_probabilities(model, X, classes)
    codes = class_codes(y, classes)
    return _read_off(_smooth(log_p, smoothing), codes, codes < 0)


def check_classifier(estimator: Any) -> None:
    """Raise an error unless this is a classifier that tells probabilities."""
    if not hasattr(estimator, "fit") or isinstance(estimator, type):
        raise DataTypeError(
            f"{estimator!r} is no estimator. Give a classifier of scikit-learn's kind, such as "
            "SoftmaxRegression()."
        )
    if not hasattr(estimator, "predict_proba"):
        raise DataTypeError(
            f"{type(estimator).__name__} tells no probabilities, and a code needs them. Wrap it in "
            "sklearn.calibration.CalibratedClassifierCV, or give another classifier."
        )


def check_smoothing(smoothing: Any) -> float:
    """Return the share of the uniform code, from 0 to 1."""
    is_number = isinstance(smoothing, int | float | np.number) and not isinstance(smoothing, bool)
    if not is_number or not 0 <= smoothing <= 1:
        raise SettingError(
            f"smoothing={smoothing!r}: it is the share of the uniform code, a number from 0 to 1."
        )
    return float(smoothing)


def warn_of_infinite(lengths: Float[Array, " n"], coder: str = "classifier") -> None:
    """Warn of labels with infinite codes, if there are any."""
    infinite = np.flatnonzero(np.isinf(lengths))
    if len(infinite):
        warnings.warn(
            f"{len(infinite)} of {len(lengths)} labels have an infinite code, the first in row "
            f"{infinite[0]}: the {coder} gave them probability 0. smoothing=0.01 would give "
            "every class a hundredth of the uniform code.",
            DataWarning,
            stacklevel=3,
        )


def count_code(counts: Int[Array, " q"]) -> float:
    """Nats of labels under the estimator of Krichevsky and Trofimov, which sees no features.

    Coding one label after another with probabilities (n_c + ½)/(N + q/2) costs in all
    log Γ(n + q/2)/Γ(q/2) − Σ_c log Γ(n_c + ½)/Γ(½), whatever the order.
    """
    added = len(counts) * ADDED_COUNT
    total = gammaln(counts.sum() + added) - gammaln(added)
    return float(total - (gammaln(counts + ADDED_COUNT) - gammaln(ADDED_COUNT)).sum())


def _log_probabilities(
    model: Any, X: Any, classes: Array
) -> tuple[Float[Array, "n q"], Bool[Array, " q"]]:
    """Logarithms of a classifier's probabilities in columns of an alphabet; which it knows."""
    if not hasattr(model, "classes_"):
        raise DataTypeError(
            f"{type(model).__name__} has no classes_ once fitted, so nobody knows whose its "
            "probabilities are. Give a classifier of scikit-learn's kind."
        )
    places = class_codes(np.asarray(model.classes_), classes)
    if (places < 0).any():
        strange = model.classes_[int(np.argmin(places))]
        raise DataError(
            f"{type(model).__name__} knows the class {strange!s}, which is not in the alphabet. "
            "Name every class that can occur."
        )
    log_p = np.full((count_rows(X), len(classes)), -np.inf)
    # A probability of 0 has the logarithm −∞, and that is no mishap here.
    with np.errstate(divide="ignore"):
        if hasattr(model, "predict_log_proba"):
            log_p[:, places] = model.predict_log_proba(X)
        else:
            log_p[:, places] = np.log(model.predict_proba(X))
    total = np.exp(logsumexp(log_p))
    wrong = ~(np.abs(total - 1) <= SUM_TOLERANCE)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{type(model).__name__} gives row {row} probabilities that sum to "
            f"{float(total[row]):.7g}. A code needs rows that sum to 1 within {SUM_TOLERANCE:g}."
        )
    known = np.zeros(len(classes), dtype=bool)
    known[places] = True
    return log_p, known


def _escape(
    log_p: Float[Array, "n q"], seen: Bool[Array, " q"], n_seen: int
) -> Float[Array, "n q"]:
    """Give the classes that no row of training had their share."""
    share = ADDED_COUNT / (n_seen + len(seen) * ADDED_COUNT)
    return np.where(seen, log_p + np.log1p(-share * (~seen).sum()), np.log(share))


def _smooth(log_p: Float[Array, "n q"], smoothing: float) -> Float[Array, "n q"]:
    if smoothing == 0:
        return log_p
    uniform = np.full_like(log_p, np.log(smoothing / log_p.shape[1]))
    return np.logaddexp(log_p + np.log1p(-smoothing), uniform) if smoothing < 1 else uniform


def _read_off(
    log_q: Float[Array, "n q"], codes: Int[Array, " n"], unseen: Bool[Array, " n"]
) -> LabelCode:
    """Lengths and predictions; a label of class number −1 has no code."""
    rows = np.arange(len(codes))
    # 0 − x: a sure label costs 0 and not −0.
    lengths = np.where(codes >= 0, 0.0 - log_q[rows, codes], np.inf)
    # A sum that rounds above 1 must not make a length negative.
    lengths = lengths.clip(min=0.0)
    predicted = log_q.argmax(axis=1)
    return LabelCode(lengths, predicted, np.exp(log_q[rows, predicted]), unseen)
