import csv
import io
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.data.delimited import read_delimited
from linnet.data.missing import MISSING
from linnet.data.reading import read_table
from linnet.data.sniff import SEPARATORS, has_header, quoting_breaks_at, sniff_separator
from linnet.errors import SettingError, TableError

# Letters first, so that no cell is a number, a date or one of the words for a missing value.
cells = st.text(
    st.sampled_from(string.ascii_letters + string.digits + ",;|\t \"'\n\r#éß漢字🐦"), max_size=12
).map(lambda rest: f"x{rest}y")
names = st.text(st.sampled_from(string.ascii_lowercase + "é漢"), min_size=1, max_size=5).map(
    lambda rest: f"n{rest}"
)


@st.composite
def text_tables(draw):
    header = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    row = st.lists(cells | st.just(""), min_size=len(header), max_size=len(header))
    return header, draw(st.lists(row, min_size=1, max_size=6))


def written(rows, separator, line_end="\n"):
    stream = io.StringIO(newline="")
    csv.writer(
        stream, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL
    ).writerows(rows)
    return stream.getvalue().encode()


def read(text, **settings):
    return read_delimited(text.encode(), "x.csv", **settings).columns.to_pydict()


@given(
    text_tables(), st.sampled_from([s for s in SEPARATORS if s != " "]), st.sampled_from("\n \r\n")
)
def test_what_the_csv_module_writes_is_read_back(table, separator, line_end):
    header, rows = table
    data = written([header, *rows], separator, "\r\n" if line_end == " " else line_end)

    found = read_delimited(data, "x.csv", separator=separator, header=True).columns

    assert found.column_names == header
    assert [list(row.values()) for row in found.to_pylist()] == [
        [cell or None for cell in row] for row in rows
    ]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_each_separator_is_found(separator):
    rows = [["name", "size", "note"], ["ant", "3", "x"], ["bee", "12", "a b"[:1]]]

    found = read("\n".join(separator.join(row) for row in rows))

    assert found == {"name": ["ant", "bee"], "size": [3, 12], "note": ["x", "a"]}


def test_a_separator_inside_quotes_does_not_count():
    assert sniff_separator('a;b\n"1,2,3";x\n"4,5,6";y\n') == ";"


def test_prose_is_one_column():
    assert sniff_separator("Well, yes\nno\nso, then, go\nand then some\n") is None


def test_runs_of_spaces_count_as_one():
    text = "  y    x  name\n 1.5   2   'a'\n-1   30   b \n"
    assert read(text) == {"y": [1.5, -1.0], "x": [2, 30], "name": ["'a'", "b"]}


def test_row_names_without_a_header_of_their_own_get_one():
    """R's write.table writes a header that is one name short."""
    text = '"x" "group"\n"1" 3.5 "a b"\n"2" 4 "c"\n'
    assert read(text) == {"c1": [1, 2], "x": [3.5, 4.0], "group": ["a b", "c"]}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["x", "y"], ["1", "2"]], True),
        ([["1", "2"], ["3", "4"]], False),
        ([["", "x"], ["a", "1"]], True),
        ([["T", "2"], ["I", "5"]], False),
        ([["p", "x"], ["e", "y"], ["p", "z"]], False),
        ([["id", "1990"], ["7", "3"]], True),
        ([["city", "land"], ["Rome", "Italy"]], True),
        ([["a", "a"], ["b", "c"]], False),
        ([["a", "?"], ["b", "c"]], False),
        ([["a", "", "b"], ["c", "d", "e"]], False),
        ([["only"]], True),
    ],
)
def test_headers_are_told_from_values(rows, expected):
    assert has_header(rows) is expected


def test_header_and_separator_can_be_overridden():
    assert read("a,b\nc,d\n", header=False) == {"c1": ["a", "c"], "c2": ["b", "d"]}
    assert read("1,2\n3,4\n", header=True) == {"1": [3], "2": [4]}
    assert read("a,b\n1,x\n", separator=";") == {"a,b": ["1,x"]}


def test_a_header_without_values_below_is_refused():
    with pytest.raises(TableError, match=r"x\.csv: its only row was read as the names"):
        read("a,b\n")
    assert read("a,b\n", header=False) == {"c1": ["a"], "c2": ["b"]}


