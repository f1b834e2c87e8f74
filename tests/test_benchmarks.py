"""The harness of the benchmarks: what it concludes from runs, measures and reports."""

import json
from functools import partial
from math import ceil, inf
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark_cases import FITTERS, GAP, PROBLEMS, point
from benchmarks import data
from benchmarks.arena import Settings, chosen
from benchmarks.cases import CASES
from benchmarks.command import main
from benchmarks.contest import FINE_ENOUGH, Ladder, race, search, time_to_gap
from benchmarks.growth import growth
from benchmarks.memory import forget_peak, peak_bytes, resident_bytes
from benchmarks.peers import CONTENDERS
from benchmarks.problems import Problem
from benchmarks.report import against_each_package, json_text, markdown
from benchmarks.results import Contest, Standing, Table
from benchmarks.workers import ContenderError, Worker

DOUBLING = Ladder(tuple(2**i for i in range(16)), "iterations", divisible=True)


# What is concluded


@given(least=st.integers(1, 30_000))
def test_the_search_finds_the_least_sufficient_effort(least):
    found = search(lambda e: point(e, e, 0.0 if e >= least else 1 / e), DOUBLING, 0.0)

    best = time_to_gap(found.points, 0.0)

    assert found.outcome == "reached"
    assert least <= best.effort <= max(least, ceil(FINE_ENOUGH * least))


def test_what_was_reached_before_the_time_was_up_is_kept():
    found = search(lambda e: point(e, e, 1 / e) if e < 100 else None, DOUBLING, GAP)

    assert found.outcome == "out of time"
    assert [p.effort for p in found.points] == [1, 2, 4, 8, 16, 32, 64]
    assert time_to_gap(found.points, GAP) is None


def test_a_solver_that_stops_by_itself_is_not_asked_again_and_again():
    found = search(lambda e: point(e, e, max(1 / e, 1 / 16)), DOUBLING, GAP)

    assert found.outcome == "not reached"
    assert [p.effort for p in found.points] == [1, 2, 4, 8, 16, 32]


def test_time_up_in_the_finer_search_keeps_the_effort_that_sufficed():
    found = search(
        lambda e: None if e == 91 else point(e, e, 0.0 if e > 99 else 1 / e), DOUBLING, 0.0
    )

    assert found.outcome == "reached"
    assert time_to_gap(found.points, 0.0).effort == 128


def test_all_run_in_turn_and_ratios_are_of_the_same_round():
    calls = []
    times = {"ours": iter([1.0, 2.0, 4.0]), "theirs": iter([3.0, 10.0, 16.0])}

    def run(name):
        calls.append(name)
        return next(times[name])

    timing = race({name: lambda name=name: run(name) for name in times}, 3, inf)

    assert calls == ["ours", "theirs"] * 3
    assert timing.ratio("theirs", "ours") == median([3.0, 5.0, 4.0])


def test_a_slow_contender_runs_once_and_one_that_fails_drops_out():
    timing = race({"fast": lambda: 1.0, "slow": lambda: 60.0, "lost": lambda: None}, 4, 100.0)

    assert timing.seconds == {"fast": (1.0,) * 4, "slow": (60.0,), "lost": ()}


# What is measured


def test_a_process_of_its_own_gives_the_same_fit_and_survives_being_stopped(tmp_path):
    small = PROBLEMS["two classes"]
    small.save(tmp_path)
    worker = Worker("linnet", tmp_path, threads=1)
    try:
        first = worker.run(8, 60.0)
        stopped = worker.run(8, 0.0)
        again = worker.run(8, 60.0)
    finally:
        worker.stop()

    assert stopped is None
    assert first.proven < 1e-8
    assert not first.warned
    np.testing.assert_array_equal(first.theta, again.theta)
    np.testing.assert_allclose(first.theta, CONTENDERS["linnet"].fit(small, 8).theta, rtol=1e-9)


def test_what_a_contender_raises_is_told(tmp_path):
    Problem(X=np.ones((20, 2)), y=np.zeros(20, dtype=np.int64)).save(tmp_path)
    worker = Worker("scikit-learn, lbfgs", tmp_path, threads=1)

    with pytest.raises(ContenderError, match="ValueError: This solver needs samples of at least 2"):
        worker.run(4, 60.0)


def test_the_peak_of_memory_sees_what_was_held_for_a_moment():
    size = 2**26
    forget_peak()
    before = resident_bytes()

    held = np.ones(size, dtype=np.uint8)
    del held

    # The system counts in batches of pages, a thread at a time.
    assert size * 0.95 < peak_bytes() - before < size * 1.1


