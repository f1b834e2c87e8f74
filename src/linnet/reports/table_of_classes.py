"""What becomes of each class: what its labels cost, how often it is found, and taken for which."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from linnet.features.labels import class_codes
from linnet.types import Array

__all__ = ["ClassRow", "Classes", "table_of_classes"]


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
class Classes:
    """The classes, and which is taken for which.

    Attributes
    ----------
    rows : tuple of ClassRow
        One for each class of the model.
    counts : tuple of tuple of float
        Rows, by weight, with label i that are predicted as class j. Labels that the model never
        saw are left out.
    """

    rows: tuple[ClassRow, ...]
    counts: tuple[tuple[float, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return tuple(row.name for row in self.rows)

    def mistakes(self, most: int) -> list[tuple[str, str, float, float]]:
        """List the commonest mistakes: label, prediction, rows, and their share of the label's."""
        names, counts = self.names, np.array(self.counts)
        totals = counts.sum(axis=1)
        np.fill_diagonal(counts, 0.0)
        order = np.argsort(-counts, axis=None, kind="stable")[:most]
        places = (divmod(int(place), len(names)) for place in order)
        return [
            (names[i], names[j], float(counts[i, j]), float(counts[i, j] / totals[i]))
            for i, j in places
            if counts[i, j] > 0
        ]


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
    counts = np.bincount(codes * q + told.argmax(axis=1), weights=weight, minlength=q * q)
    counts = counts.reshape(q, q)
    totals, guessed = counts.sum(axis=1), counts.sum(axis=0)
    # A code of infinite length on a row of no weight must not count.
    costs = np.bincount(codes, weights=np.where(weight > 0, lengths, 0) * weight, minlength=q)
    rows = tuple(
        ClassRow(
            name=str(classes[j]),
            rows=float(totals[j]),
            nats=float(costs[j] / totals[j]) if totals[j] else None,
            recall=float(counts[j, j] / totals[j]) if totals[j] else None,
            precision=float(counts[j, j] / guessed[j]) if guessed[j] else None,
        )
        for j in range(q)
    )
    return Classes(rows, tuple(tuple(row) for row in counts.tolist()))
