"""``linnet fit``: fit a model to a table, tell how good it is, and save it."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import (
    Encoding,
    Header,
    Json,
    Quiet,
    Reading,
    Separator,
    TableFile,
    TaskName,
)

__all__ = ["fit"]

_COLUMNS = "Columns"
_ESTIMATOR = "Settings of the estimator"


def fit(
    *,
    table: TableFile,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="Column to predict, by name or position (1 is the first)."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File for the model; TABLE's name with .linnet by default."
        ),
    ] = None,
    task: Annotated[TaskName, typer.Option(help="auto looks at the target.")] = TaskName.AUTO,
    validation: Annotated[
        str,
        typer.Option(help="Share of the rows to hold out (0 for none), or a table of such rows."),
    ] = "0.2",
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="Column not to use; may be repeated.", rich_help_panel=_COLUMNS),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(help="Column whose words to use; may be repeated.", rich_help_panel=_COLUMNS),
    ] = None,
    categorical: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of numbers that are codes; may be repeated.", rich_help_panel=_COLUMNS
        ),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(help="Column that says how often a row counts.", rich_help_panel=_COLUMNS),
    ] = None,
    separator: Separator = None,
    header: Header = None,
    encoding: Encoding = "utf-8",
    C: Annotated[
        float | None,
        typer.Option(
            "--C",
            help="Inverse strength of the penalty; inf for none. 1 by default.",
            rich_help_panel=_ESTIMATOR,
        ),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            help="Ridge penalty of a regression. 0 by default.", rich_help_panel=_ESTIMATOR
        ),
    ] = None,
    solver: Annotated[
        str | None,
        typer.Option(
            help="auto, newton-cg, lbfgs, gradient-descent, sgd, adagrad or adam.",
            rich_help_panel=_ESTIMATOR,
        ),
    ] = None,
    tol: Annotated[
        float | None,
        typer.Option(
            help="Distance from the optimum to be proven, in nats a label. 1e-6 by default.",
            rich_help_panel=_ESTIMATOR,
        ),
    ] = None,
    max_iter: Annotated[
        int | None, typer.Option(help="Most steps of the solver.", rich_help_panel=_ESTIMATOR)
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(
            help="balanced: every class counts the same in total.", rich_help_panel=_ESTIMATOR
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Initial rate of descent; found out.", rich_help_panel=_ESTIMATOR),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Rows a step of sgd.", rich_help_panel=_ESTIMATOR)
    ] = None,
    no_intercept: Annotated[
        bool, typer.Option("--no-intercept", help="No intercept.", rich_help_panel=_ESTIMATOR)
    ] = False,
    n_jobs: Annotated[
        int | None,
        typer.Option(help="Threads; all there are by default.", rich_help_panel=_ESTIMATOR),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model to TABLE, show how good it is in nats and bits, and save it.

    Rows whose target is missing are left out. A share of the others is held out at random, to
    see how good the model is on rows it has not seen. A libsvm file has its target in itself.
    """
    from linnet.cli.fitting import FitRequest, fit_and_tell
    from linnet.cli.terminal import hush

    if quiet:
        hush()
    settings = {
        "C": C,
        "alpha": alpha,
        "solver": solver,
        "tol": tol,
        "max_iter": max_iter,
        "class_weight": class_weight,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "fit_intercept": False if no_intercept else None,
        "n_jobs": n_jobs,
    }
    request = FitRequest(
        table=table,
        target=target,
        output=output or Path(table.name.split(".")[0] + ".linnet"),
        task=task,
        validation=validation,
        seed=seed,
        drop=tuple(drop or ()),
        text=tuple(text or ()),
        categorical=tuple(categorical or ()),
        weight=weight,
        reading=Reading(separator=separator, header=header, encoding=encoding),
        settings={name: value for name, value in settings.items() if value is not None},
    )
    fit_and_tell(request, as_json=as_json, quiet=quiet)
