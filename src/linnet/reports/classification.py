"""The account of a classifier: what its labels cost in nats and bits, and how often it is right."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from linnet.errors import DataError
from linnet.features.labels import class_codes
from linnet.information import Information, uniform_code
from linnet.reports.estimates import Estimate, mean_estimate, share_estimate
from linnet.reports.strict_json import to_json_value
from linnet.types import Array, Unit

__all__ = ["ClassifierAccount", "classifier_account"]


@final
@dataclass(frozen=True, kw_only=True)
class ClassifierAccount:
    """What a classifier makes of rows whose labels are known.

    All amounts of information are in nats per label; `in_unit` gives them in bits too.

    Attributes
    ----------
    rows : int
        Number n of rows.
    classes : int
        Number q of classes that the model knows.
    uniform : float
        log q: the code that knows only the classes.
    marginal : float
        H(Y): the best code that knows how often each label occurs among these rows, but no
        features.
    loss : Estimate
        Mean code length under the model, the cross entropy: infinite if a label occurs that the
        model never saw.
    gained : Estimate
        H(Y) − loss: what the features tell about a label.
    accuracy : Estimate
        Share of rows whose most probable class is the label; Wilson's interval.
    unseen : dict of str to int
        Labels that the model never saw, and the rows of each.
    known_loss : Estimate or None
        Where there are such labels: the loss over the other rows, if any.
    """

    rows: int
    classes: int
    uniform: float
    marginal: float
    loss: Estimate
    gained: Estimate
    accuracy: Estimate
    unseen: dict[str, int]
    known_loss: Estimate | None

    @property
    def unseen_rows(self) -> int:
        """Number of rows whose label the model never saw."""
        return sum(self.unseen.values())

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as strict JSON holds it, in nats and in bits."""
        content = {
            "rows": self.rows,
            "classes": self.classes,
            "nats_per_label": self._amounts("nats"),
            "bits_per_label": self._amounts("bits"),
            "accuracy": self.accuracy.to_dict(),
            "labels_unseen_in_training": self.unseen,
            "rows_with_such_labels": self.unseen_rows,
        }
        return to_json_value(content)

    def _amounts(self, unit: Unit) -> dict[str, Any]:
        def amount(nats: float) -> float:
            return float(Information(nats, "nats").to(unit))

        known = self.known_loss
        return {
            "uniform_code": amount(self.uniform),
            "marginal_code": amount(self.marginal),
            "loss": self.loss.through(amount).to_dict(),
            "gained": self.gained.through(amount).to_dict(),
            "loss_over_known_labels": None if known is None else known.through(amount).to_dict(),
        }


def classifier_account(
    log_probabilities: Float[Array, "n q"],
    labels: Array,
    classes: Array,
    weight: Float[Array, " n"] | None = None,
) -> ClassifierAccount:
    """Account for labels given what a model says of them.

    The interval of the gain takes into account that H(Y) is itself measured on these rows: to
    first order the gain is the mean of −log p(y) − (−log q(y|x)), with p(y) the share of label y.

    Parameters
    ----------
    log_probabilities : array of shape (n, q)
        Natural logarithms of the model's probabilities.
    labels : array of shape (n,)
        Labels that occurred.
    classes : array of shape (q,)
        The model's classes, sorted.
    weight : array of shape (n,), optional
        How often each row counts.

    Returns
    -------
    ClassifierAccount

    Raises
    ------
    DataError
        If there is no row, or no row with weight.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., theorem 5.4.3.

    Examples
    --------
    >>> import numpy as np
    >>> account = classifier_account(
    ...     np.log([[0.5, 0.5], [0.25, 0.75]]), np.array(["a", "b"]), np.array(["a", "b"])
    ... )
    >>> f"{account.loss.value:.4f} of {account.uniform:.4f} nats"
    '0.4904 of 0.6931 nats'
    """
    n = len(labels)
    weight = np.ones(n) if weight is None else weight
    if not weight.any():
        raise DataError("There is no row with a label, so there is nothing to account for.")
    codes = class_codes(labels, classes)
    known = codes >= 0
    lengths = np.where(known, -log_probabilities[np.arange(n), codes], np.inf)
    surprise = _marginal_surprise(labels, weight)
    marginal = float(np.average(surprise, weights=weight))
    loss = mean_estimate(lengths, weight)
    hits = known & (log_probabilities.argmax(axis=1) == codes)
    some_known = bool(weight[known].any()) and not known.all()
    return ClassifierAccount(
        rows=n,
        classes=len(classes),
        uniform=float(uniform_code(len(classes))),
        marginal=marginal,
        loss=loss,
        gained=mean_estimate(surprise - lengths, weight),
        accuracy=share_estimate(hits.astype(float), weight),
        unseen=_count_unseen(labels, codes),
        known_loss=mean_estimate(lengths[known], weight[known]) if some_known else None,
    )


def _marginal_surprise(labels: Array, weight: Float[Array, " n"]) -> Float[Array, " n"]:
    """−log of the share of each row's label; its mean is the entropy H(Y)."""
    _, places = np.unique(labels, return_inverse=True)
    totals = np.bincount(places.reshape(-1), weights=weight)
    shares = totals / totals.sum()
    # A label of no weight costs nothing, for it is never counted.
    surprises = -np.log(shares, out=np.zeros(len(shares)), where=shares > 0)
    return surprises[places.reshape(-1)]


def _count_unseen(labels: Array, codes: Int[Array, " n"]) -> dict[str, int]:
    values, counts = np.unique(labels[codes < 0], return_counts=True)
    return {str(value): int(count) for value, count in zip(values, counts, strict=True)}
