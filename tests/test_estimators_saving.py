"""Model files: whole or refused, and the loaded model is the saved one."""

import json
import struct

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris

from linnet import LinearRegression, SoftmaxRegression, TableEncoder, TableModel, load
from linnet.errors import ModelFileError
from linnet.estimators import saving

X, Y = load_iris(return_X_y=True)
NAMED = pd.DataFrame(X, columns=["a", "b", "c", "d"])
TABLE = {"colour": ["red", "blue", None, "red"], "size": [1.0, 2.0, 1.5, None]}
MODELS = {
    "softmax": lambda: SoftmaxRegression(np.inf, class_weight={0: 1.0, 1: 2.0, 2: 3.0}).fit(X, Y),
    "binary": lambda: SoftmaxRegression(fit_intercept=False).fit(X, Y == 1),
    "text labels": lambda: SoftmaxRegression().fit(NAMED, np.array(["甲", "b", "c"])[Y]),
    "object labels": lambda: SoftmaxRegression().fit(X, np.array(["a", "b", "c"], object)[Y]),
    "streamed": lambda: SoftmaxRegression().partial_fit(X, Y, classes=[0, 1, 2]),
    "linear": lambda: LinearRegression(0.5).fit(*load_diabetes(return_X_y=True)),
    "two targets": lambda: LinearRegression().fit(X, X[:, :2] ** 2),
    "wide": lambda: LinearRegression().fit(X[:3], [1.0, 2.0, 4.0]),
    "table": lambda: TableModel(SoftmaxRegression(), target="kind").fit(
        TABLE, ["x", "y", "x", "y"]
    ),
    "table of numbers": lambda: TableModel(LinearRegression(), TableEncoder(scale=False)).fit(
        TABLE, [1.0, 2.0, 3.0, 4.0]
    ),
}
# Iris without a penalty is separable, and said to be.
pytestmark = pytest.mark.filterwarnings("ignore::linnet.ConvergenceWarning")
models = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)


def inputs(model):
    if isinstance(model, TableModel):
        return TABLE
    if hasattr(model, "feature_names_in_"):
        return NAMED
    return np.linspace(-1, 1, 5 * model.n_features_in_).reshape(5, -1)


@models
def test_a_loaded_model_predicts_to_the_last_bit_as_the_saved_one(make, tmp_path):
    model = make()
    model.save(tmp_path / "model.linnet")

    loaded = load(tmp_path / "model.linnet")

    assert type(loaded) is type(model)
    np.testing.assert_array_equal(loaded.predict(inputs(model)), model.predict(inputs(model)))
    assert str(loaded.certificate_) == str(model.certificate_)
    if hasattr(model, "classes_"):
        np.testing.assert_array_equal(loaded.classes_, model.classes_)
        np.testing.assert_array_equal(
            loaded.predict_proba(inputs(model)), model.predict_proba(inputs(model))
        )
    if not isinstance(model, TableModel):
        assert loaded.get_params() == model.get_params()
        assert loaded.history_ == getattr(model, "history_", [])
    else:
        assert loaded.target == model.target
        assert loaded.estimator_.get_params() == model.estimator_.get_params()


@models
def test_saving_twice_writes_the_same_bytes(make, tmp_path):
    model = make()
    model.save(tmp_path / "one")
    load(tmp_path / "one").save(tmp_path / "two")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_every_altered_byte_and_every_truncation_is_refused(tmp_path):
    path = tmp_path / "model.linnet"
    SoftmaxRegression().fit(X, Y).save(path)
    whole = path.read_bytes()
    spoilt = [whole[:length] for length in range(0, len(whole), 37)]
    spoilt += [
        whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        for place in range(0, len(whole), 11)
    ]

    for content in spoilt:
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=r"model\.linnet: "):
            load(path)


def test_a_newer_format_is_refused_with_the_advice_to_update(tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "FORMAT_VERSION", 99)
    SoftmaxRegression().fit(X, Y).save(tmp_path / "model")
    monkeypatch.undo()

    with pytest.raises(ModelFileError, match=r"format 99.*Install a newer linnet"):
        load(tmp_path / "model")


def test_other_files_are_refused_with_what_they_are(tmp_path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3)}, tmp_path / "other.safetensors")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty").write_bytes(b"")

    with pytest.raises(ModelFileError, match="not one that linnet wrote"):
        load(tmp_path / "other.safetensors")
    for name in ("table.csv", "empty"):
        with pytest.raises(ModelFileError, match="not a model, or truncated"):
            load(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load(tmp_path / "none")


def test_a_kind_from_the_future_is_refused(tmp_path):
    saving.write_model(tmp_path / "model", "QuantumRegression", ({}, {}))

    with pytest.raises(
        ModelFileError, match="'QuantumRegression', which this linnet does not know"
    ):
        load(tmp_path / "model")


@pytest.mark.parametrize("small", [0, 2**22])
def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch, small):
    path = tmp_path / "model"
    model = SoftmaxRegression().fit(X, Y)
    model.save(path)
    before = path.read_bytes()

    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("linnet.estimators.saving.SMALL", small)
    monkeypatch.setattr("safetensors.numpy.save_file", interrupt)
    monkeypatch.setattr("safetensors.numpy.save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.save(path)

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_classes_that_json_cannot_hold_are_refused_before_a_file_is_made(tmp_path):
    model = SoftmaxRegression(class_weight={0: 1 + 0j}).fit  # the setting is read only when fitting
    with pytest.raises(Exception, match="class_weight"):
        model(X, Y)
    fitted = SoftmaxRegression().fit(X, Y)
    fitted.tol = object()

    with pytest.raises(ModelFileError, match="cannot be saved"):
        fitted.save(tmp_path / "model")

    assert not list(tmp_path.iterdir())


def test_the_description_is_strict_json_in_the_header(tmp_path):
    SoftmaxRegression().fit(X, Y).save(tmp_path / "model")
    content = (tmp_path / "model").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])

    def refuse(name):
        raise AssertionError(name)

    described = json.loads(header["__metadata__"]["linnet"], parse_constant=refuse)
    assert described["format"] == 1
    assert described["kind"] == "SoftmaxRegression"
    assert described["state"]["classes"] == [0, 1, 2]
