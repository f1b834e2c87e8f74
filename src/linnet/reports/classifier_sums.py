"""The account of a classifier is made of sums, a few for each label: chunks of rows add to them."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from linnet.errors import DataError
from linnet.features.labels import class_codes
from linnet.information import uniform_code
from linnet.reports.classification import ClassifierAccount
from linnet.reports.estimates import Estimate, estimate_of_mean, share_estimate
from linnet.types import Array

__all__ = ["ClassifierSums", "classifier_account"]


@final
@dataclass(frozen=True, kw_only=True)
class ClassifierSums:
    """What rows add to the account of a classifier: by label, for log p(y) needs all labels.

    Sums of rows and of those that follow them are added with ``+``. Memory grows with the number
    of different labels, not with that of rows.

    Parameters
    ----------
    classes : int
        Number of classes that the model knows.
    labels : array of shape (m,)
        The different labels that occurred, sorted.
    known : array of shape (m,)
        Whether the model knows each.
    rows, counted : array of shape (m,)
        Rows of each label, and those of them whose weight s is not zero.
    weight, squares : array of shape (m,)
        Σ s and Σ s².
    lengths : array of shape (m,)
        Σ s ℓ, with ℓ = −log q(label | row); 0 where the model does not know the label.
    centre, spread : array of shape (m,)
        c = Σ s² ℓ / Σ s², and Σ s² (ℓ − c)².
    hits : array of shape (m,)
        Σ s over the rows whose most probable class is their label.
    """

    classes: int
    labels: Array
    known: Bool[Array, " m"]
    rows: Int[Array, " m"]
    counted: Int[Array, " m"]
    weight: Float[Array, " m"]
    squares: Float[Array, " m"]
    lengths: Float[Array, " m"]
    centre: Float[Array, " m"]
    spread: Float[Array, " m"]
    hits: Float[Array, " m"]

    @classmethod
    def of(
        cls,
        log_probabilities: Float[Array, "n q"],
        labels: Array,
        classes: Array,
        weight: Float[Array, " n"] | None = None,
    ) -> "ClassifierSums":
        """Sum over rows; the parameters are those of `classifier_account`."""
        n = len(labels)
        s = np.ones(n) if weight is None else weight
        found, places = np.unique(labels, return_inverse=True)
        places = places.reshape(-1)
        codes_found = class_codes(found, classes)
        codes, known = codes_found[places], (codes_found >= 0)[places]
        counts = known & (s > 0)
        # What does not count may be infinite, and zero times infinity is no number.
        lengths = np.where(counts, -log_probabilities[np.arange(n), codes], 0.0)

        def by_label(x: Array) -> Array:
            return np.bincount(places, weights=x, minlength=len(found))

        squares = by_label(s**2)
        centre = _quotient(by_label(s**2 * lengths), squares)
        with np.errstate(invalid="ignore"):
            spread = by_label((s * (lengths - centre[places])) ** 2)
        return cls(
            classes=len(classes),
            labels=found,
            known=codes_found >= 0,
            rows=np.bincount(places, minlength=len(found)),
            counted=np.bincount(places[s > 0], minlength=len(found)),
            weight=by_label(s),
            squares=squares,
            lengths=by_label(s * lengths),
            centre=centre,
            spread=spread,
            hits=by_label(s * (known & (log_probabilities.argmax(axis=1) == codes))),
        )

    def __add__(self, other: "ClassifierSums") -> "ClassifierSums":
        """Return the sums of these rows and of others, of the same model."""
        both = np.concatenate([self.labels, other.labels])
        labels, places = np.unique(both, return_inverse=True)
        places = places.reshape(-1)
        mine, theirs = places[: len(self.labels)], places[len(self.labels) :]

        def added(name: str) -> Array:
            one, two = getattr(self, name), getattr(other, name)
            total = np.zeros(len(labels), dtype=one.dtype)
            total[mine] = one
            total[theirs] += two
            return total

        squares, known = added("squares"), np.zeros(len(labels), dtype=bool)
        known[mine], known[theirs] = self.known, other.known
        with np.errstate(invalid="ignore"):
            total = np.zeros(len(labels))
            total[mine] = self.squares * self.centre
            total[theirs] += other.squares * other.centre
            centre = _quotient(total, squares)
            spread = added("spread")
            for part, where in ((self, mine), (other, theirs)):
                spread[where] += part.squares * (part.centre - centre[where]) ** 2
        return ClassifierSums(
            classes=self.classes,
            labels=labels,
            known=known,
            rows=added("rows"),
            counted=added("counted"),
            weight=added("weight"),
            squares=squares,
            lengths=added("lengths"),
            centre=centre,
            spread=spread,
            hits=added("hits"),
        )

    def account(self) -> ClassifierAccount:
        """Return the account of all rows summed.

        Raises
        ------
        DataError
            If there is no row, or no row with weight.
        """
        total = float(self.weight.sum())
        if not total > 0:
            raise DataError("There is no row with a label, so there is nothing to account for.")
        shares = self.weight / total
        # A label of no weight costs nothing, for it is never counted.
        surprise = -np.log(shares, out=np.zeros(len(shares)), where=shares > 0)
        everywhere = np.ones(len(self.known), dtype=bool)
        some_known = bool(self.weight[self.known].any()) and not self.known.all()
        # The gain is less the mean of ℓ − surprise, and its ends change places.
        lost = self._mean(surprise, everywhere)
        return ClassifierAccount(
            rows=int(self.rows.sum()),
            classes=self.classes,
            uniform=float(uniform_code(self.classes)),
            marginal=float(shares @ surprise),
            loss=self._mean(np.zeros(len(shares)), everywhere),
            gained=Estimate(-lost.value, -lost.high, -lost.low),
            accuracy=share_estimate(
                float(self.hits.sum()) / total, total**2 / float(self.squares.sum())
            ),
            unseen={
                str(label): int(rows)
                for label, rows in zip(
                    self.labels[~self.known], self.rows[~self.known], strict=True
                )
            },
            known_loss=self._mean(np.zeros(len(shares)), self.known) if some_known else None,
        )

    def _mean(self, less: Float[Array, " m"], of: Bool[Array, " m"]) -> Estimate:
        """Mean of ℓ, less a number that each label has of its own, over the rows of some labels."""
        total = float(self.weight[of].sum())
        if self.weight[of & ~self.known].any():
            return Estimate(np.inf, -np.inf, np.inf)
        mean = float((self.lengths - self.weight * less)[of].sum()) / total
        with np.errstate(invalid="ignore"):
            terms = self.spread + self.squares * (self.centre - less - mean) ** 2
        return estimate_of_mean(mean, float(terms[of].sum()), int(self.counted[of].sum()), total)


def _quotient(x: Float[Array, " m"], by: Float[Array, " m"]) -> Float[Array, " m"]:
    """Return x / by, and 0 where nothing was summed."""
    return np.divide(x, by, out=np.zeros(len(x)), where=by > 0)


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
    return ClassifierSums.of(log_probabilities, labels, classes, weight).account()