def test_growth_is_told_in_terms_of_the_smallest_size():
    makers = {rows: partial(data.embeddings, rows, 8, 5) for rows in (300, 600)}

    table = growth(
        makers, Settings(repeats=2, limit=60, threads=1), name="g", title="G", target="linear"
    )

    assert [(row[0], row[1]) for row in table.rows] == [
        ("300", "300 × 8 float32, 5 classes"),
        ("600", "600 × 8 float32, 5 classes"),
    ]
    assert table.rows[0][3:] == ("1", "1")
    assert float(table.rows[1][3]) > 0
    assert table.rows[1][4] == "2"


# What is reported

STANDINGS = (
    Standing(
        contender="linnet",
        package="linnet",
        outcome="reached",
        seconds=(0.5, 0.4, 0.6),
        ratio=1.0,
        effort="default settings",
        gap=3e-9,
        proven=2e-7,
        extra_bytes=3_000_000,
    ),
    Standing(
        contender="A, quick",
        package="A",
        outcome="reached",
        seconds=(5.0, 6.0, 7.0),
        ratio=12.0,
        effort="64 iterations",
        gap=4e-7,
        extra_bytes=60_000_000,
    ),
    Standing(contender="A, slow", package="A", outcome="out of time", seconds=(300.0,), ratio=600),
    Standing(contender="B", package="B", outcome="out of time", seconds=(300.0,), ratio=600.0),
    Standing(contender="C", package="C", outcome="not reached", seconds=(1.0,), gap=2e-3),
    Standing(contender="D", package="D", outcome="not installed"),
)
CONTEST = Contest(
    name="case",
    title="A case",
    target=">= 10 times A",
    shape="100 × 5 float64",
    data_bytes=30_000_000,
    gap=GAP,
    reference="linnet",
    optimum="the optimum is certified to 1e-8 nats",
    standings=STANDINGS,
)


def test_the_table_shows_what_was_measured_and_bounds_as_bounds():
    lines = markdown(CONTEST).splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]

    assert lines[0] == "### A case (`case`)"
    assert cells[2] == [
        "linnet",
        "0.5 s",
        "0.4 s … 0.6 s",
        "1",
        "< 1e-08 (proven 2e-07)",
        "3.0 MB (10% of X)",
        "default settings",
    ]
    assert cells[3][1:4] == ["6 s", "5 s … 7 s", "12"]
    assert cells[5][:4] == ["B", "> 300 s", "", "> 600"]
    assert "Not measured: D: not installed." in lines


def test_linnet_stands_against_the_best_solver_of_each_package():
    (said,) = against_each_package(CONTEST)

    assert said.splitlines() == [
        "- A: its best takes 12 times linnet's time (A, quick).",
        "- B: out of time, at more than 600 times linnet's time.",
        "- C: stopped short of the gap.",
    ]


def test_json_keeps_every_figure_and_is_strict():
    table = Table(name="t", title="T", target="", columns=("a",), rows=(("1",),))
    unbounded = Standing(contender="E", package="E", outcome="reached", gap=inf)

    text = json_text(
        {"cores": "2"}, [CONTEST, table, Contest(**vars(CONTEST) | {"standings": (unbounded,)})]
    )
    back = json.loads(text, parse_constant=pytest.fail)

    assert back["machine"] == {"cores": "2"}
    assert back["results"][0]["standings"][0]["seconds"] == [0.5, 0.4, 0.6]
    assert back["results"][1]["rows"] == [["1"]]
    assert back["results"][2]["standings"][0]["gap"] == "inf"


# The command


def test_peers_are_chosen_by_package_or_by_name():
    def names(*patterns):
        return {c.name for c in CONTENDERS.values() if c.work == "fit" and chosen(c, patterns)}

    ours = {"linnet", "linnet, uint8 pixels"}
    assert names("none") == ours
    assert names("PyTorch*") == ours | {"PyTorch, L-BFGS"}
    assert {c.name for c in FITTERS} <= names()
    assert not {n for n in names("scikit-learn") if n.startswith("scikit-learn-intelex")}


def test_the_list_names_every_case_and_contender(capsys):
    main(["--list"])

    listed = capsys.readouterr().out
    assert all(name in listed for name in [*CASES, *CONTENDERS])


def test_an_unknown_case_is_told_at_once():
    with pytest.raises(SystemExit, match="No case is called nothing"):
        main(["nothing"])


def test_a_case_runs_from_the_command_to_the_files(tmp_path, capsys):
    file, page = tmp_path / "figures.json", tmp_path / "figures.md"

    main(["iris", "--peers", "*newton-cg", "--repeats=2", f"--json={file}", f"--markdown={page}"])

    (result,) = json.loads(file.read_text())["results"]
    by_name = {s["contender"]: s for s in result["standings"] if s["seconds"]}
    assert set(by_name) == {"linnet", "scikit-learn, newton-cg"}
    assert all(s["outcome"] == "reached" and len(s["seconds"]) == 2 for s in by_name.values())
    assert by_name["linnet"]["proven"] < GAP
    assert "### iris" in page.read_text()
    assert page.read_text().splitlines()[-1] in capsys.readouterr().out
