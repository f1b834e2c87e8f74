"""Labels that one file spells unlike another are matched, by rules that are told."""

import numpy as np

from linnet.features.labels import class_codes
from linnet.types import Array

__all__ = ["match_spelling"]


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
    if (class_codes(labels, classes) >= 0).any() or classes.dtype.kind not in "OU":
        return labels, ""
    texts = np.array([str(label) for label in labels], dtype=object)
    if (class_codes(texts, classes) >= 0).all():
        return texts, "labels were read as text, like the model's classes"
    bare = np.array([_bare(text) for text in texts], dtype=object)
    if not (class_codes(bare, classes) >= 0).all():
        return labels, ""
    return bare, (
        "labels were read without spaces around them and without the full stop at their end: "
        f"{texts[0]!r} as {bare[0]!r}, which is how the model spells them"
    )


def _bare(text: str) -> str:
    return text.strip().removesuffix(".").strip()
