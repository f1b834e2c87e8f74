"""``linnet fit`` on tables read in chunks: patterns, queries, Dask, checkpoints, broken rows."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import linnet as library
from linnet.data.reading import read_table
from peak_memory import peak_of
from real_files import real


@pytest.fixture
def parts(tmp_path):
    """Three files of one table."""
    rng = np.random.default_rng(0)
    for number in range(3):
        x, noise = rng.normal(size=(2, 100))
        rows = [
            f"{a:.3f},{b},{2 * a + e:.3f}"
            for a, b, e in zip(x, rng.choice(list("uvw"), 100), noise, strict=True)
        ]
        (tmp_path / f"part{number}.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_a_pattern_gives_the_model_of_one_file(linnet, parts):
    files = sorted(parts.glob("part*.csv"))
    lines = [line for file in files for line in file.read_text().splitlines()[1:]]
    Path("whole.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    common = ("--target", "y", "--validation", "0", "--quiet")
    assert linnet("fit", "part*.csv", *common, "-o", "pattern.linnet")[0] == 0
    assert linnet("fit", *files, *common, "-o", "list.linnet")[0] == 0
    assert linnet("fit", "whole.csv", *common, "-o", "whole.linnet")[0] == 0
    pattern, several, whole = (
        library.load(f"{name}.linnet").estimator_.coef_ for name in ("pattern", "list", "whole")
    )
    assert np.array_equal(pattern, several)
    np.testing.assert_allclose(pattern, whole, rtol=1e-9)


@pytest.mark.parametrize("suffix", [".csv", ".tsv.gz", ".jsonl", ".parquet", ".arrow"])
def test_predictions_in_chunks_are_those_of_the_whole(linnet, parts, suffix):
    files = sorted(parts.glob("part*.csv"))
    lines = [line for file in files for line in file.read_text().splitlines()[1:]]
    Path("whole.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    assert linnet("fit", "whole.csv", "--target", "y", "-q", "-o", "m.linnet")[0] == 0
    whole, chunks = f"one{suffix}", f"many{suffix}"
    assert linnet("predict", "m.linnet", "whole.csv", "-o", whole)[0] == 0
    code, _, said = linnet("predict", "m.linnet", "part*.csv", "--memory", "1GB", "-o", chunks)
    assert code == 0, said
    assert "300 predictions" in said
    assert read_table(chunks).columns.equals(read_table(whole).columns)
    _, printed, _ = linnet("predict", "m.linnet", "part*.csv")
    assert printed == linnet("predict", "m.linnet", "whole.csv")[1]


def test_predictions_of_libsvm_files_come_in_chunks_too(linnet):
    rng = np.random.default_rng(0)
    rows = [f"{int(a > b)} 1:{a:.3f} 3:{b:.3f}" for a, b in rng.normal(size=(60, 2))]
    Path("few.svm").write_text("\n".join(rows) + "\n")
    assert linnet("fit", "few.svm", "-q", "-o", "m.linnet")[0] == 0
    whole, chunks = (
        linnet("predict", "m.linnet", "few.svm", *o) for o in ([], ["--memory", "1GB"])
    )
    assert chunks[:2] == whole[:2]


@pytest.mark.usefixtures("parts")
def test_predictions_replace_none_of_the_files_they_are_for(linnet):
    assert linnet("fit", "part0.csv", "--target", "y", "-q", "-o", "m.linnet")[0] == 0
    before = Path("part1.csv").read_text()
    code, _, said = linnet("predict", "m.linnet", "part*.csv", "-o", "part1.csv")
    assert code == 2
    assert "this file is an input" in " ".join(said.split())
    assert Path("part1.csv").read_text() == before


def test_a_query_over_files_and_one_of_a_database_give_the_same(linnet, parts):
    import pandas as pd

    table = pd.concat(map(pd.read_csv, sorted(parts.glob("part*.csv"))))
    with sqlite3.connect("birds.sqlite") as database:
        table.to_sql("birds", database, index=False)
    database.close()
    common = ("--target", "y", "--validation", "0", "--quiet")
    code, _, err = linnet("fit", "--sql", "SELECT * FROM 'part*.csv'", *common, "-o", "f.linnet")
    assert code == 0, err
    code, _, err = linnet("fit", "birds.sqlite", "--sql", "birds", *common, "-o", "d.linnet")
    assert code == 0, err
    np.testing.assert_allclose(
        library.load("f.linnet").estimator_.coef_,
        library.load("d.linnet").estimator_.coef_,
        rtol=1e-9,
    )


def test_a_broken_row_is_named_or_skipped_and_told(linnet, parts):
    file = parts / "part1.csv"
    lines = file.read_text().splitlines()
    lines[7] = "1.0,u"
    file.write_text("\n".join(lines) + "\n")
    code, _, err = linnet("fit", "part*.csv", "--target", "y", "-o", "m.linnet")
    assert code != 0
    assert "part1.csv, line 8" in err
    assert not Path("m.linnet").exists()
    code, _, err = linnet(
        "fit", "part*.csv", "--target", "y", "-o", "m.linnet", "--on-error", "skip"
    )
    assert code == 0, err
    assert "part1.csv" in err
    assert "left out" in err


@pytest.mark.usefixtures("parts")
def test_progress_is_told_in_lines_of_json(linnet):
    code, out, err = linnet(
        "fit", "part*.csv", "--target", "b", "-o", "m.linnet", "--log-json", "--json"
    )
    assert code == 0, err
    summary = json.loads(out)
    steps = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert summary["table"]["rows"] == 300
    assert {"event", "seconds", "passes", "loss", "gap"} <= steps[-1].keys()
    assert steps[-1]["gap"] <= 1e-6
    shares = [step["share_done"] for step in steps if step["event"] == "step"]
    assert shares[0] == 0
    assert shares[-1] == 1


@pytest.mark.usefixtures("parts")
def test_a_checkpoint_is_gone_on_with_only_if_asked_to(linnet):
    command = ("fit", "part*.csv", "--target", "b", "--checkpoint", "state", "-q")
    assert linnet(*command, "-o", "first.linnet")[0] == 0
    code, _, err = linnet(*command, "-o", "second.linnet")
    assert code != 0
    assert "--resume" in err
    code, _, err = linnet(*command, "--resume", "-o", "second.linnet")
    assert code == 0, err
    first, second = (library.load(f"{name}.linnet").estimator_ for name in ("first", "second"))
    assert np.array_equal(first.coef_, second.coef_)


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("solver", ["auto", "sgd"])
def test_it_is_told_that_a_fit_goes_on_and_from_how_many_passes(linnet, solver):
    command = ("fit", "part*.csv", "-t", "b", "-o", "m.linnet", "--checkpoint", "state")
    command += ("--solver", solver, "--log-json", "--max-iter", "3")
    code, _, err = linnet(*command)
    assert code == 0, err
    assert "resumed" not in err
    code, _, err = linnet(*command, "--resume")
    assert code == 0, err
    first, *_ = (json.loads(line) for line in err.splitlines() if line.startswith("{"))
    assert first["event"] == "resumed"
    assert first["passes"] >= 4
    assert f"resumed: {first['passes']} passes are noted" in err


def test_two_worker_processes_give_the_model_of_this_one(parts):
    """In a process of its own, as users run it: workers begin by importing the main module."""
    command = [sys.executable, "-m", "linnet", "fit", "part*.csv", "--target", "b", "-q"]
    subprocess.run([*command, "-o", "here.linnet"], check=True, cwd=parts)
    subprocess.run([*command, "-o", "there.linnet", "--dask", "local"], check=True, cwd=parts)
    here, there = (library.load(parts / f"{name}.linnet").estimator_ for name in ("here", "there"))
    np.testing.assert_allclose(here.coef_, there.coef_, rtol=1e-6, atol=1e-9)
    assert there.certificate_.kind == "proven"


@pytest.mark.usefixtures("parts")
def test_a_scheduler_that_is_not_there_is_told(linnet):
    code, _, err = linnet(
        "fit", "part*.csv", "--target", "b", "--dask", "tcp://127.0.0.1:9", "-o", "m.linnet"
    )
    assert code != 0
    assert "No Dask scheduler answers" in err


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize(
    ("pattern", "target"),
    [("beijing_air_quality/*.csv", "PM2.5"), ("hflights/*.csv.gz", "ArrDelay")],
)
@pytest.mark.parametrize("budget", [200, 300])
def test_real_tables_are_fitted_within_a_budget_of_memory(tmp_path, pattern, target, budget):
    """Of the small budget, program files are left out of account, and the user is told."""
    folder, files = pattern.split("/")
    table = str(real(folder) / files)
    output = tmp_path / "m.linnet"
    peak = peak_of("fit", table, "--target", target, "--memory", f"{budget}MB", "-o", output)
    is_small = budget == 200
    assert ("program files in use are not counted" in peak.said) == is_small
    assert (peak.private if is_small else peak.resident) <= 1.05 * budget
