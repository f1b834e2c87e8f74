import bz2
import csv
import gzip
import io
import lzma
import string
from pathlib import Path
from tempfile import TemporaryDirectory

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, ipc, parquet

from linnet.data.reading import read_table
from linnet.data.scanning import open_tables
from linnet.data.streams import Chunk, TableStream, in_even_chunks
from linnet.data.tables import Table
from linnet.errors import DataTypeError, MissingDependencyError, SettingError, TableError

texts = st.text(st.sampled_from(string.ascii_letters + ',; "\n#é漢🐦'), max_size=8).map(
    lambda rest: f"x{rest}y"
)
COLUMNS = {
    "integer": st.integers(-(10**12), 10**12).map(str),
    "float": st.floats(allow_nan=False, allow_infinity=False).map(repr),
    "text": texts,
    "boolean": st.sampled_from(["true", "false"]),
    "date": st.dates().map(str),
}
missing = st.sampled_from(["", "NA", " ? "])


def whole(stream, columns=None):
    """All chunks of a stream as one Arrow table."""
    return pa.concat_tables([chunk.table.columns for chunk in stream.chunks(columns)])


def same(found, expected):
    assert found.column_names == expected.column_names
    assert found.schema.types == expected.schema.types
    assert found.combine_chunks().equals(expected.combine_chunks())


@st.composite
def csv_texts(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    row = st.tuples(*(COLUMNS[kind] | missing for kind in kinds))
    rows = draw(st.lists(row, min_size=1, max_size=20))
    # Python quotes a carriage return by itself only where lines end in one.
    bare = any("\r" in str(cell) for cells in rows for cell in cells)
    quotings = [csv.QUOTE_ALL] if bare else [csv.QUOTE_MINIMAL, csv.QUOTE_ALL]
    stream = io.StringIO(newline="")
    writer = csv.writer(
        stream,
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from(quotings)),
    )
    writer.writerows([[f"{kind}{i}" for i, kind in enumerate(kinds)], *rows])
    return stream.getvalue().encode()


@given(csv_texts(), st.integers(1, 200))
def test_blocks_of_any_size_give_what_reading_the_whole_file_gives(text, block_bytes):
    with TemporaryDirectory() as folder:
        file = Path(folder, "x.csv")
        file.write_bytes(text)
        expected = read_table(file, separator=",", header=True).columns
        stream = open_tables(file, separator=",", header=True, block_bytes=block_bytes)
        chunks = list(stream.chunks())

        if expected.num_rows:
            same(pa.concat_tables([chunk.table.columns for chunk in chunks]), expected)
        rows = np.cumsum([0, *(chunk.table.n_rows for chunk in chunks)])
        assert [chunk.first_row for chunk in chunks] == [row + 1 for row in rows[:-1]]
        read = [chunk.bytes_read for chunk in chunks]
        assert read == sorted(read)
        assert read[-1] <= stream.n_bytes == len(text)


@pytest.mark.parametrize(
    "pattern",
    [
        "beijing_air_quality/*.csv",
        "hflights/hflights.csv.gz",
        "adult/adult-train.csv",
        "adult/adult-test.csv",
        "newsgroups20_bydate/test.jsonl.gz",
        "sms_spam/SMSSpamCollection",
    ],
)
def test_real_files_are_as_when_read_whole(pattern, real_data):
    folder = real_data(pattern.split("/", maxsplit=1)[0])
    files = sorted(folder.glob(pattern.split("/")[1]))
    tables = [read_table(file).columns for file in files]
    expected = pa.concat_tables(tables, promote_options="permissive")

    stream = open_tables(f"{folder}/{pattern.split('/')[1]}", block_bytes=1 << 18)

    same(whole(stream), expected)
    assert isinstance(stream, TableStream)
    assert stream.n_bytes == sum(file.stat().st_size for file in files)
    *_, last = stream.chunks(stream.names[:1])
    assert last.bytes_read == stream.n_bytes
    assert last.table.origin == str(files[-1])
    assert last.first_row + last.table.n_rows - 1 == tables[-1].num_rows


def write_zstd(data, path):
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(data)


COMPRESSORS = {
    "gz": lambda data, path: path.write_bytes(gzip.compress(data)),
    "bz2": lambda data, path: path.write_bytes(bz2.compress(data)),
    "xz": lambda data, path: path.write_bytes(lzma.compress(data)),
    "zst": write_zstd,
}
ROWS = "".join(f"{i},{i / 4},w{i % 3}\n" for i in range(2000))
TEXT = ("n,x,word\n" + ROWS).encode()


