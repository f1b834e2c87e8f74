"""Bad input is one clear message and exit code 2; a failure is 1; nothing is left half-written."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from linnet import SoftmaxRegression, TableModel

ROWS = "x,z,y\n" + "".join(f"{i},{i * i % 7},{'ab'[i % 2]}\n" for i in range(40))


@pytest.fixture
def linnet(linnet):
    """Run a command in an empty folder; give its exit code and messages."""

    def command(*arguments):
        code, _, messages = linnet(*arguments)
        return code, messages

    return command


def errors(messages):
    assert "Traceback" not in messages
    return [line for line in messages.splitlines() if line.startswith("error: ")]


def table(text, name="rows.csv", encoding="utf-8"):
    Path(name).write_bytes(text.encode(encoding))
    return name


def replaced(row, text):
    """ROWS with another line in place of a row, counted from 1 below the header."""
    lines = ROWS.splitlines()
    lines[row] = text
    return "\n".join(lines) + "\n"


# Input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", ["-t", "y"], ["rows.csv", "empty"]),
        ("x,y\n", ["-t", "y"], ["rows.csv", "no values follow"]),
        (ROWS, [], ["--target", "'x', 'z' and 'y'"]),
        (ROWS, ["-t", "Y_"], ["'Y_'", "'y'", "'x', 'z' and 'y'"]),
        (ROWS, ["-t", "9"], ["position 9", "'x', 'z' and 'y'"]),
        (ROWS, ["-t", "y", "--drop", "xx"], ["'xx'", "Did you mean 'x'"]),
        (ROWS, ["-t", "y", "--text", "w"], ["'w'"]),
        (ROWS, ["-t", "y", "--weight", "w"], ["'w'"]),
        (ROWS, ["-t", "y", "--drop", "y"], ["'y' is the target"]),
        (ROWS, ["-t", "y", "--drop", "x", "--drop", "z"], ["no column is left"]),
        (ROWS, ["-t", "y", "--task", "regression"], ["'y'", "row 1", "not a number"]),
        (ROWS, ["-t", "y", "--encoding", "no-such"], ["no-such"]),
        (replaced(7, "1,2"), ["-t", "y"], ["line 8"]),
        (replaced(7, "1,2,a,4"), ["-t", "y"], ["line 8"]),
        (replaced(7, "inf,2,a"), ["-t", "y"], ["'x'", "row 7", "infinit"]),
        (replaced(7, "1,-inf,a"), ["-t", "x"], ["'z'", "row 7", "infinit"]),
        (replaced(7, "inf,2,a"), ["-t", "x"], ["'x'", "row 7", "infinit"]),
        (replaced(7, "1.5,2,a"), ["-t", "x", "--task", "classification"], ["row 7", "1.5"]),
        (replaced(7, "1,-2,a"), ["-t", "y", "--weight", "z"], ["'z'", "row 7", "-2"]),
        (replaced(7, "1,,a"), ["-t", "y", "--weight", "z"], ["'z'", "row 7", "missing"]),
        (replaced(7, "1,many,a"), ["-t", "y", "--weight", "z"], ["'z'", "not a number"]),
        (ROWS.replace("b", "a"), ["-t", "y"], ["rows.csv", "'y'", "one class"]),
        (ROWS.replace(",a", ",").replace(",b", ","), ["-t", "y"], ["'y'", "every row"]),
        (ROWS, ["-t", "x", "--task", "classification"], ["'x'", "40 different labels"]),
    ],
)
def test_bad_tables_are_told_with_file_and_place(linnet, text, arguments, words):
    code, said = linnet("fit", table(text), "-o", "m.linnet", *arguments)

    (message,) = errors(said)
    assert code == 2, message
    for word in words:
        assert word in message, message
    assert not Path("m.linnet").exists()


def test_weights_that_are_all_zero_leave_nothing_to_fit(linnet):
    zeros = "w,x,y\n" + "".join(f"0,{i},{'ab'[i % 2]}\n" for i in range(9))

    code, said = linnet("fit", table(zeros), "-t", "y", "--weight", "w")

    assert code == 2
    assert "zero in every row" in errors(said)[0]


def test_a_wrong_encoding_is_told_with_the_line(linnet):
    text = replaced(7, "1,2,é")

    code, said = linnet("fit", table(text, encoding="latin-1"), "-t", "y")

    assert code == 2
    assert "line 8" in errors(said)[0]
    assert linnet("fit", "rows.csv", "-t", "y", "--encoding", "latin-1")[0] == 0


def test_labels_of_mixed_types_are_told_with_the_column(linnet):
    lines = [json.dumps({"x": i, "y": "a" if i % 2 else i}) for i in range(9)]

    code, said = linnet("fit", table("\n".join(lines), "rows.jsonl"), "-t", "y")

    assert code == 2
    assert "'y'" in errors(said)[0]


def test_the_row_of_a_bad_number_is_that_of_the_file_though_targets_are_missing(linnet):
    text = replaced(7, "inf,2,a").replace("1,1,b", "1,1,")

    _, said = linnet("fit", table(text), "-t", "y")

    assert "row 7" in errors(said)[0]


def test_a_file_that_is_not_there_or_no_file_is_told(linnet):
    for command in (
        ("fit", "none.csv", "-t", "y"),
        ("fit", ".", "-t", "y"),
        ("predict", "none.linnet", "none.csv"),
        ("evaluate", "none.linnet", "none.csv"),
        ("entropy", "none.csv"),
        ("fit", table(ROWS), "-t", "y", "--validation", "none.csv"),
    ):
        code, said = linnet(*command)
        assert (code, len(errors(said))) == (2, 1), said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(linnet):
    Path(table(ROWS)).chmod(0)

    code, said = linnet("fit", "rows.csv", "-t", "y")

    assert (code, len(errors(said))) == (2, 1)


def test_model_files_that_are_none_or_were_cut_off_are_refused(linnet):
    table(ROWS)
    assert linnet("fit", "rows.csv", "-t", "y", "-o", "m.linnet")[0] == 0
    content = Path("m.linnet").read_bytes()
    Path("cut.linnet").write_bytes(content[:-20])

    for model in ("rows.csv", "cut.linnet"):
        code, said = linnet("evaluate", model, "rows.csv")
        assert (code, len(errors(said))) == (2, 1), said


def test_a_table_without_the_models_columns_is_refused(linnet):
    linnet("fit", table(ROWS), "-t", "y", "-o", "m.linnet")
    table("x,w\n1,2\n", "other.csv")
    table("1 1:2 2:3\n", "other.svm")

    assert "'z'" in errors(linnet("predict", "m.linnet", "other.csv")[1])[0]
    assert "libsvm" in errors(linnet("predict", "m.linnet", "other.svm")[1])[0]
    assert "'y'" in errors(linnet("evaluate", "m.linnet", "other.csv")[1])[0]
    code, said = linnet("predict", "m.linnet", table(replaced(5, "many,2,a")))
    assert code == 2
    assert "row 5" in errors(said)[0]


# Usage -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["fti"],
        ["fit"],
        ["fit", "rows.csv", "--no-such"],
        ["fit", "rows.csv", "-t", "y", "--C", "much"],
        ["fit", "rows.csv", "-t", "y", "--C", "-1"],
        ["fit", "rows.csv", "-t", "y", "--alpha", "1"],
        ["fit", "rows.csv", "-t", "z", "--task", "regression", "--C", "1"],
        ["fit", "rows.csv", "-t", "y", "--solver", "magic"],
        ["fit", "rows.csv", "-t", "y", "--class-weight", "heavy"],
        ["fit", "rows.csv", "-t", "y", "--task", "guess"],
        ["fit", "rows.csv", "-t", "y", "--validation", "1.5"],
        ["fit", "rows.csv", "-t", "y", "--validation", "nan"],
        ["fit", "rows.csv", "-t", "y", "-o", "."],
        ["fit", "rows.csv", "-t", "y", "-o", "no/such/m.linnet"],
        ["fit", "rows.csv", "-t", "y", "-o", "rows.csv"],
        ["fit", "a.svm", "-t", "y"],
        ["entropy", "rows.csv", "--unit", "bytes"],
        ["explain", "--scores", "1,2"],
        ["explain", "--y", "5"],
        ["explain", "m.linnet"],
        ["demo", "-o", "rows.csv"],
    ],
)
def test_bad_usage_is_told_and_changes_nothing(linnet, arguments):
    table(ROWS)
    table("1 1:2 2:3\n0 1:1\n", "a.svm")
    before = sorted(Path().iterdir())

    code, said = linnet(*arguments)

    assert (code, len(errors(said))) == (2, 1), said
    assert sorted(Path().iterdir()) == before
    assert Path("rows.csv").read_text() == ROWS


def test_predictions_never_replace_what_they_are_made_of(linnet):
    linnet("fit", table(ROWS), "-t", "y", "-o", "m.linnet")

    for output in ("rows.csv", "m.linnet", "out.unknown"):
        assert linnet("predict", "m.linnet", "rows.csv", "-o", output)[0] == 2

    assert Path("rows.csv").read_text() == ROWS
    assert linnet("evaluate", "m.linnet", "rows.csv")[0] == 0


def test_replacing_an_older_model_is_told(linnet):
    linnet("fit", table(ROWS), "-t", "y", "-o", "m.linnet")

    code, said = linnet("fit", "rows.csv", "-t", "y", "-o", "m.linnet")

    assert code == 0
    assert "note: m.linnet is replaced" in said


# Failures ----------------------------------------------------------------------------------


def fails(error):
    def fail(*_arguments, **_settings):
        raise error

    return fail


def test_an_unexpected_failure_is_one_line_and_debug_shows_where(linnet, monkeypatch):
    monkeypatch.setattr(TableModel, "fit", fails(RuntimeError("two\nlines")))

    code, said = linnet("fit", table(ROWS), "-t", "y")
    assert code == 1
    (message,) = errors(said)
    assert "RuntimeError: two lines" in message
    assert "--debug" in message

    assert "Traceback" in linnet("fit", "rows.csv", "-t", "y", "--debug")[1]
    monkeypatch.setenv("LINNET_DEBUG", "1")
    assert "Traceback" in linnet("fit", "rows.csv", "-t", "y")[1]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "not enough memory"),
        (OSError(28, "No space left on device", "m.linnet"), "m.linnet: No space left on device"),
    ],
)
def test_a_machine_that_gives_out_is_a_failure(linnet, monkeypatch, error, words):
    monkeypatch.setattr(TableModel, "save", fails(error))

    code, said = linnet("fit", table(ROWS), "-t", "y")

    assert code == 1
    assert words in errors(said)[0]


def stops(step):
    del step
    raise KeyboardInterrupt


@pytest.mark.parametrize("place", ["during the fit", "while saving"])
def test_ctrl_c_leaves_nothing(linnet, monkeypatch, place):
    if place == "during the fit":
        monkeypatch.setattr(SoftmaxRegression, "fit", lambda *_: stops(None))
    else:
        # In the middle of writing, when a part of the file is there.
        monkeypatch.setattr(os, "fsync", lambda _: stops(None))
    table(ROWS)

    code, said = linnet("fit", "rows.csv", "-t", "y", "-o", "m.linnet")

    assert (code, said.splitlines()[-1]) == (1, "stopped: nothing was written")
    assert [file.name for file in Path().iterdir()] == ["rows.csv"]


def test_ctrl_c_keeps_the_older_model(linnet, monkeypatch):
    linnet("fit", table(ROWS), "-t", "y", "-o", "m.linnet")
    content = Path("m.linnet").read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: stops(None))

    assert linnet("fit", "rows.csv", "-t", "y", "-o", "m.linnet", "--seed", "3")[0] == 1

    assert Path("m.linnet").read_bytes() == content
    assert len(list(Path().iterdir())) == 2


# As a process ------------------------------------------------------------------------------


def process(*arguments, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "linnet", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


def test_the_exit_code_reaches_the_shell(tmp_path):
    for arguments, code in ((["--version"], 0), (["fit", "none.csv", "-t", "y"], 2), ([], 0)):
        with process(*arguments, cwd=tmp_path) as running:
            running.communicate()
        assert running.returncode == code


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_sigint_stops_a_long_fit_and_leaves_nothing(tmp_path):
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.normal(size=(4000, 20)), rng.integers(0, 9, 4000)])
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",")
    arguments = ("fit", "rows.csv", "-t", "-1", "--task", "classification")

    with process(
        *(*arguments, "--solver", "sgd", "--max-iter", "1000000", "--tol", "1e-15"), cwd=tmp_path
    ) as running:
        # The first note says that the file is read, so the fit is about to begin.
        first = running.stderr.readline()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)

    assert first.startswith("note: ")
    assert running.returncode == 1
    assert said.splitlines()[-1] == "stopped: nothing was written"
    assert [file.name for file in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)
    with process("fit", "rows.csv", "-t", "y", "-q", cwd=tmp_path) as fitting:
        fitting.communicate()
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "linnet", "predict", "rows.linnet", "rows.csv"],
        cwd=tmp_path,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert done.returncode == 1
    assert "error" not in done.stderr.lower()


def test_help_and_version_load_nothing_heavy():
    code = (
        "import sys; from linnet.cli import run; run(['--help']); run(['fit', '--help']);"
        "heavy = {'numpy', 'scipy', 'sklearn', 'pyarrow', 'matplotlib', 'pandas', 'torch'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


# Progress ----------------------------------------------------------------------------------


def test_progress_is_shown_on_a_terminal_and_only_there(linnet, monkeypatch):
    table(ROWS)
    assert "loss" not in linnet("fit", "rows.csv", "-t", "y")[1]
    monkeypatch.setattr("linnet.cli.progress.sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")

    _, said = linnet("fit", "rows.csv", "-t", "y")

    assert "loss" in said
    assert "gap" in said


def test_an_output_that_knows_few_letters_is_no_failure(tmp_path):
    with process("explain", cwd=tmp_path, env=os.environ | {"PYTHONIOENCODING": "ascii"}) as walk:
        said, _ = walk.communicate()

    assert walk.returncode == 0
    assert "0.5146 bits" in said


@pytest.mark.parametrize("target", ["x", "y"])
def test_two_rows_are_enough_to_fit_and_too_few_to_hold_out(linnet, target):
    code, said = linnet("fit", table("x,y\n1,a\n2,b\n"), "-t", target, "--task", "auto")

    assert code == 0, said
    assert "too few rows to hold any out" in said
