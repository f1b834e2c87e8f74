"""The rows of a file from the longest code for their label down, on paper and in a file."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import Int

from linnet.cli.files import check_output
from linnet.cli.inputs import (
    AnyModel,
    Features,
    columns_of,
    is_classifier,
    regression_of,
    rows_for,
)
from linnet.cli.options import Reading
from linnet.cli.samples import ColumnChoice, Samples, read_samples_like
from linnet.cli.spelling import match_spelling
from linnet.cli.terminal import note, say, say_json
from linnet.data.tables import Table
from linnet.data.writing import write_table
from linnet.description import Suspects, suspects
from linnet.errors import SettingError
from linnet.estimators import TableModel, load
from linnet.reports import to_json_value
from linnet.types import Array

__all__ = ["SuspectRequest", "list_suspects", "suspects_of_file"]


@final
@dataclass(frozen=True, kw_only=True)
class SuspectRequest:
    """What ``linnet suspects`` is asked to do: see the options there."""

    model: Path
    table: Path
    target: str | None = None
    top: int = 20
    cross_fit: int | None = None
    seed: int = 0
    output: Path | None = None
    reading: Reading = field(default_factory=Reading)


def list_suspects(request: SuspectRequest, *, as_json: bool) -> None:
    """Print the first rows, as text or as JSON, and write all of them to a file if one is named."""
    if request.output is not None:
        check_output(request.output, request.model, request.table)
    found = suspects_of_file(request)
    if request.output is not None:
        write_table(_columns(found), request.output)
        note(f"all {len(found):,} rows are in {request.output}")
    if as_json:
        say_json(to_json_value(_content(request, found)))
    else:
        say(_grid(found.top(request.top)))
        say(_account(request, found))


def suspects_of_file(request: SuspectRequest) -> Suspects:
    """Return the rows of a file from the longest code down; rows count from 0.

    Raises
    ------
    SettingError
        If the model is no classifier, or there are fewer rows than parts.
    """
    model = load(request.model)
    if not is_classifier(model):
        raise SettingError(
            f"{request.model}: the model predicts numbers, and suspects are rows with a wrong "
            "label. For numbers compare the columns of linnet predict with the table."
        )
    samples, places = _read(request, model)
    labels = samples.target.values
    if request.cross_fit is None:
        note("if the model was fitted to these rows, it has learnt their errors: --cross-fit 5")
        found = suspects(model, rows_for(model, samples.features, samples.origin), labels)
    else:
        if request.cross_fit > len(labels):
            raise SettingError(
                f"--cross-fit is {request.cross_fit}, but {request.table} has {len(labels)} rows "
                "with a label. Give fewer parts; 5 or 10 are usual."
            )
        rows = _own_columns(model, samples.features, samples.origin)
        found = suspects(model, rows, labels, cv=request.cross_fit, random_state=request.seed)
    # Rows without a label were left out: give the others their places in the file again.
    return replace(found, rows=places[found.rows])


def _read(request: SuspectRequest, model: AnyModel) -> tuple[Samples, Int[Array, " m"]]:
    """Rows with a label, spelt as the model does, and their places in the file."""
    samples = read_samples_like(
        request.table,
        request.reading,
        ColumnChoice(
            target=request.target or (model.target if isinstance(model, TableModel) else None)
        ),
        "classification",
        regression_of(model).n_features_in_,
    )
    if samples.target.missing:
        note(f"{samples.target.missing:,} rows are left out, for their label is missing")
    places = samples.target.rows
    kept = samples.take(np.arange(samples.size))
    labels, told = match_spelling(kept.target.values, model.classes_)
    note(*[told] * bool(told))
    return replace(kept, target=replace(kept.target, values=labels)), places


def _own_columns(model: AnyModel, features: Features, origin: str) -> Any:
    """Rows as the model takes them, with its own columns alone: the label is not to be refitted."""
    rows = rows_for(model, features, origin)
    if isinstance(model, TableModel) and isinstance(rows, Table):
        used = set(columns_of(model) or [])
        return rows.only([name for name in rows.names if name in used])
    return rows


def _columns(found: Suspects) -> dict[str, Array]:
    """All rows as columns; rows count from 1, as in the file."""
    columns = found.to_columns()
    return columns | {"row": columns["row"] + 1}


def _content(request: SuspectRequest, found: Suspects) -> dict[str, Any]:
    columns = _columns(found.top(request.top))
    return {
        "model": str(request.model),
        "table": str(request.table),
        "rows": len(found),
        "cross_fit": request.cross_fit,
        "mean_bits": float(found.mean),
        "suspects": [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ],
    }


def _grid(found: Suspects) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("row", justify="right")
    grid.add_column("label", overflow="fold")
    grid.add_column("predicted", overflow="fold")
    grid.add_column("probability", justify="right")
    grid.add_column("bits", justify="right")
    for row, label, predicted, probability, bits in zip(*_columns(found).values(), strict=True):
        grid.add_row(f"{row:,}", str(label), str(predicted), f"{probability:.4f}", f"{bits:.3f}")
    return grid


def _account(request: SuspectRequest, found: Suspects) -> str:
    k = request.cross_fit
    coder = "the model as it is" if k is None else f"{k} refits, each leaving out a {k}th of them"
    return f"{len(found):,} rows coded by {coder}: {found.mean:.4f} a label"
