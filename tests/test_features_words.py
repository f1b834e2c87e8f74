"""Hashed words: the native tokeniser against Python's own, and against scikit-learn."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils import murmurhash3_32

from linnet.features import words
from linnet.features.words import (
    hashed_values,
    hashed_words,
    plain_hashed_words,
    seed_of,
    word_letters,
)

few = settings(max_examples=200, deadline=None)
# Letters of one to four bytes, capitals that grow when lowered, and those lowered in context.
letters = st.sampled_from("aZ_09 .,-'éÉßẞȺΣσςİıǅ中文字кИ𝔄𐐀\u0301\u00ad\n\t\x00")
texts = st.lists(st.one_of(st.text(), st.text(letters)), max_size=8)
bits = st.integers(1, 20)


def column(values, kind=None):
    return pa.chunked_array([pa.array(values, kind or pa.string())])


def same(one, other):
    assert one.shape == other.shape
    assert (one != other).nnz == 0


@few
@given(texts, bits, st.integers(1, 3), st.integers(0, 2**32 - 1))
@example(["ΟΔΟΣ οδος", "İstanbul iİi", "Ⱥb ȺȺ"], 10, 2, 0)
def test_words_are_those_of_the_definition(given_texts, b, longest, seed):
    found = hashed_words(column(given_texts), seed=seed, bits=b, n_grams=longest)
    same(found, plain_hashed_words(given_texts, seed=seed, bits=b, n_grams=longest))


@few
@given(texts.filter(len), bits, st.integers(1, 3))
def test_words_are_those_of_scikit_learn(given_texts, b, longest):
    theirs = HashingVectorizer(n_features=1 << b, ngram_range=(1, longest))
    found = hashed_words(column(given_texts), seed=0, bits=b, n_grams=longest)
    same(found, theirs.transform(given_texts))


@few
@given(st.lists(st.text(), max_size=8), bits, st.integers(0, 2**32 - 1))
def test_values_are_hashed_whole(values, b, seed):
    columns, signs = hashed_values(values, seed=seed, bits=b)
    numbers = [int(murmurhash3_32(value.encode(), seed)) for value in values]
    assert columns.tolist() == [abs(number) % 2**b for number in numbers]
    assert signs.tolist() == [1 if number >= 0 else -1 for number in numbers]


def test_without_the_native_tokeniser_python_gives_the_same(monkeypatch):
    values = ["One fig, two FIGS", "", "Größe 中文字", None]
    native = hashed_words(column(values), seed=3, bits=12, n_grams=2)
    numbers = hashed_values(["fig", "plum"], seed=3, bits=12)
    monkeypatch.setattr(words, "_words", None)
    same(native, hashed_words(column(values), seed=3, bits=12, n_grams=2))
    np.testing.assert_array_equal(numbers, hashed_values(["fig", "plum"], seed=3, bits=12))


def test_slices_pieces_dictionaries_and_missing_texts_are_read_where_they_lie():
    values = ["two figs", None, "", "many plums", "größer"] * 3
    whole = hashed_words(column(values), seed=0, bits=8)
    pieces = pa.chunked_array([pa.array(values[:4]), pa.array(values[4:]), pa.array([], "string")])
    same(hashed_words(pieces, seed=0, bits=8), whole)
    same(hashed_words(pieces.slice(2, 9), seed=0, bits=8), whole[2:11])
    same(hashed_words(pieces.dictionary_encode(), seed=0, bits=8), whole)
    same(hashed_words(column(values, pa.large_string()).slice(3), seed=0, bits=8), whole[3:])
    assert hashed_words(pieces.slice(0, 0), seed=0, bits=8).shape == (0, 256)
    assert hashed_words(column([None, None]), seed=0, bits=8).nnz == 0


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=5))
def test_bytes_that_are_no_utf8_part_words(pieces):
    """Whatever bytes lie between them, words of ASCII are found."""
    pytest.importorskip("linnet.features._words")
    text = b" fig ".join(b"\xff" + piece.translate(None, bytes(range(128))) for piece in pieces)
    offsets = np.array([0, len(text)], dtype=np.int64)
    array = pa.Array.from_buffers(
        pa.large_string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    )
    found = words._words.hashed_words(
        offsets, np.frombuffer(text, np.uint8), word_letters(), seed=0, bits=20, longest=1
    )
    assert len(array) == 1
    place = abs(int(murmurhash3_32(b"fig", 0))) % 2**20
    assert (place in found[1]) == (len(pieces) > 1)


def test_no_letter_is_missing_in_the_table_of_letters():
    rest = range(len(word_letters()), 0x110000)
    assert not any(chr(number).isalnum() for number in rest)
    long = [number for number in range(0x110000) if len(chr(number).lower()) > 1]
    assert [chr(number) for number in long] == ["\u0130"]


def test_columns_have_seeds_of_their_own():
    seeds = {seed_of(f"column {number}") for number in range(1000)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**32 for seed in seeds)
