"""Encoded rows of a scan with what was found out about them, in a folder and out of it again."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from safetensors.numpy import load_file, save_file

from linnet.data import MemorySource, Source
from linnet.data.atomic import atomic_write
from linnet.data.blocks import BlockSource
from linnet.errors import SettingError, TableError
from linnet.estimators.held_out import HeldOut
from linnet.features.columns import Task
from linnet.features.encoder import TableEncoder
from linnet.types import Array

__all__ = ["PreparedRows", "forget_rows", "keep_rows", "kept_rows"]

_DESCRIPTION: Final = "design.json"
_ENCODER: Final = "encoder.safetensors"
_HELD_OUT: Final = "held-out"


@final
@dataclass(frozen=True, kw_only=True)
class PreparedRows:
    """Encoded rows that can be passed over, and what was found out about them.

    Parameters
    ----------
    source : Source
        The rows.
    encoder : TableEncoder or None
        The encoder, fitted; ``None`` of a matrix.
    task, reason : str
        "classification" or "regression", and why, in words that follow "because".
    classes : array of shape (q,) or None
        The classes, sorted; ``None`` of a regression.
    n_targets : int
        Number of targets of a row; several only of a regression.
    n_missing : int
        Rows left out because their target is missing.
    notes : tuple of str
        What the user should know.
    held_out : MemorySource or None
        Rows held out to judge by.
    """

    source: Source
    encoder: TableEncoder | None = None
    task: Task
    reason: str
    classes: Array | None
    n_targets: int = 1
    n_missing: int = 0
    notes: tuple[str, ...] = ()
    held_out: MemorySource | None = None


def keep_rows(folder: Path, fingerprint: str, rows: PreparedRows, memory: int) -> None:
    """Write beside the blocks in ``folder`` what the rows are; nothing of them is kept before.

    Parameters
    ----------
    folder : path
        Where the rows are, as ``BlockSource.write`` left them.
    fingerprint : str
        What tells the rows from any others.
    rows : PreparedRows
        The rows.
    memory : int
        Bytes that may be used.
    """
    state, arrays = (None, {}) if rows.encoder is None else rows.encoder.to_state()
    shutil.rmtree(folder / _HELD_OUT, ignore_errors=True)
    if rows.held_out is not None:
        BlockSource.write(rows.held_out.tiles(), folder / _HELD_OUT, memory=memory)
    with atomic_write(folder / _ENCODER) as path:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    content = {
        "fingerprint": fingerprint,
        "encoder": state,
        "task": rows.task,
        "reason": rows.reason,
        "classes": None if rows.classes is None else rows.classes.tolist(),
        "n_missing": rows.n_missing,
        "notes": list(rows.notes),
    }
    # Last of all: without it the folder holds nothing.
    with atomic_write(folder / _DESCRIPTION) as path:
        path.write_text(json.dumps(content))


def forget_rows(folder: Path) -> None:
    """Make the folder hold no rows, before others are written there."""
    (folder / _DESCRIPTION).unlink(missing_ok=True)


def kept_rows(folder: Path, fingerprint: str, memory: int) -> PreparedRows | None:
    """Give the rows that `keep_rows` left in a folder.

    ``None`` where there are others or none, where they were altered or cut off since, and where
    their blocks are too large for ``memory``: they must be encoded anew.
    """
    try:
        content = json.loads((folder / _DESCRIPTION).read_text())
        if content["fingerprint"] != fingerprint:
            return None
        return _restored(folder, content, memory)
    except (OSError, ValueError, KeyError, TableError, SettingError):
        return None


def _restored(folder: Path, content: dict[str, Any], memory: int) -> PreparedRows:
    state, arrays = content["encoder"], load_file(folder / _ENCODER)
    return PreparedRows(
        source=BlockSource.open(folder, memory=memory // 2),
        encoder=None if state is None else TableEncoder.from_state(state, arrays),
        task=content["task"],
        reason=content["reason"],
        classes=None if content["classes"] is None else np.array(content["classes"]),
        n_missing=content["n_missing"],
        notes=tuple(content["notes"]),
        held_out=_in_memory(folder / _HELD_OUT, memory),
    )


def _in_memory(folder: Path, memory: int) -> MemorySource | None:
    if not folder.exists():
        return None
    rows = HeldOut(1.0, 0)
    for _ in rows.others(BlockSource.open(folder, memory=memory).batches()):
        continue
    return rows.rows()
