"""``linnet evaluate`` and ``fit`` write reports whose numbers are those that they print."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import dump_svmlight_file, load_iris

from pages import PageReader


@pytest.fixture
def birds(tmp_path):
    """Three kinds of bird, in files: 160 rows to fit, 80 to judge by, of which one has no label."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 240)
    table = pd.DataFrame(
        {
            "grams": rng.normal(15 + 5 * kind, 2).round(1),
            "<b>place": np.array(["wood", "field", "shore"])[(kind + rng.integers(0, 2, 240)) % 3],
            "kind": np.array(["finch", "linnet", "wren"])[kind],
        }
    )
    table.loc[165, "kind"] = None
    table[:160].to_csv(tmp_path / "birds.csv", index=False)
    table[160:].to_csv(tmp_path / "new.csv", index=False)
    return table


def test_evaluate_writes_page_and_card_with_the_numbers_it_prints(linnet, birds, tmp_path):
    linnet("fit", "birds.csv", "-t", "kind", "-o", "m.linnet")

    code, out, err = linnet(
        "evaluate", "m.linnet", "new.csv", "--report", "r.html", "--card", "c.json", "--json"
    )

    assert code == 0, err
    assert "note: the report is in r.html" in err
    told = json.loads((tmp_path / "c.json").read_text())
    printed = json.loads(out)
    account = told["accounts"]["new.csv"]
    assert account == {name: printed[name] for name in account}
    assert told["subject"]["target"] == "kind"
    assert told["subject"]["table"]["rows_without_target"] == 1
    # Rows are numbered as in the file, where the sixth has no label.
    for row in told["longest_codes"]:
        line = birds.iloc[159 + row["row"]]
        assert row["target"] == line["kind"]
        assert float(row["values"]["grams"]) == line["grams"]
    page = PageReader((tmp_path / "r.html").read_text())
    assert f"{printed['bits_per_label']['loss']['value']:.3f}" in page.texts
    assert any("<b>place" in text for text in page.texts)


def test_fit_reports_on_the_rows_held_out(linnet, birds, tmp_path):
    code, out, err = linnet(
        "fit", "birds.csv", "-t", "kind", "-o", "m.linnet", "--card", "c.json", "--json"
    )

    assert code == 0, err
    told, printed = json.loads((tmp_path / "c.json").read_text()), json.loads(out)
    assert told["accounts"] == {"training": printed["training"], "held out": printed["held_out"]}
    assert told["drift"] is None
    for row in told["longest_codes"]:
        assert row["target"] == birds["kind"][row["row"] - 1]


def test_fit_without_rows_held_out_reports_on_those_fitted(linnet, birds, tmp_path):
    fit = "fit", "birds.csv", "-t", "grams", "-o", "m.linnet"
    code, out, err = linnet(*fit, "--validation", 0, "--card", "c.json", "--json")

    assert code == 0, err
    told = json.loads((tmp_path / "c.json").read_text())
    assert told["accounts"] == {"training": json.loads(out)["training"]}
    assert told["residuals"]["rows"] == 160
    assert {row["target"] for row in told["longest_codes"]} <= set(
        birds["grams"].map("{:.4g}".format)
    )


def test_drift_is_measured_against_the_tables_named(linnet, birds, tmp_path):
    birds[160:].assign(**{"<b>place": "sea"}).to_csv(tmp_path / "new.csv", index=False)
    held = "--validation", "new.csv", "--card", "fit.json"
    assert linnet("fit", "birds.csv", "-t", "kind", "-o", "m.linnet", *held)[0] == 0
    judged = "evaluate", "m.linnet", "new.csv"
    assert linnet(*judged, "--card", "kept.json")[0] == 0
    assert linnet(*judged, "--training", "birds.csv", "--card", "table.json")[0] == 0

    told = {
        name: json.loads((tmp_path / f"{name}.json").read_text())["drift"]
        for name in ("fit", "kept", "table")
    }
    # One row of the 80 has no label, and is left out.
    assert told["kept"]["unseen"] == [{"name": "<b>place", "rows": 79, "values": {"sea": 79}}]
    for name in ("fit", "table"):
        worst = told[name]["columns"][0]
        # No value in common: a value tells which table it is from, which is one bit.
        assert (worst["column"], worst["bits"]) == ("<b>place", pytest.approx(1, rel=1e-12))


def test_a_libsvm_file_has_a_report_too(linnet, tmp_path):
    X, y = load_iris(return_X_y=True)
    dump_svmlight_file(X, y, str(tmp_path / "iris.svm"), zero_based=False)

    fit = "fit", "iris.svm", "-o", "m.linnet", "--validation", "0"
    code, _, err = linnet(*fit, "--report", "r.html")

    assert code == 0, err
    assert linnet(*fit, "--memory", "4GB", "--card", "chunks.md")[0] == 0
    assert "feature 3" in (tmp_path / "chunks.md").read_text()
    assert "feature 3" in PageReader((tmp_path / "r.html").read_text()).texts


@pytest.mark.usefixtures("birds")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--report", "r.pdf"], ".html for a page"),
        (["--report", "nowhere/r.html"], "there is no folder"),
        (["--report", "r.html", "--card", "r.html"], "already"),
        (["--card", "m.md"], "already"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_fit(linnet, tmp_path, arguments, told):
    code, _, err = linnet("fit", "birds.csv", "-t", "kind", "-o", "m.md", *arguments)

    assert code == 2
    assert told in err
    assert not (tmp_path / "m.md").exists()


@pytest.mark.usefixtures("birds")
@pytest.mark.parametrize("target", ["kind", "grams"])
@pytest.mark.parametrize("share", ["0.2", "0"])
def test_a_fit_in_chunks_reports_all_but_single_rows(linnet, tmp_path, target, share):
    fit = "fit", "birds.csv", "-t", target, "-o", "m.linnet", "--memory", "4GB"

    code, out, err = linnet(
        *fit, "--validation", share, "--report", "r.html", "--card", "c.json", "--json"
    )

    assert code == 0, err
    told, printed = json.loads((tmp_path / "c.json").read_text()), json.loads(out)
    accounts = {"training": printed["training"]}
    if share != "0":
        accounts["held out"] = printed["held_out"]
    assert told["accounts"] == accounts
    assert told["longest_codes"] == []
    features = [c["feature"] for c in told["coefficients"]]
    assert "<b>place=wood" in features
    assert PageReader((tmp_path / "r.html").read_text()).headings[0] == 1


@pytest.mark.usefixtures("birds")
def test_a_table_of_training_without_a_report_is_an_error(linnet):
    linnet("fit", "birds.csv", "-t", "kind", "-o", "m.linnet")

    code, _, err = linnet("evaluate", "m.linnet", "new.csv", "--training", "birds.csv")

    assert code == 2
    assert "--report" in err


def test_the_report_of_a_real_table_is_valid(linnet, real_data, tmp_path):
    assert (
        linnet("fit", real_data("penguins/penguins.csv"), "-t", "species", "-o", "m.linnet")[0] == 0
    )

    judged = "evaluate", "m.linnet", real_data("penguins/penguins.csv")
    code, _, err = linnet(*judged, "--report", "r.html", "--card", "c.md")

    assert code == 0, err
    assert PageReader((tmp_path / "r.html").read_text()).headings[0] == 1
    assert (tmp_path / "c.md").read_text().startswith("# Classification of species\n")
