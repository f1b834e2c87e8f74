"""``linnet export`` writes a model as ONNX, SQL or Python, whole, and says what it needs."""

from pathlib import Path

import duckdb
import numpy as np
import onnxruntime
import pytest

from linnet import SoftmaxRegression, TableModel

TABLE = {"size": np.array([1.0, 2.0, 3.0, 4.0]), "colour": np.array(list("rgrb"), dtype=object)}


@pytest.fixture
def linnet(linnet):
    """Export a model that lies in the folder; give the exit code, output and messages."""
    TableModel(SoftmaxRegression()).fit(TABLE, ["x", "y", "y", "x"]).save("m.linnet")
    return lambda *arguments: linnet("export", "m.linnet", *arguments)


@pytest.fixture
def wanted(linnet):
    """The probabilities that the model gives."""
    from linnet import load

    del linnet
    return load("m.linnet").predict_proba(TABLE)


def test_onnx_is_written_to_a_file(linnet, wanted):
    code, out, err = linnet("-o", "m.onnx")

    assert (code, out) == (0, "")
    assert err == "note: the model is in m.onnx as ONNX\n"
    _, p = onnxruntime.InferenceSession("m.onnx").run(None, TABLE)
    np.testing.assert_allclose(p, wanted, rtol=1e-14)


def test_sql_is_printed_and_written_alike(linnet, wanted):
    Path("t.csv").write_text("size,colour\n1,r\n2,g\n3,r\n4,b\n")

    code, out, _ = linnet("--sql", "--table", "t.csv", "--keep", "size")
    assert code == 0
    assert linnet("-o", "m.sql", "--table", "t.csv", "--keep", "size", "-q") == (0, "", "")

    assert Path("m.sql").read_text() == out
    answer = duckdb.sql(out).fetchall()
    assert [row[0] for row in answer] == [1, 2, 3, 4]
    np.testing.assert_allclose([row[2:] for row in answer], wanted, rtol=1e-14)


def test_python_is_printed_and_written_alike(linnet, wanted):
    code, out, _ = linnet("--python")
    assert code == 0
    assert linnet("-o", "m.py", "-q") == (0, "", "")

    assert Path("m.py").read_text(encoding="utf-8") == out
    names = {}
    exec(out, names)  # noqa: S102 - what is tested
    row = {name: column[0] for name, column in TABLE.items()}
    np.testing.assert_allclose(list(names["predict"](row).values()), wanted[0], rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "It is not said what to write"),
        (["-o", "m.txt"], "It is not said what to write"),
        (["--sql", "--python"], "ask for one at a time"),
        (["--sql"], "give --table NAME"),
        (["--python", "--table", "t"], "--table and --keep are for SQL, but Python"),
        (["-o", "m.onnx", "--keep", "size"], "--table and --keep are for SQL, but ONNX"),
        (["--python", "-o", "m.linnet"], "this file is an input"),
        (["--python", "-o", "none/m.py"], "there is no folder none"),
        (["--sql", "--table", ""], "The name '' cannot be written in SQL"),
    ],
)
def test_what_cannot_be_written_is_said_and_nothing_is(linnet, arguments, message):
    code, out, err = linnet(*arguments)

    assert (code, out) == (2, "")
    assert message in err
    assert [each.name for each in Path().iterdir()] == ["m.linnet"]
