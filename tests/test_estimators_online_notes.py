"""Checkpoints of fits to streams: whatever ends a fit, it goes on to the very same model."""

import json
import os
import resource
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from time import monotonic

import numpy as np
import pytest

import linnet
from linnet import HashingEncoder, LinearRegression, SoftmaxRegression, TableModel
from linnet.data.held_folder import held
from linnet.errors import DataError, DiskFullError, ModelFileError, SettingError, TableError
from linnet.estimators import online
from linnet.estimators.online import learn_online
from linnet.estimators.online_notes import learn_and_note
from linnet.estimators.online_state import learnt_from_state, state_of_learnt
from linnet.estimators.saving import read_model, write_model
from linnet.features.hashed_table import HashedTable

FILE = "learnt.checkpoint"


def write(path, n, sorts, seed=0, first=0):
    """Write rows of all kinds of columns, with gaps, of the sorts that are named."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in range(first, first + n):
        sort = str(rng.choice(sorts))
        said = f"{sort[0]}{rng.integers(4)} {sort}ish {rng.choice(['ripe', 'dry'])}"
        size = "" if rng.uniform() < 0.1 else f"{rng.normal(len(sort)):.3f}"
        day = f"2026-{1 + row % 12:02}-{1 + row % 28:02}"
        label = "" if rng.uniform() < 0.02 else sort
        rows.append(f"{said},{size},{day},{'uvw'[rng.integers(3)]},{1 + row % 3},{label}")
    path.write_text("said,size,day,letter,n,sort\n" + "\n".join(rows) + "\n")


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three files, whose classes turn up one after another; blocks are of some 400 rows."""
    monkeypatch.setattr(online, "_MOST_ENTRIES", 4000)
    monkeypatch.setattr("linnet.estimators.hashed_stream._ROWS_AT_A_TIME", 200)
    write(tmp_path / "part0.csv", 900, ["plum"])
    write(tmp_path / "part1.csv", 1100, ["plum", "fig"], seed=1)
    write(tmp_path / "part2.csv", 1000, ["plum", "fig", "nut"], seed=2)
    return str(tmp_path / "part*.csv")


def scan(files, checkpoint=None, **options):
    given = {"target": "sort", "text": ["said"], "weight": "n", "memory": "2GB"} | options
    data = linnet.scan(files, checkpoint=checkpoint, **given)
    return replace(data, folder=replace(data.folder, note_every=0.0))


def regression(kind=SoftmaxRegression, **settings):
    return kind(**{"solver": "adagrad", "max_iter": 3} | settings)


def model_of(learnt, path, **settings):
    """Give the bytes of the file of a model."""
    model = TableModel(regression(**settings), HashingEncoder(bits=8), target="sort")
    model.keep_learnt(learnt, "rows").save(path)
    return path.read_bytes()


def last(states):
    *_, learnt = states
    return learnt


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd"},
        {"solver": "sgd", "momentum": 0.9, "average": True, "schedule": "constant"},
        {"solver": "adagrad", "class_weight": {"nut": 3.0}},
        {"solver": "adam", "learning_rate": 0.01, "random_state": 7},
        {"kind": LinearRegression, "solver": "sgd", "average": True},
        {"kind": LinearRegression, "solver": "adam"},
    ],
    ids=lambda settings: "-".join(str(getattr(s, "__name__", s)) for s in settings.values()),
)
def test_a_fit_left_after_any_block_comes_to_the_same_file(files, tmp_path, settings):
    """Left and begun again after each block, and so at every place where a note can be."""
    encoder, file = HashingEncoder(bits=8), tmp_path / "m.linnet"
    numbers = "kind" in settings
    target = {"target": "size" if numbers else "sort"}
    states = list(learn_online(scan(files, **target), regression(**settings), encoder))
    assert len(states) > 3 * 4
    assert numbers or states[0].iterate is None
    assert states[-1].iterate is not None
    expected = model_of(states[-1], file, **settings)
    begun, found = tmp_path / "state", []
    while not found or found[-1].losses != states[-1].losses:
        data = scan(files, begun, **target)
        learning = learn_and_note(data, regression(**settings), encoder)
        # Again what was noted, and one block more.
        found.extend(islice(learning, 2 if found else 1))
        learning.close()
        assert len(found) <= 2 * len(states)
    assert model_of(found[-1], file, **settings) == expected
    assert found[-1].random == states[-1].random