@pytest.mark.parametrize("name", COMPRESSORS)
def test_compressed_text_is_read_and_its_damage_told(name, tmp_path):
    file, plain = tmp_path / f"x.csv.{name}", tmp_path / "x.csv"
    COMPRESSORS[name](TEXT, file)
    plain.write_bytes(TEXT)
    stream = open_tables(file, block_bytes=1000)
    same(whole(stream), read_table(plain).columns)
    same(read_table(file).columns, read_table(plain).columns)

    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(TableError, match=f"x.csv.{name}: its compressed data break off"):
        whole(open_tables(file, block_bytes=1000))


def write_stream(table, path):
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)


BINARY = {
    "parquet": lambda table, path: parquet.write_table(table, path, row_group_size=700),
    "arrow file": lambda table, path: feather.write_feather(table, path, chunksize=300),
    "arrow stream": write_stream,
}


@pytest.mark.parametrize("format_", BINARY)
def test_binary_files_are_read_in_batches(format_, tmp_path):
    words = pa.array([f"w{i % 3}" for i in range(2000)]).dictionary_encode()
    table = pa.table({"n": range(2000), "x": np.arange(2000) / 3, "word": words})
    for name in ("b", "a"):
        BINARY[format_](table, tmp_path / name)

    stream = open_tables([tmp_path / "b", tmp_path / "a"])
    chunks = list(stream.chunks(["word", "n"]))

    assert len(chunks) > 2
    assert chunks[0].table.names == ["word", "n"]
    rows = [row for chunk in chunks for row in chunk.table.columns.to_pylist()]
    assert rows == 2 * table.select(["word", "n"]).to_pylist()
    assert chunks[-1].bytes_read == stream.n_bytes
    assert [chunk.first_row for chunk in chunks].count(1) == 2
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-500])
    with pytest.raises(TableError, match="a: cannot be read as"):
        whole(open_tables([tmp_path / "b", tmp_path / "a"]))


def test_numbers_of_different_types_are_widened_and_other_types_are_refused(tmp_path):
    parquet.write_table(pa.table({"x": pa.array([1], pa.int32())}), tmp_path / "1.parquet")
    parquet.write_table(pa.table({"x": pa.array([0.5], pa.float32())}), tmp_path / "2.parquet")
    assert whole(open_tables(f"{tmp_path}/*.parquet")).column("x").to_pylist() == [1.0, 0.5]
    parquet.write_table(pa.table({"x": ["a"]}), tmp_path / "3.parquet")
    with pytest.raises(TableError, match=r"3\.parquet, column 'x': it holds string, but double"):
        open_tables(f"{tmp_path}/*.parquet")


def test_a_file_with_its_columns_in_another_order_is_put_right(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,x\n")
    (tmp_path / "2.csv").write_text("b,a\ny,2.5\n")
    assert whole(open_tables(f"{tmp_path}/*.csv")).to_pydict() == {"a": [1, 2.5], "b": ["x", "y"]}
    (tmp_path / "3.csv").write_text("b,c\ny,2\n")
    with pytest.raises(TableError, match=r"3\.csv: .* it lacks 'a' and it has 'c' besides"):
        open_tables(f"{tmp_path}/*.csv")


FAULTY = TEXT + b"1,2\n7,0.5,word\n5,half,word\n8,1,word\n"


def far(rows):
    """A compressed file whose last rows stand after the first MiB, so that no sample has them."""
    return gzip.compress(b"n,x,word\n" + (b"1,0.25,wwwwwwwwwwwwww\n" * 50_000) + rows)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"1,2\n", "fields found: 2, expected: 3"),
        (b"1,2,3,4\n", "fields found: 4, expected: 3"),
        (b"1,half,w\n", "column 'x' holds 'half', but holds values of type double"),
        (b"1.5,1,w\n", "column 'n' holds '1.5', but holds values of type int64"),
    ],
)
def test_a_faulty_row_is_told_by_file_and_line_or_left_out_and_counted(row, message, tmp_path):
    file = tmp_path / "x.csv.gz"
    file.write_bytes(far(b"2,1,w\n" + row + b'3,1,"a\nb"\n' + row))
    with pytest.raises(TableError, match=rf"x\.csv\.gz, line 50003: {message}"):
        whole(open_tables(file))

    stream = open_tables(file, on_error="skip")
    found = whole(stream)
    assert found.num_rows == 50_002
    assert found.column("word").to_pylist()[-2:] == ["w", "a\nb"]
    (note,) = [note for note in stream.notes if "left out" in note]
    assert "line 50003" in note
    assert "line 50006" in note
    assert whole(stream, ["word"]).num_rows == 50_002


