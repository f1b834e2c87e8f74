"""``linnet explain``: a loss on one sample, every formula with its numbers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import Encoding, Header, Reading, Separator

__all__ = ["explain"]


class LossName(StrEnum):
    """A loss that can be explained."""

    SOFTMAX = "softmax"
    SQUARED = "squared"


class FormatName(StrEnum):
    """How an explanation is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


def explain(
    *,
    model: Annotated[
        Path | None, typer.Argument(metavar="MODEL", help="A model, to explain a row of TABLE.")
    ] = None,
    table: Annotated[
        Path | None, typer.Argument(metavar="TABLE", help="The table, with its target.")
    ] = None,
    row: Annotated[int, typer.Option(help="Which row of TABLE, from 1.", min=1)] = 1,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="Column of TABLE with the target.")
    ] = None,
    loss: Annotated[LossName, typer.Option(help="Which loss.")] = LossName.SOFTMAX,
    y: Annotated[
        str | None, typer.Option("--y", help="Class (from 0), probabilities 1,0,0 or number.")
    ] = None,
    scores: Annotated[str | None, typer.Option(help="Scores: 2,1,0.5")] = None,
    probabilities: Annotated[str | None, typer.Option(help="Probabilities: 0.7,0.2,0.1")] = None,
    x: Annotated[str | None, typer.Option("--x", help="Features: 1,2")] = None,
    weights: Annotated[
        str | None, typer.Option(help="Weights, a row for each class: '1,0; 0,1; 1,1'")
    ] = None,
    bias: Annotated[str | None, typer.Option(help="Intercepts: 0,0,1")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Size of the descent step.")] = None,
    form: Annotated[FormatName, typer.Option("--format", help="How to write it.")] = (
        FormatName.TEXT
    ),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write it to.")
    ] = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
) -> None:
    """Walk one sample through a loss: values, Jacobians, gradient, descent step.

    Without a sample it is the worked case y = (1, 0, 0), ŷ = (0.7, 0.2, 0.1). With MODEL and
    TABLE it is a real row as the model sees it.
    """
    from linnet.cli.explaining import explain_row, explain_sample, tell

    if model is None:
        walk = explain_sample(
            loss,
            y=y,
            scores=scores,
            probabilities=probabilities,
            x=x,
            weights=weights,
            bias=bias,
            learning_rate=learning_rate,
        )
    else:
        if table is None:
            raise typer.BadParameter("TABLE is missing: name the table that holds the row")
        reading = Reading(separator=separator, header=header, encoding=encoding)
        walk = explain_row(model, table, row, target, reading)
    tell(walk, form, output)
