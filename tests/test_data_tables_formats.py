import gzip
import json
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet
from sklearn.datasets import dump_svmlight_file

from linnet.data.libsvm import read_libsvm
from linnet.data.reading import read_table, table_format
from linnet.errors import SettingError, TableError

COLUMNS = {"n": [1, 2, None], "x": [0.5, None, 2.0], "word": ["a", "b", None]}


def write_stream(table, path):
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def write_json_lines(table, path):
    path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))


WRITERS = {
    "parquet": parquet.write_table,
    "arrow file": lambda table, path: feather.write_feather(table, path, compression="zstd"),
    "arrow stream": write_stream,
    "json lines": write_json_lines,
}


@pytest.mark.parametrize("format_", WRITERS)
def test_each_format_is_recognised_by_content_and_gives_the_same_table(format_, tmp_path):
    file = tmp_path / "no_suffix"
    WRITERS[format_](pa.table(COLUMNS), file)

    assert table_format(file) == format_
    assert read_table(file).columns.to_pydict() == COLUMNS
    assert read_table(file, columns=["x"]).columns.to_pydict() == {"x": COLUMNS["x"]}
    with pytest.raises(TableError, match="Did you mean 'word'"):
        read_table(file, columns=["words"])


@pytest.mark.parametrize("format_", ["parquet", "arrow file", "arrow stream"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_a_binary_file_cut_off_is_a_table_error(format_, kept, tmp_path):
    file = tmp_path / "cut.bin"
    WRITERS[format_](pa.table({"x": np.arange(5000) * 0.1}), file)
    content = file.read_bytes()
    file.write_bytes(content[: int(kept * len(content))])

    with pytest.raises(TableError, match=r"cut\.bin: cannot be read as"):
        read_table(file)


@pytest.mark.parametrize("format_", ["parquet", "arrow file", "arrow stream"])
def test_no_damaged_byte_lets_a_foreign_error_out(format_, tmp_path):
    file = tmp_path / "damaged.bin"
    WRITERS[format_](pa.table({"x": np.arange(20) * 0.1, "s": list("abcdefghijklmnopqrst")}), file)
    content = bytearray(file.read_bytes())
    rng = np.random.default_rng(0)
    for position in rng.integers(8, len(content), size=200):
        damaged = content.copy()
        damaged[position] ^= 1 << rng.integers(8)
        file.write_bytes(damaged)
        # Not every damage can be noticed; what is noticed must be a TableError.
        with suppress(TableError):
            read_table(file)


def test_compressed_text_is_read(tmp_path):
    for name, text in [("x.csv.gz", "a,b\n1,2\n"), ("x.jsonl.gz", '{"a": 1, "b": 2}\n')]:
        file = tmp_path / name
        file.write_bytes(gzip.compress(text.encode()))
        assert read_table(file).columns.to_pydict() == {"a": [1], "b": [2]}


def test_truncated_gzip_is_named(tmp_path):
    file = tmp_path / "cut.csv.gz"
    data = gzip.compress("".join(f"{i},{i * i}\n" for i in range(100_000)).encode())
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(TableError, match=r"cut\.csv\.gz: its compressed data break off"):
        read_table(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n\n", "only blank lines"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "not a table of a known format"),
        (b'[{"a": 1}]', "one object a line"),
        (b'{"a": 1}\n{"a": \n', "line 2: not valid JSON"),
        (b'{"a": 1}\n\n{"a": "x"}\n', "line 3: 'a' holds text .* but a number"),
        (b'{"a": 1}\n[2]\n', "line 2: an object .* is expected, not a list"),
        (b'{"a": {"b": 1}}\n', "column 'a': it holds struct"),
        (b"a,b\n1,2\n3,caf\xe9\n", r"line 3: byte 0xe9 \(byte 14 .*--encoding latin-1"),
    ],
)
def test_bad_files_are_told_apart(content, message, tmp_path):
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    with pytest.raises(TableError, match=rf"bad\.txt.*{message}"):
        read_table(file)


def test_a_misnamed_binary_file_is_told(tmp_path):
    file = tmp_path / "x.parquet"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match="named like Parquet"):
        read_table(file)


def test_missing_files_and_folders_are_told(tmp_path):
    with pytest.raises(TableError, match="there is no such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(TableError, match="this is a folder"):
        read_table(tmp_path)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-8-sig", "utf-8"])
def test_encodings_give_the_same_text(encoding, tmp_path):
    file = tmp_path / "x.csv"
    file.write_bytes("naïve,n\ncafé,1\n".encode(encoding))
    # A byte order mark tells by itself.
    told = "utf-8" if encoding.startswith("utf") else encoding
    assert read_table(file, encoding=told).columns.to_pydict() == {"naïve": ["café"], "n": [1]}


def test_an_unknown_encoding_is_a_setting_error(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(SettingError, match="no encoding called 'latin-77'"):
        read_table(file, encoding="latin-77")


def test_libsvm_is_recognised_and_read(tmp_path):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, 7)) * (rng.random((20, 7)) < 0.4)
    X[0, 6] = 2.5
    y = rng.integers(0, 2, 20) * 2.0 - 1
    file = tmp_path / "samples"
    with file.open("wb") as stream:
        dump_svmlight_file(X, y, stream, zero_based=False, comment="made here")

    data = read_libsvm(file)

    assert table_format(file) == "libsvm"
    # The file holds 16 digits of each value.
    np.testing.assert_allclose(data.X.toarray(), X, rtol=1e-15)
    np.testing.assert_array_equal(data.y, y)
    assert read_libsvm(file, n_features=10).X.shape == (20, 10)
    with pytest.raises(TableError, match="read it with read_libsvm"):
        read_table(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 1:2\n-1 x:3\n", "line 2: not of the form"),
        ("1 1:2\n\n-1 3:1 2:1\n", "line 3: the indices must rise"),
        ("1 1:2\n-1 5:1\n", "line 2: feature 5 is beyond the 4"),
    ],
)
def test_a_bad_libsvm_line_is_named(text, message, tmp_path):
    file = tmp_path / "bad.libsvm"
    file.write_text(text)
    with pytest.raises(TableError, match=rf"bad\.libsvm, {message}"):
        read_libsvm(file, n_features=4)


def test_times_and_decimals_become_plain(tmp_path):
    file = tmp_path / "types.parquet"
    instant = pa.array([1_700_000_000_000_000_000], pa.timestamp("ns", tz="Asia/Tokyo"))
    table = pa.table(
        {
            "instant": instant,
            "price": pa.array(["1.25"]).cast(pa.decimal128(8, 2)),
            "view": pa.array(["a"], pa.string_view()),
            "took": pa.array([90 * 60], pa.duration("s")),
        }
    )
    parquet.write_table(table, file)

    plain = read_table(file).columns

    assert plain["instant"].cast(pa.int64()).to_pylist() == [1_700_000_000_000_000]
    assert plain["price"].to_pylist() == [1.25]
    assert plain["view"].to_pylist() == ["a"]
    assert plain["took"].to_pylist() == [1.5]


def test_lists_are_refused_by_name(tmp_path):
    file = tmp_path / "lists.parquet"
    parquet.write_table(pa.table({"tags": [["a"], []]}), file)
    with pytest.raises(TableError, match="column 'tags': it holds list"):
        read_table(file)


def test_a_bracket_alone_makes_no_json_of_a_table(tmp_path):
    (tmp_path / "t.csv").write_text("[a]x,y\n1,2\n3,4\n")

    assert read_table(tmp_path / "t.csv").names == ["[a]x", "y"]
