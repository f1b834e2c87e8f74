"""A text's account holds what theory says, and the sizes of bytes that were made."""

import json
import zlib
from collections import Counter
from math import ceil, log2

import dit
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from linnet import HuffmanCode
from linnet.data.symbols import restored, symbols_of
from linnet.errors import SettingError
from linnet.reports.readable import readable
from linnet.reports.text_codes import borrow_code, text_code

EPS = np.finfo(float).eps
texts = st.text(st.sampled_from("aaaabbc, \n"), min_size=1, max_size=60)
KINDS = st.sampled_from(["bytes", "characters", "words"])


def coded(text, kind="characters"):
    return text_code(symbols_of(text.encode(), kind))


# Own codes ---------------------------------------------------------------------------------


@given(text=texts, kind=KINDS)
def test_entropy_is_dits_and_huffman_is_less_than_a_bit_above(text, kind):
    own = coded(text, kind)

    # Sums of q terms below log2 q each.
    tolerance = 8 * EPS * len(own.text.symbols) ** 2
    assert own.entropy == pytest.approx(dit.shannon.entropy_pmf(own.probabilities), abs=tolerance)
    assert own.entropy - tolerance <= own.mean_length < own.entropy + 1
    assert own.entropy <= own.uniform + tolerance


@given(text=texts, kind=KINDS)
def test_what_is_measured_is_the_words_and_a_short_frame(text, kind):
    own = coded(text, kind)

    payload = int(own.text.counts @ own.code.lengths)
    assert ceil(payload / 8) <= own.measured <= ceil(payload / 8) + 20
    assert own.framing == own.measured - payload // 8


def test_the_description_and_the_bytes_give_the_text_back():
    """A decoder that was told nothing else needs ``described`` and ``measured`` bytes."""
    text = "to be, or not to be — 熵\n" * 20
    own = coded(text, "words")
    description = zlib.compress(
        json.dumps([own.text.symbols, own.code.lengths.tolist()], ensure_ascii=False).encode()
    )
    data = own.code.encode(own.text.places)

    symbols, lengths = json.loads(zlib.decompress(description))
    places = HuffmanCode(np.array(lengths)).decode(data)

    assert restored([symbols[place] for place in places], "words") == text.encode()
    assert (own.described, own.measured) == (len(description), len(data))


def test_a_text_of_one_symbol_has_the_empty_word():
    own = coded("aaaa")

    assert (own.entropy, own.mean_length, own.uniform) == (0, 0, 0)
    assert own.rows(5) == [
        {
            "symbol": "a",
            "count": 4,
            "probability": 1.0,
            "ideal_length": 0.0,
            "huffman_length": 0,
            "word": "",
        }
    ]


# Borrowed codes ----------------------------------------------------------------------------


@given(text=texts, more=texts)
def test_a_code_that_knows_all_symbols_costs_the_divergence_more(text, more):
    own, other = coded(text), coded(text + more)

    borrowed = borrow_code(own, other.text)

    p, q = Counter(text), Counter(text + more)
    P = [p[symbol] / len(text) for symbol in p]
    Q = [q[symbol] / len(text + more) for symbol in p]
    crossed = -sum(p * log2(q) for p, q in zip(P, Q, strict=True))
    # Rounding of sums of at most 7 terms below 7 bits each.
    assert borrowed.cross_entropy == pytest.approx(crossed, abs=64 * EPS)
    assert borrowed.divergence == pytest.approx(crossed - scipy_entropy(P, base=2), abs=64 * EPS)
    assert borrowed.missing == {}
    lengths = dict(zip(other.text.symbols, other.code.lengths, strict=True))
    payload = sum(count * lengths[symbol] for symbol, count in p.items())
    assert ceil(payload / 8) <= borrowed.measured <= ceil(payload / 8) + 20


@pytest.mark.parametrize("kind", ["characters", "words"])
def test_a_missing_symbol_makes_the_cost_infinite_and_an_escape_makes_it_finite(kind):
    text, other = "eel, 熵 bee eel 熵 ant", "bee, eel, bee, cat " * 3
    own = coded(text, kind)
    there = symbols_of(other.encode(), kind)

    borrowed = borrow_code(own, there)

    lacks = [symbol for symbol in own.text.symbols if symbol not in there.symbols]
    assert borrowed.cross_entropy == borrowed.divergence == np.inf
    assert borrowed.measured is None
    assert list(borrowed.missing) == lacks == list(borrowed.missing)
    assert "熵" in lacks
    # By hand: Witten and Bell's escape, and what is spelled.
    weights = {**dict(zip(there.symbols, there.counts, strict=True)), None: len(there.symbols)}
    spelling = sum(
        n * (len(symbol.encode()) + (kind == "words")) for symbol, n in borrowed.missing.items()
    )
    total = sum(weights.values())
    ideal = sum(
        n * -log2(weights[symbol if symbol in weights else None] / total)
        for symbol, n in zip(own.text.symbols, own.text.counts, strict=True)
    )
    assert borrowed.escape.spelling == spelling
    assert borrowed.escape.ideal * own.n == pytest.approx(ideal + 8 * spelling, rel=64 * EPS)
    assert borrowed.escape.measured >= spelling + (ideal - own.n) / 8
    assert borrowed.escape.measured <= spelling + (ideal + own.n) / 8 + 20


def test_the_size_before_a_long_word_takes_as_many_bytes_as_it_needs():
    own = coded("x" * 128, "words")

    borrowed = borrow_code(own, symbols_of(b"y", "words"))

    assert borrowed.escape.spelling == 128 + 2


def test_codes_of_different_symbols_are_not_borrowed():
    with pytest.raises(SettingError, match="of characters, but text of words"):
        borrow_code(coded("a"), symbols_of(b"a", "words"))


# Readable symbols --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "kind", "shown"),
    [
        ("\x00", "characters", r"\x00"),
        ("\u202e", "characters", r"\u202e"),
        ("\U000e0001", "characters", r"\U000e0001"),
        ("\u0301a", "words", r"\u0301a"),
        ("a\u0301", "words", "a\u0301"),
        ("\\n", "words", r"\\n"),
        (", ", "words", ",␣"),
        ("\x0a", "bytes", r"0x0a \n"),
        ("\x7f", "bytes", "0x7f"),
        ("y" * 41, "words", "y" * 40 + "… (41 characters)"),
    ],
)
def test_symbols_without_a_shape_are_escaped(symbol, kind, shown):
    assert readable(symbol, kind) == shown


@given(symbol=st.text(min_size=1, max_size=3), other=st.text(min_size=1, max_size=3))
def test_what_is_shown_is_one_line_and_tells_symbols_apart(symbol, other):
    shown = readable(symbol, "words")

    assert shown.splitlines() == [shown]
    # Except that the mark of a space may itself be in the text.
    if symbol != other and "␣" not in symbol + other:
        assert shown != readable(other, "words")
