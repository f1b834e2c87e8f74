"""A text is parted into bytes, characters or words, and joined to the same text again."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.data.symbols import read_symbols, restored, symbols_of
from linnet.errors import SettingError, TableError

KINDS = ["bytes", "characters", "words"]
# What words and separators are made of, so that all of their boundaries occur.
pieces = st.sampled_from([*"ab_1 ,.'’\n\r\t", "\u0301", "का", "熵", "\u3000", "\U0001f426", "\0"])
texts = st.one_of(st.text(min_size=1), st.lists(pieces, min_size=1, max_size=30).map("".join))


def sequence(text):
    return [text.symbols[place] for place in text.places]


@pytest.mark.parametrize("kind", KINDS)
@given(text=texts)
def test_the_symbols_give_the_text_back(kind, text):
    data = text.encode()

    assert restored(sequence(symbols_of(data, kind)), kind) == data


@given(data=st.binary(min_size=1))
def test_any_bytes_are_symbols(data):
    text = symbols_of(data, "bytes")

    assert bytes(map(ord, sequence(text))) == data
    assert restored(sequence(text), "bytes") == data


@given(text=texts)
def test_characters_are_pythons_own(text):
    assert sequence(symbols_of(text.encode(), "characters")) == list(text)


@pytest.mark.parametrize("kind", KINDS)
@given(text=texts)
def test_symbols_are_counted_and_the_commonest_stand_first(kind, text):
    parted = symbols_of(text.encode(), kind)

    assert dict(zip(parted.symbols, parted.counts, strict=True)) == Counter(sequence(parted))
    assert list(parted.counts) == sorted(parted.counts, reverse=True)
    assert parted.size == len(text.encode())


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("to be, or not", ["to", "be", ", ", "or", "not"]),
        ("don't 'tis dogs' o’clock", ["don't", " '", "tis", "dogs", "' ", "o’clock"]),
        (" a  b ", [" ", "a", "  ", "b", " "]),
        # A vowel sign and a combining accent belong to their word.
        ("हिन्दी cafe\u0301", ["हिन्दी", "cafe\u0301"]),
        ("信息熵，交叉熵。", ["信息熵", "，", "交叉熵", "。"]),
        (" ", [" "]),
        ("a ", ["a", " "]),
    ],
)
def test_words_are_what_people_call_words(text, symbols):
    assert sequence(symbols_of(text.encode(), "words")) == symbols


def test_a_file_is_read_in_its_encoding_and_its_size_is_that_in_utf_8(tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes("熵 entropy\r\n".encode("utf-16"))

    text = read_symbols(file, "characters")

    assert sequence(text) == list("熵 entropy\r\n")
    assert text.size == len("熵 entropy\r\n".encode())
    assert any("CR LF" in note for note in text.notes)
    assert any("UTF-8" in note for note in text.notes)
    file.write_bytes("熵".encode("gb18030"))
    assert read_symbols(file, "words", "gb18030").symbols == ["熵"]


def test_bytes_are_those_of_the_file_even_if_it_is_compressed(tmp_path):
    file = tmp_path / "text.gz"
    data = b"\x1f\x8b no gzip at all"
    file.write_bytes(data)

    assert restored(sequence(read_symbols(file, "bytes")), "bytes") == data


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b"a\nb\xff", "characters", r"line 2: byte 0xff \(byte 4 .*--encoding"),
        (b"", "bytes", "the file is empty"),
        (b"", "words", "the file is empty"),
        (b"\xef\xbb\xbf", "characters", "no symbol"),
    ],
)
def test_what_is_no_text_is_refused_by_file_and_place(tmp_path, data, kind, says):
    file = tmp_path / "text.txt"
    file.write_bytes(data)

    with pytest.raises(TableError, match=rf"text.txt.*{says}"):
        read_symbols(file, kind)


def test_an_unknown_encoding_is_refused(tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes(b"a")

    with pytest.raises(SettingError, match="encoding called 'utf-9'"):
        read_symbols(file, "words", "utf-9")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["tinyshakespeare/input.txt", "chinese_novel/sanguo_yanyi.txt"])
def test_real_texts_come_back(real_data, name, kind):
    text = read_symbols(real_data(name), kind)

    assert restored(sequence(text), kind) == real_data(name).read_bytes()
    assert text.counts.sum() == len(text.places)
    assert np.all(text.counts > 0)
