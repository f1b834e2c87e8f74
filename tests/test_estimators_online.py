"""Learning from a scan as its rows come: steps, progressive loss, classes, bad input."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import log_softmax

import linnet
from linnet import HashingEncoder, LinearRegression, SoftmaxRegression, TableEncoder, TableModel
from linnet.engine import StepRule
from linnet.errors import SettingError, TableError
from linnet.estimators import online
from linnet.estimators.online import learn_online
from linnet.estimators.progressive import ProgressiveLoss
from linnet.estimators.widening import begin_walk, widened_walk
from linnet.losses import SoftmaxCrossEntropy
from linnet.numeric import EPSILON
from real_files import real

SORTS = {"fig": "ripe sweet soft", "plum": "sour blue round", "nut": "hard dry small brown"}


def said(n, seed=0, sorts=tuple(SORTS)):
    """Rows of a few words each, which tell the sort well, and a number that tells it a little."""
    rng = np.random.default_rng(seed)
    every = " ".join(SORTS.values()).split()
    rows = []
    for _ in range(n):
        sort = sorts[rng.integers(len(sorts))]
        words = [*rng.choice(SORTS[sort].split(), 3), rng.choice(every)]
        size = round(float(rng.normal(len(sort))), 3)
        rows.append({"said": " ".join(words), "size": size, "sort": sort})
    return rows


def write(folder, rows, name="rows.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def scan(path, **options):
    return linnet.scan(path, **{"target": "sort", "text": ["said"], "memory": "1GB"} | options)


def model(bits=10, **settings):
    return TableModel(
        SoftmaxRegression(**{"solver": "sgd"} | settings), encoder=HashingEncoder(bits=bits)
    )


def columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_the_progressive_loss_is_that_of_each_row_before_it_was_learnt_from(tmp_path):
    """Against steps by hand, a row at a time, without a penalty."""
    rows = said(60)
    rate = 0.3
    settings = {"batch_size": 1, "C": np.inf, "learning_rate": rate, "schedule": "constant"}
    found = model(**settings).fit(scan(write(tmp_path, rows)))

    X = HashingEncoder(bits=10, text="said").fit_transform(
        {name: column for name, column in columns(rows).items() if name != "sort"}
    )
    X = np.hstack([X.toarray(), np.ones((60, 1))])
    y = np.searchsorted(found.classes_, [row["sort"] for row in rows])
    seed = np.random.RandomState(0).randint(2**31 - 1)
    W, nats = np.zeros((3, X.shape[1])), 0.0
    for i in np.random.default_rng(seed).permutation(60):
        log_p = log_softmax(W @ X[i])
        nats -= log_p[y[i]]
        W -= rate * np.outer(np.exp(log_p) - np.eye(3)[y[i]], X[i])
    assert found.progressive_loss_ == pytest.approx(nats / 60 / np.log(2), rel=1e4 * EPSILON)
    assert found.progressive_loss_.unit == "bits"
    np.testing.assert_allclose(found.estimator_.coef_, W[:, :-1], atol=1e4 * EPSILON)


@pytest.mark.parametrize("solver", ["sgd", "adagrad", "adam"])
def test_one_block_is_one_call_of_partial_fit(tmp_path, solver):
    rows = said(200)
    settings = {"solver": solver, "learning_rate": 0.1, "batch_size": 8}
    found = model(**settings).fit(scan(write(tmp_path, rows)))
    table = columns(rows)
    sorts = table.pop("sort")
    other = TableModel(SoftmaxRegression(**settings), HashingEncoder(bits=10, text="said"))
    other.partial_fit(table, sorts, classes=list(SORTS))
    np.testing.assert_allclose(
        found.estimator_.coef_, other.estimator_.coef_, rtol=0, atol=1e4 * EPSILON
    )
    assert found.score(table, sorts) > 0.8


def test_more_passes_learn_more_and_the_first_loss_stays(tmp_path):
    path = write(tmp_path, said(300))
    once, thrice = (model(max_iter=n, C=100).fit(scan(path)) for n in (None, 3))
    assert once.progressive_loss_ == thrice.progressive_loss_
    rows = columns(said(300, seed=1))
    sorts = rows.pop("sort")
    assert thrice.code_lengths(rows, sorts).mean() < once.code_lengths(rows, sorts).mean()
    assert thrice.estimator_.n_iter_ == 3
    assert thrice.estimator_.certificate_.kind == "none"


def test_blocks_are_bounded_and_nothing_is_lost_between_them(tmp_path, monkeypatch):
    rows = said(10_000)
    path = write(tmp_path, rows)
    monkeypatch.setattr(online, "_MOST_ENTRIES", 1000)
    states = list(learn_online(scan(path), model().estimator, HashingEncoder(bits=10)))
    assert len(states) == 3
    assert [state.progressive.rows for state in states] == [4096, 8192, 10_000]
    marks = [mark.rows for mark in states[-1].progressive.marks]
    assert marks == [64, 128, 256, 512, 1024, 2048, 4096, 8192]
    # The features tell the sort, but for one word of four.
    assert states[-1].progressive.mean < 0.5 * np.log2(3)


def test_classes_may_turn_up_late(tmp_path, monkeypatch):
    """A file sorted by its target: first one class, then two, then three."""
    monkeypatch.setattr(online, "_MOST_ENTRIES", 1000)
    one, two, three = said(5000, 0, ("plum",)), said(5000, 1, ("plum", "fig")), said(5000, 2)
    path = write(tmp_path, one + two + three)
    *_, last = states = list(learn_online(scan(path), model().estimator, HashingEncoder(bits=10)))
    assert states[0].iterate is None
    assert states[0].progressive.mean == 0
    assert list(last.block.classes) == ["fig", "nut", "plum"]
    fitted = model().fit(scan(path))
    rows = columns(said(300, 3))
    sorts = rows.pop("sort")
    assert fitted.score(rows, sorts) > 0.8


@pytest.mark.parametrize("q", [2, 3])
@pytest.mark.parametrize(
    "rule",
    [
        StepRule(momentum=0.5, average=True),
        StepRule(optimizer="adagrad"),
        StepRule(optimizer="adam"),
    ],
    ids=lambda rule: rule.optimizer,
)
def test_a_wider_walk_gives_known_classes_the_same_odds(q, rule):
    rng = np.random.default_rng(0)
    old, new = np.array(["b", "d", "e"])[:q], np.array(["a", "b", "c", "d", "e"])
    walk = begin_walk(q, 4, rule)
    theta = rng.normal(size=walk.theta.shape)
    slots = tuple(rng.uniform(size=theta.shape) for _ in walk.slots)
    wide = widened_walk(replace(walk, theta=theta, slots=slots), rule, old, new)
    x = rng.normal(size=(5, 4))
    before = SoftmaxCrossEntropy(anchored=q == 2).log_probabilities(x @ theta.T)
    after = log_softmax((x @ wide.theta.T)[:, np.searchsorted(new, old)], axis=1)
    np.testing.assert_allclose(after, before, atol=50 * EPSILON)
    assert [slot.shape for slot in wide.slots] == [(5, 4)] * rule.n_slots
    assert not wide.theta[0].any()


def test_rows_without_a_target_and_weights_of_zero_teach_nothing(tmp_path):
    rows = said(100)
    extra = [{**row, "sort": None} for row in said(50, 1)]
    weighed = [{**row, "n": 1} for row in rows]
    nothing = [{**row, "sort": "fig", "n": 0} for row in said(30, 2)]
    with_missing = model(batch_size=200, learning_rate=0.1)
    with_missing.fit(scan(write(tmp_path, rows + extra), drop=["size"]))
    plain = model(batch_size=200, learning_rate=0.1)
    plain.fit(scan(write(tmp_path, rows, "plain.jsonl"), drop=["size"]))
    np.testing.assert_allclose(
        with_missing.estimator_.coef_, plain.estimator_.coef_, atol=100 * EPSILON
    )
    path = write(tmp_path, weighed + nothing, "weighed.jsonl")
    weighted = model(batch_size=200).fit(scan(path, weight="n", drop=["size"]))
    assert weighted.progressive_loss_ == pytest.approx(plain.progressive_loss_)


def test_classes_weigh_what_they_are_given_also_before_all_have_come(tmp_path, monkeypatch):
    monkeypatch.setattr(online, "_MOST_ENTRIES", 1000)
    path = write(tmp_path, said(5000, 0, ("fig", "nut")) + said(5000, 1))
    plain, weighed = (
        model(class_weight=weight).fit(scan(path)) for weight in (None, {"plum": 1.0, "nut": 20.0})
    )
    rows = columns(said(300, 3))
    sorts = np.array(rows.pop("sort"))
    assert (weighed.predict(rows) == "nut").sum() > (plain.predict(rows) == "nut").sum()
    assert {"fig", "plum"} <= set(plain.predict(rows)[sorts != "nut"])


def test_a_saved_model_predicts_alike(tmp_path):
    fitted = model(solver="adagrad").fit(scan(write(tmp_path, said(200))))
    fitted.save(tmp_path / "model.linnet")
    again = linnet.load(tmp_path / "model.linnet")
    rows = columns(said(50, 1))
    np.testing.assert_array_equal(again.predict_proba(rows), fitted.predict_proba(rows))
    assert isinstance(again.encoder, HashingEncoder)
    assert again.encoder.get_params()["text"] == ["said"]


def test_a_table_in_memory_is_fitted_to_its_optimum():
    rows = columns(said(200))
    sorts = rows.pop("sort")
    fitted = TableModel(SoftmaxRegression(), HashingEncoder(bits=8, text="said")).fit(rows, sorts)
    assert fitted.certificate_.kind == "proven"


def test_losses_of_rows_are_marked_when_their_number_has_doubled():
    loss, n = ProgressiveLoss(), 0
    rng = np.random.default_rng(0)
    nats = rng.uniform(size=1000)
    for size in (1, 2, 30, 500, 467):
        rows = np.arange(n + 1, n + size + 1)
        loss = loss.after(rows, np.ones(size), nats[n : n + size])
        n += size
    assert [mark.rows for mark in loss.marks] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    for mark, before in zip(loss.marks[1:], loss.marks, strict=False):
        bits = nats / np.log(2)
        assert mark.mean == pytest.approx(bits[: mark.rows].mean())
        assert mark.since_last == pytest.approx(bits[before.rows : mark.rows].mean())
    assert loss.mean == pytest.approx(nats.mean() / np.log(2))


def test_a_label_that_was_not_announced_is_an_error_with_file_and_row(tmp_path):
    path = write(tmp_path, [*said(10, 0, ("fig", "nut")), *said(1, 0, ("plum",))])
    with pytest.raises(TableError, match=r"rows.jsonl, column 'sort', row 11: the label plum"):
        model().fit(scan(path, classes=["fig", "nut"]))


def test_announced_classes_are_known_before_they_occur(tmp_path):
    path = write(tmp_path, said(50, 0, ("fig", "nut")))
    fitted = model().fit(scan(path, classes=["plum", "nut", "fig"]))
    assert list(fitted.classes_) == ["fig", "nut", "plum"]
    exact = TableModel(SoftmaxRegression()).fit(scan(path, classes=["plum", "nut", "fig"]))
    assert list(exact.classes_) == ["fig", "nut", "plum"]


def test_what_cannot_be_learnt_from_is_refused(tmp_path):
    path = write(tmp_path, said(50))
    with pytest.raises(SettingError, match="only steps can follow them"):
        model(solver="newton-cg").fit(scan(path))
    with pytest.raises(SettingError, match="only steps can follow them"):
        TableModel(LinearRegression(), HashingEncoder()).fit(scan(path))
    with pytest.raises(SettingError, match="how often each class occurs"):
        model(class_weight="balanced").fit(scan(path))
    with pytest.raises(SettingError, match=r"classes=\['fig'\]: name all classes"):
        scan(path, classes=["fig"])
    with pytest.raises(SettingError, match="schedule='cosine'"):
        model(schedule="cosine").fit(scan(path))
    with pytest.raises(SettingError, match="the target is a number"):
        model().fit(scan(path, target="size"))
    with pytest.raises(SettingError, match="the target is a number"):
        model().fit(scan(path, task="regression"))
    with pytest.raises(SettingError, match="bits must be"):
        model(bits=40).fit(scan(path))
    with pytest.raises(SettingError, match="Take fewer bits"):
        model(bits=26).fit(scan(path, memory="600MB"))
    with pytest.raises(SettingError, match="partial_fit needs an encoder"):
        TableModel(SoftmaxRegression(), TableEncoder()).partial_fit({"x": [1.0]}, ["a"])
    with pytest.raises(SettingError, match="neither dropped nor the weight"):
        model().fit(scan(path, drop=["sort"]))
    with pytest.raises(TableError, match="no column is left"):
        model().fit(scan(path, drop=["size", "said"], text=[]))


def test_rows_that_cannot_be_used_are_told_with_file_and_row(tmp_path):
    alike = write(tmp_path, said(30, 0, ("fig",)), "alike.jsonl")
    with pytest.raises(TableError, match=r"alike\.jsonl: y holds one class only, fig, in 30 rows"):
        model().fit(scan(alike))
    missing = write(tmp_path, [{**row, "sort": None} for row in said(5)], "missing.jsonl")
    with pytest.raises(TableError, match="no row with a target"):
        model().fit(scan(missing))
    weighed = write(tmp_path, [{**row, "n": -1} for row in said(5)], "weighed.jsonl")
    with pytest.raises(TableError, match="row 1: the weight is -1"):
        model().fit(scan(weighed, weight="n"))
    idle = write(tmp_path, [{**row, "n": 0} for row in said(5)], "idle.jsonl")
    with pytest.raises(TableError, match="the weight is zero in every row"):
        model().fit(scan(idle, weight="n"))
    lines = ["size,sort", "1.5,fig", "inf,nut", "2.5,fig"]
    (tmp_path / "far.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(TableError, match=r"far.csv, column 'size', row 2: the value is infinite"):
        model().fit(scan(tmp_path / "far.csv", text=[]))


def test_newsgroups_are_learnt_in_one_pass():
    """Bounds from the figures of docs/benchmarks.md, with room for other machines' roundings."""
    path = real("newsgroups20_bydate/train.jsonl.gz")
    rows = linnet.scan(path, target="group", text=["text"], drop=["id", "label"])
    fitted = TableModel(SoftmaxRegression(solver="adagrad"), HashingEncoder()).fit(rows)
    assert len(fitted.classes_) == 20
    assert 2.0 < fitted.progressive_loss_ < 2.3
