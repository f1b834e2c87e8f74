"""A fitted model is judged by the rows of a file."""

from pathlib import Path

from linnet.cli.accounts import account_of
from linnet.cli.inputs import is_classifier, regression_of
from linnet.cli.options import Reading
from linnet.cli.samples import ColumnChoice, read_samples_like
from linnet.cli.spelling import match_spelling
from linnet.cli.terminal import note, say, say_json
from linnet.estimators import TableModel, load
from linnet.reports import Account, account_text

__all__ = ["evaluate_file", "evaluate_table"]


def evaluate_table(
    model_file: Path,
    table_file: Path,
    target: str | None,
    weight: str | None,
    reading: Reading,
    *,
    as_json: bool,
) -> None:
    """Print a model's account of a file, as text or as JSON."""
    account, missing = evaluate_file(model_file, table_file, target, weight, reading)
    if as_json:
        about = {
            "model": str(model_file),
            "table": str(table_file),
            "rows_without_target": missing,
        }
        say_json(about | account.to_dict())
    else:
        say(account_text({table_file.name: account}))


def evaluate_file(
    model_file: Path,
    table_file: Path,
    target: str | None,
    weight: str | None,
    reading: Reading,
) -> tuple[Account, int]:
    """Return a model's account of a file, and how many rows lack a target."""
    model = load(model_file)
    classifier = is_classifier(model)
    samples = read_samples_like(
        table_file,
        reading,
        ColumnChoice(
            target=target or (model.target if isinstance(model, TableModel) else None),
            weight=weight,
        ),
        "classification" if classifier else "regression",
        regression_of(model).n_features_in_,
    )
    if samples.target.missing:
        note(f"{samples.target.missing:,} rows are left out, for their target is missing")
    labels = samples.target.values
    if classifier:
        labels, told = match_spelling(labels, model.classes_)
        note(*[told] * bool(told))
    account = account_of(
        model,
        samples.features,
        labels,
        origin=samples.origin,
        rows=samples.target.rows,
        weight=samples.weight,
    )
    return account, samples.target.missing
