"""Labels that one file spells unlike another are matched, by rules that are told."""

from enum import Enum
from typing import final

import numpy as np

from linnet.features.labels import class_codes
from linnet.types import Array

__all__ = ["Spelling", "SpellingMatch", "match_spelling"]


@final
class Spelling(Enum):
    """How labels may be read."""

    AS_IS = "as they are"
    TEXT = "as text"
    BARE = "as text without spaces and a full stop"

    def read(self, labels: Array) -> Array:
        """Read labels so."""
        if self is Spelling.AS_IS:
            return labels
        texts = (str(label) for label in labels)
        bare = self is Spelling.BARE
        return np.array([_bare(text) if bare else text for text in texts], dtype=object)


@final
class SpellingMatch:
    """Which reading of labels a model knows, found while they come some at a time.

    The rules are those of `match_spelling`, for all labels that were seen.

    Parameters
    ----------
    classes : array of shape (q,)
        The model's classes, sorted.
    """

    def __init__(self, classes: Array) -> None:
        self._classes = classes
        is_text = classes.dtype.kind in "OU"
        self.open: tuple[Spelling, ...] = tuple(Spelling) if is_text else (Spelling.AS_IS,)
        """Readings that further labels may still show to be the right one."""
        self._first: str | None = None

    def see(self, labels: Array) -> None:
        """Look at further labels."""
        if len(self.open) == 1 or not len(labels):
            return
        self._first = str(labels[0]) if self._first is None else self._first
        if self._known(Spelling.AS_IS, labels).any():
            self.open = (Spelling.AS_IS,)
            return
        others = (spelling for spelling in self.open if spelling is not Spelling.AS_IS)
        possible = (spelling for spelling in others if self._known(spelling, labels).all())
        self.open = (Spelling.AS_IS, *possible)

    @property
    def found(self) -> Spelling:
        """The reading to be used for the labels seen."""
        return Spelling.AS_IS if self._first is None else self.open[:2][-1]

    @property
    def told(self) -> str:
        """What the user is told of it; empty if labels are read as they are."""
        if self._first is None or self.found is Spelling.AS_IS:
            return ""
        if self.found is Spelling.TEXT:
            return "labels were read as text, like the model's classes"
        return (
            "labels were read without spaces around them and without the full stop at their end: "
            f"{self._first!r} as {_bare(self._first)!r}, which is how the model spells them"
        )

    def _known(self, spelling: Spelling, labels: Array) -> Array:
        return class_codes(spelling.read(labels), self._classes) >= 0


def match_spelling(labels: Array, classes: Array) -> tuple[Array, str]:
    """Read labels as the model spells them, if it knows none of them as they are.

    Two rules are tried, and a rule is used only if it makes every label known: numbers are taken
    as text, where the model's classes are text; and spaces around a label and one full stop at
    its end are dropped, as the test file of the Adult data has them.

    Parameters
    ----------
    labels : array of shape (n,)
        Labels as they stand in a table.
    classes : array of shape (q,)
        The model's classes, sorted.

    Returns
    -------
    tuple of array and str
        The labels to use, and a note for the user: empty if they are as they were.

    Examples
    --------
    >>> classes = np.array(["<=50K", ">50K"])
    >>> labels, told = match_spelling(np.array(["<=50K.", " >50K."]), classes)
    >>> list(labels), told
    (['<=50K', '>50K'], "labels were read without spaces around them and without the full ...")
    """
    match = SpellingMatch(classes)
    match.see(labels)
    return match.found.read(labels), match.told


def _bare(text: str) -> str:
    return text.strip().removesuffix(".").strip()
