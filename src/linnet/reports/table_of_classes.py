"""What becomes of each class: what its labels cost, how often it is found, and taken for which."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import Float, Int

from linnet.features.labels import class_codes
from linnet.types import Array

__all__ = ["ClassRow", "Classes", "Mistake", "table_of_classes"]

# Beyond that the matrix is larger than all else, and nobody reads it.
_MOST_CLASSES: Final = 100
_MOST_MISTAKES: Final = 10


@final
@dataclass(frozen=True)
class ClassRow:
    """One class.

    Attributes
    ----------
    name : str
        The class.
    rows : float
        Rows with this label, by weight.
    nats : float or None
        Mean length of the codes of these labels; None without such rows.
    recall : float or None
        Share of these rows that are predicted as such.
    precision : float or None
        Share of the rows predicted as such that are; None if none is.
    """

    name: str
    rows: float
    nats: float | None
    recall: float | None
    precision: float | None


@final
@dataclass(frozen=True)
class Mistake:
    """One class taken for another.

    Attributes
    ----------
    label, taken_for : str
        The class, and the other.
    rows : float
        Rows of which that is so, by weight.
    share : float
        Their share of the rows with this label.
    """

    label: str
    taken_for: str
    rows: float
    share: float


@final
@dataclass(frozen=True)
class Classes:
    """The classes, and which is taken for which. Labels that the model never saw are left out.

    Attributes
    ----------
    rows : tuple of ClassRow
        One for each class of the model.
    counts : tuple of tuple of float
        Rows, by weight, with label i that are predicted as class j; empty beyond 100 classes.
    mistakes : tuple of Mistake
        The commonest ten, the commonest first.
    """

    rows: tuple[ClassRow, ...]
    counts: tuple[tuple[float, ...], ...]
    mistakes: tuple[Mistake, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(row.name for row in self.rows)


def table_of_classes(
    log_probabilities: Float[Array, "n q"],
    labels: Array,
    classes: Array,
    weight: Float[Array, " n"],
) -> Classes:
    """Count what becomes of each class.

    Parameters
    ----------
    log_probabilities : array of shape (n, q)
        Natural logarithms of the model's probabilities.
    labels : array of shape (n,)
        Labels that occurred.
    classes : array of shape (q,)
        The model's classes, sorted.
    weight : array of shape (n,)
        How often each row counts.

    Examples
    --------
    >>> import numpy as np
    >>> found = table_of_classes(
    ...     np.log([[0.8, 0.2], [0.6, 0.4], [0.5, 0.5]]),
    ...     np.array(["a", "b", "b"]), np.array(["a", "b"]), np.ones(3),
    ... )
    >>> found.counts
    ((1.0, 0.0), (2.0, 0.0))
    """
    q = len(classes)
    codes = class_codes(labels, classes)
    known = codes >= 0
    codes, weight = codes[known], weight[known]
    told = log_probabilities[known]
    lengths = -told[np.arange(len(codes)), codes]
    guesses = told.argmax(axis=1)
    right = np.bincount(codes, weights=weight * (guesses == codes), minlength=q)
    totals = np.bincount(codes, weights=weight, minlength=q)
    guessed = np.bincount(guesses, weights=weight, minlength=q)
    # A code of infinite length on a row of no weight must not count.
    costs = np.bincount(codes, weights=np.where(weight > 0, lengths, 0) * weight, minlength=q)
    rows = tuple(
        ClassRow(
            name=str(classes[j]),
            rows=float(totals[j]),
            nats=float(costs[j] / totals[j]) if totals[j] else None,
            recall=float(right[j] / totals[j]) if totals[j] else None,
            precision=float(right[j] / guessed[j]) if guessed[j] else None,
        )
        for j in range(q)
    )
    mistakes = _mistakes(rows, codes, guesses, weight)
    return Classes(rows, _counts(codes, guesses, weight, q), mistakes)


def _counts(
    codes: Int[Array, " n"], guesses: Int[Array, " n"], weight: Float[Array, " n"], q: int
) -> tuple[tuple[float, ...], ...]:
    if q > _MOST_CLASSES:
        return ()
    counts = np.bincount(codes * q + guesses, weights=weight, minlength=q * q)
    return tuple(tuple(row) for row in counts.reshape(q, q).tolist())


def _mistakes(
    rows: tuple[ClassRow, ...],
    codes: Int[Array, " n"],
    guesses: Int[Array, " n"],
    weight: Float[Array, " n"],
) -> tuple[Mistake, ...]:
    """Count the pairs that occur, which are few beside all there could be of many classes."""
    wrong = (codes != guesses) & (weight > 0)
    pairs, places = np.unique(codes[wrong] * len(rows) + guesses[wrong], return_inverse=True)
    totals = np.bincount(places.reshape(-1), weights=weight[wrong], minlength=len(pairs))
    order = np.argsort(-totals, kind="stable")[:_MOST_MISTAKES].tolist()
    named = [(*divmod(int(pairs[place]), len(rows)), float(totals[place])) for place in order]
    return tuple(Mistake(rows[i].name, rows[j].name, n, n / rows[i].rows) for i, j, n in named)
