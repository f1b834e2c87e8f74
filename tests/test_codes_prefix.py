"""Codes as bits: round trips, damage, and bytes read by a second, slow reader of the format."""

import itertools
import zlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from linnet.codes import HuffmanCode, shannon_lengths
from linnet.codes.bits import bits_at, from_bytes, to_bytes, write_bits
from linnet.errors import DataError, DataTypeError, SettingError

DTYPES = [bool, *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8))]
WORDS = ("0", "10", "110", "111")
WORKED = HuffmanCode.of([4, 2, 1, 1])


def frame(body):
    return b"\x01" + zlib.crc32(body).to_bytes(4, "little") + body


def mark(code):
    return zlib.crc32(code.lengths.astype("<i8").tobytes()).to_bytes(4, "little")


def number(value):
    low, high = value & 127, value >> 7
    return bytes([low | 128]) + number(high) if high else bytes([low])


class SlowReader:
    """The format as its description has it, one bit at a time."""

    def __init__(self, data) -> None:
        assert data[0] == 1
        assert data[1:5] == zlib.crc32(data[5:]).to_bytes(4, "little")
        self.data = data[9:]

    def number(self):
        value, shift = 0, 0
        while True:
            byte, self.data = self.data[0], self.data[1:]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def bits(self, count):
        size = -(-count // 8)
        bits = "".join(f"{byte:08b}" for byte in self.data[:size])
        self.data = self.data[size:]
        assert set(bits[count:]) <= {"0"}
        return bits[:count]

    def symbols(self, words):
        n, lanes, fewest, width = (self.number() for _ in range(4))
        heads = self.bits(lanes * width)
        sizes = [fewest + int(heads[i * width : (i + 1) * width] or "0", 2) for i in range(lanes)]
        bits = self.bits(sum(sizes))
        assert self.data == b""
        symbol_of = {word: symbol for symbol, word in enumerate(words)}
        out = [0] * n
        for lane, size in enumerate(sizes):
            text, bits, word, place = bits[:size], bits[size:], "", lane
            for bit in text:
                word += bit
                if word in symbol_of:
                    out[place], word, place = symbol_of[word], "", place + lanes
            assert word == ""
        return out


@st.composite
def coded_symbols(draw):
    """Draw symbols of any integer type and size, and a code for them."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    alphabet = 2 if dtype.kind == "b" else draw(st.integers(1, 100))
    elements = st.booleans() if dtype.kind == "b" else st.integers(0, alphabet - 1)
    symbols = draw(hnp.arrays(dtype, st.integers(0, 300), elements=elements))
    counts = np.bincount(symbols.astype(np.int64), minlength=alphabet)
    extra = draw(st.integers(0, 2))
    if not symbols.size:
        extra = 1
    limit = draw(st.one_of(st.none(), st.integers(7, 20)))
    return symbols, HuffmanCode.of(counts + extra, max_length=limit)


# Words -------------------------------------------------------------------------------------


@given(coded_symbols())
def test_no_word_begins_another_and_each_has_its_length(case):
    _, code = case
    words = [word for word in code.words if word is not None]

    assert [-1 if word is None else len(word) for word in code.words] == code.lengths.tolist()
    # In sorted order a word would stand right before the words that it begins.
    for word, following in itertools.pairwise(sorted(words)):
        assert not following.startswith(word)


@given(coded_symbols())
def test_words_ascend_with_length_then_symbol(case):
    _, code = case
    keys = [(len(word), symbol) for symbol, word in enumerate(code.words) if word is not None]
    fractions = [Fraction(int("0" + code.words[s], 2), 2**n) for n, s in sorted(keys)]

    assert fractions == sorted(set(fractions))


def test_words_are_those_of_the_worked_example():
    assert WORKED.words == WORDS
    assert WORKED.kraft_sum == 1
    assert WORKED.mean_length([0.5, 0.25, 0.125, 0.125]) == 1.75
    assert WORKED.redundancy([0.5, 0.25, 0.125, 0.125]) == 0
    assert WORKED.mean_length([0.25] * 4).to("bits") == 2.25


def test_words_may_be_longer_than_what_is_written():
    code = HuffmanCode(np.array([*range(1, 100), 99]))

    assert code.words[98] == "1" * 98 + "0"
    with pytest.raises(SettingError, match="longest word has 99 bits"):
        code.encode([0])
    with pytest.raises(SettingError, match="longest word has 99 bits"):
        code.decode(b"")


def test_any_lengths_of_a_prefix_code_make_a_code():
    code = HuffmanCode(shannon_lengths([0.4, 0.3, 0.2, 0.1, 0.0]))

    assert code.words == ("00", "01", "100", "1010", None)
    assert code.decode(code.encode([3, 0, 2])).tolist() == [3, 0, 2]


def test_lengths_of_no_prefix_code_are_refused():
    with pytest.raises(DataError, match=r"Σ 2\^−L is 1\.25"):
        HuffmanCode(np.array([1, 2, 2, 2]))
    with pytest.raises(DataError, match="No symbol has a word"):
        HuffmanCode(np.array([-1, -1]))


def test_a_code_does_not_change():
    given_lengths = np.array([1, 2, 2])
    code = HuffmanCode(given_lengths)
    given_lengths[0] = 9

    assert code.lengths.tolist() == [1, 2, 2]
    with pytest.raises(ValueError, match="read-only"):
        code.lengths[0] = 2


# Round trips -------------------------------------------------------------------------------


@given(coded_symbols())
def test_symbols_come_back(case):
    symbols, code = case

    decoded = code.decode(code.encode(symbols))

    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, symbols)


@pytest.mark.parametrize("n", [1, 4095, 4096, 4097, 8192, 20_481, 100_000, 1_000_003])
@pytest.mark.parametrize("alphabet", [2, 256, 65_536, 70_000])
def test_symbols_come_back_from_many_lanes(n, alphabet):
    rng = np.random.default_rng(n + alphabet)
    symbols = np.minimum(rng.geometric(50 / alphabet if alphabet > 100 else 0.9, n), alphabet) - 1
    code = HuffmanCode.of(np.bincount(symbols, minlength=alphabet))

    decoded = code.decode(code.encode(symbols))

    assert decoded.dtype == {2: "u1", 256: "u1", 65_536: "u2", 70_000: "u4"}[alphabet]
    np.testing.assert_array_equal(decoded, symbols)


@pytest.mark.parametrize("longest", [1, 2, 15, 16, 17, 21, 22, 32, 33, 63, 64])
def test_words_of_any_length_up_to_64_come_back(longest):
    code = HuffmanCode(np.array([*range(1, longest + 1), longest]))
    rng = np.random.default_rng(longest)
    symbols = rng.integers(0, longest + 1, 10_000)

    np.testing.assert_array_equal(code.decode(code.encode(symbols)), symbols)


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_codes_with_unused_bit_strings_read_their_words(missing):
    lengths = np.arange(2, 40)
    code = HuffmanCode(np.append(lengths, np.full(missing, -1)))
    symbols = np.random.default_rng(0).integers(0, lengths.size, 5_000)

    np.testing.assert_array_equal(code.decode(code.encode(symbols)), symbols)


def test_bytes_are_symbols():
    text = b"the frequent symbols get the short codes"
    code = HuffmanCode.of(np.bincount(np.frombuffer(text, np.uint8), minlength=256))

    for symbols in (text, bytearray(text), memoryview(text), list(text)):
        assert code.decode(code.encode(symbols)).tobytes() == text


def test_strided_and_read_only_symbols_are_read_in_place():
    symbols = np.arange(8) % 4
    symbols.flags.writeable = False

    assert WORKED.decode(WORKED.encode(symbols[::-2])).tolist() == [3, 1, 3, 1]


@pytest.mark.parametrize("n", [0, 1, 5000])
def test_an_alphabet_of_one_symbol_takes_no_bits(n):
    for code, symbol in [(HuffmanCode.of([9]), 0), (HuffmanCode.of([0, 0, 0.1]), 2)]:
        data = code.encode(np.full(n, symbol))

        assert len(data) == 9 + len(number(n))
        assert code.decode(data).tolist() == [symbol] * n


def test_other_buffers_hold_data_too():
    data = WORKED.encode([1, 2, 3])

    assert WORKED.decode(bytearray(data)).tolist() == [1, 2, 3]
    assert WORKED.decode(memoryview(data)).tolist() == [1, 2, 3]


# Format ------------------------------------------------------------------------------------


def test_format_is_frozen():
    """These bytes must be read for ever."""
    data = bytes.fromhex("01801bfe9f192fac9606010d005bb0")

    assert WORKED.encode([0, 1, 2, 3, 0, 2]) == data
    assert WORKED.decode(data).tolist() == [0, 1, 2, 3, 0, 2]


def test_format_of_many_lanes_is_frozen():
    n = np.arange(20_000)

    assert zlib.crc32(WORKED.encode(n * n % 7 % 4)) == 0x8A57AE44


@given(coded_symbols())
def test_one_lane_is_the_words_one_after_the_other(case):
    symbols, code = case
    bits = "".join(code.words[int(s)] for s in symbols)
    body = mark(code) + number(symbols.size)
    if bits:
        size = -(-len(bits) // 8)
        payload = int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big")
        body += number(1) + number(len(bits)) + number(0) + payload

    assert code.encode(symbols) == frame(body)


@pytest.mark.parametrize("n", [9_000, 16_384, 16_385, 30_001])
def test_a_slow_reader_of_the_format_agrees(n):
    symbols = np.minimum(np.random.default_rng(n).geometric(0.3, n), 30) - 1
    code = HuffmanCode.of(np.bincount(symbols, minlength=30))

    assert SlowReader(code.encode(symbols)).symbols(code.words) == symbols.tolist()


@pytest.mark.parametrize("n", [1_000_000, 3_000_001])
def test_size_is_the_mean_length_and_little_more(n):
    symbols = np.resize(np.random.default_rng(0).binomial(255, 0.3, 1_000_000).astype("u1"), n)
    counts = np.bincount(symbols, minlength=256)
    code = HuffmanCode.of(counts)

    bits = 8 * len(code.encode(symbols))

    mean = float(code.mean_length(counts / n))
    # Sizes of lanes of 4096 or more symbols differ by less than 2¹², and take 12 bits at most.
    assert n * mean * (1 - 1e-12) <= bits <= n * (mean + 12 / 4096) + 8 * 30


@given(
    st.lists(st.integers(0, 64).flatmap(lambda w: st.tuples(st.just(w), st.integers(0, 2**w - 1)))),
    st.integers(0, 200),
)
def test_written_bits_are_the_values_one_after_the_other(pairs, start):
    expected = "0" * start + "".join(f"{value:0{width}b}" for width, value in pairs if width)
    widths = np.array([width for width, _ in pairs], dtype=np.uint64)
    values = np.array([value for _, value in pairs], dtype=np.uint64)
    stream = np.zeros(-(-len(expected) // 64), dtype=np.uint64)

    write_bits(stream, start, values, widths)

    padded = expected.ljust(64 * stream.size, "0")
    assert "".join(f"{word:064b}" for word in stream.tolist()) == padded
    again = from_bytes(to_bytes(stream, len(expected)))
    heads = bits_at(again, np.arange(len(expected), dtype=np.uint64)).tolist()
    for i, head in enumerate(heads):
        inside = expected[i : i + 64]
        assert f"{head:064b}"[: len(inside)] == inside


# Damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 3, 40, 4100])
def test_every_changed_byte_is_noticed(n):
    data = WORKED.encode(np.arange(n) % 4)
    rng = np.random.default_rng(n)

    for place in range(len(data)):
        for change in {1, 128, int(rng.integers(1, 256))}:
            damaged = bytearray(data)
            damaged[place] ^= change
            with pytest.raises(DataError, match=r"checksum|format"):
                WORKED.decode(damaged)


def test_every_lost_and_every_added_byte_is_noticed():
    data = WORKED.encode(np.arange(40) % 4)

    for size in range(len(data)):
        with pytest.raises(DataError):
            WORKED.decode(data[:size])
    for extra in (b"\0", b"x", data):
        with pytest.raises(DataError, match="checksum"):
            WORKED.decode(data + extra)


def test_another_code_is_named_as_the_cause():
    with pytest.raises(DataError, match="written with another code"):
        HuffmanCode.of([1, 2, 4, 1]).decode(WORKED.encode([0, 1]))


@given(st.binary(max_size=40))
def test_made_up_data_with_a_right_checksum_do_no_harm(body):
    """Either an error, or symbols whose count the data can hold."""
    for code in (WORKED, HuffmanCode(np.array([2, 20, 30]))):
        try:
            symbols = code.decode(frame(mark(code) + body))
        except DataError:
            continue
        assert symbols.size <= 8 * len(body)


@pytest.mark.parametrize(
    ("numbers", "payload", "message"),
    [
        ([9, 1, 13, 0], b"\0", "9 symbols in 1 lanes"),
        ([4, 1, 13, 0], b"\0", "promise 2 more bytes"),
        ([4, 1, 4, 0], b"\0\0", "1 bytes too many"),
        ([4, 0, 4, 0], b"\0", "in 0 lanes"),
        ([4, 1, 4, 64], b"\0", "sizes of 64 bits"),
        ([4, 1, 5, 0], b"\0", "ends at bit 4 instead of 5"),
        ([4, 1, 2**70, 0], b"\0", "more than 9 bytes"),
        ([4, 4, 2**62, 0], b"\0", "promise"),
        ([], b"", "promise 1 more bytes"),
    ],
)
def test_contradictions_are_named(numbers, payload, message):
    body = mark(WORKED) + b"".join(map(number, numbers)) + payload

    with pytest.raises(DataError, match=message):
        WORKED.decode(frame(body))


def test_bits_that_begin_no_word_are_named():
    code = HuffmanCode(np.array([2, 20, 30]))
    body = mark(code) + number(1) + number(1) + number(2) + number(0) + b"\xff"

    with pytest.raises(DataError, match="begin no code word"):
        code.decode(frame(body))


# Symbols that cannot be coded --------------------------------------------------------------


def test_a_symbol_without_a_word_is_named_with_its_position():
    code = HuffmanCode.of([3, 0, 1])

    with pytest.raises(DataError, match=r"symbols\[2\] is 1, which has no word"):
        code.encode([0, 2, 1, 1])


@pytest.mark.parametrize("symbol", [-1, 4, 300, 2**40])
def test_a_symbol_outside_the_alphabet_is_named_with_its_position(symbol):
    with pytest.raises(DataError, match=rf"symbols\[1\] is {symbol}, but .* 0 to 3"):
        WORKED.encode([0, symbol])


def test_what_is_no_symbol_is_refused():
    with pytest.raises(DataTypeError, match="float64"):
        WORKED.encode([0.5])
    with pytest.raises(DataError, match="one axis"):
        WORKED.encode([[0, 1]])
    with pytest.raises(DataTypeError, match="data is a str"):
        WORKED.decode("0101")
