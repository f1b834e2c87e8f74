"""What is told of a fit to a stream: a line for each mark as it comes, and the report at the end.

Classes are told in bits a label; numbers by their root mean squared error and bits a number.
"""

from math import log2
from typing import Any

from linnet.estimators import TableModel
from linnet.estimators.learnt import Learnt
from linnet.estimators.progressive import Mark, ProgressiveLoss
from linnet.estimators.progressive_errors import ErrorMark, ProgressiveErrors
from linnet.estimators.scanning import Scan
from linnet.reports.strict_json import to_json_value

__all__ = ["head_of", "line_of", "report_of", "rows_of", "text_of"]


def head_of(learnt: Learnt) -> str:
    """Head the columns of a pass."""
    seen = "" if learnt.epoch == 1 else f" in pass {learnt.epoch}, of rows seen before"
    if isinstance(learnt.progressive, ProgressiveErrors):
        return f"{'rows':>12}  {'RMSE':>12}  {'since last':>12}  {'of the mean':>12}{seen}"
    return f"{'rows':>12}  {'bits a label':>12}  {'since last':>12}{seen}"


def line_of(mark: Mark | ErrorMark) -> str:
    """Tell a mark."""
    if isinstance(mark, ErrorMark):
        told = (mark.rmse, mark.since_last, mark.mean_rmse)
        return f"{mark.rows:>12,}" + "".join(f"  {each:>12.5g}" for each in told)
    return f"{mark.rows:>12,}  {mark.mean:>12.4f}  {mark.since_last:>12.4f}"


def rows_of(learnt: Learnt, number: int) -> int:
    """Rows learnt from in the pass of this number, whether they were predicted or not."""
    told = learnt.losses[number]
    return told.rows + (told.opening_rows if isinstance(told, ProgressiveErrors) else 0)


def report_of(model: TableModel, learnt: Learnt, data: Scan) -> dict[str, Any]:
    """Tell what was learnt, as JSON holds it."""
    regression: Any = model.estimator_
    about = {
        "table": data.stream.origin,
        "target": data.target,
        "solver": regression.solver,
        "rows": rows_of(learnt, 0),
        "rows_without_target": learnt.block.n_missing,
        "columns": {name: str(kind) for name, kind in model.encoder_.kinds_.items()},
        "epochs": learnt.epoch,
    }
    told = learnt.progressive
    if isinstance(told, ProgressiveErrors):
        return about | to_json_value(_numbers(learnt, told))
    return about | _classes(model, learnt, told)


def text_of(report: dict[str, Any]) -> str:
    """Tell a report in words."""
    kinds = ", ".join(f"{name} ({kind})" for name, kind in report["columns"].items())
    epochs = report["epochs"]
    kind, told = ("Softmax", _label_lines) if "classes" in report else ("Linear", _number_lines)
    lines = [
        f"{kind} regression of {report['target']!r} from {kinds}",
        f"by {report['solver']}, {report['rows']:,} rows of {report['table']}, passes: {epochs}",
        "",
        *told(report),
        "",
        "No optimum is proven: these are steps over a stream.",
        f"Saved: {report['file']}",
    ]
    return "\n".join(lines)


def _classes(model: TableModel, learnt: Learnt, loss: ProgressiveLoss) -> dict[str, Any]:
    return {
        "coefficients_per_class": learnt.block.known.width,
        "classes": [str(each) for each in model.classes_],
        "progressive_bits_per_label": float(loss.mean),
        "bits_per_label_by_epoch": [float(each.mean) for each in learnt.losses],
        "marks": [[mark.rows, mark.mean, mark.since_last] for mark in loss.marks],
    }


def _numbers(learnt: Learnt, errors: ProgressiveErrors) -> dict[str, Any]:
    return {
        "coefficients": learnt.block.known.width,
        "rows_predicted": errors.rows,
        "precision": errors.precision,
        "progressive_rmse": errors.rmse,
        "progressive_rmse_of_mean": errors.mean_rmse,
        "progressive_bits_per_number": errors.sums.bits,
        "progressive_bits_per_number_of_mean": errors.sums.mean_bits,
        "rmse_by_epoch": [
            each.mean_squared_error**0.5
            for each in learnt.losses
            if isinstance(each, ProgressiveErrors)
        ],
        "marks": [mark.facts() for mark in errors.marks],
    }


def _label_lines(report: dict[str, Any]) -> list[str]:
    first, *later = (f"{bits:.4f} bits a label" for bits in report["bits_per_label_by_epoch"])
    q = len(report["classes"])
    return [
        f"Progressive loss  {first}, each predicted before it was learnt from",
        f"Uniform code      {log2(q):.4f} bits a label, of {q} classes",
        *(f"Pass {n:<12} {bits}, of rows seen before" for n, bits in enumerate(later, start=2)),
    ]


def _number_lines(report: dict[str, Any]) -> list[str]:
    later = report["rmse_by_epoch"][1:]
    return [
        *_progressive_lines(report),
        *(f"Pass {n:<12} RMSE {each:.5g}, of rows seen before" for n, each in enumerate(later, 2)),
    ]


def _progressive_lines(report: dict[str, Any]) -> list[str]:
    rmse, of_mean = report["progressive_rmse"], report["progressive_rmse_of_mean"]
    if rmse is None:
        return ["Progressive RMSE  none: the few rows there are told where to begin"]
    bits, of_mean_bits = (
        report[f"progressive_bits_per_number{which}"] for which in ("", "_of_mean")
    )
    rows = report["rows_predicted"]
    return [
        f"Progressive RMSE  {rmse:.5g}, {rows:,} rows each predicted before it was learnt from",
        f"RMSE of the mean  {of_mean:.5g}, of the rows before each",
        f"Progressive code  {bits:.4f} bits a number, to within {report['precision']:g}",
        f"Mean's code       {of_mean_bits:.4f} bits a number, without the features",
    ]