def test_unnamed_columns_are_named_by_position():
    assert list(read("x,,\n1,2,3\n", header=True)) == ["x", "c2", "c3"]


def test_names_that_recur_are_an_error_that_tells_where():
    with pytest.raises(TableError, match="'x' at positions 1, 3"):
        read("x,y,x\n1,2,3\n", header=True)


def test_a_file_of_one_column_is_a_table():
    assert read("size\n1\n\n3\n\n") == {"size": [1, None, 3]}


@pytest.mark.parametrize("word", MISSING)
def test_each_word_for_missing_is_missing_even_between_spaces(word):
    text = f"a,b\n 1, u\n {word} ,{word}\n3,v\n"
    assert read(text) == {"a": [1, None, 3], "b": ["u", None, "v"]}


def test_a_column_that_is_never_known_is_null():
    assert read("a,b\n1,NA\n2,?\n") == {"a": [1, 2], "b": [None, None]}


def test_values_take_the_one_type_they_all_have():
    table = read_delimited(
        b"i,f,b,d,t,s\n1,1,true,2024-02-29,2024-02-29 10:30:00,1\n 2 , 2.5 ,?, 2024-03-01 ,NA,x \n",
        "x.csv",
    )
    kinds = [str(kind) for kind in table.columns.schema.types]
    assert kinds == ["int64", "double", "bool", "date32[day]", "timestamp[us]", "string"]
    assert table.columns["s"].to_pylist() == ["1", "x"]


def test_a_time_of_day_becomes_hours():
    assert read("t,x\n10:30,1\n06:00,2\n")["t"] == [10.5, 6.0]


def test_decimal_commas_are_read_between_semicolons():
    assert read("a;b\n1,5;x\n-2;y\n") == {"a": [1.5, -2.0], "b": ["x", "y"]}
    assert read("a\tb\n1,5\tx\n-2\ty\n")["a"] == ["1,5", "-2"]


def test_stray_quotes_are_plain_characters():
    text = 'ham\t"Yes" she said\nspam\tFree, 5" long\nham\t"all"\nham\t"open\n'
    assert quoting_breaks_at(text.encode(), "\t") == 4
    table = read_delimited(text.encode(), "x.tsv")
    assert table.columns["c2"].to_pylist() == ['"Yes" she said', 'Free, 5" long', '"all"', '"open']
    assert any("line 1" in note for note in table.notes)


def test_quoted_line_ends_and_doubled_quotes_are_values():
    text = 'a,b\n"two\nlines","say ""hi"""\nx,y\n'
    assert read(text) == {"a": ["two\nlines", "x"], "b": ['say "hi"', "y"]}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_ragged_row_is_named_by_its_line(line_end):
    text = line_end.join(["a,b", '"1', '2",3', "", "4,5", "6", "7,8", "9,10", ""])
    with pytest.raises(TableError, match=r"x\.csv, line 6: fields found: 1, expected: 2"):
        read(text)


def test_a_ragged_row_after_a_stray_quote_names_the_quote():
    text = 'a,b\n1,"x, y"\n2,"stray\n3,z\n'
    with pytest.raises(TableError, match=r"line 2: fields found: 3, expected: 2.* quote on line 3"):
        read(text)


def test_values_longer_than_a_block_are_read():
    long = "word " * 1_500_000
    found = read_delimited(f'n,text\n1,"{long}"\n2,"{long}"\n'.encode(), "x.csv")
    assert [len(text) for text in found.columns["text"].to_pylist()] == [len(long) - 1] * 2


@pytest.mark.parametrize("separator", ["", ",,", '"', "\n"])
def test_a_separator_that_cannot_be_one_is_refused(separator):
    with pytest.raises(SettingError, match="one character"):
        read("a,b\n1,2\n", separator=separator)


def test_only_the_columns_asked_for_are_read(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a,b,c\n1,2,3\n")
    assert read_table(file, columns=["c", "a"]).columns.to_pydict() == {"c": [3], "a": [1]}
    with pytest.raises(TableError, match="Did you mean 'b'"):
        read_table(file, columns=["bb"])


def test_notes_say_what_was_assumed():
    notes = read_delimited(b"1;2\n3;4\n", "x.csv").notes
    assert notes == ("fields are separated by ;; no header: columns are c1, c2, …",)
