"""``linnet fit --epochs``: rows learnt from as they come, told, saved, interrupted."""

import json
from pathlib import Path

import numpy as np
import pytest

import linnet as library
from linnet.cli import learning
from linnet.estimators import online
from linnet.estimators.online_notes import learn_and_note


@pytest.fixture
def files(tmp_path):
    """Three files of one table of words, a number and a sort."""
    rng = np.random.default_rng(0)
    words = {"fig": ["sweet", "soft", "ripe"], "plum": ["sour", "round", "blue"]}
    for number in range(3):
        rows = []
        for _ in range(100):
            sort = str(rng.choice(list(words)))
            text = " ".join(rng.choice([*words[sort], "fruit"], 3))
            rows.append(f"{text},{rng.normal():.3f},{sort}")
        (tmp_path / f"part{number}.csv").write_text("said,x,sort\n" + "\n".join(rows) + "\n")


pytestmark = pytest.mark.usefixtures("files")

FIT = ("fit", "part*.csv", "--target", "sort", "--text", "said", "-o", "fruit.linnet")


def test_a_pattern_is_learnt_and_the_model_predicts_and_is_judged(linnet):
    code, out, err = linnet(*FIT, "--solver", "adagrad", "--epochs", "2", "--bits", "12")
    assert code == 0, err
    assert "by adagrad, 300 rows" in out
    assert "from said (text), x (number)" in out
    assert "Pass 2" in out
    lines = [line.split() for line in err.splitlines() if line.strip()[:1].isdigit()]
    assert [line[0] for line in lines] == ["64", "128", "256"] * 2
    assert float(lines[0][1]) == float(lines[0][2]) == 1.0
    code, out, _ = linnet("predict", "fruit.linnet", "part0.csv")
    assert code == 0
    assert out.splitlines()[0] == '"prediction","p(fig)","p(plum)"'
    code, out, _ = linnet("evaluate", "fruit.linnet", "part0.csv", "--json")
    assert code == 0
    assert json.loads(out)["accuracy"]["value"] > 0.9
    assert library.load("fruit.linnet").encoder.bits == 12
    code, out, err = linnet("suspects", "fruit.linnet", "part0.csv")
    assert code == 0, err


def test_json_tells_the_loss_of_each_pass_and_the_log_each_mark(linnet):
    code, out, err = linnet(*FIT, "--epochs", "2", "--log-json", "--json", "--seed", "3")
    assert code == 0
    report = json.loads(out)
    assert report["rows"] == 300
    assert report["classes"] == ["fig", "plum"]
    assert report["stopped"] is False
    assert report["columns"] == {"said": "text", "x": "number"}
    assert report["bits_per_label_by_epoch"][0] == report["progressive_bits_per_label"]
    marks = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    marks = [mark for mark in marks if mark["event"] == "progressive"]
    assert [(mark["epoch"], mark["rows"]) for mark in marks] == [
        (epoch, rows) for epoch in (1, 2) for rows in (64, 128, 256)
    ]
    told = [[mark["rows"], mark["bits"], mark["bits_since_last"]] for mark in marks[:3]]
    assert told == report["marks"]


def test_quiet_says_nothing(linnet):
    assert linnet(*FIT, "--epochs", "1", "--quiet") == (0, "", "")


def test_stopped_it_saves_what_was_learnt_and_says_so(linnet, monkeypatch):
    """As Ctrl-C does it: after the second block of rows."""
    monkeypatch.setattr(online, "_MOST_ENTRIES", 100)
    monkeypatch.setattr(learning, "learn_and_note", stopped_after(2))
    code, out, err = linnet(*FIT, "--epochs", "1", "--json")
    assert code == 1
    assert "stopped in pass 1, with 200 rows learnt from" in err
    assert json.loads(out)["stopped"] is True
    assert list(library.load("fruit.linnet").classes_) == ["fig", "plum"]


