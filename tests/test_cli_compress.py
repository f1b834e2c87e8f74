"""A file is compressed and comes back, from the command line."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

KINDS = np.random.default_rng(0).integers(0, 3, 1000)
TEXT = "kind;size\r\n" + "".join(
    f"{'abc'[k]};{10 * k + i % 7 % 2}\r\n" for i, k in enumerate(KINDS)
)


@pytest.fixture
def linnet(linnet):
    """Run a command in a folder with one table; give its exit code, output and messages."""
    Path("t.csv").write_bytes(TEXT.encode())
    return linnet


def test_a_file_comes_back_to_the_last_byte(linnet):
    code, out, err = linnet("compress", "t.csv", "-o", "t.lnt")
    assert code == 0, err
    for words in ("kind", "size", "given others", "xz -9", "times as many"):
        assert words in out
    code, out, err = linnet("decompress", "t.lnt", "-o", "back.csv")
    assert (code, out) == (0, "")
    assert "to the last byte" in err
    assert Path("back.csv").read_bytes() == TEXT.encode()


def test_the_account_adds_up(linnet):
    code, out, _ = linnet("compress", "t.csv", "-o", "t.lnt", "--json")
    account = json.loads(out)
    size = Path("t.lnt").stat().st_size
    parts = account["texts"] + sum(each["data"] + each["model"] for each in account["columns"])
    assert code == 0
    assert account["total"] == size
    # Magic, digests and sizes are what is left.
    assert 0 < size - parts < 60
    assert account["others"]["file"] == len(TEXT)


def test_a_file_that_is_no_table_comes_back_too(linnet):
    prose = " to be or not to be\nthat is the question\n\n whether" * 20
    Path("t.txt").write_text(prose, encoding="utf-8")
    code, out, _ = linnet("compress", "t.txt", "-o", "t.lnt")
    assert code == 0
    assert "No column is coded" in out
    assert linnet("decompress", "t.lnt", "-o", "u.txt")[0] == 0
    assert Path("u.txt").read_bytes() == Path("t.txt").read_bytes()


def test_quiet_says_nothing(linnet):
    assert linnet("compress", "t.csv", "-o", "t.lnt", "-q") == (0, "", "")
    assert linnet("decompress", "t.lnt", "-o", "back.csv", "-q") == (0, "", "")


def test_what_was_gzipped_comes_back_as_text_or_gzipped(linnet):
    Path("t.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    code, _, err = linnet("compress", "t.csv.gz", "-o", "t.lnt")
    assert code == 0
    assert "itself compressed" in err
    assert linnet("decompress", "t.lnt", "-o", "t.csv")[0] == 0
    assert Path("t.csv").read_bytes() == TEXT.encode()
    assert linnet("decompress", "t.lnt", "-o", "u.csv.gz")[0] == 0
    assert gzip.decompress(Path("u.csv.gz").read_bytes()) == TEXT.encode()


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_parquet_and_arrow_come_back_with_their_types(linnet, name):
    rows = {"x": pa.array([1, None, 3], pa.int16()), "y": ["a", "b", None]}
    table = pa.table(rows)
    if name == "t.parquet":
        parquet.write_table(table, name)
    else:
        with pa.ipc.new_file(name, table.schema) as writer:
            writer.write_table(table)
    assert linnet("compress", name, "-o", "t.lnt")[0] == 0
    code, _, err = linnet("decompress", "t.lnt", "-o", "back.parquet")
    assert code == 0
    assert "3 rows and 2 columns" in err
    assert parquet.read_table("back.parquet").equals(table)
    assert linnet("decompress", "t.lnt", "-o", "back.arrow")[0] == 0
    assert pa.ipc.open_file("back.arrow").read_all().equals(table)
    assert linnet("decompress", "t.lnt", "-o", "back.csv")[0] == 0
    assert Path("back.csv").read_text(encoding="utf-8").splitlines()[1] == '1,"a"'


def test_text_is_not_written_as_parquet(linnet):
    linnet("compress", "t.csv", "-o", "t.lnt")
    code, _, err = linnet("decompress", "t.lnt", "-o", "t.parquet")
    assert code == 2
    assert "t.csv" in err
    assert not Path("t.parquet").exists()


def test_damage_leaves_nothing_behind(linnet):
    linnet("compress", "t.csv", "-o", "t.lnt")
    data = bytearray(Path("t.lnt").read_bytes())
    data[len(data) // 2] ^= 4
    Path("t.lnt").write_bytes(data)
    before = set(Path.cwd().iterdir())
    code, out, err = linnet("decompress", "t.lnt", "-o", "back.csv")
    assert (code, out) == (2, "")
    assert "damaged" in err
    assert set(Path.cwd().iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compress", "none.csv", "-o", "t.lnt"), "none.csv"),
        (("compress", "t.csv", "-o", "t.csv"), "input"),
        (("compress", "t.csv", "-o", "no/t.lnt"), "no folder"),
        (("compress", "cut.parquet", "-o", "t.lnt"), "cut.parquet"),
        (("decompress", "t.csv", "-o", "u.csv"), "no compressed table"),
    ],
)
def test_bad_input_is_told(linnet, arguments, said):
    Path("cut.parquet").write_bytes(b"PAR1 and no more")
    code, _, err = linnet(*arguments)
    assert code == 2
    assert said in err
    assert Path("t.csv").read_bytes() == TEXT.encode()
