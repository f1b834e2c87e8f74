"""What one must know to read standard errors, said in words."""

from typing import Final

import numpy as np
from jaxtyping import Bool

from linnet.estimators.inference.columns import DesignColumns
from linnet.types import Array

__all__ = ["dependence_notes", "penalty_note"]

COLUMNS_NAMED: Final = 6


def dependence_notes(kept: Bool[Array, " k"], columns: DesignColumns) -> tuple[str, ...]:
    """Say which columns are left out: base levels, and what can be had from other columns."""
    lost = np.flatnonzero(~kept)
    bases = set(columns.bases)
    levels = [columns.names[i] for i in lost if i in bases]
    others = [columns.names[i] for i in lost if i not in bases]
    notes = []
    if levels:
        notes.append(f"base levels, with which the other levels are compared: {_few(levels)}")
    if others:
        notes.append(
            f"the columns are dependent: {_few(others)} can be had from others; such weights are "
            "not determined, and count as 0"
        )
    return tuple(notes)


def penalty_note(setting: str) -> str:
    """Say what the standard errors of a penalised fit are."""
    return (
        f"with the penalty {setting} the standard errors are those of the penalised estimates, "
        "which are pulled towards 0: intervals and tests know nothing of that bias"
    )


def _few(names: list[str]) -> str:
    more = len(names) - COLUMNS_NAMED
    return ", ".join(names[:COLUMNS_NAMED]) + (f" and {more} more" if more > 0 else "")