def test_values_padded_in_a_way_no_sample_showed_are_read_all_the_same(tmp_path):
    file = tmp_path / "x.csv.gz"
    file.write_bytes(far(b" NA , 2 ,\n 7 ,?, w \n"))
    assert whole(open_tables(file)).slice(50_000).to_pylist() == [
        {"n": None, "x": 2.0, "word": None},
        {"n": 7, "x": None, "word": "w"},
    ]


def test_a_column_empty_at_first_has_the_type_of_the_values_it_has_later(tmp_path):
    file = tmp_path / "x.csv.gz"
    head = b"n,late,mixed,never\n" + (b"1,,NA,?\n" * 150_000)
    file.write_bytes(gzip.compress(head + b"1,2,3,\n1,2.5,x,\n"))
    found = whole(open_tables(file))
    assert found.schema.types == [pa.int64(), pa.float64(), pa.string(), pa.null()]
    assert found.slice(150_000).select(["late", "mixed"]).to_pydict() == {
        "late": [2.0, 2.5],
        "mixed": ["3", "x"],
    }


def test_a_type_that_only_shows_in_the_middle_of_a_large_file_is_found(tmp_path):
    file = tmp_path / "x.csv"
    rows = [b"1,wwwwwwwwwwwwwwwwww\n"] * 150_000
    rows[75_000:] = [b"1.5,wwwwwwwwwwwwwwwwww\n"] * 75_000
    file.write_bytes(b"n,word\n" + b"".join(rows))
    assert whole(open_tables(file)).schema.types == [pa.float64(), pa.string()]


