"""A column of text enters as its words: counted and weighed by rarity, or hashed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_matrix

from linnet.data.tables import ArrowColumn
from linnet.errors import TableError
from linnet.features.design import Part
from linnet.types import Array

__all__ = ["TEXT_METHODS", "TextEncoder"]

Vectorizer: TypeAlias = Any
"""One of scikit-learn's text vectorizers."""

TEXT_METHODS: Final = ("counted", "hashed")
"""How words may find their columns: by a vocabulary, or by a hash."""


@final
@dataclass(frozen=True)
class TextEncoder:
    """Encode each text as a vector of length 1 with an entry for each of its words.

    Counted: the entry of a word that occurs c times is (1 + ln c) · (1 + ln((1 + n)/(1 + m))),
    where m of the n texts seen when fitting hold the word; words unseen then count for nothing.
    Hashed: the entry is ±c at a place that the word's hash gives, so nothing need be stored, but
    columns have no names and words may share one. Words are runs of two or more letters or
    digits in lower case, as in scikit-learn, which does the work.

    Parameters
    ----------
    name : str
        The column's name.
    method : {"counted", "hashed"}
        How words find their columns.
    n_grams : int
        The longest run of words that counts as a word itself.
    words : tuple of str
        Counted: the words that have a column, in order of columns.
    rarity : array of shape (number of words,)
        Counted: the second factor of each word's weight.
    width : int
        Number of columns.

    References
    ----------
    Salton & Buckley, "Term-weighting approaches in automatic text retrieval", 1988.
    Weinberger et al., "Feature hashing for large scale multitask learning", 2009.
    """

    name: str
    method: str
    n_grams: int
    words: tuple[str, ...]
    rarity: Float[Array, " words"]
    width: int

    @classmethod
    def fit(
        cls, name: str, column: ArrowColumn, *, method: str, n_grams: int, hash_size: int
    ) -> "TextEncoder":
        """Take the words of the texts, and how rare each is."""
        if method == "hashed":
            return cls(name, method, n_grams, (), np.empty(0), hash_size)
        counter = _weighed_words(n_grams)
        try:
            counter.fit(_texts(column))
        except ValueError:
            raise TableError(
                f"column {name!r}: no text in it holds a word of two or more letters or digits."
            ) from None
        words = tuple(str(word) for word in counter.get_feature_names_out())
        return cls(name, method, n_grams, words, np.asarray(counter.idf_), len(words))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns made."""
        if self.method == "hashed":
            return tuple(f"{self.name}:#{place}" for place in range(self.width))
        return tuple(f"{self.name}:{word}" for word in self.words)

    @property
    def centres(self) -> tuple[float, ...]:
        """Zeros: nothing is subtracted."""
        return (0.0,) * self.width

    @property
    def scales(self) -> tuple[float, ...]:
        """Ones: nothing is divided."""
        return (1.0,) * self.width

    def encode(self, column: ArrowColumn, origin: str) -> Part:
        """Encode a column; any text is well, so ``origin`` is not told."""
        del origin
        from sklearn.feature_extraction.text import HashingVectorizer

        if self.method == "hashed":
            vectorizer = HashingVectorizer(n_features=self.width, ngram_range=(1, self.n_grams))
        else:
            vectorizer = _weighed_words(self.n_grams, self.words)
            vectorizer.idf_ = self.rarity
        return Part(self.width, words=csr_matrix(vectorizer.transform(_texts(column))))


def _weighed_words(n_grams: int, words: Sequence[str] | None = None) -> Vectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vocabulary = None if words is None else {word: place for place, word in enumerate(words)}
    # A word said ten times tells hardly more than one said twice: hence the logarithm.
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, n_grams), vocabulary=vocabulary)


def _texts(column: ArrowColumn) -> list[str]:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return pc.fill_null(column.cast(pa.large_string()), "").to_pylist()
