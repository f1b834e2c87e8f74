"""Models in files: arrays and JSON in one safetensors file, which holds no code to run.

The file's metadata has one entry, ``linnet``: a JSON object with the format version, the kind of
model, its state, and ``sha256``, a checksum of all the rest and of every array. Numbers that JSON
lacks are written ``{"float": "inf"}``.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.random import RandomState

from linnet.data.atomic import atomic_write
from linnet.errors import ModelFileError
from linnet.solvers import Certificate, Step
from linnet.types import Array

__all__ = ["State", "fitting_state", "read_model", "restore_fitting", "settings_of", "write_model"]

FORMAT_VERSION: Final = 1
# Bytes of arrays that may be held twice.
SMALL: Final = 2**22

State: TypeAlias = tuple[dict[str, Any], dict[str, Array]]
"""What a model is: a dict that JSON can hold, and arrays by name."""


def write_model(path: str | os.PathLike[str], kind: str, state: State) -> None:
    """Write a model to ``path``, whole or not at all.

    Raises
    ------
    ModelFileError
        If the state holds what JSON cannot, such as classes of an unusual type.
    OSError
        If the file cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save, save_file

    meta, arrays = state
    content = {"format": FORMAT_VERSION, "kind": kind, "state": meta}
    try:
        content = _to_json(content)
        text = _text(content)
    except (TypeError, ValueError) as error:
        raise ModelFileError(
            f"The model cannot be saved: {error}. Its settings and classes must be numbers, text, "
            "or lists and dicts of them."
        ) from error
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    described = _text(content | {"sha256": _checksum(text, arrays)})
    with atomic_write(path) as temporary:
        try:
            # save_file writes under another name first, which a process that is killed leaves.
            if sum(array.nbytes for array in arrays.values()) <= SMALL:
                temporary.write_bytes(save(arrays, {"linnet": described}))
            else:
                save_file(arrays, temporary, metadata={"linnet": described})
        except SafetensorError as error:
            # So it tells of a full disk.
            raise OSError(f"{path}: cannot be written: {error}") from error


def read_model(path: str | os.PathLike[str]) -> tuple[str, State]:
    """Read the kind and state of the model at ``path``. Nothing in the file is run.

    Raises
    ------
    ModelFileError
        If the file is no model, is truncated, was altered, or is of a newer format.
    FileNotFoundError
        If there is no such file.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file. Name a model that was saved.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError, OverflowError) as error:
        raise ModelFileError(
            f"{path}: not a model, or truncated ({error}). Save the model again, or copy the file "
            "again."
        ) from error
    if "linnet" not in metadata:
        raise ModelFileError(
            f"{path}: a safetensors file, but not one that linnet wrote. Name a file written by "
            "model.save or linnet fit."
        )
    content = _described(path, metadata["linnet"])
    if not _is_intact(content, arrays):
        raise ModelFileError(
            f"{path}: altered since it was written: its checksum does not match. Save the model "
            "again, or copy the file again."
        )
    content = _from_json(content)
    return content["kind"], (content["state"], arrays)


def settings_of(estimator: Any) -> dict[str, Any]:
    """Return the settings of an estimator as JSON can hold them.

    A ``RandomState`` is left out: its whole stream of numbers is no setting.
    """
    settings = estimator.get_params(deep=False)
    return {
        name: _settings_value(value)
        for name, value in settings.items()
        if not isinstance(value, RandomState)
    }


def fitting_state(estimator: Any) -> dict[str, Any]:
    """Take what every fitted estimator keeps: its features, certificate and steps."""
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "n_features": int(estimator.n_features_in_),
        "feature_names": None if names is None else list(names),
        "certificate": asdict(estimator.certificate_),
        "history": [list(asdict(step).values()) for step in getattr(estimator, "history_", [])],
    }


def restore_fitting(estimator: Any, state: Mapping[str, Any]) -> None:
    """Give an estimator back what :func:`fitting_state` took."""
    estimator.n_features_in_ = state["n_features"]
    if state["feature_names"] is not None:
        estimator.feature_names_in_ = np.array(state["feature_names"], dtype=object)
    estimator.certificate_ = Certificate(**state["certificate"])
    estimator.history_ = [Step(*values) for values in state["history"]]


def _settings_value(value: Any) -> Any:
    """Make a list of pairs of a dict whose keys are classes, such as class weights."""
    if isinstance(value, dict):
        return {"pairs": [[_plain(key), _plain(weight)] for key, weight in value.items()]}
    return _plain(value)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _described(path: str | os.PathLike[str], text: str) -> dict[str, Any]:
    """Read the description of a model, if it is of a format that this linnet knows."""
    try:
        content: dict[str, Any] = json.loads(text)
        version = int(content["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(
            f"{path}: its description cannot be read ({error!r}), so it was altered. Save the "
            "model again, or copy the file again."
        ) from error
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"{path}: written in format {version}, but this linnet reads up to format "
            f"{FORMAT_VERSION}. Install a newer linnet."
        )
    return content


def _is_intact(content: dict[str, Any], arrays: Mapping[str, Array]) -> bool:
    """Take the checksum out of ``content``, and compare it with what is there."""
    claimed = content.pop("sha256", None)
    try:
        return bool(claimed == _checksum(_text(content), arrays))
    except ValueError:  # a number altered until it overflowed
        return False


def _checksum(text: str, arrays: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _to_json(value: Any) -> Any:
    """Replace what JSON lacks: infinities and NaN, and NumPy's numbers."""
    value = _plain(value)
    if isinstance(value, float) and not np.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, Mapping):
        return {str(key): _to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(entry) for entry in value]
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"float"}:
            return float(value["float"])
        if value.keys() == {"pairs"}:
            return {key: _from_json(entry) for key, entry in value["pairs"]}
        return {key: _from_json(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_from_json(entry) for entry in value]
    return value
