"""Parts of compressed tables: what is written is read, and costs what theory says."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import entropy

from linnet.codes.fields import Fields
from linnet.codes.integers import pack_integers, unpack_integers
from linnet.compression.alphabet import Alphabet, Way, numeric_ways, text_way
from linnet.compression.cells import Cells
from linnet.compression.leaves import Leaves
from linnet.compression.order import learn_order
from linnet.compression.predictors import MOST_LEVELS, Known
from linnet.compression.rest import pack_rest, unpack_rest
from linnet.compression.sections import TextReader, TextWriter, read_signed, signed
from linnet.compression.spelling import Spelling, Style, find_spelling, parsed
from linnet.errors import DataError

wholes = st.integers(0, 2**62 - 1)


def fields(data):
    return Fields(memoryview(data))


@given(values=st.lists(wholes, max_size=50))
@example(values=[2**54 - 1, 2**54, 2**62 - 1, 15, 16, 17, 0])
def test_whole_numbers_come_back(values):
    left = fields(pack_integers(np.array(values, dtype=np.int64)) + b"more")
    assert unpack_integers(left, len(values)).tolist() == values
    assert bytes(left.left) == b"more"


def test_whole_numbers_take_their_entropy():
    values = np.random.default_rng(0).geometric(0.4, 50_000) - 1
    ideal = len(values) * entropy(np.bincount(values), base=2) / 8
    # Costs in eighths of a bit lose some 0.0005 bits each; 60 bytes tell them and the size.
    assert len(pack_integers(values)) < ideal + 0.001 * len(values) / 8 + 60


@given(value=st.integers(-(2**62) + 1, 2**62 - 1))
def test_signed_numbers_come_back(value):
    assert read_signed(fields(signed(value))) == value


@given(texts=st.lists(st.binary(max_size=8), max_size=20))
@example(texts=[b"\n", b"\0", b"\1"])
@example(texts=[b""])
@example(texts=[])
def test_texts_come_back(texts):
    writer = TextWriter()
    writer.write(texts)
    assert TextReader.of(fields(writer.to_bytes()), len(texts)).read(len(texts)) == texts


@given(
    values=st.lists(st.integers(-(10**15), 10**15), min_size=2, unique=True),
    decimals=st.integers(0, 3),
    style=st.sampled_from(Style),
    affix=st.sampled_from([(b"", b""), (b" ", b""), (b'"', b'"'), (b"$", b"%")]),
)
def test_a_spelling_is_found_again_and_tells_every_cell(values, decimals, style, affix):
    """Whichever spelling is found, it writes the very same cells."""
    written = Spelling(*affix, decimals, style)
    texts = tuple(written.text(value) for value in values)
    found = find_spelling(texts)
    assert found is not None
    units = parsed(texts, found)
    assert [found.text(unit) for unit in units if unit is not None] == [
        text for text, unit in zip(texts, units, strict=True) if unit is not None
    ]
    assert sum(unit is None for unit in units) <= 16


@pytest.mark.parametrize(
    "text", [b"-0", b"007", b"1e5", b"1.", b".5", b"+3", b"", b"NA", b"1_0", b" 1", b"-0.00"]
)
def test_what_is_written_otherwise_is_odd(text):
    spelling = Spelling(b"", b"", 2, Style.FIXED)
    assert parsed((text,), spelling) == [None]
    assert parsed((b"1.50", b"-0.01"), spelling) == [150, -1]


@given(cells=st.lists(st.sampled_from([b"1", b"2.5", b"30", b"?", b"-4", b"x"]), min_size=1))
def test_every_way_to_number_cells_leads_back(cells):
    texts = tuple(dict.fromkeys(cells))
    codes = np.array([texts.index(cell) for cell in cells], dtype=np.int32)
    column = Cells(texts, codes)
    for alphabet, values in [text_way(column), *numeric_ways(column)]:
        writer = TextWriter()
        data = alphabet.write(writer)
        reader = TextReader.of(fields(writer.to_bytes()), len(writer.parts))
        assert Alphabet.read(fields(data), reader).cells(values).rows() == cells


@given(values=st.lists(wholes | st.integers(0, 40), max_size=80), most=st.integers(1, 30))
def test_leaves_and_what_they_leave_come_back(values, most):
    values = np.array(values, dtype=np.int64)
    leaves = Leaves.of(values, most)
    read = Leaves.read(fields(leaves.write()))
    symbols, rest = leaves.split(values)
    tables, bits = pack_rest(leaves, symbols, rest)
    again = unpack_rest(read, symbols, fields(tables), fields(bits))
    assert len(leaves.starts) <= max(1, most)
    assert read.join(symbols, again).tolist() == values.tolist()


def test_a_tree_that_is_none_is_refused():
    with pytest.raises(DataError, match="no tree"):
        Leaves.read(fields(bytes([0, 2, 1])))


def known(values):
    return Known(Alphabet(Way.TEXTS, tuple(b"%d" % i for i in range(40))), np.asarray(values))


def test_levels_of_numbers_hold_equal_shares():
    # The least number of a column is 0.
    values = np.random.default_rng(1).integers(0, 10**6, 32_000)
    values -= values.min()
    column = Known(Alphabet(Way.NUMBERS, (), Spelling(b"", b"", 0, Style.FIXED)), values)
    counts = np.bincount(column.levels)
    assert len(counts) == MOST_LEVELS
    assert np.ptp(counts) <= 2
    assert (np.diff(column.levels[np.argsort(values)].astype(int)) >= 0).all()


def test_columns_that_share_most_stand_together():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 8, (2, 3000))
    noisy = np.where(rng.random(3000) < 0.1, rng.integers(0, 8, 3000), a)
    order = learn_order([known(a), known(b), known(noisy)])
    assert set(order.columns[:2]) == {0, 2}
    assert order.candidates[:2] == ((), (0,))
