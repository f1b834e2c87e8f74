"""A column of a file goes into bits and comes back, from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from linnet import SoftmaxRegression

ROWS = 300


def table(kinds, prices, name="rows.csv"):
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, ROWS))
    lines = [
        f"{a:.3f},{b:.3f},{kind},{price}"
        for a, b, kind, price in zip(x, z, kinds, prices, strict=True)
    ]
    Path(name).write_text("\n".join(["x,z,kind,price", *lines]) + "\n", encoding="utf-8")


@pytest.fixture
def rows(linnet):
    """Fit models of a category and of a number; give the two columns."""
    rng = np.random.default_rng(1)
    kinds = rng.choice(["ash", "fir", "oak"], ROWS).tolist()
    prices = [f"{price:.2f}" for price in 20 + 3 * rng.standard_normal(ROWS)]
    table(kinds, prices)
    for name in ("kind", "price"):
        code, _, err = linnet(
            "fit", "rows.csv", "-t", name, "-o", f"{name}.linnet", "--validation", 0
        )
        assert code == 0, err
    return {"kind": kinds, "price": prices}


def column(text):
    head, *cells = text.replace('"', "").splitlines()
    return head, cells


def test_labels_go_into_bits_and_come_back(linnet, rows):
    code, out, err = linnet("encode", "kind.linnet", "rows.csv", "-o", "kind.lnc")
    assert code == 0, err
    assert "bits a row" in out
    assert "the model's cross entropy" in out
    assert f"{Path('kind.linnet').stat().st_size:,} bytes" in out

    code, out, err = linnet("decode", "kind.linnet", "rows.csv", "kind.lnc")

    assert code == 0, err
    assert column(out) == ("kind", rows["kind"])


def test_numbers_go_into_bits_and_come_back_at_the_precision_they_are_written_to(linnet, rows):
    code, _, err = linnet("encode", "price.linnet", "rows.csv", "-o", "price.lnc")
    assert code == 0, err
    assert "kept to 0.01" in err

    code, _, err = linnet("decode", "price.linnet", "rows.csv", "price.lnc", "-o", "price.csv")

    assert code == 0, err
    head, cells = column(Path("price.csv").read_text(encoding="utf-8"))
    assert head == "price"
    assert [float(cell) for cell in cells] == [float(price) for price in rows["price"]]


def test_a_coarser_precision_takes_fewer_bits(linnet, rows):
    sizes = []
    for precision in (0.01, 1):
        code, out, err = linnet(
            "encode", "price.linnet", "rows.csv", "-o", "p.lnc", "--precision", precision, "--json"
        )
        assert code == 0, err
        told = json.loads(out)
        assert told["precision"] == precision
        assert told["bytes"]["all"] == Path("p.lnc").stat().st_size
        sizes.append(told["bits_per_row"])

    # log₂ 100 bits less, and here and there a byte.
    assert sizes[0] - sizes[1] == pytest.approx(np.log2(100), abs=0.1)
    linnet("decode", "price.linnet", "rows.csv", "p.lnc", "-o", "price.csv")
    _, cells = column(Path("price.csv").read_text(encoding="utf-8"))
    assert [float(c) for c in cells] == [float(np.rint(float(p))) for p in rows["price"]]


def test_the_target_need_not_stand_in_the_table_that_decodes(linnet, rows):
    linnet("encode", "kind.linnet", "rows.csv", "-o", "kind.lnc")
    lines = Path("rows.csv").read_text(encoding="utf-8").splitlines()
    without = [",".join(np.delete(line.split(","), 2)) for line in lines]
    Path("others.csv").write_text("\n".join(without) + "\n", encoding="utf-8")

    code, out, err = linnet("decode", "kind.linnet", "others.csv", "kind.lnc")

    assert code == 0, err
    assert column(out) == ("kind", rows["kind"])


def test_missing_and_unknown_labels_come_back(linnet, rows):
    kinds = rows["kind"].copy()
    kinds[4], kinds[10] = "", "larch, or pine"
    table([f'"{kind}"' for kind in kinds], rows["price"], "new.csv")

    code, out, err = linnet("encode", "kind.linnet", "new.csv", "-o", "kind.lnc", "--json")
    assert code == 0, err
    assert json.loads(out)["escaped"] == 2
    linnet("decode", "kind.linnet", "new.csv", "kind.lnc", "-o", "kind.csv")

    assert column(Path("kind.csv").read_text(encoding="utf-8")) == ("kind", kinds)


def test_classes_that_are_numbers_and_rows_of_libsvm_are_coded(linnet):
    rng = np.random.default_rng(0)
    X = np.rint(4 * rng.random((50, 5)))
    labels = (X[:, 0] + X[:, 1] > 4).astype(int) * 2 - 1
    lines = [
        f"{y} " + " ".join(f"{j}:{v:g}" for j, v in enumerate(x, start=1) if v)
        for x, y in zip(X, labels, strict=True)
    ]
    Path("rows.svm").write_text("\n".join(lines) + "\n", encoding="utf-8")
    SoftmaxRegression().fit(X, labels).save("svm.linnet")

    code, _, err = linnet("encode", "svm.linnet", "rows.svm", "-o", "y.lnc", "-q")
    assert code == 0, err
    assert err == ""
    code, out, err = linnet("decode", "svm.linnet", "rows.svm", "y.lnc")

    assert code == 0, err
    assert column(out) == ("label", [str(label) for label in labels])


def test_what_is_wrong_is_told_and_nothing_is_left(linnet, rows):
    linnet("encode", "kind.linnet", "rows.csv", "-o", "kind.lnc")
    table(rows["kind"][::-1], rows["price"][::-1], "reversed.csv")
    lines = Path("rows.csv").read_text(encoding="utf-8").splitlines()
    Path("fewer.csv").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    altered = [lines[0], lines[2], lines[1], *lines[3:]]
    Path("altered.csv").write_text("\n".join(altered) + "\n", encoding="utf-8")
    Path("short.lnc").write_bytes(Path("kind.lnc").read_bytes()[:-1])
    wrong = {
        ("kind.linnet", "fewer.csv", "kind.lnc"): "X has 299 rows, but 300 are coded",
        ("kind.linnet", "altered.csv", "kind.lnc"): "not the features that rows",
        ("kind.linnet", "rows.csv", "short.lnc"): "truncated",
        ("kind.linnet", "rows.csv", "rows.csv"): "not coded labels or numbers",
        ("price.linnet", "rows.csv", "kind.lnc"): "holds labels, and numbers",
        ("kind.linnet", "rows.csv", "none.lnc"): "none.lnc",
    }
    for arguments, words in wrong.items():
        code, out, err = linnet("decode", *arguments, "-o", "out.csv")
        assert code == 2
        assert out == ""
        assert words in err
        assert not Path("out.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kind.linnet", "rows.csv", "-o", "rows.csv"], "this file is an input"),
        (["kind.linnet", "rows.csv", "-o", "k.lnc", "--precision", "1"], "--precision is for"),
        (["kind.linnet", "rows.csv", "-o", "k.lnc", "-t", "no"], "'no'"),
        (["price.linnet", "rows.csv", "-o", "k.lnc", "--precision", "0"], "precision=0.0"),
        (["price.linnet", "rows.csv", "-o", "k.lnc", "-t", "kind"], "is not a number"),
        (["kind.linnet", "rows.csv"], "--output"),
    ],
)
def test_what_cannot_be_encoded_is_told(linnet, rows, arguments, words):
    del rows
    code, _, err = linnet("encode", *arguments)

    assert code == 2
    assert words in err
    assert not Path("k.lnc").exists()
