from collections import Counter
from re import search

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.features.tallies import Spelling, Tally

words = st.one_of(st.none(), st.text("ab é\n", max_size=4))
parts = st.lists(st.lists(words, max_size=8), min_size=1, max_size=4)
KINDS = [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.large_string())]


def merged(parts, kind):
    total = Tally.of(pa.chunked_array([pa.array(parts[0], kind)]))
    for part in parts[1:]:
        total = total.merged(Tally.of(pa.chunked_array([pa.array(part, kind)])))
    return total


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(parts=parts)
def test_tallies_of_parts_add_up_to_the_counts_of_all_values(kind, parts):
    found = merged(parts, kind)
    expected = Counter(value for part in parts for value in part if value is not None)
    assert dict(found.items()) == expected
    assert len(found) == len(expected)


@given(parts=parts)
def test_texts_look_alike_counted_or_one_by_one(parts):
    found = Spelling.of(merged(parts, pa.large_string()))
    known = [value for part in parts for value in part if value is not None]
    spaced = [value for value in known if search(r"[^ \n][ \n]+[^ \n]", value)]
    assert found == Spelling(len(known), len(spaced), sum(map(len, known)))


def test_values_of_a_dictionary_that_no_row_holds_are_not_counted():
    column = pa.chunked_array([pa.array(["a", "b"]).dictionary_encode().slice(1)])
    assert Tally.of(column).items() == [("b", 1)]


def test_numbers_are_tallied_as_they_are_and_as_they_are_written():
    tally = Tally.of(pa.chunked_array([[2.0, None, 2.0, 0.5]]))
    assert sorted(tally.items()) == [(0.5, 1), (2.0, 2)]
    assert sorted(tally.as_text().items()) == [("0.5", 1), ("2", 2)]