def test_a_file_that_changes_is_told(tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(TEXT)
    stream = open_tables([file])
    assert whole(stream).num_rows == 2000
    file.write_bytes(TEXT + b"1,2,w\n")
    with pytest.raises(TableError, match=r"x\.csv: the file has changed since it was opened"):
        whole(stream)
    file.unlink()
    with pytest.raises(TableError, match="now gone"):
        whole(stream)


def test_json_lines_are_read_in_blocks(tmp_path):
    file = tmp_path / "x.jsonl"
    lines = [f'{{"n": {i}, "word": "w{i}"}}' for i in range(500)]
    lines[100] = '{"extra": true}'
    file.write_text("\n".join(lines))
    same(whole(open_tables(file, block_bytes=100)), read_table(file).columns)


def test_a_faulty_line_of_json_is_told_or_left_out(tmp_path):
    file = tmp_path / "x.jsonl.gz"
    good = b'{"n": 1, "word": "a longer text than that"}\n'
    bad = [b'{"n": "one"}\n', b"[1]\n", b'{"n": 1, "new": 2}\n', b'{"n": 1.5}\n', b'{"n": \n']
    for line in bad:
        file.write_bytes(gzip.compress(good * 30_000 + line + good))
        with pytest.raises(TableError, match=r"x\.jsonl\.gz, line 30001: "):
            whole(open_tables(file))
    file.write_bytes(gzip.compress(good * 30_000 + b"".join(bad) + good))
    assert whole(open_tables(file, on_error="skip")).num_rows == 30_001


def test_other_encodings_are_read_and_wrong_bytes_told_by_line(tmp_path):
    file = tmp_path / "x.csv"
    text = "n,word\n" + "".join(f"{i},é{i}\n" for i in range(300))
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        file.write_bytes(text.encode(encoding))
        found = whole(open_tables(file, encoding=encoding, block_bytes=64))
        assert found.column("word").to_pylist() == [f"é{i}" for i in range(300)]
    file.write_bytes(text.encode() + b"1,\xe9\n")
    place = len(text.encode()) + 3
    with pytest.raises(TableError, match=rf"line 302: byte 0xe9 \(byte {place:,} of the file\)"):
        whole(open_tables(file, block_bytes=64))


def test_an_address_is_read_like_a_path(tmp_path):
    (tmp_path / "1.csv").write_bytes(TEXT)
    (tmp_path / "2.csv").write_bytes(TEXT)
    for address in (f"{tmp_path.as_uri()}/1.csv", f"{tmp_path.as_uri()}/*.csv"):
        stream = open_tables(address)
        assert whole(stream, ["n"]).num_rows == 2000 * len(list(stream.chunks()))
    with pytest.raises(TableError, match="no file matches"):
        open_tables(f"{tmp_path.as_uri()}/*.parquet")


def test_an_address_that_only_fsspec_knows_is_read_by_it():
    memory = fsspec.filesystem("memory")
    for i in (1, 2):
        memory.pipe(f"/scanned/{i}.csv", TEXT)
    stream = open_tables("memory://scanned/*.csv", block_bytes=1000)
    assert whole(stream, ["n"]).num_rows == 4000
    assert whole(open_tables("memory://scanned/1.csv")).num_rows == 2000
    memory.pipe("/scanned/2.csv", TEXT + b"1,2,w\n")
    with pytest.raises(TableError, match=r"scanned/2\.csv: the file has changed"):
        whole(stream)
    with pytest.raises(MissingDependencyError, match="cannot be reached"):
        open_tables("nowhere://x.csv")


def test_stray_quotes_in_unquoted_fields_do_not_hide_row_ends(tmp_path):
    file = tmp_path / "x.csv"
    rows = "".join(f'{i},5" disk,"two\nlines, {i}"\n' for i in range(200))
    file.write_text("n,size,note\n" + rows)
    same(whole(open_tables(file, block_bytes=50)), read_table(file).columns)


@pytest.mark.parametrize("row", [b'3,1,"never closed\n', b'3,1,"closed" too soon\n'])
def test_a_quote_that_closes_no_field_is_told_by_its_line(row, tmp_path):
    """What follows must not become part of that field."""
    file = tmp_path / "x.csv.gz"
    file.write_bytes(far(row + b"4,1,w\n" * 20))
    with pytest.raises(TableError, match=r"x\.csv\.gz, line 50002: a quote in the row"):
        whole(open_tables(file))


def test_the_columns_asked_for_are_given_and_unknown_ones_told(tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes(TEXT)
    stream = open_tables(file)
    assert stream.names == ("n", "x", "word")
    assert whole(stream, ["word", "n"]).column_names == ["word", "n"]
    with pytest.raises(TableError, match="Did you mean 'word'"):
        next(stream.chunks(["wort"]))


def test_what_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "x.csv").write_bytes(TEXT)
    (tmp_path / "empty.csv").write_bytes(b"")
    parquet.write_table(pa.table({"n": [1]}), tmp_path / "x.parquet")
    for paths, message in [
        (tmp_path / "*.tsv", "no file matches"),
        (tmp_path / "y.csv", "there is no such file"),
        (tmp_path, "this is a folder"),
        ([], "list of files is empty"),
        (tmp_path / "empty.csv", "the file is empty"),
        ([tmp_path / "x.csv", tmp_path / "x.parquet"], r"x\.parquet: this is parquet, but"),
    ]:
        with pytest.raises(TableError, match=message):
            open_tables(paths)
    with pytest.raises(DataTypeError, match="is needed, not 3"):
        open_tables(3)
    with pytest.raises(SettingError, match="on_error"):
        open_tables(tmp_path / "x.csv", on_error="ignore")
    with pytest.raises(SettingError, match="block_bytes"):
        open_tables(tmp_path / "x.csv", block_bytes=0)


@given(
    sizes=st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=3),
    rows=st.integers(1, 7),
)
def test_even_chunks_are_the_same_however_the_files_were_cut(sizes, rows):
    """Each chunk has a dictionary of its own, as those of a file may."""
    letters = np.array(list("abcdefg"))

    def chunks():
        read = 0
        for number, cuts in enumerate(sizes):
            first = 1
            for size in cuts:
                read += size
                n = np.arange(first, first + size)
                category = pa.array(letters[n % 7], pa.string()).dictionary_encode()
                table = Table(pa.table({"n": n, "letter": category}), f"file{number}")
                yield Chunk(table, first, read)
                first += size

    even = list(in_even_chunks(chunks(), rows))
    found = [(chunk.table.origin, chunk.first_row, chunk.table.n_rows) for chunk in even]
    assert found == [
        (f"file{number}", start + 1, min(rows, sum(cuts) - start))
        for number, cuts in enumerate(sizes)
        for start in range(0, sum(cuts), rows)
    ]
    for chunk in even:
        n = np.arange(chunk.first_row, chunk.first_row + chunk.table.n_rows)
        assert chunk.table.columns.column("n").to_pylist() == n.tolist()
        assert chunk.table.columns.column("letter").to_pylist() == letters[n % 7].tolist()
    assert [chunk.bytes_read for chunk in even] == sorted(chunk.bytes_read for chunk in even)
