"""``linnet explain`` walks the library's numbers; ``linnet entropy`` measures columns rightly."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy as scipy_entropy

from linnet import load
from linnet.calculus import explain

EPS = np.finfo(float).eps


@pytest.fixture
def linnet(linnet):
    """Run a command in an empty folder; give its output."""

    def command(*arguments):
        code, out, err = linnet(*arguments)
        assert code == 0, err
        return out

    return command


# Explain -----------------------------------------------------------------------------------


def test_the_worked_case_is_the_default(linnet):
    out = linnet("explain")

    assert out.strip() == explain().to_text()
    assert "0.3567 nats = 0.5146 bits" in out


def test_a_sample_from_the_command_line_is_the_librarys(linnet):
    weights = "1,0; 0,1; 1,1"
    out = linnet("explain", "--y", 1, "--x", "1,2", "--weights", weights, "--bias", "0,0,-1")

    walk = explain(1, x=[1, 2], weights=[[1, 0], [0, 1], [1, 1]], bias=[0, 0, -1])
    assert out.strip() == walk.to_text()


def test_the_squared_loss_is_explained(linnet):
    out = linnet("explain", "--loss", "squared", "--y", "2.5", "--scores", "-1")

    assert out.strip() == explain(2.5, scores=-1, loss="squared").to_text()


def test_markdown_and_html_go_to_files(linnet):
    linnet("explain", "--format", "markdown", "-o", "walk.md")
    linnet("explain", "--format", "html", "-o", "walk.html")

    assert Path("walk.md").read_text(encoding="utf-8") == explain().to_markdown()
    assert Path("walk.html").read_text(encoding="utf-8") == explain().to_html()


@pytest.mark.parametrize("classes", [2, 3])
def test_a_row_of_a_table_has_the_models_loss(linnet, classes):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, classes, 60)
    table = pd.DataFrame({"a": rng.normal(kind), "b": rng.normal(-kind), "kind": kind})
    table["kind"] = np.array(["x", "y", "z"])[kind]
    table.to_csv("table.csv", index=False)
    linnet("fit", "table.csv", "-t", "kind", "-q")

    out = linnet("explain", "table.linnet", "table.csv", "--row", 7)

    row = table.iloc[[6]]
    nats = load("table.linnet").code_lengths(row[["a", "b"]], row["kind"], unit="nats")[0]
    assert f"{float(nats):.4f} nats = {float(nats.to('bits')):.4f} bits" in out
    # Two features are few enough to show the gradient in the weights.
    assert "Descent step" in out


def test_a_row_of_a_regression_has_the_models_prediction(linnet):
    table = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40) % 3})
    table["y"] = table["a"] * 2 + table["b"] ** 2 + 0.5
    table.to_csv("table.csv", index=False)
    linnet("fit", "table.csv", "-t", "y", "-q")

    out = linnet("explain", "table.linnet", "table.csv", "--row", 5)

    predicted = load("table.linnet").predict(table.iloc[[4]])[0]
    assert f"{predicted:.4f}".rstrip("0") in out


# Entropy -----------------------------------------------------------------------------------


def measured(linnet, *arguments):
    return json.loads(linnet("entropy", *arguments, "--json"))


def test_entropy_of_each_column_is_scipys(linnet):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "word": rng.choice(["a", "b", "c"], 200, p=[0.5, 0.3, 0.2]),
            "number": rng.integers(0, 9, 200).astype(float),
            "flag": rng.random(200) < 0.1,
            "same": "x",
        }
    )
    table.loc[:9, "number"] = np.nan
    table.to_csv("table.csv", index=False)

    columns = {column["column"]: column for column in measured(linnet, "table.csv")["columns"]}

    for name, column in columns.items():
        counts = table[name].value_counts()
        nats = scipy_entropy(counts)
        assert column["nats"]["entropy"] == pytest.approx(nats, rel=100 * EPS)
        assert column["bits"]["entropy"] == pytest.approx(nats / np.log(2), rel=100 * EPS)
        assert column["nats"]["uniform_code"] == pytest.approx(np.log(len(counts)), rel=4 * EPS)
        assert column["distinct"] == len(counts)
    assert columns["number"]["missing"] == 10
    assert columns["same"]["redundancy"] == 0
    assert 0 < columns["word"]["redundancy"] < 1


def test_values_of_a_column_have_ideal_code_lengths_that_average_to_its_entropy(linnet):
    Path("table.csv").write_text("w\n" + "a\n" * 4 + "b\n" * 2 + "c\nd\n")

    column = measured(linnet, "table.csv", "-c", "w", "--unit", "bits")

    lengths = {value["value"]: value["code_length_in_bits"] for value in column["values"]}
    expected = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 3.0}
    assert lengths == pytest.approx(expected, rel=4 * EPS)
    assert column["bits"]["entropy"] == pytest.approx(1.75, rel=4 * EPS)
    assert "nats" not in column
    assert len(measured(linnet, "table.csv", "-c", "1", "--top", "2")["values"]) == 2


def test_entropy_is_told_as_a_table(linnet):
    Path("table.csv").write_text("w,v\n" + "a,1\n" * 4 + "b,2\n" * 2 + "c,\nd,\n")

    out = linnet("entropy", "table.csv")
    assert "1.7500" in out
    one = linnet("entropy", "table.csv", "-c", "w", "--top", "3")
    assert "and 1 value more" in one


def test_an_empty_column_has_no_entropy(linnet):
    Path("table.csv").write_text("w,v\na,\nb,\n")

    columns = measured(linnet, "table.csv")["columns"]

    assert columns[1]["distinct"] == 0
    assert columns[1]["nats"]["entropy"] == 0


def test_of_a_libsvm_file_the_label_is_measured(linnet):
    Path("table.svm").write_text("1 1:2\n0 1:3\n1 2:1\n0 1:1\n")

    (column,) = measured(linnet, "table.svm")["columns"]

    assert column["column"] == "label"
    assert column["bits"]["entropy"] == pytest.approx(1.0, rel=4 * EPS)
