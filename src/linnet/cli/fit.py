"""``linnet fit``: fit a model to a table, tell how good it is, and save it."""

from pathlib import Path
from typing import Annotated

import typer

from linnet.cli.options import (
    CardFile,
    Encoding,
    Header,
    Json,
    Quiet,
    Reading,
    ReportFile,
    Separator,
    TaskName,
)

__all__ = ["fit"]

_COLUMNS = "Columns"
_ESTIMATOR = "Settings of the estimator"
_LARGE = "Tables larger than memory"
_STREAMS = "Learning from rows as they come"


def fit(
    *,
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]...",
            help="CSV (any separator), gzip, Parquet, Arrow, JSON lines or libsvm; several files, "
            "or a pattern such as 'data/*.csv', are one table. With --sql, a database.",
        ),
    ] = None,
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
    report: ReportFile = None,
    card: CardFile = None,
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
    sql: Annotated[
        str | None,
        typer.Option(
            help="Query that gives the rows: over files, or over the database that TABLE names.",
            rich_help_panel=_LARGE,
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="What the process may take, such as 1GB; a quarter of the machine's by default.",
            rich_help_panel=_LARGE,
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the encoded rows, which later fits use again.", rich_help_panel=_LARGE
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which the fit notes how far it has come.", rich_help_panel=_LARGE
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from the checkpoint.", rich_help_panel=_LARGE),
    ] = False,
    on_error: Annotated[
        str,
        typer.Option(
            help="raise or skip: what to do with rows that cannot be read.", rich_help_panel=_LARGE
        ),
    ] = "raise",
    dask: Annotated[
        str | None,
        typer.Option(
            help="local, or the address of a Dask scheduler such as tcp://host:8786.",
            rich_help_panel=_LARGE,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Learn from the rows as they come, so many times, without a first pass; with "
            "--solver sgd, adam or, by default, adagrad. What is no number is hashed.",
            rich_help_panel=_STREAMS,
        ),
    ] = None,
    bits: Annotated[
        int | None,
        typer.Option(
            help="Hash into 2^bits columns, from 1 to 26; 18 by default.",
            rich_help_panel=_STREAMS,
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="All classes, as a,b,c: another label is an error. Found as they come by default.",
            rich_help_panel=_STREAMS,
        ),
    ] = None,
    log_json: Annotated[
        bool,
        typer.Option(
            "--log-json", help="Tell of progress in lines of JSON.", rich_help_panel=_LARGE
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit a model to TABLE, show how good it is in nats and bits, and save it.

    Rows whose target is missing are left out. A share of the others is held out at random, to
    see how good the model is on rows it has not seen. A libsvm file has its target in itself.
    Several files, a pattern, a query, or a table too large for memory is read in chunks.
    """
    from linnet.cli.fitting import FitRequest, fit_and_tell
    from linnet.cli.learning import learn_scan_and_tell
    from linnet.cli.scanning import Streaming, fit_scan_and_tell, is_streamed
    from linnet.cli.terminal import hush

    if not (tables or sql):
        raise typer.BadParameter("name a table, or give a query with --sql.")
    named = tuple(tables or ())
    table = Path(named[0] if named else "query")

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
        output=output or Path(_plain(table) + ".linnet"),
        task=task,
        validation=validation,
        seed=seed,
        drop=tuple(drop or ()),
        text=tuple(text or ()),
        categorical=tuple(categorical or ()),
        weight=weight,
        reports=tuple(file for file in (report, card) if file is not None),
        reading=Reading(separator=separator, header=header, encoding=encoding),
        settings={name: value for name, value in settings.items() if value is not None},
    )
    streaming = Streaming(
        tables=named,
        query=sql,
        memory=memory,
        cache=cache,
        checkpoint=checkpoint,
        resume=resume,
        on_error=on_error,
        log_json=log_json,
        dask=dask,
        epochs=epochs,
        bits=bits,
        classes=classes,
    )
    if streaming.is_online:
        learn_scan_and_tell(request, streaming, as_json=as_json, quiet=quiet)
    elif is_streamed(streaming):
        fit_scan_and_tell(request, streaming, as_json=as_json, quiet=quiet)
    else:
        fit_and_tell(request, as_json=as_json, quiet=quiet)


def _plain(table: Path) -> str:
    """Name of a table, without its suffixes; of a pattern, what comes before it."""
    name = table.name.split(".")[0].split("*")[0].rstrip("-_ ?[")
    return name or "model"