@pytest.mark.parametrize("chunk", [10_000, 1 << 20])
def test_the_steps_do_not_depend_on_how_many_bytes_are_read_at_a_time(
    files, tmp_path, monkeypatch, chunk
):
    encoder, file = HashingEncoder(bits=8), tmp_path / "m.linnet"
    expected = model_of(last(learn_online(scan(files), regression(), encoder)), file)
    monkeypatch.setattr("linnet.estimators.scanning.text_block_bytes", lambda _: chunk)
    assert model_of(last(learn_online(scan(files), regression(), encoder)), file) == expected


def test_rows_before_the_place_are_read_and_not_hashed(files, tmp_path, monkeypatch):
    hashed = []
    encode = HashedTable.encode

    def counted(self, table):
        hashed.append(table.n_rows)
        return encode(self, table)

    learning = learn_and_note(scan(files, tmp_path / "state"), regression(), HashingEncoder(bits=8))
    *_, learnt = islice(learning, 9)
    learning.close()
    assert learnt.epoch == 2
    monkeypatch.setattr(HashedTable, "encode", counted)
    rest = learn_and_note(
        scan(files, tmp_path / "state"), regression(max_iter=2), HashingEncoder(bits=8)
    )
    end = last(rest)
    assert sum(hashed) == end.losses[1].rows - learnt.losses[1].rows
    assert 0 < learnt.losses[1].rows < end.losses[1].rows


def test_a_finished_fit_is_given_again_without_a_look_at_its_rows(files, tmp_path, monkeypatch):
    encoder, state, file = HashingEncoder(bits=8), tmp_path / "state", tmp_path / "m.linnet"
    expected = model_of(last(learn_and_note(scan(files, state), regression(), encoder)), file)
    monkeypatch.setattr("linnet.estimators.online_notes.learn_online", None)
    (again,) = learn_and_note(scan(files, state), regression(n_jobs=1), encoder)
    assert model_of(again, file) == expected


def test_a_finished_fit_may_be_given_more_passes_and_be_stopped_in_them(files, tmp_path):
    encoder, state, file = HashingEncoder(bits=8), tmp_path / "state", tmp_path / "m.linnet"
    expected = model_of(last(learn_online(scan(files), regression(), encoder)), file)
    twice = last(learn_and_note(scan(files, state), regression(max_iter=2), encoder))
    assert twice.epoch == 2
    more = learn_and_note(scan(files, state), regression(), encoder)
    *_, stopped = islice(more, 3)
    more.close()
    assert stopped.epoch == 3
    rest = list(learn_and_note(scan(files, state), regression(), encoder))
    assert len(rest) > 1
    assert model_of(rest[-1], file) == expected
    with pytest.raises(SettingError, match="in pass 3 already, and 2 are asked for"):
        list(learn_and_note(scan(files, state), regression(max_iter=2), encoder))


def test_settings_are_checked_before_a_folder_is_made(files, tmp_path):
    with pytest.raises(SettingError, match="only steps can follow them"):
        list(learn_and_note(scan(files, tmp_path / "no"), LinearRegression(), HashingEncoder()))
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("kind", "target"), [(SoftmaxRegression, "sort"), (LinearRegression, "size")]
)
def test_a_state_is_restored_to_the_last_bit(files, kind, target):
    states = learn_online(scan(files, target=target), regression(kind), HashingEncoder(bits=8))
    for learnt in islice(states, 6):
        meta, arrays = state_of_learnt(learnt)
        again = learnt_from_state((json.loads(json.dumps(meta)), arrays))
        twice, same = state_of_learnt(again)
        assert twice == meta
        assert all(np.array_equal(arrays[name], same[name]) for name in arrays | same)
        assert again.random == learnt.random
        assert again.block.known == learnt.block.known
        assert again.losses == learnt.losses


