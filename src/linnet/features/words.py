"""Words and values are hashed into columns: the same number for the same word, and no vocabulary.

A word is a run of two or more letters, digits or underscores of a text in lower case, as in
scikit-learn; letters and digits are those of Unicode, ``str.isalnum``. A run of up to n words, one
space between them, counts as a word itself. The hash h of its UTF-8 is MurmurHash3 of 32 bits,
read as a number with a sign: |h| mod 2ᵇ is the word's column, and the sign of h that of its
entry, so that what words in one column do to each other evens out. The entries of a text are the
counts of its words with their signs, divided by their length √Σ c².

With the seed 0 that is, bit for bit, what scikit-learn's ``HashingVectorizer`` gives.

References
----------
Weinberger et al., "Feature hashing for large scale multitask learning", 2009.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from math import sqrt
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int, UInt8, UInt32
from scipy.sparse import csr_matrix, vstack
from sklearn.utils import murmurhash3_32

from linnet.data.tables import ArrowColumn
from linnet.features.tallies import ArrowArray
from linnet.types import Array

__all__ = ["hashed_values", "hashed_words", "plain_hashed_words", "seed_of", "word_letters"]

_WORD: Final = re.compile(r"\b\w\w+\b")
# All letters and digits of Unicode lie below.
_LETTERS: Final = 0x40000
# Their lower case depends on what follows, or is two letters.
_LOWERED_IN_CONTEXT: Final = ("\N{GREEK CAPITAL LETTER SIGMA}", "\u0130")

_words: Any
try:
    _words = import_module("linnet.features._words")
except ImportError:
    _words = None


def seed_of(name: str) -> int:
    """Seed of the hash of a column's values: equal values of two columns are two things.

    Examples
    --------
    >>> seed_of("colour") == seed_of("taste")
    False
    """
    return int(murmurhash3_32(name.encode(), 0, positive=True))


def hashed_words(column: ArrowColumn, *, seed: int, bits: int, n_grams: int = 1) -> csr_matrix:
    """Hash the words of each text; a missing text has none.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Texts, or a dictionary of them.
    seed : int
        Seed of the hash, at least 0 and below 2³².
    bits : int
        b: there are 2ᵇ columns.
    n_grams : int
        The longest run of words that counts as a word itself.

    Returns
    -------
    csr_matrix of shape (n, 2ᵇ)
        Rows of length 1, or 0 where a text has no word.

    Examples
    --------
    >>> import pyarrow as pa
    >>> X = hashed_words(pa.chunked_array([["A fig, two figs", None]]), seed=0, bits=10)
    >>> X.shape, [len(row.data) for row in X]
    ((2, 1024), [3, 0])
    """
    if _words is None:
        return plain_hashed_words(_texts(column), seed=seed, bits=bits, n_grams=n_grams)
    parts = [
        _hashed_array(array, seed, bits, n_grams) for array in _large_text(column).chunks if array
    ]
    if len(parts) == 1:
        return parts[0]
    return csr_matrix(vstack(parts)) if parts else csr_matrix((0, 1 << bits))


def plain_hashed_words(
    texts: Sequence[str], *, seed: int, bits: int, n_grams: int = 1
) -> csr_matrix:
    """Hash the words of each text, in Python: it defines what is right."""
    values: list[float] = []
    columns: list[int] = []
    ends = [0]
    for text in texts:
        counts: Counter[int] = Counter()
        for word in _runs(text, n_grams):
            number = int(murmurhash3_32(word.encode(), seed))
            counts[abs(number) % (1 << bits)] += 1 if number >= 0 else -1
        kept = {column: count for column, count in counts.items() if count}
        length = sqrt(sum(count**2 for count in kept.values()))
        columns += kept
        values += [count / length for count in kept.values()]
        ends.append(len(values))
    shape = (len(texts), 1 << bits)
    entries = np.array(values), np.array(columns, dtype=np.int32), np.array(ends)
    return csr_matrix(entries, shape=shape)


def hashed_values(
    values: Sequence[str], *, seed: int, bits: int
) -> tuple[Int[Array, " v"], Float[Array, " v"]]:
    """Hash whole values: the column of each, and 1 or −1.

    Examples
    --------
    >>> columns, signs = hashed_values(["fig", "plum", "fig"], seed=0, bits=10)
    >>> bool(columns[0] == columns[2] != columns[1]), [float(abs(sign)) for sign in signs]
    (True, [1.0, 1.0, 1.0])
    """
    import pyarrow as pa

    if _words is not None:
        ends, buffer = _memory_of(pa.array(values, pa.large_string()))
        found = _words.hashed_values(ends, buffer, seed=seed, bits=bits)
        return np.asarray(found[0], dtype=np.int64), found[1]
    numbers = np.array([int(murmurhash3_32(v.encode(), seed)) for v in values], dtype=np.int64)
    return np.abs(numbers) % (1 << bits), np.where(numbers >= 0, 1.0, -1.0)


@lru_cache(maxsize=1)
def word_letters() -> UInt32[Array, " letters"]:
    """Give the lower case of each letter that words are made of, by number; 0 for all others."""
    table = np.zeros(_LETTERS, dtype=np.uint32)
    for number in range(_LETTERS):
        lower = chr(number).lower()
        if len(lower) == 1 and (lower.isalnum() or lower == "_"):
            table[number] = ord(lower)
    return table


def _runs(text: str, n_grams: int) -> Iterator[str]:
    words = _WORD.findall(text.lower())
    for length in range(1, n_grams + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


def _hashed_array(texts: ArrowArray, seed: int, bits: int, n_grams: int) -> csr_matrix:
    ends, buffer = _memory_of(texts)
    letters = np.empty(0, dtype=np.uint32)
    if buffer[ends[0] : ends[-1]].max(initial=0) >= 128:
        if any(_holds(buffer[ends[0] : ends[-1]], letter) for letter in _LOWERED_IN_CONTEXT):
            ends, buffer = _memory_of(_lowered_in_context(texts))
        letters = word_letters()
    values, columns, places = _words.hashed_words(
        ends, buffer, letters, seed=seed, bits=bits, longest=n_grams
    )
    return csr_matrix((values, columns, places), shape=(len(texts), 1 << bits))


def _holds(written: UInt8[Array, " bytes"], letter: str) -> bool:
    """Tell whether a letter of two bytes occurs, many times as fast as looking at each text."""
    first, second = letter.encode()
    places = np.flatnonzero(written[:-1] == first)
    return bool((written[places + 1] == second).any())


def _lowered_in_context(texts: ArrowArray) -> ArrowArray:
    """Lower the few texts that have a letter which cannot be lowered by itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    first, second = (pc.match_substring(texts, letter) for letter in _LOWERED_IN_CONTEXT)
    found = pc.or_(first, second)
    lowered = [text.lower() for text in texts.filter(found).to_pylist()]
    return pc.replace_with_mask(texts, found, pa.array(lowered, pa.large_string()))


def _memory_of(texts: ArrowArray) -> tuple[Array, Array]:
    """Give where each text ends, and the bytes of all, as they lie in memory."""
    _, ends, buffer = texts.buffers()
    if not len(texts) or ends is None:
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.uint8)
    places = np.frombuffer(ends, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    if buffer is None:
        return places, np.empty(0, dtype=np.uint8)
    return places, np.frombuffer(buffer, dtype=np.uint8)


def _large_text(column: ArrowColumn) -> ArrowColumn:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return pc.fill_null(column.cast(pa.large_string()), "")


def _texts(column: ArrowColumn) -> list[str]:
    return list(_large_text(column).to_pylist())
