"""A column's bits are accounted for from the command line, as linnet encode would write them."""

import json
from pathlib import Path

import numpy as np
import pytest

ROWS = 300


@pytest.fixture
def rows(linnet):
    """Write a table, and fit a model to a category and one to a number of it."""
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, ROWS))
    kinds = np.array(["ash", "fir", "oak"])[(x > 0).astype(int) + (x + z > 1)]
    prices = 20 + 2 * x + 0.5 * rng.standard_normal(ROWS)
    columns = zip(x, z, kinds, prices, strict=True)
    lines = [f"{a:.3f},{b:.3f},{kind},{price:.2f}" for a, b, kind, price in columns]
    Path("rows.csv").write_text("\n".join(["x,z,kind,price", *lines]) + "\n", encoding="utf-8")
    for name in ("kind", "price"):
        code, _, err = linnet(
            "fit", "rows.csv", "-t", name, "-o", f"{name}.linnet", "--validation", 0
        )
        assert code == 0, err
    return lines


@pytest.mark.parametrize("name", ["kind", "price"])
def test_the_account_is_that_of_the_file_that_encode_writes(linnet, rows, name):
    code, _, err = linnet("encode", f"{name}.linnet", "rows.csv", "-o", "coded")
    assert code == 0, err

    code, out, err = linnet("account", f"{name}.linnet", "rows.csv", "--json")

    assert code == 0, err
    told = json.loads(out)
    assert told["bytes"]["all"] == Path("coded").stat().st_size
    assert told["model_size"]["file_bytes"] == Path(f"{name}.linnet").stat().st_size
    assert told["rows"] == len(rows)
    entropy = told["bits_per_row"]["cross_entropy"]
    assert entropy["low"] < entropy["value"] < entropy["high"]


def test_it_is_told_as_a_table(linnet, rows):
    code, out, err = linnet("account", "kind.linnet", "rows.csv", "--confidence", 0.9)

    assert code == 0, err
    assert "90 % interval" in out
    assert "uniform code, log2 q" in out
    assert "by integer frequencies" in out
    assert f"{Path('kind.linnet').stat().st_size:,}" in out
    assert len(rows) == ROWS


def test_missing_and_unknown_labels_are_counted(linnet, rows):
    changed = [rows[0].replace(rows[0].split(",")[2], ""), *rows[1:]]
    changed[5] = changed[5].replace(changed[5].split(",")[2], "larch")
    Path("new.csv").write_text("\n".join(["x,z,kind,price", *changed]) + "\n", encoding="utf-8")

    code, out, err = linnet("account", "kind.linnet", "new.csv")

    assert code == 0, err
    assert "2 rows of 300 escaped" in out


@pytest.mark.usefixtures("rows")
def test_labels_spelt_unlike_the_model_s_are_respelt_and_that_is_told(linnet):
    text = Path("rows.csv").read_text(encoding="utf-8")
    for kind in ("ash", "fir", "oak"):
        text = text.replace(f",{kind},", f", {kind}.,")
    Path("spelt.csv").write_text(text, encoding="utf-8")
    plain = linnet("account", "kind.linnet", "rows.csv")

    code, out, err = linnet("account", "kind.linnet", "spelt.csv")

    assert code == 0, err
    assert out == plain[1]
    assert "without the full stop" in err


@pytest.mark.usefixtures("rows")
def test_encode_says_where_the_model_knows_no_label_at_all(linnet):
    text = Path("rows.csv").read_text(encoding="utf-8")
    for kind in ("ash", "fir", "oak"):
        text = text.replace(f",{kind},", f",{kind}.,")
    Path("spelt.csv").write_text(text, encoding="utf-8")

    code, _, err = linnet("encode", "kind.linnet", "spelt.csv", "-o", "coded")

    assert code == 0
    assert "knows none of the labels" in err
    assert "'ash', 'fir', 'oak'" in err
    code, out, err = linnet("decode", "kind.linnet", "spelt.csv", "coded")
    assert code == 0, err
    assert out.replace('"', "").split()[1:] == [
        line.split(",")[2] for line in text.splitlines()[1:]
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kind.linnet", "rows.csv", "--precision", 1), "for numbers"),
        (("kind.linnet", "rows.csv", "--confidence", 95), "between 0 and 1"),
        (("kind.linnet", "nowhere.csv"), "nowhere.csv"),
    ],
)
@pytest.mark.usefixtures("rows")
def test_what_cannot_be_told_is_bad_input(linnet, arguments, words):
    code, _, err = linnet("account", *arguments)

    assert code == 2
    assert words in err