def test_what_cannot_be_restored_is_not_noted(files):
    learnt = next(learn_online(scan(files), regression(), HashingEncoder(bits=8)))
    with pytest.raises(TypeError, match=r"learnt.pace: a function cannot be noted"):
        state_of_learnt(replace(learnt, pace=lambda: None))
    with pytest.raises(TypeError, match="is not what is learnt"):
        learnt_from_state(({"learnt": 3}, {}))


@pytest.fixture
def begun(files, tmp_path):
    """A checkpoint in the midst of the second pass."""
    state = tmp_path / "state"
    learning = learn_and_note(scan(files, state), regression(), HashingEncoder(bits=8))
    assert len(list(islice(learning, 9))) == 9
    learning.close()
    return state


@pytest.mark.parametrize(
    ("options", "settings", "told"),
    [
        ({}, {"C": 2.0}, "C was 1.0, now it is 2.0"),
        ({}, {"solver": "sgd"}, "solver was 'adagrad', now it is 'sgd'"),
        ({}, {"random_state": 1}, "random_state was 0, now it is 1"),
        ({"bits": 9}, {}, "encoder's bits was 8, now it is 9"),
        ({"weight": None}, {}, "weight was 'n', now it is None"),
        ({"memory": "3GB"}, {}, "memory was 2000000000, now it is 3000000000"),
        ({"drop": ["day"], "text": []}, {}, r"drop was \(\), .*; text was \('said',\)"),
        ({"on_error": "skip"}, {}, "on_error was 'raise', now it is 'skip'"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_another_fit_is_refused_and_told_what_differs(files, begun, options, settings, told):
    before = (begun / FILE).read_bytes()
    given = {name: value for name, value in options.items() if name != "bits"}
    encoder = HashingEncoder(bits=options.get("bits", 8))
    with pytest.raises(SettingError, match=told):
        list(learn_and_note(scan(files, begun, **given), regression(**settings), encoder))
    assert (begun / FILE).read_bytes() == before


def go_on(files, begun):
    return list(learn_and_note(scan(files, begun), regression(), HashingEncoder(bits=8)))


def test_a_file_that_has_changed_is_refused(files, begun, tmp_path):
    path = tmp_path / "part1.csv"
    content = path.read_bytes()
    path.write_bytes(content + b"fig figgish ripe,1.0,2026-01-01,u,1,fig\n")
    with pytest.raises(TableError, match=r"part1.csv: the file has changed .* \(then [\d,]+ bytes"):
        go_on(files, begun)
    path.write_bytes(content)
    stamp = path.stat()
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 10**9))
    with pytest.raises(TableError, match="the file has changed"):
        go_on(files, begun)


def test_another_table_is_refused(files, begun, tmp_path):
    write(tmp_path / "part3.csv", 100, ["fig", "nut"])
    with pytest.raises(SettingError, match=r"then .*part0.csv and 2 more, now .*part0.csv and 3"):
        go_on(files, begun)
    (tmp_path / "part3.csv").unlink()
    assert len(go_on(files, begun)) > 1


@pytest.mark.parametrize("damage", ["cut", "empty", "bit", "text", "model", "newer", "parts"])
def test_a_damaged_or_foreign_checkpoint_is_refused(files, begun, damage):
    file = begun / FILE
    content = bytearray(file.read_bytes())
    kind, (meta, arrays) = read_model(file)
    match damage:
        case "cut":
            file.write_bytes(content[:-100])
        case "empty":
            file.write_bytes(b"")
        case "bit":
            content[-50] ^= 1
            file.write_bytes(content)
        case "text":
            file.write_text("epoch 3")
        case "model":
            SoftmaxRegression().fit([[0.0], [1.0]], [0, 1]).save(file)
        case "newer":
            write_model(file, kind, (meta | {"format": 99}, arrays))
        case "parts":
            meta["learnt"]["parts"]["spin"] = 1
            write_model(file, kind, (meta, arrays))
    with pytest.raises(DataError, match=r"learnt.checkpoint: this checkpoint cannot be gone on"):
        go_on(files, begun)


def test_a_checkpoint_is_no_model(begun):
    with pytest.raises(ModelFileError, match="a model of the kind 'checkpoint of a stream'"):
        linnet.load(begun / FILE)


def test_exact_fits_and_streams_do_not_share_a_folder(files, begun, tmp_path):
    with pytest.raises(SettingError, match="of rows learnt from as they come"):
        TableModel(SoftmaxRegression()).fit(scan(files, begun))
    exact = tmp_path / "exact"
    TableModel(LinearRegression()).fit(scan(files, exact, target="size"))
    with pytest.raises(SettingError, match="of an exact fit"):
        go_on(files, exact)


def test_two_fits_do_not_share_a_folder(files, begun):
    with held(begun), pytest.raises(DataError, match="another fit is keeping"):
        go_on(files, begun)


def test_a_query_has_no_checkpoint(files, tmp_path):
    data = linnet.scan(
        f"SELECT said, sort FROM '{files}'", target="sort", checkpoint=tmp_path / "state"
    )
    with pytest.raises(SettingError, match="nothing tells what a query gives"):
        TableModel(regression(), HashingEncoder()).fit(data)
    assert not (tmp_path / "state").exists()


def test_without_room_on_the_disk_the_last_note_stays_whole(files, begun, tmp_path):
    """A limit on the size of files stands for a full disk: the system writes no more."""
    before = (begun / FILE).read_bytes()
    data, encoder = scan(files, begun), HashingEncoder(bits=8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(DiskFullError, match="The note before it, if there is one, is whole"):
            list(learn_and_note(data, regression(), encoder))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in begun.iterdir()] == [FILE]
    assert (begun / FILE).read_bytes() == before
    expected = model_of(last(learn_online(scan(files), regression(), encoder)), tmp_path / "m")
    assert model_of(go_on(files, begun)[-1], tmp_path / "m") == expected


LEARN = """
import sys
from dataclasses import replace
from linnet import HashingEncoder, LinearRegression, SoftmaxRegression, TableModel, scan
from linnet.estimators import hashed_stream, online
online._MOST_ENTRIES, hashed_stream._ROWS_AT_A_TIME = 4000, 200
pattern, state, output, solver, target = sys.argv[1:]
data = scan(pattern, target=target, text=["said"], weight="n", checkpoint=state)
data = replace(data, folder=replace(data.folder, note_every=0.0))
kind = SoftmaxRegression if target == "sort" else LinearRegression
regression = kind(solver=solver, max_iter=4, average=solver == "sgd")
print("begun", flush=True)
model = TableModel(regression, HashingEncoder(bits=8), target=target).fit(data)
model.save(output)
print("saved", flush=True)
"""


@pytest.mark.parametrize(
    ("solver", "target"), [("sgd", "sort"), ("adam", "sort"), ("adagrad", "size")]
)
def test_a_fit_killed_again_and_again_comes_to_the_same_file(files, tmp_path, solver, target):
    """Killed by SIGKILL at moments drawn at random, from when it begins to when it would end."""
    state, output = tmp_path / "state", tmp_path / "m.linnet"
    command = [sys.executable, "-c", LEARN, files, str(state), str(output), solver, target]

    def killed_after(seconds):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=seconds)
            process.kill()

    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        began = monotonic()
        assert process.stdout.readline() == b"saved\n"
        whole = monotonic() - began
    expected = output.read_bytes()
    output.unlink()
    (state / FILE).unlink()
    for share in np.random.default_rng(2).uniform(0.1, 0.8, size=4):
        killed_after(share * whole)
        # A model is there whole or not at all; and so is a note, or the next would be refused.
        if output.exists():
            assert output.read_bytes() == expected
            output.unlink()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert output.read_bytes() == expected
    assert [path.name for path in state.iterdir()] == [FILE]
