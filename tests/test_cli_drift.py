"""``linnet drift`` tells how far two tables are from each other, column by column."""

import json
from pathlib import Path

import numpy as np
import pytest


def told(linnet, *arguments):
    code, out, err = linnet("drift", *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture
def files(tmp_path):
    """Two small files whose colours differ."""
    (tmp_path / "a.csv").write_text("colour,size,old\n" + "red,1,1\n" * 30 + "blue,2,1\n" * 10)
    (tmp_path / "b.csv").write_text("colour,size,new\n" + "red,1,1\n" * 15 + "green,2,1\n" * 25)
    return "a.csv", "b.csv"


def test_columns_are_told_by_their_bits(linnet, files):
    code, out, err = linnet("drift", *files)

    assert code == 0
    rows = [line.split() for line in out.splitlines() if "category" in line or "number" in line]
    assert [row[0] for row in rows] == ["colour", "size"]
    assert "only in the second table: green" in out
    assert "9,999 permutations, seed 0" in out
    assert "'old' is in this table alone" in err
    assert "'new' is in this table alone" in err


def test_json_tells_the_same(linnet, files):
    drift = told(linnet, *files, "--seed", 7, "--permutations", 99)

    assert drift["first"]["only_here"] == ["old"]
    assert (drift["seed"], drift["permutations"]) == (7, 99)
    colour, size = drift["columns"]
    assert colour["kl_bits_second_from_first"] == "Infinity"
    assert colour["new_symbols"] == ["green"]
    # Shares of 3/4 and 1/4 in the one, 3/8 and 5/8 in the other.
    m = np.array([9, 7]) / 16
    halves = [np.array(p) @ np.log2(np.array(p) / m) / 2 for p in ([3 / 4, 1 / 4], [3 / 8, 5 / 8])]
    assert size["bits"] == pytest.approx(sum(halves), rel=1e-13)


def test_chosen_columns_alone_are_compared(linnet, files):
    assert [c["column"] for c in told(linnet, *files, "-c", "size", "-c", 2)["columns"]] == ["size"]


def test_too_few_permutations_for_so_many_columns_are_told(linnet, files):
    _, _, err = linnet("drift", *files, "--permutations", 9)

    assert "no adjusted p-value can be below 0.2: give more --permutations" in err
    assert linnet("drift", *files, "-q")[2] == ""


def test_columns_of_unlike_kinds_are_compared_as_texts_and_told(linnet):
    Path("a.csv").write_text("x,y\n1,a\n2,b\n")
    Path("b.csv").write_text("x,y\n1,a\nz,b\n")

    _, _, err = linnet("drift", "a.csv", "b.csv")

    assert "'x': number in the first table, category in the second" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.csv"], "none.csv: there is no such file"),
        (["a.csv", "--bins", "1"], "--bins"),
        (["a.csv", "--column", "shape"], "a.csv: there is no column 'shape'"),
        (["c.csv"], "a.csv and c.csv share no column"),
    ],
)
def test_bad_input_is_one_clear_line(linnet, files, arguments, says):
    Path("c.csv").write_text("z\n1\n2\n")

    code, out, err = linnet("drift", files[0], *arguments)

    assert (code, out) == (2, "")
    assert says in err.splitlines()[-1]


def test_the_two_parts_of_adult_are_alike_but_for_the_spelling_of_the_label(linnet, real_data):
    drift = told(linnet, real_data("adult/adult-train.csv"), real_data("adult/adult-test.csv"))

    first, *others = drift["columns"]
    assert (first["column"], first["bits"]) == ("c15", pytest.approx(1, abs=1e-14))
    assert first["new_symbols"] == ["<=50K.", ">50K."]
    assert all(column["p_value_adjusted"] > 0.05 for column in others)
    assert len(others) == 14


def test_two_stations_of_one_city_differ_in_the_air_and_not_in_the_calendar(linnet, real_data):
    folder = "beijing_air_quality/PRSA_Data_{}_20130301-20170228.csv"
    pair = [real_data(folder.format(name)) for name in ("Aotizhongxin", "Dongsi")]

    columns = {column["column"]: column for column in told(linnet, *pair)["columns"]}

    assert columns["station"]["bits"] == pytest.approx(1, abs=1e-14)
    assert all(columns[name]["bits"] == 0 for name in ("year", "month", "day", "hour"))
    assert all(columns[name]["p_value_adjusted"] < 0.01 for name in ("O3", "CO", "wd"))
