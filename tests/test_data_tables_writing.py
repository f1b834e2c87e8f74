import os
import stat

import numpy as np
import pytest

from linnet.data.atomic import atomic_write
from linnet.data.reading import read_table
from linnet.data.writing import write_table, write_tables
from linnet.errors import SettingError, TableError

COLUMNS = {
    "row": np.arange(3),
    "p": np.array([0.1, 1 / 3, np.nan]),
    "label": np.array(["a", 'b, "c"', "dé"]),
    "day": np.array(["2024-02-29", "NaT", "2024-03-01"], dtype="datetime64[D]"),
}
SUFFIXES = [
    *(".csv", ".tsv", ".jsonl", ".ndjson", ".csv.gz", ".jsonl.gz"),
    *(".parquet", ".arrow", ".feather"),
]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back_exactly(suffix, tmp_path):
    file = tmp_path / f"predictions.v2{suffix}"

    write_table(COLUMNS, file)

    found = read_table(file).columns
    assert found["row"].to_pylist() == [0, 1, 2]
    assert found["p"].to_pylist() == [0.1, 1 / 3, None]
    assert found["label"].to_pylist() == ["a", 'b, "c"', "dé"]
    assert [str(day)[:10] for day in found["day"].to_pylist()] == [
        "2024-02-29",
        "None",
        "2024-03-01",
    ]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["x", "x.xlsx", "x.parquet.gz", "x.gz"])
def test_an_unknown_suffix_is_refused(name, tmp_path):
    with pytest.raises(SettingError, match=r"\.csv, \.tsv"):
        write_table(COLUMNS, tmp_path / name)


def test_columns_of_unlike_length_are_refused(tmp_path):
    with pytest.raises(TableError, match="same number of rows"):
        write_table({"a": [1], "b": [1, 2]}, tmp_path / "x.csv")


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(TableError, match="cannot be written: No such file"):
        write_table(COLUMNS, tmp_path / "none" / "x.csv")


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_an_interruption_leaves_the_old_file_and_nothing_else(error, tmp_path):
    file = tmp_path / "x.txt"
    file.write_text("old")

    def interrupted():
        with atomic_write(file) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        interrupted()

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("suffix", [".csv", ".tsv.gz", ".jsonl", ".parquet", ".arrow"])
def test_an_interrupted_table_leaves_nothing(tmp_path, suffix):
    def parts():
        yield COLUMNS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tables(parts(), tmp_path / f"x{suffix}")
    assert not list(tmp_path.iterdir())


def test_no_part_is_nothing_to_write(tmp_path):
    with pytest.raises(TableError, match="nothing to write"):
        write_tables([], tmp_path / "x.csv")


def test_the_new_file_has_the_usual_permissions(tmp_path):
    usual = tmp_path / "usual"
    usual.write_text("")
    with atomic_write(tmp_path / "x") as temporary:
        temporary.write_text("")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_link_is_followed(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    with atomic_write(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_device_is_written_directly():
    with atomic_write(os.devnull) as temporary:
        assert temporary.samefile(os.devnull)
