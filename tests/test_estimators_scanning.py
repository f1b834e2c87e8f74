"""Fits to scans: a table in pieces on disk gives the model that it gives in memory."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

import linnet
from linnet import LinearRegression, SoftmaxRegression, TableModel
from linnet.data import blocks
from linnet.data.blocks import BlockSource
from linnet.data.passing import PassingSource
from linnet.data.reading import read_table
from linnet.engine import Iterate, descend, walking
from linnet.errors import DiskFullError, SettingError
from linnet.estimators import scanning as scan_module
from linnet.estimators.kept_rows import kept_rows
from linnet.features import TableEncoder


@pytest.fixture
def birds(tmp_path: Path) -> str:
    """Three files of one table, with numbers, categories, gaps and two classes."""
    random = np.random.default_rng(0)
    for part in range(3):
        lines = ["grams,colour,wing,kind"]
        for _ in range(200):
            grams = random.normal(20, 3)
            colour = random.choice(["red", "brown", "?"])
            likely = grams + 4 * (colour == "red") + random.normal(0, 3) > 21
            wing = 60 + grams + random.normal()
            lines.append(f"{grams:.2f},{colour},{wing:.1f},{'linnet' if likely else 'wren'}")
        (tmp_path / f"birds{part}.csv").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "birds*.csv")


def in_memory(pattern: str, target: str) -> tuple[dict, np.ndarray]:
    import pyarrow as pa

    folder = Path(pattern).parent
    tables = [read_table(file) for file in sorted(folder.glob("birds*.csv"))]
    columns = pa.concat_tables([table.columns for table in tables])
    y = np.asarray(columns.column(target).to_pylist())
    return {name: columns.column(name) for name in columns.column_names if name != target}, y


def test_a_classifier_of_a_scan_is_that_of_the_table(birds: str) -> None:
    table, y = in_memory(birds, "kind")
    streamed = TableModel(SoftmaxRegression()).fit(linnet.scan(birds, target="kind"))
    whole = TableModel(SoftmaxRegression()).fit(table, y)
    assert list(streamed.classes_) == ["linnet", "wren"]
    assert streamed.certificate_.kind == "proven"
    np.testing.assert_allclose(
        streamed.estimator_.coef_, whole.estimator_.coef_, rtol=1e-6, atol=1e-6
    )
    assert streamed.estimator_.loss_ == pytest.approx(whole.estimator_.loss_, abs=1e-9)


def test_a_regression_of_a_scan_is_that_of_the_table(birds: str) -> None:
    table, y = in_memory(birds, "wing")
    streamed = TableModel(LinearRegression()).fit(linnet.scan(birds, target="wing"))
    whole = TableModel(LinearRegression()).fit(table, y)
    np.testing.assert_allclose(streamed.estimator_.coef_, whole.estimator_.coef_, rtol=1e-9)
    assert streamed.estimator_.residual_variance_ == pytest.approx(
        whole.estimator_.residual_variance_, rel=1e-9
    )


def test_a_regression_of_a_scan_tells_how_certain_it_is(birds: str) -> None:
    table, y = in_memory(birds, "wing")
    del table["colour"], table["kind"]
    data = linnet.scan(birds, target="wing", drop=["colour", "kind"])
    streamed = TableModel(LinearRegression()).fit(data)
    told = streamed.estimator_.statistics()
    whole = TableModel(LinearRegression()).fit(table, y)
    inferred = whole.inference(table, y)
    assert told.coef_t[0, 0] == pytest.approx(inferred.t[1], rel=1e-9)
    assert told.r_squared[0] == pytest.approx(inferred.r_squared, rel=1e-9)
    with pytest.raises(SettingError, match="inference"):
        whole.estimator_.statistics()


def test_classes_are_weighed_as_in_memory(birds: str) -> None:
    table, y = in_memory(birds, "kind")
    model = TableModel(SoftmaxRegression(class_weight="balanced"))
    data = linnet.scan(birds, target="kind")
    streamed, whole = model.fit(data).estimator_, model.fit(table, y).estimator_
    assert streamed.loss_ == pytest.approx(whole.loss_, abs=1e-9)


def test_the_bare_regression_names_the_encoded_columns(birds: str) -> None:
    model = SoftmaxRegression().fit(linnet.scan(birds, target="kind"))
    assert list(model.feature_names_in_)[:2] == ["grams", "colour=brown"]


def test_a_cache_is_used_again_and_not_for_other_files(
    birds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = TableModel(SoftmaxRegression()).fit(linnet.scan(birds, target="kind", cache=cache))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the table was read")

    with monkeypatch.context() as patch:
        patch.setattr(scan_module.EncodedRows, "of", refuse)
        again = TableModel(SoftmaxRegression()).fit(linnet.scan(birds, target="kind", cache=cache))
        assert np.array_equal(first.estimator_.coef_, again.estimator_.coef_)
        with pytest.raises(AssertionError, match="was read"):
            TableModel(LinearRegression()).fit(linnet.scan(birds, target="wing", cache=cache))
        file = tmp_path / "birds1.csv"
        file.write_text(file.read_text() + "20.0,red,80.0,wren\n")
        with pytest.raises(AssertionError, match="was read"):
            TableModel(SoftmaxRegression()).fit(linnet.scan(birds, target="kind", cache=cache))


def test_a_cache_is_not_used_for_rows_read_in_another_way(tmp_path: Path) -> None:
    file, cache = tmp_path / "prices.csv", tmp_path / "cache"
    file.write_text("c1,c2\n" + "".join(f"{x},c{x % 2}\n" for x in range(20)) + "20,c2\n" * 2)
    settings = {"target": "c2", "cache": cache}
    for header, rows in ((True, 22), (False, 23)):
        with linnet.scan(file, header=header, **settings).prepared() as prepared:
            assert prepared.source.n_samples == rows


def test_a_cache_that_is_altered_or_too_large_is_written_again(birds: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    data = linnet.scan(birds, target="kind", cache=cache)
    first = TableModel(SoftmaxRegression()).fit(data)
    blocks = next(cache.glob("*.blocks"))
    for damaged in (b"", blocks.read_bytes()[:-64]):
        blocks.write_bytes(damaged)
        again = TableModel(SoftmaxRegression()).fit(data)
        assert np.array_equal(first.estimator_.coef_, again.estimator_.coef_)
    fingerprint = json.loads((cache / "design.json").read_text())["fingerprint"]
    assert kept_rows(cache, fingerprint, memory=2**30) is not None
    assert kept_rows(cache, fingerprint, memory=2**10) is None


def test_the_checkpoint_of_one_query_is_of_no_use_to_another(tmp_path: Path) -> None:
    """A query has no file whose size and time tell it from others; the rows that it gives do."""
    database, checkpoint = tmp_path / "birds.db", tmp_path / "checkpoint"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE birds (wing REAL, grams REAL)")
        rows = [(60.0 + x, x**1.5) for x in range(50)]
        connection.executemany("INSERT INTO birds VALUES (?, ?)", rows)

    def fitted(query: str) -> float:
        data = linnet.scan(query, target="grams", database=str(database), checkpoint=checkpoint)
        low, high = TableModel(LinearRegression()).fit(data).predict({"wing": [0.0, 1.0]})
        return float(high - low)

    every = fitted("SELECT wing, grams FROM birds")
    low = fitted("SELECT wing, grams FROM birds WHERE wing < 80")
    assert every == pytest.approx(np.polyfit(*np.transpose(rows), 1)[0])
    assert low == pytest.approx(np.polyfit(*np.transpose(rows[:20]), 1)[0])
    assert fitted("SELECT wing, grams FROM birds") == every


def test_a_scan_leaves_the_encoder_of_a_model_alone(birds: str) -> None:
    encoder = TableEncoder()
    model = TableModel(SoftmaxRegression(), encoder=encoder)
    model.fit(linnet.scan(birds, target="kind", categorical=["wing"]))
    assert list(encoder.categorical) == []


def test_without_room_on_the_disk_every_pass_reads_the_table(
    birds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFullError("no room is left")

    table, y = in_memory(birds, "kind")
    monkeypatch.setattr(BlockSource, "write", full)
    data = linnet.scan(birds, target="kind")
    with data.prepared() as rows:
        assert isinstance(rows.source, PassingSource)
        assert "no room is left" in rows.notes[-1]
        streamed = SoftmaxRegression().fit(rows)
    whole = TableModel(SoftmaxRegression()).fit(table, y).estimator_
    assert streamed.loss_ == pytest.approx(whole.loss_, abs=1e-9)


def test_a_target_of_the_wrong_kind_is_told(birds: str) -> None:
    with pytest.raises(SettingError, match="taken for a class"):
        LinearRegression().fit(linnet.scan(birds, target="kind"))
    with pytest.raises(SettingError, match="taken for a number"):
        SoftmaxRegression().fit(linnet.scan(birds, target="wing"))


@pytest.mark.parametrize("memory", ["much", "12 parsecs", "0"])
def test_a_size_that_is_none_is_refused(birds: str, memory: str) -> None:
    with pytest.raises(SettingError, match="give a size such as"):
        linnet.scan(birds, target="kind", memory=memory)


def test_too_small_a_budget_says_what_is_enough(birds: str) -> None:
    with pytest.raises(SettingError, match="Give at least"):
        linnet.scan(birds, target="kind", memory="1MB")


FIT = """
import sys
from dataclasses import replace
from linnet import SoftmaxRegression, TableModel, scan
from linnet.data import blocks
blocks.LARGEST_BLOCK = 4000
data = scan(sys.argv[1], target="kind", checkpoint=sys.argv[2])
data = replace(data, folder=replace(data.folder, note_every=0.0))
settings = {"average": True, "momentum": 0.5} if sys.argv[4] == "sgd" else {}
weight = "balanced" if sys.argv[4] == "adam" else None
regression = SoftmaxRegression(
    C=1e4, tol=1e-10, solver=sys.argv[4], class_weight=weight, **settings
)
model = TableModel(regression).fit(data)
model.save(sys.argv[3])
"""


def told(model: SoftmaxRegression) -> tuple:
    """What was fitted, and each step on the way to it."""
    return (
        model.coef_.tolist(),
        model.intercept_.tolist(),
        model.certificate_,
        [(step.value, step.gap, step.passes) for step in model.history_],
    )


@pytest.mark.parametrize("solver", ["auto", "sgd", "adam"])
def test_a_fit_killed_again_and_again_comes_to_the_same_optimum(
    birds: str, tmp_path: Path, solver: str
) -> None:
    checkpoint, output = tmp_path / "checkpoint", tmp_path / "killed.linnet"
    command = [sys.executable, "-W", "ignore", "-c", FIT]
    command += [birds, str(checkpoint), str(output), solver]
    began = monotonic()
    subprocess.run(command, check=True)
    whole = monotonic() - began
    expected = told(linnet.load(output).estimator_)
    output.unlink()
    for file in sorted(checkpoint.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    for share in np.random.default_rng(1).uniform(0.3, 1.0, size=4):
        try:
            subprocess.run(command, check=True, timeout=share * whole)
        except subprocess.TimeoutExpired:
            # Killed by SIGKILL, wherever it stood: a model is there whole or not at all.
            continue
        assert told(linnet.load(output).estimator_) == expected
    subprocess.run(command, check=True)
    assert told(linnet.load(output).estimator_) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd"},
        {"solver": "sgd", "momentum": 0.9, "average": True},
        {"solver": "adagrad", "schedule": "one-cycle"},
        {"solver": "adam", "class_weight": "balanced"},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_stochastic_fit_stopped_at_any_block_goes_on_and_walks_none_again(
    birds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict
) -> None:
    """Stopped each time after three blocks more: between them, and at the ends of epochs."""
    monkeypatch.setattr(blocks, "LARGEST_BLOCK", 4000)
    model = SoftmaxRegression(max_iter=3, **settings)
    expected = told(TableModel(model).fit(linnet.scan(birds, target="kind")).estimator_)
    data = linnet.scan(birds, target="kind", checkpoint=tmp_path / "state")
    data = replace(data, folder=replace(data.folder, note_every=0.0))
    made: list[int] = [0]

    def stopped(*arguments: object) -> Iterate:
        if made[-1] == 3:
            raise KeyboardInterrupt
        made[-1] += 1
        return descend(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(walking, "descend", stopped)
        while True:
            try:
                fitted = TableModel(model).fit(data).estimator_
                break
            except KeyboardInterrupt:
                made.append(0)
    with data.prepared() as rows:
        n_blocks = len(rows.source.source.stored.starts) - 1
    assert n_blocks > 3
    assert sum(made) == 3 * n_blocks
    assert told(fitted) == expected
