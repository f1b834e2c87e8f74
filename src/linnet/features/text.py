"""A column of text enters as its words: counted and weighed by rarity, or hashed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, final

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_matrix

from linnet.data.tables import ArrowColumn
from linnet.errors import TableError
from linnet.features.design import Part
from linnet.features.tallies import Tally
from linnet.types import Array

__all__ = ["TEXT_METHODS", "TextEncoder", "WordCounts"]

Vectorizer: TypeAlias = Any
"""One of scikit-learn's text vectorizers."""

TEXT_METHODS: Final = ("counted", "hashed")
"""How words may find their columns: by a vocabulary, or by a hash."""

# Of more words than these, the list and the weights of each would rival the data in size.
_MOST_WORDS: Final = 1_000_000
# So many texts, at the head of each chunk, tell how many words the others hold.
_TEXTS_LOOKED_AT: Final = 1000


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
    def fit(cls, name: str, words: "WordCounts", origin: str) -> "TextEncoder":
        """Take the words that were counted, and how rare each is.

        Raises
        ------
        TableError
            If there is no word.
        """
        if words.method == "hashed":
            return cls(name, words.method, words.n_grams, (), np.empty(0), words.hash_size)
        if words.tally is None:
            raise TableError(
                f"{origin}, column {name!r}: no text in it holds a word of two or more letters or "
                "digits."
            )
        found = words.tally.items()
        found.sort()
        texts = np.array([count for _, count in found], dtype=float)
        rarity = np.log((1.0 + words.n_texts) / (1.0 + texts)) + 1.0
        return cls(
            name, words.method, words.n_grams, tuple(w for w, _ in found), rarity, len(found)
        )

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
        if self.method == "hashed":
            vectorizer = _hashed_words(self.n_grams, self.width)
        else:
            vectorizer = _weighed_words(self.n_grams, self.words)
            vectorizer.idf_ = self.rarity
        return Part(self.width, words=csr_matrix(vectorizer.transform(_texts(column))))


@final
@dataclass(frozen=True)
class WordCounts:
    """In how many texts each word occurs; counts of texts add up.

    Parameters
    ----------
    method, n_grams, hash_size
        How words find their columns, as of a `TableEncoder`.
    n_texts : int
        Number of texts, also those that are missing or empty.
    n_entries : int
        How many numbers other than 0 the texts become; of hashed words an estimate.
    tally : Tally or None
        Number of texts that hold each word, where words are counted and there are any.
    """

    method: str
    n_grams: int
    hash_size: int
    n_texts: int = 0
    n_entries: int = 0
    tally: Tally | None = None

    def counted(self, column: ArrowColumn) -> "WordCounts":
        """Return the counts of the texts in these rows."""
        n = len(column)
        if self.method == "hashed":
            few = _texts(column.slice(0, _TEXTS_LOOKED_AT))
            found = _hashed_words(self.n_grams, self.hash_size).transform(few)
            return replace(self, n_texts=n, n_entries=found.nnz * n // max(len(few), 1))
        counter = _words_present(self.n_grams)
        try:
            found = counter.fit_transform(_texts(column))
        except ValueError:
            # There is no word in these rows; there may be in others.
            return replace(self, n_texts=n, n_entries=0, tally=None)
        return replace(self, n_texts=n, n_entries=int(found.nnz), tally=_tally(counter, found))

    def merged(self, other: "WordCounts") -> "WordCounts":
        """Return the counts of both sets of texts."""
        if self.tally is None or other.tally is None:
            tally = other.tally if self.tally is None else self.tally
        else:
            tally = self.tally.merged(other.tally)
        return replace(
            self,
            n_texts=self.n_texts + other.n_texts,
            n_entries=self.n_entries + other.n_entries,
            tally=tally,
        )

    def check_size(self, name: str, origin: str) -> None:
        """Raise TableError if there are more words than a model with named words can hold."""
        if self.tally is not None and len(self.tally) > _MOST_WORDS:
            raise TableError(
                f"{origin}, column {name!r}: it holds {len(self.tally):,} different words in its "
                f"first {self.n_texts:,} rows already, more than {_MOST_WORDS:,}. Set "
                "text_method='hashed': hashed words need no list of them."
            )


def _hashed_words(n_grams: int, width: int) -> Vectorizer:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(n_features=width, ngram_range=(1, n_grams))


def _words_present(n_grams: int) -> Vectorizer:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(binary=True, ngram_range=(1, n_grams))


def _tally(counter: Vectorizer, found: csr_matrix) -> Tally:
    import pyarrow as pa

    words = pa.array([str(word) for word in counter.get_feature_names_out()], pa.large_string())
    return Tally(words, np.bincount(found.indices, minlength=len(words)))


def _weighed_words(n_grams: int, words: Sequence[str]) -> Vectorizer:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vocabulary = {word: place for place, word in enumerate(words)}
    # A word said ten times tells hardly more than one said twice: hence the logarithm.
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, n_grams), vocabulary=vocabulary)


def _texts(column: ArrowColumn) -> list[str]:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return pc.fill_null(column.cast(pa.large_string()), "").to_pylist()
