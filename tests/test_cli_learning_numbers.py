"""``linnet fit --epochs`` of a number: learnt from rows as they come, told, saved, interrupted."""

import json
from pathlib import Path

import numpy as np
import pytest

import linnet as library
from linnet import LinearRegression
from linnet.cli import learning
from linnet.estimators import online
from linnet.estimators.online_notes import learn_and_note


@pytest.fixture
def files(tmp_path):
    """Three files of one table of words, a number and a price in the hundred thousands."""
    rng = np.random.default_rng(0)
    worth = {"cosy": 1, "large": 3, "old": -2, "loud": -1}
    for number in range(3):
        rows = []
        for _ in range(200):
            words, x = rng.choice(list(worth), 2, replace=False), rng.normal()
            price = 1e5 * (5 + sum(worth[word] for word in words) + x) + 1e4 * rng.normal()
            rows.append(f"{' '.join(words)},{x:.3f},{price:.0f}")
        (tmp_path / f"part{number}.csv").write_text("said,x,price\n" + "\n".join(rows) + "\n")


pytestmark = pytest.mark.usefixtures("files")

FIT = ("fit", "part*.csv", "--target", "price", "--text", "said", "-o", "homes.linnet")


@pytest.mark.parametrize("solver", ["sgd", "adagrad", "adam"])
def test_a_pattern_is_learnt_and_the_model_predicts_and_is_judged(linnet, solver):
    code, out, err = linnet(*FIT, "--solver", solver, "--epochs", "5", "--batch-size", "4")
    assert code == 0, err
    assert f"by {solver}, 600 rows" in out
    assert "Linear regression of 'price' from said (text), x (number)" in out
    assert "No optimum is proven" in out
    assert "Pass 5" in out
    lines = [line.split() for line in err.splitlines() if line.strip()[:1].isdigit()]
    assert [line[0] for line in lines[:4]] == ["4", "8", "16", "32"]
    assert "RMSE" in err
    code, out, err = linnet("predict", "homes.linnet", "part0.csv")
    assert code == 0, err
    assert out.splitlines()[0] == '"prediction"'
    code, out, err = linnet("evaluate", "homes.linnet", "part0.csv", "--json")
    assert code == 0, err
    assert json.loads(out)["r2"]["value"] > 0.8
    model = library.load("homes.linnet")
    assert isinstance(model.estimator_, LinearRegression)
    assert model.estimator_.solver == solver
    code, out, err = linnet("explain", "homes.linnet", "part0.csv")
    assert code == 0, err


def test_json_tells_the_errors_of_each_pass_and_the_log_each_mark(linnet):
    code, out, err = linnet(*FIT, "--epochs", "2", "--log-json", "--json", "--bits", "10")
    assert code == 0, err
    report = json.loads(out)
    assert (report["rows"], report["rows_predicted"]) == (600, 344)
    assert report["coefficients"] == 2 + 1024
    assert report["precision"] == 1
    assert report["rmse_by_epoch"][0] == report["progressive_rmse"]
    assert report["progressive_rmse"] < report["progressive_rmse_of_mean"]
    assert report["progressive_bits_per_number"] < report["progressive_bits_per_number_of_mean"]
    assert library.load("homes.linnet").estimator_.residual_variance_ == pytest.approx(
        report["rmse_by_epoch"][1] ** 2
    )
    marks = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    marks = [mark for mark in marks if mark["event"] == "progressive"]
    assert [(mark["epoch"], mark["rows"]) for mark in marks] == [
        *((1, rows) for rows in (64, 128, 256)),
        *((2, rows) for rows in (64, 128, 256, 512)),
    ]
    told = [
        {name: value for name, value in mark.items() if name in report["marks"][0]}
        for mark in marks[:3]
    ]
    assert told == report["marks"]


def test_the_seed_draws_the_order(linnet):
    found = []
    for seed in ("1", "1", "2"):
        _, out, _ = linnet(*FIT, "--epochs", "1", "--json", "--seed", seed)
        found.append(json.loads(out)["progressive_rmse"])
    assert found[0] == found[1] != found[2]