def stopped_after(blocks):
    """Learn as ever, and be stopped as Ctrl-C does it."""

    def stopped(*arguments, **options):
        for number, learnt in enumerate(learn_and_note(*arguments, **options)):
            if number == blocks:
                raise KeyboardInterrupt
            yield learnt

    return stopped


def test_stopped_with_a_checkpoint_it_goes_on_with_resume_to_the_same_file(linnet, monkeypatch):
    monkeypatch.setattr(online, "_MOST_ENTRIES", 100)
    fit = (*FIT, "--epochs", "2")
    assert linnet(*fit, "--quiet")[0] == 0
    expected = Path("fruit.linnet").read_bytes()
    noted = (*fit, "--checkpoint", "state")
    with monkeypatch.context() as patched:
        patched.setattr(learning, "learn_and_note", stopped_after(4))
        code, _, err = linnet(*noted)
    assert code == 1
    assert "the same command with --resume goes on from there" in err
    assert Path("fruit.linnet").read_bytes() != expected
    code, _, err = linnet(*noted)
    assert code == 2
    assert "--checkpoint state: the folder is not empty. Add --resume" in err
    # Blocks of 100 rows are steps of 64 and 36: the mark at 256 rows comes after 264.
    code, _, err = linnet(*noted, "--resume", "--log-json")
    assert code == 0, err
    events = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [each["event"] for each in events if each["event"] != "reading"] == [
        "resumed", "progressive"
    ]  # fmt: skip
    assert (events[0]["epoch"], events[0]["rows"], events[-1]["rows"]) == (2, 200, 264)
    assert Path("fruit.linnet").read_bytes() == expected
    code, out, err = linnet(*noted, "--resume", "--json")
    assert code == 0, err
    assert "resumed in pass 2, after 300 of its rows" in err
    assert json.loads(out)["rows"] == 300
    assert Path("fruit.linnet").read_bytes() == expected
    code, _, err = linnet(*noted, "--resume", "--C", "3")
    assert code == 2
    assert "the checkpoint there is of another fit: C was 1.0, now it is 3.0" in err


def test_stopped_before_anything_was_learnt_it_writes_nothing(linnet, monkeypatch):
    monkeypatch.setattr(learning, "learn_and_note", stopped_after(0))
    code, out, err = linnet(*FIT, "--epochs", "1")
    assert (code, out) == (1, "")
    assert "stopped: nothing was written" in err
    assert not Path("fruit.linnet").exists()


def test_classes_are_announced_by_name_or_number(linnet):
    code, _, err = linnet(*FIT, "--epochs", "1", "--classes", "fig, nut")
    assert code == 2
    assert "the label plum is not among the 2 classes announced" in err
    code, _, err = linnet(*FIT, "--epochs", "1", "--classes", "fig,nut,plum")
    assert code == 0, err
    assert list(library.load("fruit.linnet").classes_) == ["fig", "nut", "plum"]
    Path("numbers.csv").write_text("x,y\n" + "".join(f"{i % 7},{i % 3}\n" for i in range(60)))
    code, _, err = linnet("fit", "numbers.csv", "-t", "y", "--epochs", "1", "--classes", "0,1,2,3")
    assert code == 0, err
    assert library.load("numbers.linnet").classes_.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--solver", "newton-cg"), "only steps can follow them"),
        (("--cache", "there"), "--cache has no place beside --epochs"),
        (("--resume",), "--resume needs the folder of the checkpoint"),
        (("--dask", "local"), "--dask has no place beside --epochs"),
        (("--max-iter", "3"), "--max-iter has no place beside --epochs"),
        (("--validation", "0.5"), "--validation has no place beside --epochs"),
        (("--alpha", "1"), "--alpha is no setting of classification"),
        (("--bits", "60"), "bits must be a whole number from 1 to 26"),
        (("--task", "regression"), "row 1: plum is not a number, and numbers are needed here"),
        (("--memory", "1MB"), "memory"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_what_does_not_go_together_is_told(linnet, options, told):
    code, _, err = linnet(*FIT, "--epochs", "1", *options)
    assert code == 2
    assert told in err
    assert not Path("fruit.linnet").exists()
