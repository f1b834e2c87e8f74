"""The main job from end to end, on two data sets that come with scikit-learn."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import typer
from sklearn.datasets import load_diabetes, load_digits

from linnet.cli.evaluating import EvaluationRequest, evaluate_file
from linnet.cli.files import check_folder
from linnet.cli.fitting import FitRequest, fit_table
from linnet.cli.inputs import AnyModel, regression_of
from linnet.cli.named_rows import NamedRows
from linnet.cli.predicting import predict_rows
from linnet.cli.splitting import hold_out
from linnet.cli.terminal import hush, say
from linnet.data.atomic import atomic_write
from linnet.data.writing import write_table
from linnet.displays import CodeLengthDisplay
from linnet.estimators import SoftmaxRegression, TableModel
from linnet.plotting import bare_figure, check_drawing
from linnet.reports import (
    ClassifierAccount,
    confusion_figure,
    convergence_figure,
    information_figure,
    prediction_figure,
    summary_text,
)
from linnet.types import Array

__all__ = ["demonstrate"]

_TEST_SHARE: Final = 0.25
_DPI: Final = 120


@final
@dataclass(frozen=True)
class _Example:
    """A data set: its name, its target, where it comes from, and what it is about."""

    name: str
    target: str
    source: Callable[..., Any]
    about: str


_EXAMPLES: Final = (
    _Example(
        "digits",
        "digit",
        load_digits,
        "DIGITS. Softmax regression: which digit was written, from 8 × 8 grey pixels.",
    ),
    _Example(
        "diabetes",
        "progression",
        load_diabetes,
        "DIABETES. Linear regression: how far the disease is a year on, from ten measurements.",
    ),
)


def demonstrate(folder: Path) -> None:
    """Write tables, models, predictions and figures to a folder, and tell what they show."""
    check_drawing()
    check_folder(folder)
    folder.mkdir(exist_ok=True)
    hush()
    made: list[Path] = []
    try:
        for example in _EXAMPLES:
            _show(example, folder, made)
    except KeyboardInterrupt:
        typer.echo(f"stopped: {folder} holds what was finished, every file whole", err=True)
        raise typer.Exit(1) from None
    say(f"Everything is in {folder}:")
    for file in made:
        say(f"  {file.name}")
    say(f"Now by hand: linnet fit {folder / 'digits.csv'} --target digit")


def _show(example: _Example, folder: Path, made: list[Path]) -> None:
    """Fit, save, load, predict and evaluate one example, and draw its figures."""
    table, test, model_file, predicted, page = (
        folder / f"{example.name}{ending}"
        for ending in (".csv", "-test.csv", ".linnet", "-predictions.csv", "-report.html")
    )
    train_columns, test_columns = _columns(example)
    write_table(train_columns, table)
    write_table(test_columns, test)
    request = FitRequest(
        table=table,
        output=model_file,
        target=example.target,
        validation=str(test),
        reports=(page,),
    )
    model, summary = fit_table(request)
    say(f"{example.about}\n")
    say(summary_text(summary))
    predict_rows(model_file, NamedRows(table=str(test)), predicted)
    account = evaluate_file(EvaluationRequest(model=model_file, rows=NamedRows(table=str(test))))
    same = "the same" if account == summary.held_out else "another"
    say(f"\n{model_file}, loaded again, gives {same} account of {test.name}.\n")
    features = {name: column for name, column in test_columns.items() if name != example.target}
    figures = _figures(model, features, test_columns[example.target])
    if isinstance(summary.training, ClassifierAccount) and isinstance(account, ClassifierAccount):
        accounts = {"training": summary.training, "unseen rows": account}
        figures["information"] = information_figure(accounts)
    made += [table, test, model_file, predicted, page]
    for name, figure in figures.items():
        made.append(folder / f"{example.name}-{name}.png")
        with atomic_write(made[-1]) as temporary:
            figure.savefig(temporary, dpi=_DPI, format="png")


def _columns(example: _Example) -> tuple[dict[str, Array], dict[str, Array]]:
    """Columns of the rows to fit, and of the rows to test on."""
    data = example.source(scaled=False) if example.name == "diabetes" else example.source()
    classes = data.target if example.name == "digits" else None
    parts = hold_out(len(data.target), _TEST_SHARE, seed=0, labels=classes)
    columns = dict(zip(data.feature_names, data.data.T, strict=True))
    columns[example.target] = data.target
    fitted, tested = ({name: column[part] for name, column in columns.items()} for part in parts)
    return fitted, tested


def _figures(model: AnyModel, features: dict[str, Array], target: Array) -> dict[str, Any]:
    regression = regression_of(model)
    if not (isinstance(model, TableModel) and isinstance(regression, SoftmaxRegression)):
        return {"predictions": prediction_figure(model.predict(features), target)}
    lengths = bare_figure(6, 4)
    display = CodeLengthDisplay(model.code_lengths(features, target, unit="bits"))
    display.plot(lengths.subplots())
    return {
        "convergence": convergence_figure(regression.history_, regression.certificate_),
        "confusion": confusion_figure(target, model.predict(features), regression.classes_),
        "code-lengths": lengths,
    }