def test_stopped_it_saves_what_was_learnt_and_goes_on_from_there(linnet, monkeypatch):
    """As Ctrl-C does it: after the second block of rows."""

    def stopped(*arguments, **options):
        for number, learnt in enumerate(learn_and_note(*arguments, **options)):
            if number == 2:
                raise KeyboardInterrupt
            yield learnt

    monkeypatch.setattr(online, "_MOST_ENTRIES", 100)
    fit = (*FIT, "--epochs", "1", "--checkpoint", "state")
    with monkeypatch.context() as patched:
        patched.setattr(learning, "learn_and_note", stopped)
        code, out, err = linnet(*fit, "--json")
    assert code == 1
    assert "stopped in pass 1, with 400 rows learnt from" in err
    assert json.loads(out)["stopped"] is True
    assert library.load("homes.linnet").estimator_.residual_variance_ > 0
    code, _, err = linnet(*fit, "--resume")
    assert code == 0, err
    # The third block was learnt from, and noted, before it was to be told.
    assert "resumed in pass 1, after 600 of its rows" in err
    resumed = Path("homes.linnet").read_bytes()
    assert linnet(*FIT, "--epochs", "1", "--quiet")[0] == 0
    assert Path("homes.linnet").read_bytes() == resumed


def test_stopped_while_all_numbers_were_the_same_it_writes_nothing(linnet, monkeypatch):
    Path("alike.csv").write_text("x,price\n" + "1,2.5\n2,2.5\n" * 50)

    def stopped(*arguments, **options):
        yield from learn_and_note(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(learning, "learn_and_note", stopped)
    code, out, err = linnet("fit", "alike.csv", "-t", "price", "--epochs", "1")
    assert (code, out) == (1, "")
    assert "stopped: nothing was written" in err
    assert not Path("alike.linnet").exists()


def test_rows_without_a_target_are_counted(linnet):
    Path("gaps.csv").write_text("x,price\n" + "1,2.5\n2,\n3,7.25\n" * 50)
    code, out, err = linnet("fit", "gaps.csv", "-t", "price", "--epochs", "1", "--json")
    assert code == 0, err
    assert "50 rows are left out, for their target is missing" in err
    assert json.loads(out)["rows_without_target"] == 50


def test_two_rows_tell_where_to_begin_and_no_more(linnet):
    Path("two.csv").write_text("x,price\n1,2.5\n2,3.5\n")
    code, out, err = linnet("fit", "two.csv", "-t", "price", "--epochs", "1", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert (report["rows"], report["rows_predicted"], report["progressive_rmse"]) == (2, 0, None)
    code, out, _ = linnet("fit", "two.csv", "-t", "price", "--epochs", "2")
    assert code == 0
    assert "Progressive RMSE  none" in out
    assert "Pass 2 " in out


def test_whole_numbers_are_numbers_where_they_are_said_to_be(linnet):
    Path("few.csv").write_text("x,y\n" + "".join(f"{i % 7},{i % 3}\n" for i in range(60)))
    code, out, _ = linnet("fit", "few.csv", "-t", "y", "--epochs", "1", "--json")
    assert code == 0
    assert json.loads(out)["classes"] == ["0", "1", "2"]
    code, out, _ = linnet(
        "fit", "few.csv", "-t", "y", "--epochs", "1", "--json", "--task", "regression"
    )
    assert code == 0
    assert "progressive_rmse" in json.loads(out)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--solver", "newton-cg"), "only steps can follow them"),
        (("--C", "3"), "--C is no setting of regression"),
        (("--class-weight", "balanced"), "--class-weight is no setting of regression"),
        (("--learning-rate", "1e9", "--solver", "sgd", "--batch-size", "1"), "went astray"),
        (("--alpha", "-1"), "alpha=-1.0: it must be a number at least 0"),
        (("--classes", "a,b"), "is not among the 2 classes announced"),
        (("--target", "cost"), "cost"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_what_does_not_go_together_is_told(linnet, options, told):
    code, _, err = linnet(*FIT, "--epochs", "1", *options)
    assert code == 2
    assert told in err
    assert not Path("homes.linnet").exists()
