"""``linnet suspects`` lists labels turned wrong first, in the rows of the file."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from linnet import SoftmaxRegression, TableModel, load, suspects
from linnet.data.reading import read_table

NAMES = np.array(["setosa", "versicolor", "virginica"])
WRONG = {11: "virginica", 57: "setosa", 120: "setosa"}


@pytest.fixture
def linnet(linnet, tmp_path):
    """Run a command in a folder with irises and their model; give exit code and output."""
    X, y = load_iris(return_X_y=True)
    labels = NAMES[y].astype(object)
    for row, label in WRONG.items():
        labels[row - 1] = label
    # Row 30 has no label, so that places in the file differ from places among the labelled.
    labels[29] = ""
    with (tmp_path / "iris.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "species", "c", "d"])
        writer.writerows(
            [x[0], x[1], label, x[2], x[3]] for x, label in zip(X, labels, strict=True)
        )

    assert linnet("fit", "iris.csv", "-t", "species", "-o", "m.linnet", "-q")[0] == 0
    return linnet


def test_labels_turned_wrong_are_first_by_their_row_in_the_file(linnet):
    code, out, err = linnet("suspects", "m.linnet", "iris.csv", "--cross-fit", "5", "--json")

    told = json.loads(out)
    assert code == 0, err
    assert {each["row"]: each["label"] for each in told["suspects"][:3]} == WRONG
    assert len(told["suspects"]) == 20
    assert (told["rows"], told["cross_fit"]) == (149, 5)
    bits = [each["bits"] for each in told["suspects"]]
    assert bits == sorted(bits, reverse=True)
    assert "1 rows are left out" in err


def test_out_of_fold_the_label_is_no_feature_and_lengths_are_the_librarys(linnet):
    """A refit that saw its own target would have codes of almost nothing."""
    linnet("suspects", "m.linnet", "iris.csv", "--cross-fit", "4", "--seed", "3", "-o", "all.csv")

    table = read_table("iris.csv")
    known = np.delete(np.arange(150), 29)
    rows = {name: np.asarray(table.column(name))[known] for name in "abcd"}
    labels = np.asarray(table.column("species").to_pylist(), dtype=object)[known]
    found = suspects(TableModel(SoftmaxRegression()), rows, labels, cv=4, random_state=3)
    written = list(csv.DictReader(Path("all.csv").read_text().splitlines()))
    assert [int(each["row"]) for each in written] == [int(known[row]) + 1 for row in found.rows]
    lengths = [float(each["bits"]) for each in written]
    # The model of the command keeps its own solver's settings, which are the defaults.
    np.testing.assert_allclose(lengths, found.code_lengths, rtol=1e-9)
    assert float(found.mean) > 0.1


def test_in_sample_lengths_are_those_of_the_model_and_this_is_told(linnet):
    code, out, err = linnet("suspects", "m.linnet", "iris.csv", "--top", "2")

    assert code == 0
    assert "--cross-fit 5" in err
    assert "149 rows coded by the model as it is" in out
    model, table = load("m.linnet"), read_table("iris.csv")
    labels = table.column("species").fill_null("setosa").to_pylist()
    lengths = np.asarray(model.code_lengths(table, np.array(labels, dtype=object)))
    # The row without a label has no code to be long.
    lengths[29] = 0
    first = np.argsort(-lengths)[:2]
    shown = [line.split() for line in out.splitlines()[3:5]]
    assert [int(row) for row, *_ in shown] == list(first + 1)
    assert [bits for *_, bits in shown] == [f"{length:.3f}" for length in lengths[first]]


def test_a_label_that_the_model_never_saw_is_first(linnet, tmp_path):
    text = (tmp_path / "iris.csv").read_text().replace("6.7,3.3,virginica", "6.7,3.3,iris", 1)
    (tmp_path / "new.csv").write_text(text)

    code, out, err = linnet("suspects", "m.linnet", "new.csv", "--json")

    first = json.loads(out)["suspects"][0]
    assert (code, first["label"], first["bits"]) == (0, "iris", "Infinity")
    assert "1 of 149 labels have an infinite code" in err


def test_models_of_numbers_and_bad_settings_are_refused(linnet):
    linnet("fit", "iris.csv", "-t", "d", "--task", "regression", "-o", "n.linnet", "-q")

    code, _, err = linnet("suspects", "n.linnet", "iris.csv")
    assert code == 2
    assert "the model predicts numbers" in err
    code, _, err = linnet("suspects", "m.linnet", "iris.csv", "--cross-fit", "1")
    assert code == 2
    assert "cross-fit" in err
    code, _, err = linnet("suspects", "m.linnet", "iris.csv", "--cross-fit", "500")
    assert code == 2
    assert "--cross-fit is 500" in err
    code, _, err = linnet("suspects", "m.linnet", "iris.csv", "-o", "m.linnet")
    assert code == 2
    assert "is an input" in err


def test_wrong_labels_of_a_real_table_stand_first(linnet, real_data, tmp_path):
    """Mushrooms are told apart for certain, so every label turned wrong is found."""
    lines = real_data("uci_mushroom/agaricus-lepiota.data").read_text().splitlines()
    random = np.random.default_rng(0)
    wrong = set(random.choice(len(lines), 162, replace=False).tolist())
    other = {"e": "p", "p": "e"}
    turned = [other[row[0]] + row[1:] if i in wrong else row for i, row in enumerate(lines)]
    (tmp_path / "turned.data").write_text("\n".join(turned))
    linnet("fit", "turned.data", "-t", "c1", "-o", "m.linnet", "-q")

    code, out, _ = linnet(
        "suspects", "m.linnet", "turned.data", "--top", "162", "--cross-fit", "5", "--json"
    )

    found = {each["row"] - 1 for each in json.loads(out)["suspects"]}
    assert code == 0
    # Chance would find 2 %.
    assert len(found & wrong) >= 0.95 * len(wrong)
