"""A sample from the command line, or from a real table, is walked through its loss."""

from pathlib import Path
from typing import Any

import numpy as np
import typer

from linnet.calculus import Walkthrough
from linnet.calculus import explain as walk_through
from linnet.cli.explain import FormatName, LossName
from linnet.cli.files import check_output
from linnet.cli.inputs import is_classifier, regression_of, rows_for
from linnet.cli.options import Reading
from linnet.cli.samples import ColumnChoice, Samples, read_samples_like
from linnet.cli.spelling import match_spelling
from linnet.cli.terminal import note
from linnet.data.atomic import atomic_write
from linnet.errors import DataError, SettingError
from linnet.estimators import SoftmaxRegression, TableModel, load
from linnet.estimators.softmax_parameters import weights_of
from linnet.features import class_codes
from linnet.features.columns import Task
from linnet.types import Array

__all__ = ["explain_row", "explain_sample", "parse_numbers", "tell"]

# More features than this fill screens with zeros: then the walk begins at the scores.
_MOST_FEATURES = 8


def explain_sample(
    loss: LossName, *, learning_rate: float | None, **given: str | None
) -> Walkthrough:
    """Walk a sample through a loss, as it is given in text.

    Parameters
    ----------
    loss : LossName
        Which loss.
    learning_rate : float or None
        Size of the descent step.
    **given : str or None
        y, scores, probabilities, x, weights and bias: see `parse_numbers`.
    """
    sample = {name: parse_numbers(text, name) for name, text in given.items() if text is not None}
    return walk_through(**sample, loss=loss.value, learning_rate=learning_rate)


def explain_row(
    model_file: Path, table_file: Path, row: int, target: str | None, reading: Reading
) -> Walkthrough:
    """Walk a row of a file, counted from 1, through the loss of a fitted model."""
    model = load(model_file)
    regression = regression_of(model)
    named = target or (model.target if isinstance(model, TableModel) else None)
    task: Task = "classification" if is_classifier(model) else "regression"
    samples = read_samples_like(
        table_file, reading, ColumnChoice(target=named), task, regression.n_features_in_
    )
    place = _place(samples, row)
    design = rows_for(model, samples.take(np.array([place])).features, samples.origin)
    X: Any = model.encoder_.transform(design) if isinstance(model, TableModel) else design
    x = np.asarray(X if isinstance(X, np.ndarray) else X.toarray(), dtype=float).reshape(-1)
    weights, bias = np.atleast_2d(weights_of(regression)), np.atleast_1d(regression.intercept_)
    y: Any = samples.target.values[place]
    if not isinstance(regression, SoftmaxRegression):
        return _walk(y, x, weights, bias, loss="squared")
    labels, _ = match_spelling(samples.target.values, regression.classes_)
    code = int(class_codes(labels[[place]], regression.classes_)[0])
    if code < 0:
        raise DataError(
            f"{samples.origin}, row {row}: the label {y!s} is none of the model's classes, so its "
            "code length is infinite and there is nothing to walk through."
        )
    if len(regression.classes_) == 2:
        # The model keeps the score of the second class; that of the first is 0.
        weights, bias = np.vstack([0 * weights, weights]), np.concatenate([0 * bias, bias])
    listed = ", ".join(f"{i} is {name}" for i, name in enumerate(regression.classes_))
    note(f"row {row} has the label {labels[place]}; of the classes {listed}")
    return _walk(code, x, weights, bias, loss="softmax")


def tell(walk: Walkthrough, form: FormatName, output: Path | None) -> None:
    """Print a walkthrough, or write it to a file, as text, Markdown or HTML."""
    written = {
        "text": walk.to_text,
        "markdown": walk.to_markdown,
        "html": walk.to_html,
    }[form]()
    if output is None:
        typer.echo(written)
        return
    check_output(output)
    with atomic_write(output) as temporary:
        temporary.write_text(written.rstrip("\n") + "\n", encoding="utf-8")
    note(f"the explanation is in {output}")


def parse_numbers(text: str, name: str) -> Any:
    """Read a number, a row of numbers parted by commas, or rows parted by semicolons.

    Examples
    --------
    >>> parse_numbers("0", "y"), parse_numbers("0.5, 1", "x"), parse_numbers("1,0; 0,1", "weights")
    (0, [0.5, 1.0], [[1.0, 0.0], [0.0, 1.0]])
    """
    try:
        if ";" in text:
            return [[float(number) for number in row.split(",")] for row in text.split(";")]
        if "," in text:
            return [float(number) for number in text.split(",")]
        # A class is a whole number, and stays one.
        return int(text) if text.strip().lstrip("+-").isdigit() else float(text)
    except ValueError:
        raise SettingError(
            f"--{name} is {text!r}: give a number, numbers parted by commas such as 1,0,0, or rows "
            "of them parted by semicolons."
        ) from None


def _walk(y: Any, x: Array, weights: Array, bias: Array, *, loss: Any) -> Walkthrough:
    if len(x) > _MOST_FEATURES:
        note(f"{len(x):,} features are too many to show, so the walk begins at the scores Wx + b")
        scores: Any = weights @ x + bias
        return walk_through(y, scores=scores if loss == "softmax" else scores[0], loss=loss)
    if loss == "squared":
        return walk_through(y, x=x, weights=weights[0], bias=float(bias[0]), loss=loss)
    return walk_through(y, x=x, weights=weights, bias=bias, loss=loss)


def _place(samples: Samples, row: int) -> int:
    """Position of a row of the file among those with a target."""
    places = np.flatnonzero(samples.target.rows == row - 1)
    if not len(places):
        raise DataError(
            f"{samples.origin}: there is no row {row} with a target. Rows count from 1, without "
            "the header."
        )
    return int(places[0])
