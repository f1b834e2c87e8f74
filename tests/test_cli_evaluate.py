"""``linnet evaluate`` tells of rows read some at a time what it tells of them read whole."""

import json
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest

from linnet.data.frames import as_table
from linnet.data.writing import write_table
from peak_memory import peak_of
from real_files import real

# 300 rows summed in another order, each score a sum of few terms: roundings of some hundred.
RTOL = 1e4 * np.finfo(float).eps
SUFFIXES = [".csv", ".tsv.gz", ".jsonl", ".parquet", ".arrow"]


def columns(seed=0, n=300):
    """Rows of which some lack the target, and some do not count."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n).round(3)
    kind = np.where(x + rng.normal(size=n) > 0, "high", "low").astype(object)
    y = (2 * x + rng.normal(size=n)).round(2)
    kind[rng.integers(0, n, 9)] = None
    y[rng.integers(0, n, 9)] = np.nan
    return {
        "x": x,
        "where": rng.choice(list("uvw"), n).astype(object),
        "kind": kind,
        "y": y,
        "times": rng.choice([0.0, 0.5, 2.0], n),
    }


def write(name, table, rows=slice(None)):
    write_table({column: values[rows] for column, values in table.items()}, Path(name))


@pytest.fixture
def few(monkeypatch):
    """Read at most 7 rows at a time, whatever the budget."""
    monkeypatch.setattr("linnet.cli.named_rows._rows_at_once", lambda *_: 7)


def agree(one, other):
    assert one.keys() == other.keys()
    for name in one.keys() - {"table"}:
        if isinstance(one[name], dict):
            agree(one[name], other[name])
        elif isinstance(one[name], float):
            assert one[name] == pytest.approx(other[name], rel=RTOL, abs=RTOL), name
        else:
            assert one[name] == other[name], name


@pytest.fixture
def judge(linnet):
    """Evaluate; give what was written as JSON, and what was told besides."""

    def judged(*arguments):
        code, out, err = linnet("evaluate", "m.linnet", *arguments, "--json")
        assert code == 0, err
        return json.loads(out), " ".join(err.split())

    return judged


def fit(linnet, *arguments):
    held_out = () if "--epochs" in arguments else ("--validation", "0")
    code, _, err = linnet("fit", *arguments, *held_out, "-q", "-o", "m.linnet")
    assert code == 0, err


# Numbers -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("target", ["kind", "y"])
def test_rows_in_chunks_have_the_account_of_the_whole(linnet, judge, suffix, target):
    table = columns()
    write(f"whole{suffix}", table)
    for i in range(3):
        write(f"part{i}{suffix}", table, slice(100 * i, 100 * i + 100))
    fit(linnet, f"whole{suffix}", "--target", target)

    for options in ([], ["--weight", "times"]):
        whole, told = judge(f"whole{suffix}", *options)
        for table in (f"part*{suffix}", f"whole{suffix}"):
            chunks, also_told = judge(table, "--memory", "1GB", *options)
            agree(chunks, whole)
            assert also_told == told
    assert whole["rows_without_target"] > 0
    assert "left out, for their target is missing" in told


@pytest.mark.usefixtures("few")
def test_the_text_is_that_of_the_whole(linnet):
    write("whole.csv", columns())
    fit(linnet, "whole.csv", "--target", "kind")

    whole = linnet("evaluate", "m.linnet", "whole.csv")
    chunks = linnet("evaluate", "m.linnet", "whole.csv", "--memory", "1GB")

    assert chunks[:2] == whole[:2]


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("classes", [True, False])
def test_libsvm_files_have_the_account_of_one(linnet, judge, classes):
    rng = np.random.default_rng(0)
    rows = [
        f"{int(a + e > 0) if classes else a + e:.3f} 1:{a:.3f} 3:{b:.3f}"
        for a, b, e in rng.normal(size=(60, 3))
    ]
    Path("whole.svm").write_text("\n".join(rows) + "\n")
    for i in range(2):
        Path(f"part{i}.svm").write_text("\n".join(rows[30 * i : 30 * i + 30]) + "\n")
    fit(linnet, "whole.svm")

    whole, _ = judge("whole.svm")

    agree(judge("part*.svm")[0], whole)
    agree(judge("whole.svm", "--memory", "1GB")[0], whole)


@pytest.mark.usefixtures("few")
def test_hashed_rows_are_judged_in_chunks(linnet, judge):
    table = columns()
    del table["y"], table["times"]
    write("whole.csv", table)
    fit(linnet, "whole.csv", "--target", "kind", "--solver", "adagrad", "--epochs", "1")

    agree(judge("whole.csv", "--memory", "1GB")[0], judge("whole.csv")[0])


@pytest.mark.usefixtures("few")
def test_a_query_is_judged_and_predicted_as_the_rows_that_it_gives(linnet, judge):
    table = columns()
    write("whole.csv", table)
    fit(linnet, "whole.csv", "--target", "y")
    with sqlite3.connect("rows.sqlite") as database:
        as_table(table).columns.to_pandas().to_sql("rows", database, index=False)
    database.close()
    whole, _ = judge("whole.csv")
    predicted = linnet("predict", "m.linnet", "whole.csv")[1].split()

    for query in (
        ("--sql", "SELECT * FROM 'whole.csv'"),
        ("rows.sqlite", "--sql", "SELECT * FROM rows"),
    ):
        agree(judge(*query)[0], whole)
        found = linnet("predict", "m.linnet", *query)[1].split()
        assert found[0] == predicted[0]
        numbers = np.array(found[1:], dtype=float), np.array(predicted[1:], dtype=float)
        np.testing.assert_allclose(*numbers, rtol=RTOL, atol=RTOL)


# Labels ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few")
def test_a_spelling_is_found_though_the_labels_come_in_chunks(linnet, judge):
    table = columns()
    write("plain.csv", table)
    dotted = {**table, "kind": np.array([k and f" {k}." for k in table["kind"]], dtype=object)}
    write("dotted.csv", dotted)
    fit(linnet, "plain.csv", "--target", "kind", "--drop", "y", "--drop", "times")

    whole, told = judge("dotted.csv")
    chunks, also_told = judge("dotted.csv", "--memory", "1GB")

    agree(chunks, whole)
    agree(chunks, judge("plain.csv")[0])
    assert "full stop" in told
    assert also_told == told


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("last", ["high", "other."])
def test_a_late_label_undoes_what_the_others_seemed_to_mean(linnet, judge, last):
    """One that is known as it is, or that no reading makes known: the dots are meant then."""
    table = columns()
    write("plain.csv", table)
    labels = [k and f"{k}." for k in table["kind"]]
    write("late.csv", {**table, "kind": np.array([*labels[:-1], last], dtype=object)})
    fit(linnet, "plain.csv", "--target", "kind", "--drop", "y", "--drop", "times")

    whole, _ = judge("late.csv")
    chunks, told = judge("late.csv", "--memory", "1GB")

    agree(chunks, whole)
    assert chunks["labels_unseen_in_training"].keys() == {"high.", "low."} | {last} - {"high"}
    assert "full stop" not in told


@pytest.mark.usefixtures("few")
def test_numbers_are_labels_that_are_text_to_the_model(linnet, judge):
    rng = np.random.default_rng(0)
    x = rng.normal(size=60).round(3)
    codes = (x > 0).astype(int)
    write("words.csv", {"x": x, "code": np.array([*codes[:-1].astype(str), "n"], dtype=object)})
    write("numbers.csv", {"x": x, "code": codes})
    fit(linnet, "words.csv", "--target", "code")

    whole, told = judge("numbers.csv")
    chunks, also_told = judge("numbers.csv", "--memory", "1GB")

    agree(chunks, whole)
    assert "as text" in told
    assert also_told == told


@pytest.mark.usefixtures("few")
def test_values_not_seen_when_fitting_are_counted_over_all_chunks(linnet, judge):
    table = columns()
    write("seen.csv", table)
    table["where"] = np.where(np.arange(300) % 5 == 0, "z", table["where"])
    write("unseen.csv", table)
    fit(linnet, "seen.csv", "--target", "y")

    _, told = judge("unseen.csv", "--memory", "1GB")

    assert "'where': 'z' in 60 rows" in told
    assert told == judge("unseen.csv")[1]
    said = linnet("predict", "m.linnet", "unseen.csv", "--memory", "1GB", "-o", "p.csv")[2]
    assert "'where': 'z' in 60 rows" in said


# Errors ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("column", "wrong", "told"),
    [
        ("x", "inf", "infinite"),
        ("x", "none at all", "'none at all' is not a number"),
        ("y", "inf", "infinite"),
        ("y", "much", "much is not a number"),
        ("times", "-1", "the weight is -1"),
        ("times", "", "the weight is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_file_and_row(linnet, column, wrong, told):
    table = columns()
    write("good.csv", table)
    fit(linnet, "good.csv", "--target", "y", "--drop", "kind")
    for i in range(2):
        part = {name: values[:100].astype(object) for name, values in table.items()}
        part["y"] = np.arange(100).astype(object)
        if i == 1:
            part[column][59] = wrong
        names = list(part)
        lines = [
            ",".join("" if v is None else str(v) for v in row)
            for row in zip(*part.values(), strict=True)
        ]
        Path(f"part{i}.csv").write_text("\n".join([",".join(names), *lines]) + "\n")

    code, _, said = linnet("evaluate", "m.linnet", "part*.csv", "--weight", "times")

    assert code == 2
    said = " ".join(said.split())
    assert told in said
    assert f"part1.csv, column {column!r}, row 60" in said


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"y": np.full(300, np.nan)}, "column 'y': the target is missing in every row"),
        ({"times": np.zeros(300)}, "column 'times': the weight is zero in every row"),
    ],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_rows_of_which_none_counts_are_an_error(linnet, values, told, streamed):
    write("good.csv", columns())
    write("empty.csv", columns() | values)
    fit(linnet, "good.csv", "--target", "y")
    memory = ["--memory", "1GB"] if streamed else []

    code, _, said = linnet("evaluate", "m.linnet", "empty.csv", "--weight", "times", *memory)

    assert code == 2
    assert told in " ".join(said.split())


def test_a_report_needs_rows_in_memory(linnet):
    write("part0.csv", columns())
    fit(linnet, "part0.csv", "--target", "y")

    code, _, said = linnet("evaluate", "m.linnet", "part*.csv", "--report", "r.html")

    assert code == 2
    assert "Leave out --report and --card" in " ".join(said.split())
    assert not Path("r.html").exists()


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_rows_must_be_named(linnet, command):
    write("good.csv", columns())
    fit(linnet, "good.csv", "--target", "y")

    code, _, said = linnet(command, "m.linnet")

    assert code == 2
    assert "--sql" in said


# Memory ------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("budget", [200, 300])
def test_real_tables_are_judged_within_a_budget_of_memory(linnet, budget):
    """Of the small budget, program files are left out of account, and the user is told."""
    files = sorted(real("beijing_air_quality").glob("*.csv"))
    fit(linnet, files[0], "--target", "PM2.5")

    pattern = files[0].parent / "*.csv"
    peak = peak_of("evaluate", "m.linnet", pattern, "--memory", f"{budget}MB")

    is_small = budget == 200
    assert ("program files in use are not counted" in peak.said) == is_small
    assert (peak.private if is_small else peak.resident) <= 1.05 * budget


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_a_query_is_fitted_and_judged_within_a_budget_that_counts_the_database(tmp_path):
    """Program files are left out of account, and the user is told."""
    query = f"SELECT * FROM read_csv('{real('beijing_air_quality')}/*.csv', nullstr='NA')"
    model = tmp_path / "m.linnet"
    asked = ("--sql", query, "--memory", "200MB")

    fitted = peak_of("fit", *asked, "--target", "PM2.5", "-o", model)
    judged = peak_of("evaluate", model, *asked)

    for peak in (fitted, judged):
        assert "program files in use are not counted" in peak.said
        assert peak.private <= 1.05 * 200
