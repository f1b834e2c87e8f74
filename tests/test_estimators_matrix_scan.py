"""Matrices on disk, libsvm and .npy, give the fits that they give in memory."""

import numpy as np
import pytest
from scipy.sparse import random as random_sparse
from sklearn.datasets import dump_svmlight_file

import linnet
from linnet import LinearRegression, SoftmaxRegression, TableModel
from linnet.cli import run
from linnet.data.libsvm import read_libsvm
from linnet.errors import DataError, SettingError, TableError


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = random_sparse(300, 20, density=0.2, random_state=0, format="csr")
    scores = X @ rng.normal(size=(20, 3)) * 3
    return X, (scores + rng.gumbel(size=scores.shape)).argmax(axis=1) * 2 - 1


def test_libsvm_files_give_the_fit_in_memory(rows, tmp_path):
    X, y = rows
    for part, some in enumerate((slice(0, 100), slice(100, 300))):
        dump_svmlight_file(X[some], y[some], str(tmp_path / f"part{part}.svm"), zero_based=False)
    data = linnet.scan(str(tmp_path / "part*.svm"))
    streamed, whole = SoftmaxRegression().fit(data), SoftmaxRegression().fit(X, y)
    np.testing.assert_array_equal(streamed.classes_, [-1, 1, 3])
    assert streamed.loss_ == pytest.approx(whole.loss_, abs=1e-9)
    assert streamed.certificate_.kind == "proven"
    assert streamed.n_features_in_ == 20


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_an_npy_file_gives_the_fit_in_memory(rows, tmp_path, dtype, order):
    X, y = np.asarray(rows[0].toarray() * 100, dtype=dtype, order=order), rows[1]
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", np.array(["a", "b", "c"])[(y + 1) // 2])
    streamed = SoftmaxRegression().fit(linnet.scan(tmp_path / "X.npy", target=tmp_path / "y.npy"))
    whole = SoftmaxRegression().fit(X, y)
    assert list(streamed.classes_) == ["a", "b", "c"]
    assert streamed.loss_ == pytest.approx(whole.loss_, abs=1e-9)


def test_several_numbers_a_row_are_targets_of_a_regression(rows, tmp_path):
    X = rows[0].toarray()
    Y = X[:, :2] + 0.5
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "Y.npy", Y)
    data = linnet.scan(tmp_path / "X.npy", target=tmp_path / "Y.npy")
    np.testing.assert_allclose(LinearRegression().fit(data).predict(X), Y, atol=1e-9)


def test_a_cache_of_libsvm_is_used_again(rows, tmp_path):
    dump_svmlight_file(*rows, str(tmp_path / "rows.svm"))
    settings = {"cache": tmp_path / "cache", "task": "classification"}
    first = SoftmaxRegression().fit(linnet.scan(tmp_path / "rows.svm", **settings))
    written = (tmp_path / "cache" / "rows.blocks").stat().st_mtime_ns
    again = SoftmaxRegression().fit(linnet.scan(tmp_path / "rows.svm", **settings))
    np.testing.assert_array_equal(again.coef_, first.coef_)
    assert (tmp_path / "cache" / "rows.blocks").stat().st_mtime_ns == written


def test_a_killed_fit_of_an_npy_file_goes_on_from_its_checkpoint(rows, tmp_path):
    np.save(tmp_path / "X.npy", rows[0].toarray())
    np.save(tmp_path / "y.npy", rows[1])
    places = {"target": tmp_path / "y.npy", "checkpoint": tmp_path / "state"}
    first = SoftmaxRegression().fit(linnet.scan(tmp_path / "X.npy", **places))
    again = SoftmaxRegression().fit(linnet.scan(tmp_path / "X.npy", **places))
    np.testing.assert_array_equal(again.coef_, first.coef_)
    np.save(tmp_path / "y.npy", rows[1][::-1])
    other = SoftmaxRegression().fit(linnet.scan(tmp_path / "X.npy", **places))
    assert other.loss_ > first.loss_ + 0.1


@pytest.mark.parametrize(
    ("arrays", "wanted", "error", "told"),
    [
        (([[1.0], [np.nan]], [0, 1]), "auto", DataError, "row 1, column 0"),
        (([[1.0], [2.0]], [0, 1, 0]), "auto", DataError, "2 rows"),
        (([[1.0], [2.0]], [0.5, 1.0]), "classification", TableError, "no classes"),
        (([[1.0], [2.0]], [np.inf, 1.0]), "auto", TableError, "sample 1"),
    ],
)
def test_what_is_wrong_is_told(arrays, wanted, error, told, tmp_path):
    for name, values in zip(("X", "y"), arrays, strict=True):
        np.save(tmp_path / f"{name}.npy", values)
    data = linnet.scan(tmp_path / "X.npy", target=tmp_path / "y.npy", task=wanted)
    with pytest.raises(error, match=told):
        SoftmaxRegression().fit(data)


def test_a_target_must_be_named_unless_the_format_has_its_own(rows, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SettingError, match="say which column"):
        linnet.scan(tmp_path / "rows.csv")
    np.save(tmp_path / "X.npy", np.ones((2, 2)))
    with pytest.raises(SettingError, match="of the targets too"):
        linnet.scan(tmp_path / "X.npy")
    with pytest.raises(SettingError, match="column of the query"):
        linnet.scan("SELECT 1")
    dump_svmlight_file(*rows, str(tmp_path / "rows.svm"))
    with pytest.raises(SettingError, match="no named columns"):
        TableModel(SoftmaxRegression()).fit(linnet.scan(tmp_path / "rows.svm"))


def test_the_command_line_fits_libsvm_within_a_budget(rows, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    dump_svmlight_file(*rows, "rows.svm")
    common = ["fit", "rows.svm", "--validation", "0", "--task", "classification"]
    assert run([*common, "-o", "whole.linnet"]) == 0
    assert run([*common, "-o", "parts.linnet", "--memory", "1GB"]) == 0
    assert "300" in capsys.readouterr().out
    whole, parts = linnet.load("whole.linnet"), linnet.load("parts.linnet")
    assert parts.loss_ == pytest.approx(whole.loss_, abs=1e-9)
    assert list(parts.predict(read_libsvm("rows.svm").X)) == list(
        whole.predict(read_libsvm("rows.svm").X)
    )
